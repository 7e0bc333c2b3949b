"""Series: what is read of tables, what becomes of those that are not whole, and the folds of a rolling origin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bakeoff.config import build
from bakeoff.config.composition import Composer
from bakeoff.data.series.module import SeriesData
from bakeoff.errors import BakeoffError, ConfigError, DataError

DAYS = pd.date_range("2026-01-01", periods=60)


def data_of(file: Path, **settings: Any) -> SeriesData:
    """The data module of a table, with small windows."""
    given = {"file": file, "window": 8, "horizon": 2} | settings
    overrides = [f"data.{key}={value}" for key, value in given.items()]
    made: SeriesData = build(Composer().compose(None, ["+data=series_csv", *overrides]).cfg.data.module, seed=0)
    return made


def written(folder: Path, frame: pd.DataFrame) -> Path:
    """A CSV of it."""
    frame.to_csv(folder / "made.csv", index=False)
    return folder / "made.csv"


def daily(**columns: Any) -> pd.DataFrame:
    """A row a day."""
    return pd.DataFrame({"day": DAYS.strftime("%Y-%m-%d"), "y": np.arange(60.0)} | columns)


def refusal(data: SeriesData) -> str:
    """The line that refuses the data."""
    with pytest.raises(DataError) as caught:
        data.setup()
    return caught.value.line()


def values(data: SeriesData) -> np.ndarray:
    """All values, series after series."""
    data.setup()
    return data._laid.panel.values


def test_a_window_holds_what_came_before_its_origin_and_targets_what_came_after(tmp_path: Path) -> None:
    data = data_of(written(tmp_path, daily()), scaling="none")
    batch = next(iter(data.val_dataloader()))
    assert data.examples("val")[0] == "y@2026-02-13"
    assert batch.inputs[0][0, :, 0].tolist() == [35, 36, 37, 38, 39, 40, 41, 42]
    assert batch.targets[0][0].tolist() == [43, 44]
    label = data.labels("val").to_pylist()[0]
    assert label == {"target": [43.0, 44.0], "naive": [42.0, 42.0], "last": 42.0, "scale": 1.0}


@pytest.mark.parametrize(
    ("scaling", "shift", "divisor"),
    [("standard", 38.5, 2.2913), ("last", 42, 2.2913), ("mean", 0, 38.5), ("none", 0, 1)],
)
def test_each_window_has_a_scale_of_its_own(tmp_path: Path, scaling: str, shift: float, divisor: float) -> None:
    batch = next(iter(data_of(written(tmp_path, daily()), scaling=scaling).val_dataloader()))
    assert batch.inputs[1][0].tolist() == pytest.approx([shift, divisor], abs=1e-4)
    restored = batch.targets[0][0] * batch.inputs[1][0, 1] + batch.inputs[1][0, 0]
    assert restored.tolist() == pytest.approx([43, 44], abs=1e-4)
    assert batch.targets[2][0].item() == pytest.approx(divisor, abs=1e-4)


def test_shuffling_the_future_of_a_series_changes_nothing_that_a_network_is_given(tmp_path: Path) -> None:
    """Nor what baselines are given, nor the scales; of no window, whatever its origin."""
    frame = daily(holiday=np.arange(60) % 7 == 6, rain=np.sin(np.arange(60)) + np.arange(60) % 5)
    settings = {"columns.known": "[holiday]", "columns.past": "[rain]", "columns.target": "y"}
    data = data_of(written(tmp_path, frame), **settings)
    origins = {split: data._laid.windows.origins[data._split_rows(split)] for split in ("train", "val", "test")}
    for split, places in origins.items():
        for place in (0, len(places) - 1):
            changed = frame.copy()
            future = np.random.default_rng(0).permutation(np.arange(places[place], 60))
            changed.loc[places[place] :, ["y", "rain"]] = frame[["y", "rain"]].to_numpy()[future]
            (other := tmp_path / f"{split}{place}").mkdir()
            again = data_of(written(other, changed), **settings, allow_leak="true")
            again.preprocess_as(data.spec)
            rows = data._split_rows(split)[[place]]
            for one, two in zip(data._inputs(rows), again._inputs(rows), strict=True):
                assert one.tolist() == two.tolist()
            assert data.raw(split)[place].values.tolist() == again.raw(split)[place].values.tolist()
            if split == "test" and place == 0:
                assert data.labels("test")["scale"].to_pylist() == again.labels("test")["scale"].to_pylist()


def test_folds_of_a_rolling_origin_by_hand(tmp_path: Path) -> None:
    """Sixty steps: the last 10 test, 3 left out, 5 validation, 3 left out, the rest train."""
    settings = {"split.val": 5, "split.test": 10, "split.embargo": 3}
    data = data_of(written(tmp_path, daily()), **settings)
    assert dict(data.spec.folds) == {"train": [0, 39], "val": [42, 47], "test": [50, 60]}
    origins = {
        split: data._laid.windows.origins[data._split_rows(split)].tolist() for split in ("train", "val", "test")
    }
    assert origins["train"] == list(range(8, 38))
    assert origins["val"] == [42, 44]
    assert origins["test"] == [50, 52, 54, 56, 58]
    assert data_of(written(tmp_path, daily()), **settings, eval_stride=1).num_examples("test") == 9
    by_length = data_of(written(tmp_path, daily()), **settings | {"split.embargo": "72h"})
    assert dict(by_length.spec.folds) == {"train": [0, 41], "val": [43, 48], "test": [50, 60]}


def test_series_that_end_at_different_times_are_cut_at_one_time_or_each_at_its_end(tmp_path: Path) -> None:
    long = daily(shop="long")
    short = long[:40].assign(shop="short")
    file = written(tmp_path, pd.concat([long, short]))
    common = {"columns.series": "shop", "columns.target": "y", "split.val": 4, "split.test": 4}
    at_one_time = data_of(file, **common)
    assert {name.partition("@")[0] for name in at_one_time.examples("test")} == {"long"}
    assert any("1 of 2 series have no test window" in note for note in at_one_time.spec.notes)
    assert data_of(file, **common, **{"split.cut": "series"}).examples("test") == [
        "long@2026-02-26",
        "long@2026-02-28",
        "short@2026-02-06",
        "short@2026-02-08",
    ]


def test_wide_tables_have_a_series_a_column(tmp_path: Path) -> None:
    frame = daily(z=np.arange(60.0) ** 2)
    data = data_of(written(tmp_path, frame), **{"columns.target": "all"})
    assert data.spec.num_series == 2
    assert {name.partition("@")[0] for name in data.examples("test")} == {"y", "z"}
    assert values(data).tolist() == [*range(60), *(n**2 for n in range(60))]
    assert values(data_of(written(tmp_path, frame), **{"columns.target": "[z]"})).tolist() == [n**2 for n in range(60)]
    assert "could be the values" in refusal(data_of(written(tmp_path, frame.rename(columns={"y": "a"}))))


def test_files_that_come_newest_first_are_sorted_and_told(tmp_path: Path) -> None:
    """Rows that are out of order would change MASE's scale, and let forecasts see the future."""
    data = data_of(written(tmp_path, daily()[::-1]))
    assert values(data).tolist() == list(range(60))
    assert data.spec.notes == ("The file comes newest first; all were sorted by time.",)
    assert data.labels("test")["scale"].to_pylist()[0] == 1.0
    shuffled = data_of(written(tmp_path, daily().sample(frac=1, random_state=0)))
    assert values(shuffled).tolist() == list(range(60))
    assert "rows stand before an earlier one" in shuffled.spec.notes[0]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"on_duplicate": "first"}, 5.0),
        ({"on_duplicate": "last"}, 105.0),
        ({"on_duplicate": "mean"}, 55.0),
        ({"on_duplicate": "sum"}, 110.0),
    ],
)
def test_rows_of_one_time_are_merged_as_asked_or_refused(tmp_path: Path, settings: dict, expected: float) -> None:
    frame = pd.concat([daily(), daily()[5:6].assign(y=105.0)])
    line = refusal(data_of(written(tmp_path, frame)))
    assert "error[data.duplicate_times]" in line and "the first 2026-01-06 in series y" in line
    assert "data.columns.series=COLUMN" in line
    assert values(data_of(written(tmp_path, frame), **settings))[5] == expected


