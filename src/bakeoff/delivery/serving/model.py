"""A finished run, loaded once, that answers requests one after the other."""

from __future__ import annotations

import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import torch
from torch import Tensor, nn

from bakeoff.config import build
from bakeoff.config.composition import compose_section
from bakeoff.data.contract import NewExamples, Reading
from bakeoff.delivery.serving.asked import Form, Limits, Refused, form_of, require_batch
from bakeoff.files import finite
from bakeoff.training.trial.interface import as_inputs, named_inputs, named_outputs
from bakeoff.training.trial.saved_run import SavedRun


@dataclass
class ServedModel:
    """A run with its network at hand; threads that ask wait for each other.

    Attributes:
        saved: the run.
        net: its network, in evaluation mode; None where it was fitted in one go.
        form: how prepared inputs look; None likewise.
    """

    saved: SavedRun
    net: nn.Module | None
    form: Form | None

    def __post_init__(self) -> None:
        """Makes the lock, and reads what `predict` would be asked with."""
        self._lock = threading.Lock()
        self._fitted = self.saved.fitted() if self.net is None else None
        options = compose_section("task", self.saved.trial.task).get("predict") or {}
        self._options: dict[str, Any] = build(options, "task.predict")

    @classmethod
    def load(cls, saved: SavedRun) -> ServedModel:
        """The network of a run, on CPU."""
        net = None if saved.trial.is_fitted else saved.module().to("cpu").net
        return cls(saved, net, None if net is None else form_of(net, saved.spec, named_inputs(saved.spec)))

    @property
    def name(self) -> str:
        """Of its model, for the task's own `predict`."""
        return self.saved.name

    @property
    def sent_as(self) -> tuple[str, ...]:
        """How files end in which new examples may be sent."""
        return self.saved.trial.data_class.sent_as

    def answers(self, new: NewExamples) -> pa.Table:
        """What it says of each new example, in their order."""
        if self._fitted is not None:
            said = self._fitted.respond(new.raw)
        else:
            assert self.net is not None
            said = self.saved.task.respond_to_all(self.net, new.loader, positions=new.loader.positions)
        return self.saved.task.settled(said, self.saved.result.get("settled") or {})

    def outputs(self, parts: tuple[Tensor, ...]) -> dict[str, Any]:
        """The network's outputs for prepared inputs, by name, as lists."""
        assert self.net is not None
        with self._lock, torch.inference_mode():
            found = named_outputs(self.net(as_inputs(parts)))
        return {name: finite(part.tolist()) for name, part in found.items()}

    def predict(self, body: bytes, suffix: str, limits: Limits) -> dict[str, Any]:
        """What `bakeoff predict` would write of a file with this content: ``rows``, and ``notes``.

        Raises:
            Refused: a task that writes its answers elsewhere, or too many examples.
            BakeoffError: what can't be read as the run's kind of data.
        """
        if self.saved.task.shows_its_answers:
            raise Refused(501, f"{self.saved.trial.task} has no answers in rows; POST /infer gives its outputs")
        with tempfile.TemporaryDirectory(prefix="bakeoff-serve-") as folder:
            path = Path(folder) / f"request{suffix}"
            path.write_bytes(body)
            with self._lock, torch.inference_mode():
                new = self.saved.trial.data_class.read_new(self.saved.spec, self._reading(path))
                shown = {name: [_sent(cell, path) for cell in column] for name, column in new.shown.items()}
                require_batch(max((len(column) for column in shown.values()), default=0), limits)
                said = self.saved.task.predict(self, new, **self._options)
        table = pa.table({**shown, **dict(zip(said.column_names, said.columns, strict=True))})
        return {"rows": finite(table.to_pylist()), "notes": list(new.notes)}

    @property
    def column(self) -> str | None:
        """What the column of texts was called in training, where there was one."""
        return getattr(self.saved.spec, "text_column", None) or getattr(self.saved.spec, "source_column", None)

    def _reading(self, path: Path) -> Reading:
        """The column is asked for by its name, lest another one is answered."""
        return Reading(source=str(path), column=self.column, trained=self.saved.trial.raw["data"])


def _sent(cell: Any, path: Path) -> Any:
    """A cell without where the request lay while it was read."""
    return cell.replace(str(path), path.name) if isinstance(cell, str) else cell
