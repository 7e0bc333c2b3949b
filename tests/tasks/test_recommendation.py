"""Recommendation: ranks against a naive full sort, ties as means over their orders, losses, masks and lists."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from bakeoff.config.running import run_pipeline
from bakeoff.data.batches.batch import Batch
from bakeoff.data.contract import Cases
from bakeoff.data.interactions.histories import History
from bakeoff.data.interactions.ranked import DEPTH, lists_of, ranked_lists
from bakeoff.data.interactions.spec import FIRST, PAD, START, InteractionSpec
from bakeoff.errors import ConfigError
from bakeoff.models.baseline.item_knn import ItemNeighbours
from bakeoff.models.baseline.popularity import Popularity
from bakeoff.models.rnn.recurrent import Recurrent
from bakeoff.tables import table_of
from bakeoff.tasks.contract import Sealed
from bakeoff.tasks.exhibits import RankedExhibit, TableExhibit
from bakeoff.tasks.recommendation import losses, scores
from bakeoff.tasks.recommendation.network import Recommender, States
from bakeoff.tasks.recommendation.task import Recommendation


def spec(num_items: int = 6, **more: Any) -> InteractionSpec:
    common = {"name": "made", "fingerprint": "f", "split_fingerprint": "s", "num_train": 9, "num_val": 3, "num_test": 3}
    own = {"items": tuple(f"i{place}" for place in range(num_items)), "counts": (1,) * num_items}
    return InteractionSpec(**common, **own | more, num_interactions=9, max_length=5, typical_length=4)


def naive(scores_C: NDArray[Any], target: int) -> dict[str, float]:
    """Each metric as the mean over all orders of a full sort, ties in every order there is."""
    groups = [np.flatnonzero(scores_C == value).tolist() for value in sorted(set(scores_C.tolist()), reverse=True)]
    found: dict[str, list[float]] = {}
    for orders in itertools.product(*(itertools.permutations(group) for group in groups)):
        rank = [item for order in orders for item in order].index(target) + 1
        for k in scores.CUTOFFS:
            found.setdefault(f"hr_at_{k}", []).append(float(rank <= k))
            found.setdefault(f"ndcg_at_{k}", []).append((rank <= k) / math.log2(rank + 1))
        found.setdefault("mrr", []).append(1 / rank)
    return {name: float(np.mean(values)) for name, values in found.items()}


def test_ranks_are_those_of_a_full_sort_with_ties_in_every_order() -> None:
    rng = np.random.default_rng(0)
    scores_NC = rng.integers(0, 4, (20, 9)).astype(float)
    targets_N = rng.integers(0, 9, 20)
    answers, labels = table_of(**ranked_lists(scores_NC)), table_of(target=targets_N)
    for metric in scores.PER_USER:
        wanted = [naive(row, int(target))[metric] for row, target in zip(scores_NC, targets_N, strict=True)]
        assert scores.score_examples(answers, labels, metric, num_items=9) == pytest.approx(wanted)


def test_metrics_have_the_values_that_are_worked_out_by_hand() -> None:
    answers = table_of(**ranked_lists(np.array([[0.5, 0.9, 0.1], [0.9, 0.5, 0.5], [0.1, 0.2, 0.3]])))
    labels = table_of(target=np.array([0, 1, -1]))  # second, second or third, and none of the catalogue
    found = scores.summarise(answers, labels, num_items=3)
    assert found["mrr"] == pytest.approx((1 / 2 + (1 / 2 + 1 / 3) / 2 + 0) / 3)
    assert found["ndcg_at_5"] == pytest.approx((1 / math.log2(3) + (1 / math.log2(3) + 1 / 2) / 2 + 0) / 3)
    assert found["hr_at_5"] == pytest.approx(2 / 3)
    assert found["coverage_at_10"] == 1.0


def test_equal_scores_of_all_items_are_worth_the_mean_of_all_orders_in_every_metric() -> None:
    """torchmetrics has HitRate@1 of 1 beside MRR of 1/3 here, and ranx an NDCG of 1.0."""
    answers, labels = table_of(**ranked_lists(np.zeros((2, 40)))), table_of(target=np.array([0, 39]))
    found = scores.summarise(answers, labels, num_items=40)
    assert found["hr_at_10"] == pytest.approx(10 / 40)
    assert found["mrr"] == pytest.approx(sum(1 / rank for rank in range(1, 41)) / 40)
    assert found["ndcg_at_5"] == pytest.approx(sum(1 / math.log2(rank + 1) for rank in range(1, 6)) / 40)


def test_gains_are_linear_and_said_to_be() -> None:
    (facts,) = [facts for facts in scores.METRICS if facts.name == "ndcg_at_10"]
    assert "gains linear" in facts.meaning
    assert scores.expected("ndcg_at_10", np.array([2]), np.array([1])) == pytest.approx([1 / math.log2(4)])


def test_lists_are_cut_behind_all_that_tie_with_the_last_place() -> None:
    scores_NC = np.concatenate([np.arange(300, 210, -1.0), np.full(40, 5.0), np.full(70, 4.0)])[None]
    scores_NC = np.concatenate([scores_NC, np.full((1, 200), -np.inf)])
    scores_NC[1, :3] = [1.0, np.nan, 2.0]
    answers = table_of(**ranked_lists(scores_NC))
    items, above = answers["items"].to_pylist(), answers["above"].to_pylist()
    assert items == [list(range(130)), [2, 0]]
    assert above == [[*range(90), *[90] * 40], [0, 1]]
    where = scores.places(answers, np.array([100, 1]))
    assert [array.tolist() for array in where] == [[90, 0], [40, 0]]
    assert scores.expected("mrr", *where)[0] == pytest.approx(sum(1 / r for r in range(91, DEPTH + 1)) / 40)


def covered(lists: list[list[list[int]]], num_items: int, k: int) -> float:
    """The share of items in the first k places of anyone's list, over all orders of all ties."""
    orders = [[[item for part in order for item in part] for order in own] for own in lists]
    shares = [len({item for own in chosen for item in own[:k]}) / num_items for chosen in itertools.product(*orders)]
    return float(np.mean(shares))