@pytest.mark.parametrize(
    ("fill", "expected"), [("previous", [20, 20, 23]), ("season", [14, 15, 23]), ("zero", [0, 0, 23])]
)
def test_missing_values_are_filled_from_the_past_marked_and_never_scored(
    tmp_path: Path, fill: str, expected: list[float]
) -> None:
    frame = daily()
    frame.loc[21:22, "y"] = np.nan
    line = refusal(data_of(written(tmp_path, frame)))
    assert "error[data.nan_series]" in line
    assert "2 of 60 values are missing, the first at 2026-01-22 in series y" in line and "data.fill=previous" in line
    settings = {"fill": fill, "season": 7, "scaling": "none"}
    assert values(data_of(written(tmp_path, frame), **settings))[21:24].tolist() == expected
    frame.loc[51, "y"] = np.nan
    data = data_of(written(tmp_path, frame), **settings)
    assert data.labels("test")["target"].to_pylist()[0][0] != data.labels("test")["target"].to_pylist()[0][0]  # NaN
    batches = next(iter(data.train_dataloader()))
    assert all(np.isfinite(part.numpy()).all() for part in (*batches.inputs, *batches.targets))
    row = data._laid.windows.origins.tolist().index(24)
    assert data._inputs(np.array([row]))[0][0, :, 1].tolist() == [0, 0, 0, 0, 0, 1, 1, 0]


