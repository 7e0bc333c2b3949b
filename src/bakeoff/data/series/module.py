"""Series as a Lightning data module: what every trial of forecasting reads.

B batch, L steps of a window, H steps of the horizon, C channels, K known features.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from bakeoff.data.batches.batch import Batch, Tree
from bakeoff.data.batches.loaders import MadeLoader
from bakeoff.data.batches.order import BatchPlan, EpochSampler
from bakeoff.data.cache import digest, hash_arrays
from bakeoff.data.checks import require_choice, require_positive
from bakeoff.data.contract import Inputs, LazyRows, NewExamples, Reading, Split
from bakeoff.data.series.columns import SeriesColumns
from bakeoff.data.series.corruptions import CORRUPTIONS, corrupted_windows
from bakeoff.data.series.folds import OnShort, RollingRule, Windows
from bakeoff.data.series.history import History
from bakeoff.data.series.laid_out import LaidOut, Layout, lay_out
from bakeoff.data.series.long import Cleaning, Fill, OnCopy, OnGap
from bakeoff.data.series.prediction import read_new
from bakeoff.data.series.prepared import prepare_panel
from bakeoff.data.series.spec import SeriesSpec
from bakeoff.data.series.stamps import shown
from bakeoff.data.series.windows import Reader, Scaling
from bakeoff.data.sources.source import Source
from bakeoff.data.spec import Spec
from bakeoff.data.split_data import SplitData
from bakeoff.data.splits.splitting import Rows
from bakeoff.errors import DataError
from bakeoff.ranges import Count
from bakeoff.tables import table_of

KINDS = ("known", "past", "static")
_EVALUATION_ROWS = 256
_SHOWN_VALUES = 8


class SeriesData(SplitData[SeriesSpec]):
    """Windows of series, to forecast the steps after each.

    A batch of half-hourly demand with ``window=4`` and ``horizon=2``, ``batch_size=1``; the window is scaled by its own
    mean and deviation, its second channel says what is missing::

        windows_BLC   float32 (1, 4, 2)   [[-1.3, 0], [-0.4, 0], [0.4, 0], [1.3, 0]]     3.1  3.4  3.7  4.0
        scales_B2     float32 (1, 2)      [[3.55, 0.34]]                                 mean, deviation
        targets_BH    float32 (1, 2)      [[1.9, 2.2]]                                   4.2  4.3, scaled likewise
        there_BH      float32 (1, 2)      [[1, 1]]                                       0 where a value is missing
        units_B       float32 (1,)        [1.4]                                          deviation / scale of MASE

    All windows are read from one array of values. Which steps are train, validation and test is the same for all seeds.

    Args:
        name: what the data is called in tables and reports.
        source: where the rows come from.
        columns: which columns hold what.
        split: where train, validation and test are cut.
        window: steps that a forecast looks back on.
        horizon: steps that it forecasts.
        season: steps of a season: what the seasonal naive forecast repeats, and MASE is scaled by; 1 for none.
        scaling: how a window is brought to scale, see `Reader`: ``standard``, ``last``, ``mean`` or ``none``.
        stride: steps between training windows.
        eval_stride: steps between the windows of validation and of test; null: the horizon, so that none overlap.
        block: steps of a block of time, the verdict's unit where there are under 20 series; null: at most 40 blocks.
        on_gap: of missing steps: ``error``, ``fill`` or ``keep``, see `Cleaning`.
        on_duplicate: of rows of one time: ``error``, ``first``, ``last``, ``mean`` or ``sum``.
        fill: of missing values: ``error``, ``previous``, ``season`` or ``zero``.
        on_short: of series shorter than window and horizon: ``error``, ``pad`` windows, or ``drop`` them.
        time_format: of times that are not ISO 8601; null finds it.
        batch_size: training windows an optimizer step; evaluation uses larger batches.
        allow_leak: keep features that tell the values to come; the report says so.
        chunk: batches an item of the training loader.
        seed: the trial's seed: the order of training.

    Raises:
        ConfigError: a setting outside of its range.
        DataError: on `prepare_data` or `setup`, whatever is wrong with the data.
    """

    spec_class = SeriesSpec
    corruptions = CORRUPTIONS
    noun = "window"
    sent_as = (".jsonl", ".csv")
    copies_leak = False

    def __init__(
        self,
        *,
        name: str,
        source: Source,
        columns: SeriesColumns,
        split: RollingRule,
        window: Count,
        horizon: Count,
        season: Count = 1,
        scaling: Scaling = "standard",
        stride: Count = 1,
        eval_stride: Count | None = None,
        block: Count | None = None,
        on_gap: OnGap = "error",
        on_duplicate: OnCopy = "error",
        fill: Fill = "error",
        on_short: OnShort = "error",
        time_format: str | None = None,
        batch_size: Count = 64,
        allow_leak: bool = False,
        chunk: Count = 1,
        seed: int = 0,
    ) -> None:
        super().__init__(name=name, batch_size=batch_size, chunk=chunk, seed=seed)
        require_positive(window=window, horizon=horizon, season=season, stride=stride)
        require_positive(eval_stride=eval_stride or 1, block=block or 1)
        for key, value, allowed in (
            ("scaling", scaling, Scaling),
            ("on_gap", on_gap, OnGap),
            ("on_duplicate", on_duplicate, OnCopy),
            ("fill", fill, Fill),
            ("on_short", on_short, OnShort),
        ):
            require_choice(key, value, get_args(allowed))
        self._source, self._columns, self._scaling = source, columns, scaling
        self._cleaning = Cleaning(on_gap=on_gap, on_duplicate=on_duplicate, fill=fill, time_format=time_format)
        self._layout = Layout(
            rule=split,
            window=window,
            horizon=horizon,
            season=season,
            stride=stride,
            eval_stride=eval_stride,
            on_short=on_short,
            block=block,
            allow_leak=allow_leak,
        )
        self._trained: SeriesSpec | None = None

    def prepare_data(self) -> None:
        """Read, clean and cache the series, unless that has been done."""
        _ = self._laid

    @cached_property
    def _laid(self) -> LaidOut:
        panel = prepare_panel(self._source, self._columns, self._cleaning, season=self._layout.season)
        return lay_out(panel, self._layout)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all values, features and times, and of how they are cut."""
        panel, folds = self._laid.panel, self._laid.folds
        arrays = (panel.values, panel.observed, panel.known, panel.past, panel.static, panel.starts, panel.stops)
        layout = {**dataclasses.asdict(self._layout), "scaling": self._scaling}
        return digest([hash_arrays(*arrays, panel.times.view(np.int64), folds.train, folds.val, folds.test), layout])

    @property
    def val_follows_seed(self) -> bool:
        """It does not: validation is what comes after training."""
        return False

    @property
    def reader(self) -> Reader:
        """Of windows; features are standardised as the train steps say, or as a finished run's."""
        means, deviations = self._standards
        return Reader(
            panel=self._laid.panel,
            window=self._layout.window,
            horizon=self._layout.horizon,
            scaling=self._scaling,
            means=means,
            deviations=deviations,
        )

    def preprocess_as(self, trained: Spec) -> None:
        """Takes the means and deviations of features that a finished run was trained with.

        Raises:
            DataError: windows or features of another form.
        """
        assert isinstance(trained, SeriesSpec)
        own = self.spec
        for key in ("window", "horizon", "scaling", "num_channels", "num_known"):
            if getattr(own, key) != getattr(trained, key):
                problem = f"its {key} is {getattr(own, key)}, the run was trained on {getattr(trained, key)}"
                raise DataError("data.other_form", "data", self.name, problem, next_step=f"data.{key} as in training")
        self._trained, self._spec = trained, None
        self.__dict__.pop("_standards", None)

    @classmethod
    def settings_of(cls, trained: Spec) -> dict[str, Any]:
        """Window, horizon, season and scaling."""
        assert isinstance(trained, SeriesSpec)
        return {key: getattr(trained, key) for key in ("window", "horizon", "season", "scaling")}

    def train_dataloader(self) -> MadeLoader:
        """Windows in the order of ``(seed, epoch)``; a last batch of one is left out."""
        sampler = EpochSampler(self._split_rows("train"), seed=self.seed)
        plan = BatchPlan(sampler, batch_size=self.batch_size, drop_single=True)
        return MadeLoader(plan, self._batch_of("train"), chunk=self.chunk)

    def val_dataloader(self) -> MadeLoader:
        """In a fixed order, every window."""
        return MadeLoader(self._evaluation_plan("val"), self._batch_of("val"))

    def predict_dataloader(self, split: Split = "test") -> MadeLoader:
        """The inputs alone."""
        return MadeLoader(self._evaluation_plan(split), self._inputs)

    def labels(self, split: Split) -> pa.Table:
        """Of each window the values to come (``target``, NaN where missing), and what answers are measured by.

        ``naive`` is the seasonal naive forecast, ``last`` the last value before the origin, ``scale`` that of MASE.
        """
        windows, reader = self._windows(self._split_rows(split)), self.reader
        return table_of(
            target=reader.targets(windows),
            naive=reader.seasonal_naive(windows, self._layout.season),
            last=self._laid.panel.values[windows.origins - 1],
            scale=self._laid.scales[split][windows.series],
        )

    def examples(self, split: Split) -> list[str]:
        """Series and time at which each forecast begins."""
        windows, panel = self._windows(self._split_rows(split)), self._laid.panel
        times = panel.times[windows.origins]
        names = panel.names[windows.series]
        return [f"{name}@{shown(time)}" for name, time in zip(names, times, strict=True)]

    def num_examples(self, split: Split) -> int:
        """How many windows."""
        return len(self._split_rows(split))

    def units(self, split: Split) -> list[str] | None:
        """The series where there are at least 20, else the block of time; of train none."""
        return self._laid.units.get(split)

    def raw(self, split: Split) -> Sequence[History]:
        """What comes before each origin, as views."""
        rows = self._split_rows(split)
        return LazyRows(len(rows), lambda indices: self._histories(rows[np.asarray(indices, dtype=np.int64)]))

    def show(self, split: Split, indices: Sequence[int]) -> list[str]:
        """The last values before some origins, and those to come."""
        rows = self._split_rows(split)[np.asarray(indices, dtype=np.int64)]
        targets_BH = self.reader.targets(self._windows(rows))
        return [
            f"... {_in_words(one.values[-_SHOWN_VALUES:])} | {_in_words(target_H[:_SHOWN_VALUES])}"
            for one, target_H in zip(self._histories(rows), targets_BH, strict=True)
        ]

    def corrupted(self, split: Split, name: str, severity: int) -> NewExamples:
        """Missing steps or noise in the windows; see `bakeoff.data.series.corruptions`."""
        batches = list(self.predict_dataloader(split))
        amount = CORRUPTIONS[name].amount(severity)
        spoilt, histories = corrupted_windows(batches, list(self.raw(split)), name, amount)
        return NewExamples({"window": self.examples(split)}, histories, Inputs(spoilt))

    def digests(self, split: Split) -> list[bytes]:
        """Which steps of which series each window forecasts: the same in two splits would be a leak."""
        windows = self._windows(self._split_rows(split))
        content = np.stack([windows.series, windows.origins], axis=1).tobytes()
        return [content[start : start + 16] for start in range(0, len(content), 16)]

    def refit_problem(self, recorded: dict[str, Any]) -> str | None:
        """Whether features are standardised by the train steps, and no train window forecasts what is validated on."""
        panel, folds = self._laid.panel, self._laid.folds
        windows, learnt = self._windows(self._split_rows("train")), self._learnt_steps
        limits = np.minimum(folds.val[:, 0], folds.test[:, 0])[windows.series]
        if (windows.origins + self._layout.horizon > limits).any():
            return "train windows forecast steps of validation or test"
        for kind in ("known", "past"):
            rows = [getattr(panel, kind)[start:stop] for start, stop in learnt]
            again = np.concatenate(rows).mean(axis=0) if len(panel.features[kind]) else np.empty(0)
            if not np.allclose(again, recorded["feature_means"][kind], rtol=1e-6, atol=1e-9):
                return f"the {kind} features were standardised by other steps than those of train"
        return None

    @classmethod
    def read_new(cls, spec: Spec, reading: Reading) -> NewExamples:
        """The end of each series of a file, to forecast what comes after it."""
        assert isinstance(spec, SeriesSpec)
        return read_new(spec, reading)

    def _draw(self) -> dict[str, Rows]:
        return self._laid.rows

    def _train_part(self, rows: Rows) -> Rows:
        """The latest windows of each series, as if it began later; the same for all seeds."""
        windows = self._windows(rows)
        latest_first = np.lexsort((-windows.origins, windows.series))
        series = windows.series[latest_first]
        ranks, counts = np.arange(len(rows)) - np.searchsorted(series, series), np.bincount(series)
        return np.sort(rows[latest_first[ranks < np.ceil(self._train_fraction * counts[series])]])

    def _forget(self) -> None:
        super()._forget()
        self.__dict__.pop("_standards", None)

    @property
    def _learnt_steps(self) -> NDArray[np.int64]:
        """Where the steps that are learnt from begin and end in each series, ``(S, 2)``."""
        bounds = self._laid.folds.train.copy()
        if self._train_fraction < 1:
            windows = self._windows(self._split_rows("train"))
            first = np.full(len(bounds), len(self._laid.panel.values))
            np.minimum.at(first, windows.series, windows.origins - self._layout.window)
            bounds[:, 0] = np.clip(first, bounds[:, 0], bounds[:, 1])
        return bounds

    def _describe(self, common: dict[str, Any]) -> SeriesSpec:
        laid, layout = self._laid, self._layout
        panel, (means, deviations) = laid.panel, self._standards
        longest = int((panel.stops - panel.starts).argmax())
        cut = {name: getattr(laid.folds, name)[longest] - panel.starts[longest] for name in ("train", "val", "test")}
        counts = {kind: len(panel.features[kind]) for kind in KINDS}
        tested = np.unique(laid.windows.series[laid.rows["test"]])
        return SeriesSpec(
            **common | {"notes": laid.notes, "leaked_rows": laid.num_leaks},
            window=layout.window,
            horizon=layout.horizon,
            season=layout.season,
            num_series=len(panel.names),
            num_channels=2 + sum(counts.values()),
            num_known=counts["known"],
            scaling=self._scaling,
            num_tested=len(tested),
            num_unscaled=int((laid.scales["test"][tested] == 0).sum()),
            columns=_plain(dataclasses.asdict(panel.columns)),
            grid=dataclasses.asdict(panel.grid),
            step_words=panel.grid.words,
            features=_plain(panel.features),
            feature_means=_plain(means),
            feature_deviations=_plain(deviations),
            folds=_plain(cut),
            evaluated_every=layout.eval_stride or layout.horizon,
        )

    @cached_property
    def _standards(self) -> tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]]:
        """Means and deviations of the features over the train steps; of static ones over the series."""
        if self._trained is not None:
            found = (self._trained.feature_means, self._trained.feature_deviations)
            means, deviations = ({kind: np.asarray(part[kind], dtype=float) for kind in KINDS} for part in found)
            return means, deviations
        panel, train = self._laid.panel, np.zeros(len(self._laid.panel.values), dtype=bool)
        for start, stop in self._learnt_steps.tolist() if panel.known.size + panel.past.size else ():
            train[start:stop] = True
        values = {"known": panel.known[train], "past": panel.past[train], "static": panel.static}
        means = {kind: part.mean(axis=0) if part.size else np.zeros(part.shape[1]) for kind, part in values.items()}
        spreads = {kind: part.std(axis=0) if part.size else np.zeros(part.shape[1]) for kind, part in values.items()}
        return means, {kind: np.where(spread > 0, spread, 1.0) for kind, spread in spreads.items()}

    def _windows(self, rows: Rows) -> Windows:
        every = self._laid.windows
        return Windows(every.origins[rows], every.series[rows])

    def _inputs(self, rows: Rows) -> Tree:
        return self.reader.inputs(self._windows(rows))

    def _batch_of(self, split: Split) -> Any:
        reader, scales = self.reader, self._laid.scales[split]

        def batch(rows: Rows) -> Batch:
            windows = self._windows(rows)
            inputs = reader.inputs(windows)
            shift_B1, divisor_B1 = (part.double().numpy()[:, None] for part in inputs[1].unbind(dim=1))
            targets_BH = (reader.targets(windows) - shift_B1) / divisor_B1
            there_BH = np.isfinite(targets_BH)
            scales_B = scales[windows.series]
            units_B = np.divide(divisor_B1[:, 0], scales_B, out=np.zeros(len(rows)), where=scales_B > 0)
            targets = (np.where(there_BH, targets_BH, 0.0), there_BH, units_B)
            return Batch(inputs, tuple(torch.from_numpy(part.astype(np.float32)) for part in targets), len(rows))

        return batch

    def _evaluation_plan(self, split: Split) -> BatchPlan:
        size = max(self.batch_size, _EVALUATION_ROWS)
        return BatchPlan(EpochSampler(self._split_rows(split), seed=None), batch_size=size, drop_single=False)

    def _histories(self, rows: Rows) -> list[History]:
        windows, panel, layout = self._windows(rows), self._laid.panel, self._layout
        known, starts = self.reader.known_ahead(windows), panel.starts[windows.series]
        return [
            History(
                values=panel.values[start:origin],
                observed=panel.observed[start:origin],
                window=layout.window,
                horizon=layout.horizon,
                season=layout.season,
                known=known[place],
            )
            for place, (start, origin) in enumerate(zip(starts.tolist(), windows.origins.tolist(), strict=True))
        ]


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Arrays and tuples as lists, for JSON."""
    return {
        key: value.tolist() if isinstance(value, np.ndarray) else list(value) if isinstance(value, tuple) else value
        for key, value in values.items()
    }


def _in_words(values: NDArray[np.float64]) -> str:
    return " ".join(f"{value:.4g}" for value in values)
