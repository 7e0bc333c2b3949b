"""Recommendation: which item a user takes next, ranked among all of the catalogue.

B batch, T steps of a history, C items of the catalogue, N users.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor, nn
from torchmetrics import MeanMetric, MetricCollection

from bakeoff.data.batches.batch import Batch, Tree
from bakeoff.data.contract import Cases, NewExamples
from bakeoff.data.interactions.ranked import OTHER, lists_of, ranked_lists
from bakeoff.data.interactions.spec import FIRST, PAD, InteractionSpec
from bakeoff.errors import ConfigError
from bakeoff.models.contracts import SequenceBackbone
from bakeoff.models.cost import flops_per_example
from bakeoff.ranges import Count
from bakeoff.tables import column, table_of
from bakeoff.tasks.contract import Answering, MakeBackbone, Pass, Sealed, Task
from bakeoff.tasks.exhibits import Exhibit, RankedExhibit, TableExhibit, TextExhibit
from bakeoff.tasks.recommendation import losses, scores
from bakeoff.tasks.recommendation.losses import Objective
from bakeoff.tasks.recommendation.network import LearntScores, Recommender, States, last_states
from bakeoff.tasks.tokens import require_positions
from bakeoff.tasks.weighted_mean import WeightedMean

_SHOWN, _CONTEXT = 10, 5


class StatePass(Pass):
    """A pass over histories: the network gives its states, which the loss compares with as many items as it wants."""

    def __call__(self, net: nn.Module, inputs: tuple[Tensor, ...]) -> States:
        """The states after each step."""
        assert isinstance(net, Recommender)
        return net.states(inputs[0])


class ExpectedMean(MeanMetric):
    """The mean of one of `scores.PER_USER` over users."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def update(self, above_B: Tensor, tied_B: Tensor) -> None:  # type: ignore[override]
        """Adds users, by how many items stand above their next one and how many share its place."""
        found = scores.expected(self.name, above_B.cpu().numpy(), tied_B.cpu().numpy())
        super().update(torch.from_numpy(found).to(self.device, self.dtype))


