"""What a task is: a network's stem and head, a loss, metrics, and everything that is said of answers.

A task keeps no state of training: optimisation, accumulation, divergence and schedules are the training loop's
(`bakeoff.training.loop`), which exists once. What goes on from batch to batch is a `Pass` of the task's own.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeAlias, TypeVar

import numpy as np
import pyarrow as pa
from torch import Tensor, nn
from torchmetrics import MetricCollection

from bakeoff.config import build
from bakeoff.config.allowlist import resolve
from bakeoff.data.batches.batch import Batch, Tree, batch_in_parts, in_parts
from bakeoff.data.contract import Cases, NewExamples
from bakeoff.data.spec import Spec
from bakeoff.metrics import MetricFacts, facts_of
from bakeoff.models.cost import flops_per_example
from bakeoff.tables import in_order_of, join
from bakeoff.tasks.exhibits import Exhibit
from bakeoff.tasks.explained import Explained
from bakeoff.tasks.samples import sampled

MakeBackbone: TypeAlias = Callable[..., nn.Module]
"""Makes the configured model from what only the task and the data know: channels, or whether it is causal."""
AnySpec = TypeVar("AnySpec", bound=Spec)


class ConfiguredModel:
    """Makes the model of a configuration, from what only the task and the data know of its arguments.

    Args:
        section: what ``model.net`` holds.
    """

    def __init__(self, section: Mapping[str, Any]) -> None:
        self._section = section

    @property
    def made(self) -> type:
        """The class of the model, for tasks that take models of several contracts."""
        found = resolve(self._section["_target_"], key="model.net")
        return found if isinstance(found, type) else type(found)

    def __call__(self, **arguments: Any) -> Any:
        """The model."""
        return build(self._section, "model.net", **arguments)


class Pass:
    """One pass over a split's batches: how the network is called, and what goes on from batch to batch (nothing)."""

    def __call__(self, net: nn.Module, inputs: Tree) -> Any:
        """The network's outputs."""
        return net(inputs)

    def parts(self, batch: Batch, count: int) -> Iterator[Batch]:
        """A batch in ``count`` parts of nearly equal numbers of rows, to be gone through one after the other."""
        yield from batch_in_parts(batch, count) if count > 1 else (batch,)

    def forget(self) -> None:
        """Drops what a step whose loss is not finite left behind."""

    def state(self) -> Tree:
        """What a resumed run goes on from: tensors in tuples and lists, or None."""
        return None

    def restore(self, state: Tree) -> None:
        """Takes it up again."""


@dataclass(frozen=True)
class Sealed:
    """A trial's answers to the test inputs, and what was settled on its validation."""

    answers: pa.Table
    settled: Mapping[str, Any]


class Answering(Protocol):
    """A finished run, asked for new answers."""

    @property
    def net(self) -> nn.Module | None:
        """Its network, in evaluation mode; None where it was fitted in one go."""

    @property
    def name(self) -> str:
        """Of its model."""

    def answers(self, new: NewExamples) -> pa.Table:
        """What it says of each new example, in their order."""