def test_missing_values_at_either_end_are_no_part_of_a_series(tmp_path: Path) -> None:
    frame = daily()
    frame.loc[:3, "y"] = np.nan
    frame.loc[57:, "y"] = np.nan
    data = data_of(written(tmp_path, frame))
    assert data.examples("train")[0] == "y@2026-01-13"
    assert data.examples("test")[-1] <= "y@2026-02-25"


def test_gaps_in_time_are_refused_filled_or_kept(tmp_path: Path) -> None:
    frame = daily().drop(index=[30, 31])
    line = refusal(data_of(written(tmp_path, frame)))
    assert (
        "error[data.gaps] data.on_gap=error: 2 steps of 1 day are missing in 1 gaps, the first after 2026-01-30" in line
    )
    assert "data.on_gap=fill" in line
    filled = data_of(written(tmp_path, frame), on_gap="fill", fill="previous")
    assert values(filled)[28:34].tolist() == [28, 29, 29, 29, 32, 33]
    assert values(data_of(written(tmp_path, frame), on_gap="keep"))[28:32].tolist() == [28, 29, 32, 33]
    odd = daily().assign(day=[f"{day:%Y-%m-%d} {'07:30' if row == 9 else '00:00'}" for row, day in enumerate(DAYS)])
    assert "times are not on the even steps of 1 day" in refusal(data_of(written(tmp_path, odd), on_gap="fill"))


@pytest.mark.parametrize(
    ("stamps", "words"),
    [
        (pd.date_range("2020-01-31", periods=60, freq="ME"), "1 month"),
        (pd.date_range("2010-01-01", periods=60, freq="QS"), "3 months"),
        (pd.date_range("2020-01-05", periods=60, freq="W"), "7 days"),
        (pd.bdate_range("2020-01-01", periods=60), "1 business day"),
        (pd.date_range("2020-01-01", periods=60, freq="30min"), "30 minutes"),
        (range(1950, 2010), "1 unit"),
    ],
)
def test_the_steps_are_those_that_most_stamps_keep(tmp_path: Path, stamps: Any, words: str) -> None:
    """Also of weeks, months and business days, where pandas' `infer_freq` gives up at the first hole."""
    data = data_of(written(tmp_path, pd.DataFrame({"time": stamps, "y": np.arange(60.0)})))
    assert data.spec.step_words == words
    holed = pd.DataFrame({"time": stamps, "y": np.arange(60.0)}).drop(index=[20])
    assert f"1 steps of {words} are missing in 1 gaps" in refusal(data_of(written(tmp_path, holed)))