class Recommendation(Task[InteractionSpec]):
    """The next item of a history, by scores of all items of the catalogue.

    NDCG, hit rate and MRR lie in [0, 1], higher is better; they rank the whole catalogue, without what the user had
    where ``data.mask_seen`` says so. Ties count as the mean over all orders of them.

    Args:
        spec: what the data is.
        objective: ``softmax`` over the whole catalogue, ``sampled_softmax``, or ``bpr`` (pairs).
        num_sampled: items that a batch of sampled softmax draws.

    Raises:
        ConfigError: another objective.
    """

    metrics_declared = scores.METRICS
    trivial_words = "recommending what is most popular"

    def __init__(self, *, spec: InteractionSpec, objective: Objective = "softmax", num_sampled: Count = 256) -> None:
        super().__init__(spec=spec)
        if objective not in get_args(Objective):
            problem, allowed = "is not one of them", get_args(Objective)
            raise ConfigError("config.unknown_choice", "task.module.objective", objective, problem, allowed=allowed)
        self.objective = objective
        self.num_sampled = num_sampled

    def network(self, make: MakeBackbone, *, embedding_width: int = 64) -> nn.Module:
        """The backbone with the shared stem and tied head."""
        backbone = make(causal=True, cross_attention=False)
        assert isinstance(backbone, SequenceBackbone)
        require_positions(backbone, self.spec.max_length, cut_by="data.max_length")
        return Recommender(backbone, counts=self.spec.counts, embedding_width=embedding_width)

    def begin_pass(self, *, training: bool) -> Pass:
        """States, no scores of all items at all steps."""
        return StatePass()

    def loss(self, outputs: States, batch: Batch, *, training: bool) -> Tensor:
        """The mean over all steps that have a target; in evaluation over all items, none of them drawn."""
        known_BT = batch.targets >= FIRST
        states_NE, targets_N = outputs.states_BTE[known_BT], batch.targets[known_BT] - FIRST
        if not len(targets_N):  # validation of items that train lacks
            return outputs.states_BTE.sum() * 0.0
        if self.objective == "bpr":
            return (losses.pairs if training else losses.all_pairs)(states_NE, targets_N, outputs)
        if self.objective == "sampled_softmax" and training:
            return losses.sampled_softmax(states_NE, targets_N, outputs, self.num_sampled)
        return losses.full_softmax(states_NE, targets_N, outputs)

    def num_terms(self, batch: Batch) -> int:
        """Items that were predicted."""
        return int((batch.targets >= FIRST).sum())

    def train_flops_per_example(self, net: nn.Module) -> float:
        """Of a piece of a history, with the scores that the objective asks for."""
        assert isinstance(net, Recommender)
        compared = {"softmax": None, "sampled_softmax": self.num_sampled + 1, "bpr": 2}[self.objective]
        return flops_per_example(LearntScores(net, compared), self.spec.example_inputs)

    def metrics(self, split: str) -> MetricCollection:
        """The mean loss; of validation the ranks too."""
        of_users = {name: ExpectedMean(name) for name in scores.PER_USER} if split != "train" else {}
        return MetricCollection({"loss": WeightedMean(), **of_users}, compute_groups=False)

    def observe(self, outputs: States, batch: Batch) -> tuple[Tensor, ...]:
        """In evaluation, how many items stand above each user's next one, and how many share its place."""
        if len(batch.inputs) == 1:  # training
            return ()
        history_BT, seen_BS = batch.inputs
        last_BE = last_states(outputs, history_BT)
        scores_BC = last_BE @ outputs.items_CE.T + outputs.bias_C
        return _place_of_target(scores_BC, batch.targets.amax(dim=1), seen_BS)

    # What a finished run says of users --------------------------------------------------------------------------------

    def respond(self, net: nn.Module, inputs: Tree) -> pa.Table:
        """The list of each user; in the other order of ties too, where that is asked."""
        found = ranked_lists(net(inputs[:2]).float().cpu().numpy())
        if len(inputs) > 2:
            found |= ranked_lists(net(inputs[2:]).float().cpu().numpy(), OTHER)
        return table_of(**found)

    def answer(self, net: nn.Module, inputs: Tree) -> Tensor:
        """The first ten items."""
        scores_BC: Tensor = net(inputs)
        return scores_BC.topk(min(_SHOWN, scores_BC.shape[1]), dim=1).indices

    def score_examples(self, answers: pa.Table, labels: pa.Table, metric: str) -> np.ndarray:
        """Each user's share of ``metric``, shape ``(N,)``; of coverage its pseudo-value."""
        return scores.score_examples(answers, labels, metric, num_items=self.spec.num_items)

    def summarise(self, answers: pa.Table, labels: pa.Table) -> dict[str, float]:
        """All metrics of a set of lists but the loss, by name."""
        return scores.summarise(answers, labels, num_items=self.spec.num_items)

    def trivial(self, train: Cases, inputs: Sequence[Any]) -> pa.Table:
        """What train has most often, without what the user had."""
        counts_C = np.array(self.spec.counts)
        return lists_of(list(inputs), lambda some: np.broadcast_to(counts_C, (len(some), len(counts_C))))

    def exhibits(self, net: nn.Module, cases: Cases, answers: pa.Table) -> list[Exhibit]:
        """What each user had last, what came next, and the first items of the list."""
        found: list[Exhibit] = []
        rows = zip(cases.names, cases.raw, cases.labels.to_pylist(), answers["items"].to_pylist(), strict=True)
        for name, history, label, items in rows:
            found.append(
                RankedExhibit(
                    title=name,
                    context=self._titles(history.items[-_CONTEXT:]),
                    items=self._titles(items[:_SHOWN]),
                    right=[self.spec.title(label["target"]) if label["target"] >= 0 else label["name"]],
                )
            )
        return found

    def samples(self, cases: Cases) -> list[Exhibit]:
        """What users had last, and what came next."""
        rows = zip(cases.names, cases.raw, cases.labels.to_pylist(), strict=True)
        return [
            TextExhibit(title=name, input="; ".join(self._titles(history.items[-_CONTEXT:])), output=truth)
            for name, history, label in rows
            for truth in [self.spec.title(label["target"]) if label["target"] >= 0 else str(label.get("name", ""))]
        ]

    def overview(self, trials: Mapping[str, Iterable[Sealed]], labels: pa.Table) -> list[Exhibit]:
        """What each contender's figure is under the other order of ties, beside the one that was judged."""
        if "other" not in labels.column_names:
            return []
        metrics = (f"ndcg_at_{_SHOWN}", f"hr_at_{_SHOWN}")
        rows = []
        for name, sealed in trials.items():
            pairs = [self._both_orders(one.answers, labels, metrics) for one in sealed]
            rows.append([name, *(f"{value:.1%}" for value in np.mean(pairs, axis=0))] if pairs else [name])
        changed = int((column(labels, "other") != column(labels, "target")).sum())
        title = f"Equal stamps: the other order asks {changed:,} of {len(labels):,} users for another item"
        labels_of = [facts.label for facts in scores.METRICS if facts.name in metrics]
        columns = ["", *(f"{label}{order}" for label in labels_of for order in ("", ", other order"))]
        return [TableExhibit(title=title, columns=columns, rows=rows)]

    def _both_orders(self, answers: pa.Table, labels: pa.Table, metrics: Sequence[str]) -> list[float]:
        found = []
        for metric in metrics:
            found.append(float(self.score_examples(answers, labels, metric).mean()))
            found.append(float(scores.in_other_order(answers, labels, metric).mean()))
        return found

    def _titles(self, places: Sequence[int] | np.ndarray) -> list[str]:
        return [self.spec.title(int(place)) for place in places]

    def predicted(self, answers: pa.Table) -> pa.Table:
        """The first ten items of each list."""
        return self._first(answers, _SHOWN)

    def predict(self, run: Answering, new: NewExamples, *, num_items: int = 10) -> pa.Table:
        """The first items of each user's list, a column a place; and what people call them, where that is another.

        Args:
            run: that answers.
            new: histories.
            num_items: of each list.

        Raises:
            ConfigError: none, or more than lists have.
        """
        if not 1 <= num_items <= scores.DEPTH:
            problem, allowed = "no list has so many", f"1 to {scores.DEPTH}"
            key = "task.predict.num_items"
            raise ConfigError("config.out_of_range", key, num_items, problem, allowed=allowed)
        return self._first(run.answers(new), num_items)

    def _first(self, answers: pa.Table, num_items: int) -> pa.Table:
        lists = [own[:num_items] for own in answers["items"].to_pylist()]
        names = {
            f"item_{place + 1}": pa.array(
                [self.spec.items[own[place]] if place < len(own) else None for own in lists], pa.string()
            )
            for place in range(num_items)
        }
        titles = {"titles": ["; ".join(self._titles(own)) for own in lists]} if self.spec.titles else {}
        return table_of(**names, **titles)


def _place_of_target(scores_BC: Tensor, targets_B: Tensor, seen_BS: Tensor) -> tuple[Tensor, Tensor]:
    """How many items score above each row's target, and how many the same; 0 of targets that no list has."""
    others_B2 = scores_BC.new_full((len(scores_BC), FIRST), -torch.inf)
    scores_BV = torch.cat([others_B2, scores_BC.nan_to_num(-torch.inf)], dim=1).scatter(1, seen_BS, -torch.inf)
    own_B1 = scores_BV.gather(1, targets_B.clamp(min=PAD)[:, None])
    above_B, tied_B = (scores_BV > own_B1).sum(dim=1), (scores_BV == own_B1).sum(dim=1)
    return above_B, tied_B * (own_B1[:, 0] > -torch.inf)