def test_coverage_and_its_pseudo_values_are_those_over_all_orders_of_ties(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "COVERED", 2)
    scores_NC = np.array([[3, 2, 2, 2, 0], [1, 1, 1, 0, 0], [0, 0, 5, 4, 1.0]])
    lists = []
    for row in scores_NC:
        groups = [np.flatnonzero(row == value).tolist() for value in sorted(set(row.tolist()), reverse=True)]
        lists.append(list(itertools.product(*(itertools.permutations(group) for group in groups))))
    whole, without = scores.coverage(table_of(**ranked_lists(scores_NC)), 5)
    assert whole == pytest.approx(covered(lists, 5, 2))
    for user in range(3):
        others = [own for place, own in enumerate(lists) if place != user]
        assert without[user] == pytest.approx(covered(others, 5, 2))


def recommender(num_items: int = 6) -> Recommender:
    torch.manual_seed(0)
    backbone = Recurrent(width=8, causal=True, cell="gru", depth=1)
    return Recommender(backbone, counts=[1] * num_items, embedding_width=4).eval()


def test_what_a_user_had_is_never_recommended_and_padding_masks_nothing() -> None:
    net = recommender()
    history_BT = torch.tensor([[START, 4, 5], [START, 3, PAD]])
    seen_BS = torch.tensor([[4, 5], [3, PAD]])
    with torch.no_grad():
        free_BC, masked_BC = net((history_BT, seen_BS[:, :0])), net((history_BT, seen_BS))
        states = net.states(history_BT)
    assert torch.isinf(masked_BC).tolist() == [[False] * 2 + [True] * 2 + [False] * 2, [False, True] + [False] * 4]
    assert torch.equal(masked_BC[torch.isfinite(masked_BC)], free_BC[torch.isfinite(masked_BC)])
    own_BE = torch.stack([states.states_BTE[0, 2], states.states_BTE[1, 1]])
    assert torch.allclose(free_BC, own_BE @ net.stem.embedding.weight[FIRST:].T + net.bias)


