"""Streams of text: every byte scored once, rows that go on from batch to batch, and documents split by position."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.text.spec import START
from bakeoff.data.text.tokenizers import tokenizer_from
from bakeoff.errors import ConfigError, DataError
from tests.data.made_texts import sentences, stream
from tests.values import values


def joined(data, split: str) -> tuple[list[int], list[list[int]]]:
    """Each row's inputs over all batches, and each document's targets, of the prediction loader."""
    batches = list(data.predict_dataloader(split))
    rows = torch.cat([tokens_BT for tokens_BT, _, _ in batches], dim=1)
    documents = [[] for _ in data.examples(split)]
    targets, owners = (torch.cat([batch[place] for batch in batches], dim=1) for place in (1, 2))
    for target, owner in zip(targets.flatten().tolist(), owners.flatten().tolist(), strict=True):
        assert (target == 0) == (owner == -1)
        if owner >= 0:
            documents[owner].append(target)
    return rows.tolist(), documents


@pytest.mark.parametrize("kind", ["byte", "character", "bpe"])
@pytest.mark.parametrize("split", ["val", "test", "train"])
def test_prediction_scores_every_token_of_every_document_once(kind: str, split: str) -> None:
    data = stream([*sentences(40), "caf\u00e9 \u2603 \U0001f600"], kind=kind)
    tokenizer = tokenizer_from(data.spec.tokenizer)
    _, documents = joined(data, split)
    assert [tokenizer.decode(ids) for ids in documents] == list(data.raw(split))
    assert values(data.labels(split)).tolist() == [len(text.encode()) for text in data.raw(split)]


@pytest.mark.parametrize("kind", ["byte", "character", "bpe", "word"])
def test_tokens_that_do_not_spell_the_text_are_noted(kind: str) -> None:
    notes = stream(sentences(40), kind=kind).spec.notes
    assert any("bits per byte are too low" in note for note in notes) == (kind == "word")


def test_targets_are_the_tokens_that_follow_along_each_row() -> None:
    data = stream(sentences(60))
    for loader in (data.train_dataloader(), data.val_dataloader()):
        tokens_BM, targets_BM = (torch.cat([batch[part] for batch in loader], dim=1) for part in (0, 1))
        scored = targets_BM[:, :-1] != 0
        assert torch.equal(tokens_BM[:, 1:][scored], targets_BM[:, :-1][scored])
        assert (tokens_BM[:, 1:][~scored] == START).all()
        assert (tokens_BM != 0).all()


def test_training_reads_the_documents_in_an_order_of_seed_and_epoch() -> None:
    data = stream(sentences(60), batch_size=2, sequence_length=5)
    loader = data.train_dataloader()
    rows = [torch.cat([tokens for tokens, *_ in loader], dim=1).flatten().tolist() for _ in range(2)]
    assert rows[0] == rows[1]
    texts = bytes(token - 4 if token != START else 0 for token in rows[0]).split(b"\0")
    whole = {text.encode() for text in data.raw("train")}
    assert texts[0] == b""
    assert set(texts[1:-1]) <= whole
    assert len(texts) >= len(whole)
    loader.set_epoch(1)
    assert torch.cat([tokens for tokens, *_ in loader], dim=1).flatten().tolist() != rows[0]
    assert all(tokens.shape == targets.shape == (2, 5) for tokens, targets, _ in loader)
    assert loader.num_examples == data.spec.num_train == 2 * len(loader)


def test_at_most_one_batch_of_an_epoch_is_left_out() -> None:
    data = stream(sentences(60), batch_size=4, sequence_length=6)
    total = sum(len(text.encode()) + 1 for text in data.raw("train"))
    assert total - 1 - 4 * 6 < data.spec.num_train * 6 <= total - 1


def test_evaluation_pieces_are_half_as_long_as_training_pieces() -> None:
    data = stream(sentences(40), sequence_length=9)
    assert {batch[0].shape[1] for batch in data.predict_dataloader()} == {4}
    assert {tokens.shape[1] for tokens, _, _ in data.val_dataloader()} == {4}


def test_a_limit_keeps_some_documents_of_validation_and_test_whatever_the_seed() -> None:
    data = stream(sentences(60), max_eval_documents=3)
    again = stream(sentences(60), max_eval_documents=3, seed=1)
    assert data.spec.num_val == data.spec.num_test == len(values(data.labels("test"))) == 3
    assert data.examples("test") == again.examples("test")
    assert len(data.examples("train")) == len(stream(sentences(60)).examples("train"))


def test_documents_that_a_limit_leaves_out_still_count_for_the_vocabulary() -> None:
    data = stream(sentences(60), kind="character", max_eval_documents=2)
    assert data.refit_problem(data.spec.to_dict()) is None


def test_one_document_is_split_by_position() -> None:
    text = "".join(f"line {n} caf\u00e9\n" for n in range(400))
    data = stream([text], block_bytes=100, split=SplitRule(val=0.2, test=0.25))
    parts = [data.raw(split) for split in ("train", "val", "test")]
    assert "".join(block for part in parts for block in part) == text
    total = sum(map(len, parts))
    assert len(parts[2]) == round(0.25 * total)
    assert len(parts[1]) == round(0.2 * (total - len(parts[2])))
    assert all(98 < len(block.encode()) <= 100 for part in parts for block in part[:-1])
    assert data.examples("val") == stream(
        [text], block_bytes=100, split=SplitRule(val=0.2, test=0.25), seed=1
    ).examples("val")
    assert "the last" in data.spec.notes[0]
    assert data.examples("train")[:2] == ["train/0#0", f"train/0#{len(parts[0][0].encode())}"]


def test_the_vocabulary_of_one_document_is_of_its_first_part_alone() -> None:
    text = " ".join(map(str, range(200))) + " z".join(map(str, range(200, 260)))
    data = stream([text], kind="character", block_bytes=50)
    assert set(data.spec.tokenizer["characters"]) == set("0123456789 ")
    assert data.refit_problem(data.spec.to_dict()) is None


def test_bytes_a_token_are_those_of_train() -> None:
    data = stream(["\u00e9\u00e9ab" * (3 + n) for n in range(20)], kind="character")
    assert data.spec.bytes_per_token == pytest.approx(1.5)
    assert stream(sentences(20)).spec.bytes_per_token == 1.0


def test_more_streams_than_text_make_no_step() -> None:
    with pytest.raises(DataError, match=r"data.too_few_rows\] data.batch_size=500: .* 0 steps; next: a smaller"):
        stream(sentences(20), batch_size=500).spec  # noqa: B018


def test_a_document_too_short_for_blocks_is_refused() -> None:
    with pytest.raises(DataError, match=r"data.empty_split\] data.block_bytes=4096: .* has 3 bytes, 1 blocks"):
        stream(["abc"]).prepare_data()


def test_blocks_smaller_than_a_character_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"config.out_of_range\] data.block_bytes=3: .*; allowed: 4 or more bytes"):
        stream(["\U0001f600" * 9], block_bytes=3)
    smallest = stream(["".join(map(chr, range(0x1F600, 0x1F620)))], block_bytes=4)
    assert [len(text) for part in ("train", "val", "test") for text in smallest.raw(part)] == [1] * 32


def test_other_text_takes_the_vocabulary_of_a_finished_run() -> None:
    trained, other = stream(sentences(40), kind="bpe"), stream([f"{t} \u00e9" for t in sentences(40)], kind="bpe")
    other.preprocess_as(trained.spec)
    assert other.spec.tokenizer == trained.spec.tokenizer
    _, documents = joined(other, "test")
    assert [tokenizer_from(trained.spec.tokenizer).decode(ids) for ids in documents] == list(other.raw("test"))


def test_streams_side_by_side_are_few_where_text_is_short() -> None:
    data = stream(["ab", "cd", "ef", "gh", "ij" * 40], split=SplitRule(val=1, test=1))
    tokens_BT, targets_BT, documents_BT = next(iter(data.predict_dataloader("test")))
    assert (targets_BT != 0).any(dim=1).all()
    assert np.isin(documents_BT.numpy(), [-1, 0]).all()
    assert tokens_BT.shape == targets_BT.shape