def test_dates_are_read_by_one_form_and_a_mixture_is_refused(tmp_path: Path) -> None:
    def stamped(texts: list[str]) -> SeriesData:
        return data_of(written(tmp_path, daily().assign(day=texts)), on_gap="keep", on_duplicate="last")

    iso = data_of(written(tmp_path, daily().assign(day=pd.date_range("2020-01-01", periods=60, freq="MS").astype(str))))
    assert iso.spec.step_words == "1 month"
    german = stamped([f"{day:%d.%m.%Y}" for day in DAYS])
    assert german.examples("test")[-1].startswith("y@2026-02-2")
    assert stamped([f"{day:%d/%m/%Y}" for day in DAYS]).spec.step_words == "1 day"
    ambiguous = refusal(stamped([f"0{1 + row % 9}/0{1 + row // 9}/2026" for row in range(60)]))
    assert "could be %d/%m/%Y or %m/%d/%Y" in ambiguous and "data.time_format=%d/%m/%Y" in ambiguous
    mixed = refusal(stamped([*DAYS.astype(str)[:-1], "01.03.2026"]))
    assert "1 of 60 times cannot be read: '01.03.2026' at made.csv:61 is not ISO 8601, as others are" in mixed


def test_a_column_that_tells_the_values_to_come_is_refused(tmp_path: Path) -> None:
    """A planted leak: tomorrow's value as something that is known today, and the target among what is known."""
    y = np.cumsum(np.random.default_rng(0).normal(size=60))
    frame = daily(y=y, tomorrow=np.append(3 * y[1:] - 2, 0.0), lag=np.append([0.0] * 3, y[:-3]))
    for key in ("past", "known"):
        line = refusal(data_of(written(tmp_path, frame), **{"columns.target": "y", f"columns.{key}": "[tomorrow]"}))
        assert f"error[data.target_in_features] data.columns.{key}=tomorrow: tells the values 1 steps later" in line
    copied = frame.assign(copy=y)
    assert "of the same time" in refusal(
        data_of(written(tmp_path, copied), **{"columns.target": "y", "columns.known": "[copy]"})
    )
    for key, column in (
        ("past", "copy"),
        ("known", "lag"),
    ):  # known by then: the last value, and that of 3 steps before
        assert data_of(written(tmp_path, copied), **{"columns.target": "y", f"columns.{key}": f"[{column}]"}).spec
    kept = {"columns.target": "y", "columns.past": "[tomorrow]", "allow_leak": "true"}
    assert data_of(written(tmp_path, frame), **kept).spec.leaked_rows == 1
    same = {"columns.target": "y", "columns.known": "[y]"}
    assert "this column is data.columns.target already" in refusal(data_of(written(tmp_path, frame), **same))


def test_short_series_are_refused_with_the_largest_window_padded_or_dropped(tmp_path: Path) -> None:
    frame = pd.concat([daily(shop="long"), daily(shop="short")[:9]])
    settings = {"columns.series": "shop", "columns.target": "y", "split.cut": "series", "split.val": 2, "split.test": 2}
    line = refusal(data_of(written(tmp_path, frame), **settings))
    assert "1 of 2 series are shorter than window + horizon = 10, such as short with 9 steps" in line
    assert "data.window=7 is the largest that all have" in line
    assert data_of(written(tmp_path, frame), **settings, on_short="drop").spec.num_series == 1
    padded = data_of(written(tmp_path, frame), **settings, on_short="pad")
    assert padded.examples("test") == ["long@2026-02-28", "short@2026-01-08"]
    window = padded._inputs(padded._split_rows("test"))[0][1]
    assert window[:, 1].tolist() == [1, 0, 0, 0, 0, 0, 0, 0]
    assert window[0, 0].item() == 0


def test_a_season_longer_than_the_history_is_refused_by_name_and_count(tmp_path: Path) -> None:
    line = refusal(data_of(written(tmp_path, daily()), season=55))
    assert "1 of 1 series have no two values a season apart before the test, such as y with" in line
    assert "data.season=1" in line