class Task(abc.ABC, Generic[AnySpec]):
    """What every task says; a subclass adds its settings as keyword-only arguments.

    Args:
        spec: what the data is.
    """

    metrics_declared: ClassVar[tuple[MetricFacts, ...]]
    """Every metric that validation or test measures."""
    trivial_words: ClassVar[str]
    """What the trivial predictor does, as a sentence says it: "always answering the most frequent class"."""

    shows_its_answers: ClassVar[bool] = False
    """Whether `predict` prints answers as they come, so that nobody prints them again."""

    def __init__(self, *, spec: AnySpec) -> None:
        self.spec = spec

    @classmethod
    def facts(cls, metric: str, *, direction: str = "maximize") -> MetricFacts:
        """What is declared of a metric; of another, its name and ``direction``."""
        return facts_of(metric, cls.metrics_declared, direction=direction)

    # A network, and what it learns -----------------------------------------------------------------------------------

    @abc.abstractmethod
    def network(self, make: MakeBackbone) -> nn.Module:
        """A model with the task's stem and head: the same ones for all contenders.

        Further keyword arguments are settings of stem and head, from ``task.network``.
        """

    @abc.abstractmethod
    def loss(self, outputs: Any, batch: Batch, *, training: bool) -> Tensor:
        """The scalar to minimise; targets may be soft where augmentation mixes examples."""

    def num_terms(self, batch: Batch) -> int:
        """How many terms the batch's mean loss is a mean of."""
        return batch.size

    def begin_pass(self, *, training: bool) -> Pass:
        """How a pass over a split's batches calls the network."""
        return Pass()

    def train_flops_per_example(self, net: nn.Module) -> float:
        """Floating-point operations of a training step, an example; counted on the ``meta`` device.

        A network that can't run there overrides it.
        """
        return flops_per_example(net, self.spec.example_inputs)

    # What training and validation measure ----------------------------------------------------------------------------

    @abc.abstractmethod
    def metrics(self, split: str) -> MetricCollection:
        """A fresh collection of the split's metrics; one is ``loss``, a `WeightedMean` that the loop keeps itself."""

    @abc.abstractmethod
    def observe(self, outputs: Any, batch: Batch) -> Tree:
        """What `update` wants of a batch; a task whose outputs are large keeps less of them."""

    def update(self, metrics: MetricCollection, observed: Tree) -> None:
        """Updates all metrics but the loss with what has been observed, of several batches one after the other."""
        for name, metric in metrics.items(keep_base=True):
            if name != "loss":
                metric.update(*observed)

    def update_whole(self, metrics: MetricCollection, net: nn.Module, batch: Batch) -> None:
        """Updates what needs the network once more, in validation only, such as whole answers that are searched for."""

    def derived(self, values: dict[str, float]) -> dict[str, float]:
        """Further metrics that follow from the values of the others."""
        return {}

    # What a trained network answers ----------------------------------------------------------------------------------

    @abc.abstractmethod
    def respond(self, net: nn.Module, inputs: Tree) -> pa.Table:
        """What is stored of each example of a batch: the network's answers, in evaluation mode."""

    def respond_to_all(
        self, net: nn.Module, batches: Iterable[Tree], *, parts: int = 1, positions: np.ndarray | None = None
    ) -> pa.Table:
        """What is stored of each example of all batches of inputs.

        Args:
            net: in evaluation mode.
            batches: inputs, on the network's device.
            parts: in which each batch is gone through.
            positions: where each row belongs; None leaves the order.
        """
        found = [
            self.respond(net, part)
            for inputs in batches
            for part in (in_parts(inputs, parts) if parts > 1 else (inputs,))
        ]
        table = join(found)
        return table if positions is None else in_order_of(table, positions)

    def answer(self, net: nn.Module, inputs: Tree) -> Any:
        """What a user waits for when the network answers; timed as its latency."""
        return net(inputs)

    @property
    def settles(self) -> bool:
        """Whether validation settles something that all later answers are read by, such as a threshold."""
        return False

    def settle(self, answers: pa.Table, labels: pa.Table) -> dict[str, Any]:
        """What answers to the validation examples settle, as plain JSON; kept with the trial and its model."""
        return {}

    def settled(self, answers: pa.Table, found: Mapping[str, Any]) -> pa.Table:
        """Answers, with what follows from what was settled."""
        return answers

    # What is said of answers, away from training ----------------------------------------------------------------------

    @abc.abstractmethod
    def score_examples(self, answers: pa.Table, labels: pa.Table, metric: str) -> np.ndarray:
        """Each example's share of ``metric``: its score, or its pseudo-value where the metric is no mean of scores.

        Raises:
            ValueError: an example's share of that metric is not known.
        """

    @abc.abstractmethod
    def summarise(self, answers: pa.Table, labels: pa.Table) -> dict[str, float]:
        """All metrics of a set of answers, by name."""

    def unmeasured(self, metric: str) -> str | None:
        """Why this data has no such metric, though the task declares it; None where it has."""
        return None

    def doubts(self, metric: str) -> list[str]:
        """What speaks against judging by a metric on this data: a sentence each, which ends with its code."""
        return []

    @abc.abstractmethod
    def trivial(self, train: Cases, inputs: Sequence[Any]) -> pa.Table:
        """What the trivial predictor says of each input (rule 19: a failed trial is scored with it).

        Args:
            train: the train examples.
            inputs: the raw rows to answer, such as each series' history; nothing of their labels.
        """

    def exhibits(self, net: nn.Module, cases: Cases, answers: pa.Table) -> list[Exhibit]:
        """What a trained network does with some test examples, for the report; nothing where scores say it all.

        Args:
            net: in evaluation mode.
            cases: a few examples.
            answers: what the network's trial sealed of them.
        """
        return []

    def explained(self, net: nn.Module, inputs: Tree) -> Explained | None:
        """What of a batch of inputs attributions divide a network's answers among; None where no such thing is said.

        Args:
            net: in evaluation mode.
            inputs: of the batch, on the network's device.
        """
        return None

    def samples(self, cases: Cases) -> list[Exhibit]:
        """Some examples with what they should be answered with, for a look at the data before training."""
        return sampled(cases, self.spec)

    def overview(self, trials: Mapping[str, Iterable[Sealed]], labels: pa.Table) -> list[Exhibit]:
        """What answers to the whole test show beside the metrics, for the report; nothing where those say it all.

        Args:
            trials: of each contender and baseline, read one after the other, once.
            labels: of the test.
        """
        return []

    @abc.abstractmethod
    def predicted(self, answers: pa.Table) -> pa.Table:
        """What `predict` writes of new examples, beside their names: columns that a person reads."""

    def traits(self, predicted: pa.Table) -> dict[str, np.ndarray]:
        """Numbers of each answer, by which new inputs are held against those of the test; none, where none would tell.

        Args:
            predicted: as of `predicted`.
        """
        return {}

    def predict(self, run: Answering, new: NewExamples) -> pa.Table:
        """The table of `predict` for new examples; further keyword arguments are its options, from ``task.predict``."""
        return self.predicted(run.answers(new))