def test_training_begins_with_what_is_popular() -> None:
    backbone = Recurrent(width=8, causal=True, cell="gru", depth=1)
    net = Recommender(backbone, counts=[3, 1, 4], embedding_width=4)
    assert net.bias.softmax(dim=0).tolist() == pytest.approx([3 / 8, 1 / 8, 4 / 8])


@pytest.mark.parametrize("masks", [True, False])
def test_validation_ranks_as_the_test_does(masks: bool) -> None:
    task, net = Recommendation(spec=spec(masks_seen=masks)), recommender()
    history_BT = torch.tensor([[START, 4, 5], [START, 3, PAD], [6, 7, 2]])
    seen_BS = torch.tensor([[4, 5, PAD], [3, PAD, PAD], [2, 6, 7]])[:, : 3 * masks]
    targets_BT = torch.tensor([[PAD, PAD, 6], [PAD, 0, PAD], [PAD, PAD, 2]])  # unknown in the second, seen in the third
    batch = Batch((history_BT, seen_BS), targets_BT, 3)
    metrics = task.metrics("val")
    with torch.no_grad():
        outputs = task.begin_pass(training=False)(net, batch.inputs)
        task.update(metrics, task.observe(outputs, batch))
        answers = task.respond(net, batch.inputs)
    metrics["loss"].update(torch.tensor(1.0), torch.tensor(1.0))
    told = {name: float(value) for name, value in metrics.compute().items()}
    wanted = task.summarise(answers, table_of(target=np.array([4, -1, 0])))
    assert {name: told[name] for name in scores.PER_USER} == pytest.approx({n: wanted[n] for n in scores.PER_USER})
    assert task.observe(outputs, Batch((history_BT,), targets_BT, 3)) == ()


@pytest.fixture
def states() -> tuple[torch.Tensor, torch.Tensor, States]:
    """States of 40 steps, what comes next at each, and a table of 30 items."""
    generator = torch.Generator().manual_seed(0)
    states_NE, items_CE = torch.randn(40, 8, generator=generator), torch.randn(30, 8, generator=generator)
    outputs = States(states_NE[None], items_CE, torch.randn(30, generator=generator))
    return states_NE, torch.randint(30, (40,), generator=generator), outputs


def test_sampled_softmax_estimates_the_full_one_and_pairs_the_mean_over_all_pairs(states: Any) -> None:
    torch.manual_seed(0)
    many = torch.stack([losses.sampled_softmax(*states, 5000) for _ in range(20)])
    assert float(many.mean()) == pytest.approx(float(losses.full_softmax(*states)), rel=0.01)
    many = torch.stack([losses.pairs(*states) for _ in range(2000)])
    assert float(many.mean()) == pytest.approx(float(losses.all_pairs(*states)), rel=0.02)


