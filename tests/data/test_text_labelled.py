"""Labelled texts: batches by length, one vocabulary for all trials, several labels a text, and the way back."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from datasets import ClassLabel, Dataset, Features, List, Value

from bakeoff.data.batches.buckets import BucketedPlan
from bakeoff.data.batches.order import EpochSampler
from bakeoff.data.text.spec import LabelledTextSpec
from bakeoff.data.text.tokenizers import tokenizer_from
from bakeoff.errors import DataError
from tests.data.made_texts import labelled, sentences, table
from tests.values import values

LABELS = ["a", "b", "c"] * 40


def test_batches_hold_the_tokens_of_the_texts_padded_at_the_end() -> None:
    data = labelled(table(LABELS), batch_size=7)
    tokenizer = tokenizer_from(data.spec.tokenizer)
    seen = []
    for tokens_BT, labels_B, _ in data.train_dataloader():
        assert tokens_BT.dtype == labels_B.dtype == torch.int64
        assert (tokens_BT != 0).any(dim=0).all()
        for row, label in zip(tokens_BT.tolist(), labels_B.tolist(), strict=True):
            length = sum(token != 0 for token in row)
            assert 0 not in row[:length]
            seen.append((tokenizer.decode(row), label))
    assert len(seen) == data.spec.num_train
    assert sorted(seen) == sorted(zip(data.raw("train"), values(data.labels("train")).tolist(), strict=True))


def test_prediction_batches_lead_back_to_the_order_of_labels() -> None:
    data = labelled(table(LABELS), batch_size=5, kind="character")
    tokenizer, loader = tokenizer_from(data.spec.tokenizer), data.predict_dataloader("test")
    rows = [row for batch in loader for row in batch.tolist()]
    assert sorted(loader.positions.tolist()) == list(range(data.spec.num_test))
    assert [tokenizer.decode(row) for row in rows] == [data.raw("test")[index] for index in loader.positions]
    labels = torch.cat([labels_B for _, labels_B, _ in data.val_dataloader()])
    assert labels.tolist() == values(data.labels("val"))[data.predict_dataloader("val").positions].tolist()


def test_the_words_of_each_text_are_told_for_slices() -> None:
    data = labelled(table(LABELS))
    assert data.attributes("test") == {"words": [len(text.split()) for text in data.raw("test")]}


def test_a_batch_holds_similar_lengths_and_the_order_follows_seed_and_epoch() -> None:
    lengths = np.random.default_rng(0).integers(1, 100, 5000)
    sampler = EpochSampler(np.arange(5000), seed=3)
    plan = BucketedPlan(sampler, lengths=lengths, batch_size=16, drop_single=True)
    batches = list(plan)
    assert np.sort(np.concatenate(batches)).tolist() == list(range(5000))
    assert [len(batch) for batch in batches] == [16] * 312 + [8]
    padded = sum(lengths[batch].max() * len(batch) for batch in batches)
    assert plan.padding_waste() == pytest.approx(1 - lengths.sum() / padded)
    assert plan.padding_waste() < 0.05
    starts = [int(lengths[batch].min()) for batch in batches[:-1]]
    assert np.corrcoef(starts, np.arange(len(starts)))[0, 1] < 0.2
    plan.skip(300)
    assert [batch.tolist() for batch in plan] == [batch.tolist() for batch in batches[300:]]
    sampler.set_epoch(1)
    assert next(iter(plan)).tolist() != batches[0].tolist()
    sampler.set_epoch(0)
    assert [batch.tolist() for batch in plan] == [batch.tolist() for batch in batches]


def test_a_last_batch_of_one_is_left_out() -> None:
    plan = BucketedPlan(EpochSampler(np.arange(9), seed=0), lengths=np.ones(9, int), batch_size=4, drop_single=True)
    assert (plan.num_examples, len(plan), [len(batch) for batch in plan]) == (8, 2, [4, 4])


def test_the_vocabulary_is_of_the_rows_that_are_not_test_and_the_same_for_all_seeds() -> None:
    first, second = labelled(table(LABELS)), labelled(table(LABELS), seed=1)
    assert first.spec.tokenizer == second.spec.tokenizer
    assert first.examples("val") != second.examples("val")
    words = set(first.spec.tokenizer["words"])
    assert {text.split()[-1] for split in ("train", "val") for text in first.raw(split)} <= words
    assert not {text.split()[-1] for text in first.raw("test")} & words


def test_where_validation_is_given_the_vocabulary_is_of_train_alone() -> None:
    data = labelled(table(LABELS), table(LABELS[:30], first=200), table(LABELS[:30], first=400))
    words = set(data.spec.tokenizer["words"])
    assert not {text.split()[-1] for split in ("val", "test") for text in data.raw(split)} & words
    assert data.refit_problem(data.spec.to_dict()) is None


def test_a_vocabulary_that_saw_other_rows_is_found_out() -> None:
    data = labelled(table(LABELS))
    recorded = json.loads(json.dumps(data.spec.to_dict()))
    assert data.refit_problem(recorded) is None
    foreign = data.raw("test")[0].split()[-1]
    recorded["tokenizer"]["words"][-1] = foreign
    assert foreign in data.refit_problem(recorded)
    recorded["tokenizer"]["words"].pop()
    assert "in another order" in data.refit_problem(recorded)


@pytest.mark.parametrize("as_list", [True, False])
def test_texts_may_have_any_number_of_labels(as_list: bool) -> None:
    sets = [["x"] * (row % 2) + ["y"] * (row % 3 == 0) for row in range(60)]
    given = sets if as_list else ["| ".join(names) for names in sets]
    data = labelled(table(given), separator=None if as_list else "|")
    assert data.spec.multi_label
    assert data.spec.class_names == ("x", "y")
    expected = [[int(name in sets[int(example.split("/")[1])]) for name in "xy"] for example in data.examples("test")]
    assert values(data.labels("test")).tolist() == expected
    assert values(data.labels("test")).dtype == np.uint8
    targets_BK = next(iter(data.train_dataloader())).targets
    assert targets_BK.dtype == torch.float32
    assert set(targets_BK.unique().tolist()) == {0.0, 1.0}


def test_names_of_the_hubs_class_labels_are_kept() -> None:
    names = ClassLabel(names=["bad", "good", "unused"])
    columns = {"text": sentences(40), "label": [row % 2 for row in range(40)]}
    one = labelled(Dataset.from_dict(columns, features=Features(text=Value("string"), label=names)))
    assert one.spec.class_names == ("bad", "good")
    columns["label"] = [[row % 2] for row in range(40)]
    several = labelled(Dataset.from_dict(columns, features=Features(text=Value("string"), label=List(names))))
    assert several.spec.class_names == ("bad", "good")


def test_labels_that_are_numbers_are_ordered_as_numbers() -> None:
    data = labelled(table(["10", "9", "-1"] * 20))
    assert data.spec.class_names == ("-1", "9", "10")


def test_classes_are_counted_in_train_and_the_rarest_is_the_same_for_every_seed() -> None:
    data = labelled(table(["no", "no", "yes", "no"] * 20))
    specs = []
    for seed in (0, 1):
        data.seed = seed
        counted = np.bincount(values(data.labels("train")))
        assert data.spec.class_counts == tuple(counted.tolist())
        specs.append(data.spec)
    assert [spec.class_names[spec.rarest_class] for spec in specs] == ["yes", "yes"]
    several = labelled(table([["x"] * (row % 2) + ["y"] * (row % 3 == 0) for row in range(60)]))
    assert several.spec.class_counts == tuple(values(several.labels("train")).sum(axis=0).tolist())


def test_long_texts_are_cut_and_counted() -> None:
    data = labelled(table(LABELS), max_length=6)
    cut = sum(len(text.split()) > 6 for text in sentences(120))
    assert data.spec.notes == (f"{cut} of 120 texts were cut at 6 tokens (data.max_length).",)
    assert max(batch.shape[1] for batch in data.predict_dataloader("train")) == 6
    assert max(len(text.split()) for text in data.raw("train")) > 6


def test_rows_without_text_are_dropped_and_counted() -> None:
    rows = table(LABELS[:30], first=300).to_dict()
    rows["text"][:3] = ["", "  \n", None]
    data = labelled(Dataset.from_dict(rows))
    assert data.spec.notes == ("3 rows without text were dropped.",)
    assert "train/0" not in {example for split in ("train", "val", "test") for example in data.examples(split)}


def test_copies_that_differ_in_case_and_space_are_dropped_and_contradictions_wholly() -> None:
    texts = [*sentences(40), "SAME  text", "same text", "Odd one", "odd  ONE"]
    labels = ["a", "b"] * 20 + ["a", "a", "a", "b"]
    data = labelled(Dataset.from_dict({"text": texts, "label": labels}), dedup="drop")
    kept = [text for split in ("train", "val", "test") for text in data.raw(split)]
    assert "SAME  text" in kept
    assert not {"same text", "Odd one", "odd  ONE"} & set(kept)
    assert data.spec.notes[0] == "2 rows of 1 texts with contradicting labels were dropped."
    assert "1 training or validation texts with a copy" in data.spec.notes[1]


def test_the_spec_survives_json_and_typical_length_counts_padding() -> None:
    spec = labelled(table(LABELS), batch_size=7).spec
    assert LabelledTextSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
    data = labelled(table(LABELS), batch_size=7)
    padded = sum(tokens_BT.numel() for tokens_BT, _, _ in data.train_dataloader())
    assert spec.typical_length == round(padded / spec.num_train)
    assert spec.example_inputs(2).shape == (2, spec.typical_length)


def test_the_fingerprint_follows_texts_labels_and_tokens_but_not_the_seed() -> None:
    base = labelled(table(LABELS)).fingerprint
    assert labelled(table(LABELS), seed=5).fingerprint == base
    changed = [
        labelled(table(["b", *LABELS[1:]])),
        labelled(table(LABELS, first=1)),
        labelled(table(LABELS), kind="character"),
        labelled(table(LABELS), max_length=5),
    ]
    assert len({base, *(data.fingerprint for data in changed)}) == 5


def test_other_data_takes_the_vocabulary_of_a_finished_run() -> None:
    trained = labelled(table(LABELS))
    other = labelled(table(LABELS, first=60))
    other.preprocess_as(trained.spec)
    other.prepare_data()
    assert other.spec.tokenizer == trained.spec.tokenizer
    words = tokenizer_from(trained.spec.tokenizer)
    tokens_BT = next(iter(other.predict_dataloader("test")))
    position = other.predict_dataloader("test").positions[0]
    assert [token for token in tokens_BT[0].tolist() if token] == words.encode_batch([other.raw("test")[position]])[
        0
    ].tolist()
    with pytest.raises(
        DataError, match=r"data.other_classes\] data=made: its classes are a, b, one a text; allowed: a, b, c"
    ):
        labelled(table(["a", "b"] * 30)).preprocess_as(trained.spec)
