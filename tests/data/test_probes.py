"""The examples of every probe, their answers worked out again by plain loops; and the data module that deals them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bakeoff.data.contract import SPLITS
from bakeoff.data.probes.languages import ModularArithmetic, Parity
from bakeoff.data.probes.memory import AddingProblem, AssociativeRecall, CopyMemory
from bakeoff.data.probes.module import ProbeData
from bakeoff.data.probes.problem import Examples, Problem
from bakeoff.data.probes.spec import ProbeSpec
from bakeoff.errors import ConfigError, DataError
from tests.values import values


def made(problem: Problem, count: int = 200, *, test: bool = False) -> Examples:
    make = problem.test_examples if test else problem.training_examples
    return make(count, np.random.default_rng(7))


def written(problem: Problem, examples: Examples, row: int) -> list[str]:
    """A row as its symbols; fails on padding before the end and anything but padding after it."""
    length = examples.lengths[row]
    assert not examples.inputs[row, length:].any()
    return [problem.symbols[int(token) - 1] for token in examples.inputs[row, :length] if token or pytest.fail("pad")]


def data(problem: Problem, **settings: int) -> ProbeData:
    return ProbeData(name="probe", problem=problem, **{"num_train": 300, "num_val": 40, "num_test": 60, **settings})


def test_adding_sums_the_two_marked_numbers() -> None:
    examples = made(AddingProblem(length=12))
    for steps, target in zip(examples.inputs, examples.targets, strict=True):
        marked = [number for number, mark in steps if mark == 1.0]
        assert len(marked) == 2
        assert sum(mark for _, mark in steps) == 2.0
        assert target == pytest.approx(marked[0] + marked[1])
    assert examples.inputs[:, :, 0].min() >= 0 and examples.inputs[:, :, 0].max() < 1


def test_adding_marks_every_pair_of_places_alike() -> None:
    examples = made(AddingProblem(length=4), 30_000)
    pairs, counts = np.unique(examples.inputs[:, :, 1], axis=0, return_counts=True)
    assert len(pairs) == 6
    assert counts == pytest.approx(np.full(6, 5_000), rel=0.06)


def test_always_answering_the_mean_of_adding_has_an_error_of_a_sixth() -> None:
    targets = made(AddingProblem(length=20), 200_000).targets
    assert targets.mean() == pytest.approx(1.0, abs=0.005)
    assert np.mean((targets - 1.0) ** 2) == pytest.approx(1 / 6, abs=0.002)


def test_copy_memory_shows_ten_symbols_and_wants_them_at_the_end() -> None:
    problem = CopyMemory(blank=5)
    examples = made(problem)
    for row in range(len(examples.lengths)):
        symbols = written(problem, examples, row)
        assert set(symbols[:10]) <= set("12345678")
        assert symbols[10:] == ["."] * 4 + [">"] * 11
        assert [problem.symbols[target] for target in examples.targets[row]] == ["."] * 15 + symbols[:10]


def test_recall_asks_for_a_key_that_was_shown_and_keys_keep_their_values() -> None:
    problem = AssociativeRecall(vocab_size=20, length=40)
    assert len(problem.symbols) == 20
    examples = made(problem)
    for row in range(len(examples.lengths)):
        symbols = written(problem, examples, row)
        values: dict[str, str] = {}
        for key, value in zip(symbols[0:40:2], symbols[1:40:2], strict=True):
            assert key.startswith("k") and values.setdefault(key, value) == value
        assert symbols[40] == "=>"
        assert f"v{examples.targets[row]}" == values[symbols[41]]
    assert len(symbols) == 42


def test_parity_counts_b() -> None:
    problem = Parity()
    examples = made(problem)
    for row in range(len(examples.lengths)):
        odd = False
        for symbol in written(problem, examples, row):
            odd = not odd if symbol == "b" else odd
        assert examples.targets[row] == odd


def test_modular_arithmetic_is_pythons() -> None:
    problem = ModularArithmetic()
    for test in (False, True):
        examples = made(problem, test=test)
        for row in range(len(examples.lengths)):
            assert examples.targets[row] == eval("".join(written(problem, examples, row))) % 5


@pytest.mark.parametrize("rule", [Parity, ModularArithmetic])
def test_languages_are_tested_on_each_longer_length_alike(rule: type[Parity | ModularArithmetic]) -> None:
    problem = rule(train_length=6, test_length=15)
    step = 2 if rule is ModularArithmetic else 1
    assert set(made(problem).lengths) == set(range(1, 7, step))
    lengths, counts = np.unique(made(problem, 90, test=True).lengths, return_counts=True)
    assert lengths.tolist() == list(range(7, 16, step))
    assert len(set(counts)) == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: AddingProblem(length=1),
        lambda: CopyMemory(blank=0),
        lambda: AssociativeRecall(vocab_size=5),
        lambda: Parity(train_length=0),
        lambda: Parity(train_length=10, test_length=10),
    ],
)
def test_sizes_that_make_no_problem_are_refused(make) -> None:
    with pytest.raises(ValueError, match="must be at least"):
        make()


def test_test_examples_come_back_to_the_order_of_their_labels() -> None:
    probe = data(Parity(train_length=8, test_length=30))
    loader = probe.predict_dataloader("test")
    lengths = np.concatenate([(tokens_BT != 0).sum(dim=1).numpy() for tokens_BT in loader])
    odd = np.concatenate([(tokens_BT == 2).sum(dim=1).numpy() % 2 for tokens_BT in loader])
    assert lengths.tolist() == sorted(lengths)
    assert odd[np.argsort(loader.positions)].tolist() == values(probe.labels("test")).tolist()


def test_short_strings_that_many_examples_share_stay_in_train_alone() -> None:
    probe = data(Parity(train_length=12, test_length=30))
    assert len(values(probe.labels("train"))) == 300
    assert len(values(probe.labels("val"))) == 40
    shared = [set(probe.digests("train")) & set(probe.digests(split)) for split in SPLITS[1:]]
    assert shared == [set(), set()]
    assert probe.show("train", [0, 1])


def test_examples_that_are_in_test_are_left_out_of_training() -> None:
    probe = data(AssociativeRecall(vocab_size=8, length=4), num_test=20, num_val=1)
    assert not set(probe.digests("train")) & set(probe.digests("test"))
    assert len(values(probe.labels("train"))) < 300


def test_too_few_different_examples_are_refused() -> None:
    with pytest.raises(DataError, match="occur once"):
        data(Parity(train_length=3, test_length=30)).setup()


def test_a_number_of_examples_below_one_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"data\.num_test"):
        data(Parity(), num_test=0)


def test_another_rule_than_that_of_the_run_is_refused() -> None:
    trained = data(Parity(train_length=12)).spec
    longer = data(Parity(train_length=20, test_length=40))
    longer.preprocess_as(ProbeSpec.from_dict(json.loads(json.dumps(trained.to_dict()))))
    with pytest.raises(DataError, match="vocab_size is 9, the run was trained on 3"):
        data(ModularArithmetic()).preprocess_as(trained)