def test_softmax_in_parts_has_the_values_and_gradients_of_torchs_own(states: Any, monkeypatch: Any) -> None:
    states_NE, targets_N, outputs = states
    parts = [part.double().requires_grad_() for part in (states_NE, outputs.items_CE, outputs.bias_C)]
    monkeypatch.setattr(losses, "_SCORES_AT_ONCE", 7 * 30)  # 40 steps are no multiple of 7
    found = losses._CutCrossEntropy.apply(*parts, targets_N)
    wanted = F.cross_entropy(torch.addmm(parts[2], parts[0], parts[1].T), targets_N)
    assert torch.allclose(found, wanted)
    slopes = zip(*(torch.autograd.grad(3 * loss, parts) for loss in (found, wanted)), strict=True)
    assert all(torch.allclose(own, other) for own, other in slopes)
    assert float(losses.full_softmax(*states)) == pytest.approx(float(wanted.detach()), rel=1e-5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert float(losses.full_softmax(*states)) == pytest.approx(float(wanted.detach()), rel=1e-5)


def test_an_item_is_never_its_own_negative() -> None:
    outputs = States(torch.zeros(1, 1, 2), torch.zeros(2, 2), torch.tensor([5.0, -5.0]))
    loss = losses.pairs(torch.zeros(50, 2), torch.zeros(50, dtype=torch.int64), outputs)
    assert float(loss) == pytest.approx(math.log1p(math.exp(-10)), rel=1e-3)
    sampled = losses.sampled_softmax(torch.zeros(50, 2), torch.zeros(50, dtype=torch.int64), outputs, 64)
    assert float(sampled) < 0.01


@pytest.mark.parametrize("objective", ["softmax", "sampled_softmax", "bpr"])
def test_every_objective_reaches_all_parameters_and_is_whole_in_evaluation(objective: Any) -> None:
    task, net = Recommendation(spec=spec(), objective=objective, num_sampled=4), recommender()
    history_BT, targets_BT = torch.tensor([[START, 4, 5], [START, 3, PAD]]), torch.tensor([[4, 5, 6], [3, 2, PAD]])
    batch = Batch((history_BT,), targets_BT, 2)
    task.loss(task.begin_pass(training=True)(net, batch.inputs), batch, training=True).backward()
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in net.parameters())
    assert task.num_terms(batch) == 5
    with torch.no_grad():
        again = [float(task.loss(net.states(history_BT), batch, training=False)) for _ in range(2)]
    assert again[0] == again[1]
    assert task.train_flops_per_example(net) > 0


def test_an_unknown_objective_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"task.module.objective=hinge.*softmax, sampled_softmax, bpr"):
        Recommendation(spec=spec(), objective="hinge")  # type: ignore[arg-type]


def history(*items: int, masked: bool = True, other: History | None = None) -> History:
    places = np.array(items, dtype=np.int64)
    return History("u", places, places if masked else places[:0], other)


def test_popularity_counts_and_leaves_out_what_the_user_had(tmp_path: Path) -> None:
    made = spec(4, counts=(3, 9, 3, 1))
    model = Popularity()
    model.fit([], table_of(target=np.array([0])), made)
    model.save(tmp_path)
    again = Popularity()
    again.load(tmp_path)
    for answers in (model.respond([history(1)]), again.respond([history(1)])):
        assert answers["items"].to_pylist() == [[0, 2, 3]]
        assert answers["above"].to_pylist() == [[0, 0, 2]]
    trivial = Recommendation(spec=made).trivial(None, [history(1), history(masked=False)])  # type: ignore[arg-type]
    assert trivial["items"].to_pylist() == [[0, 2, 3], [1, 0, 2, 3]]


def test_item_neighbours_are_the_cosines_of_who_had_both(tmp_path: Path) -> None:
    model = ItemNeighbours(neighbours=2, shrinkage=0.0)
    train = [history(0, 1), history(0, 1, 2), history(1, 2), history(3)]
    model.fit(train, table_of(target=np.array([0])), spec(4))
    model.save(tmp_path)
    again = ItemNeighbours(neighbours=2)
    again.load(tmp_path)
    similar = {(0, 1): 2 / math.sqrt(6), (0, 2): 1 / 2, (1, 2): 2 / math.sqrt(6)}
    wanted = np.zeros((4, 4))
    for (one, two), value in similar.items():
        wanted[one, two] = wanted[two, one] = value
    assert np.allclose(again.similar_CC.toarray(), wanted)
    answers = again.respond([history(0), history(3)])
    assert answers["items"].to_pylist() == [[1, 2, 3], [0, 1, 2]]
    assert answers["above"].to_pylist() == [[0, 1, 2], [0, 0, 0]]
    assert again.respond([history(2, 3)])["above"].to_pylist() == [[0, 1]]
    again.last = 1  # an item that no other is like
    assert again.respond([history(2, 3)])["above"].to_pylist() == [[0, 0]]