def test_test_windows_that_stand_in_another_series_before_its_test_are_told(tmp_path: Path) -> None:
    """As in the competition M1 (findings/competition_tests_in_other_series.sh); what repeats by nature is not."""
    walk, other = np.random.default_rng(0).normal(size=(2, 60)).cumsum(axis=1)
    other[20:25] = walk[55:]
    shops = {"walk": walk, "other": other, "on": np.arange(60) % 2, "off": np.arange(60) % 2}
    frame = pd.concat([daily(shop=shop, sold=sold) for shop, sold in shops.items()])
    settings = {"columns.series": "shop", "columns.target": "sold", "horizon": 5, "split.val": 5, "split.test": 5}
    notes = data_of(written(tmp_path, frame), **settings).spec.notes
    assert notes == (
        "The values of 1 of 4 test windows stand in another series before its test, such as those of walk in other: "
        "who learns from all may know them.",
    )


def test_series_without_windows_need_no_scale(tmp_path: Path) -> None:
    """One that is too short for a season before validation is tested, and neither validated nor learnt from."""
    frame = pd.concat([daily(shop="long"), daily(shop="short")[:16]])
    settings = {"columns.series": "shop", "columns.target": "y", "split.cut": "series", "split.val": 2, "split.test": 2}
    data = data_of(written(tmp_path, frame), **settings, season=12, on_short="pad")
    assert data.examples("val") == ["long@2026-02-26"]
    assert data.examples("test") == ["long@2026-02-28", "short@2026-01-15"]
    assert data.labels("test")["scale"].to_pylist() == [12, 12]


def test_constant_series_have_no_scale_and_are_counted(tmp_path: Path) -> None:
    frame = pd.concat([daily(shop="moving"), daily(shop="still").assign(y=7.0)])
    data = data_of(written(tmp_path, frame), **{"columns.series": "shop", "columns.target": "y"})
    assert data.spec.num_unscaled == 1
    assert any("1 of 2 series never change before the test, such as still" in note for note in data.spec.notes)


def test_the_unit_is_the_series_where_they_are_many_and_else_a_block_of_time(tmp_path: Path) -> None:
    few = data_of(written(tmp_path, daily()), **{"split.test": 0.5}, block=4)
    assert few.units("test")[:3] == ["block from 2026-01-31", "block from 2026-01-31", "block from 2026-02-04"]
    many = pd.concat([daily(shop=f"shop {number}") for number in range(20)])
    data = data_of(written(tmp_path, many), **{"columns.series": "shop", "columns.target": "y"})
    assert set(data.units("test")) == {f"shop {number}" for number in range(20)}


@pytest.mark.parametrize(
    ("frame", "settings", "said"),
    [
        (
            daily(y=["1", "2", "three", *map(str, range(57))]),
            {"columns.target": "y"},
            "holds no number at made.csv:4: 'three'",
        ),
        (daily(y=["inf", *map(str, range(59))]), {}, "1 values are infinite, the first at made.csv:2"),
        (daily(), {"columns.time": "dya"}, "data.columns.time=day"),
        (daily(), {"split.test": 1}, "the test split has no window of 2 steps to forecast"),
        (daily(y=np.nan), {}, "no series has a value"),
        (
            daily(day=["", *DAYS.astype(str)[1:]]),
            {"columns.time": "day"},
            "1 of 60 rows have no time, the first made.csv:2",
        ),
    ],
)
def test_other_faults_have_a_line_each(tmp_path: Path, frame: pd.DataFrame, settings: dict, said: str) -> None:
    assert said in refusal(data_of(written(tmp_path, frame), **settings))


@pytest.mark.parametrize(
    "settings", [{"scaling": "minmax"}, {"on_gap": "skip"}, {"fill": "linear"}, {"split.cut": "row"}]
)
def test_unknown_choices_are_refused(tmp_path: Path, settings: dict) -> None:
    with pytest.raises((ConfigError, BakeoffError)) as caught:
        data_of(written(tmp_path, daily()), **settings)
    assert caught.value.exit_code == 2


def test_texts_among_the_features_are_told_apart_by_columns_of_zeros_and_ones(tmp_path: Path) -> None:
    frame = pd.concat([daily(shop=shop, kind=kind) for shop, kind in (("a", "big"), ("b", "small"))])
    settings = {"columns.series": "shop", "columns.target": "y", "columns.static": "[kind]"}
    data = data_of(written(tmp_path, frame), **settings)
    assert data.spec.features["static"] == ["kind=big", "kind=small"]
    assert data._laid.panel.static.tolist() == [[1, 0], [0, 1]]