def test_the_report_tells_what_the_other_order_of_ties_would_give() -> None:
    task = Recommendation(spec=spec(3))
    both = [history(0, other=history(1)), history(2, other=history(2))]
    answers = lists_of(both, lambda some: np.tile([2.0, 1.0, 0.0], (len(some), 1)))
    assert answers["other_items"].to_pylist() == [[0, 2], [0, 1]]
    labels = table_of(target=np.array([1, 1]), other=np.array([0, 1]))
    (table,) = task.overview({"gru": [Sealed(answers, {})]}, labels)
    assert isinstance(table, TableExhibit)
    assert table.title == "Equal stamps: the other order asks 1 of 2 users for another item"
    assert list(table.columns) == ["", "NDCG@10", "NDCG@10, other order", "HR@10", "HR@10, other order"]
    mean = (1 + 1 / math.log2(3)) / 2
    assert table.rows == [["gru", f"{mean:.1%}", f"{mean:.1%}", "100.0%", "100.0%"]]
    assert task.overview({}, labels.drop_columns(["other"])) == []


RATINGS = [(f"u{u}", f"i{(u % 3 + step) % 8}", step) for u in range(30) for step in range(6 + u % 3)]


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A recommender that has learnt that each item follows another."""
    folder = tmp_path_factory.mktemp("recommender")
    pd.DataFrame(RATINGS, columns=["user", "item", "time"]).to_csv(folder / "made.csv", index=False)
    data = ["task=recommendation", "data=interactions", f"data.file={folder / 'made.csv'}"]
    small = ["model.net.width=16", "model.net.dropout=0.0", "optimizer.lr=3e-2", "trainer.max_epochs=12"]
    batches = ["data.batch_size=8", "trainer.accelerator=cpu", f"output_dir={folder / 'run'}", "debug=true"]
    run_pipeline("train", argv=[*data, "model=gru", "tracking=none", *small, *batches])
    yield folder


def test_a_trained_run_ranks_the_item_that_follows_first_and_writes_lists_of_new_users(run_folder: Path) -> None:
    result = json.loads((run_folder / "run" / "result.json").read_text())
    assert result["validation"]["hr_at_5"] > 0.9
    (run_folder / "new.csv").write_text("user,item,time\nnina,i4,1\nnina,i5,2\nolaf,i1,1\n")
    out = run_folder / "lists.csv"
    asked = [f"run={run_folder / 'run'}", f"input={run_folder / 'new.csv'}", f"output={out}"]
    run_pipeline("predict", argv=[*asked, "task.predict.num_items=3"])
    lists = pd.read_csv(out)
    assert lists.columns.tolist() == ["user", "item_1", "item_2", "item_3"]
    assert lists[["user", "item_1"]].to_numpy().tolist() == [["nina", "i6"], ["olaf", "i2"]]
    assert not {"i4", "i5"} & set(lists.iloc[0])


def test_exhibits_show_what_a_user_had_what_came_and_the_list() -> None:
    titles = ("Alpha", "Beta", "Gamma", "Delta, The", "Eps", "Zeta")
    task = Recommendation(spec=spec(titles=titles))
    answers = table_of(**ranked_lists(np.arange(12.0).reshape(2, 6)))
    labels = table_of(target=np.array([3, -1]), name=["i3", "new"])
    shown = task.exhibits(
        recommender(), Cases(["user u, no. 3", "user v, no. 9"], labels, [history(0, 1), history(2)]), answers
    )
    assert [exhibit.title for exhibit in shown] == ["user u, no. 3", "user v, no. 9"]
    assert all(isinstance(exhibit, RankedExhibit) for exhibit in shown)
    first, second = (exhibit.to_dict() for exhibit in shown)
    assert (first["context"], first["right"], first["items"][0]) == (["Alpha", "Beta"], ["Delta, The"], "Zeta")
    assert second["right"] == ["new"]
