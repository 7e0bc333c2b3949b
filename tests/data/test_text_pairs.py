"""Pairs of texts: shifted targets worked by hand, references in order, and aligned files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bakeoff.data.sources.aligned_files import ParallelTexts
from bakeoff.data.sources.number_words import NumberWords
from bakeoff.data.splits.rule import SplitRule
from bakeoff.data.text.spec import END, START
from bakeoff.data.text.tokenizers import tokenizer_from
from bakeoff.errors import ConfigError, DataError
from tests.data.made_texts import pairs, sentences
from tests.values import values


def made(count: int = 40, **settings: object):
    return pairs(sentences(count), [text[::-1] for text in sentences(count)], **settings)


def test_targets_are_shifted_by_one_and_close_with_the_end_token() -> None:
    data = pairs(["a", "bb", "ccc", "d"], ["x", "yy", "xyx", "y"], split=SplitRule(val=1, test=1), batch_size=2)
    character = {4 + i: c for i, c in enumerate(data.spec.target_tokenizer["characters"])}
    (source_BS, target_in_BT), target_out_BT, _ = next(iter(data.train_dataloader()))
    lengths = (target_out_BT != 0).sum(dim=1).tolist()
    source = tokenizer_from(data.spec.source_tokenizer)
    reference = dict(zip(["a", "bb", "ccc", "d"], ["x", "yy", "xyx", "y"], strict=True))
    for row, length in enumerate(lengths):
        tokens = target_out_BT[row].tolist()
        text = reference[source.decode(source_BS[row].tolist())]
        assert "".join(character[token] for token in tokens[: length - 1]) == text
        assert tokens[length - 1 :] == [END] + [0] * (len(tokens) - length)
        expected = [START, *tokens[: length - 1]] + [0] * (len(tokens) - length)
        assert target_in_BT[row].tolist() == expected
        assert END in source_BS[row].tolist()


def test_references_that_no_answer_can_equal_are_noted() -> None:
    targets = [f"{text}, {text}!" if row % 4 == 0 else text for row, text in enumerate(sentences(40))]
    exact, words = (pairs(sentences(40), targets, kind=kind).spec.notes for kind in ("character", "word"))
    assert not any("references" in note for note in exact)
    assert sum("references are not what their tokens of kind word spell" in note for note in words) == 1
    cut = pairs(sentences(40), targets, max_length=30).spec.notes
    assert any(note.endswith("no answer matches such a reference exactly.") for note in cut)


def test_every_pair_is_seen_and_predictions_lead_back() -> None:
    data = made(batch_size=6)
    source, target = tokenizer_from(data.spec.source_tokenizer), tokenizer_from(data.spec.target_tokenizer)
    loader = data.predict_dataloader("test")
    decoded = [source.decode(row) for batch in loader for row in batch.tolist()]
    assert decoded == [data.raw("test")[index] for index in loader.positions]
    assert values(data.labels("test")).tolist() == [text[::-1] for text in data.raw("test")]
    outputs = [target.decode(row) for _, out_BT, _ in data.train_dataloader() for row in out_BT.tolist()]
    assert sorted(outputs) == sorted(values(data.labels("train")).tolist())
    assert data.show("val", [0]) == [f"{data.raw('val')[0]} => {values(data.labels('val'))[0]}"]


def test_lengths_of_the_spec_count_the_end_token_and_padding() -> None:
    data = made(batch_size=6)
    spec = data.spec
    batches = list(data.train_dataloader())
    assert spec.max_source_length == max(len(text) for text in data.raw("train")) + 1
    assert spec.max_target_length == max(out_BT.shape[1] for _, out_BT, _ in batches)
    assert spec.typical_source_length == round(sum(b[0][0].numel() for b in batches) / spec.num_train)
    assert spec.typical_target_length == round(sum(b[1].numel() for b in batches) / spec.num_train)
    real = sum(int((t != 0).sum()) for (source, _), out, _ in batches for t in (source, out))
    padded = sum(t.numel() for (source, _), out, _ in batches for t in (source, out))
    assert data.padding_waste() == pytest.approx(1 - real / padded)
    assert [part.shape for part in spec.example_inputs(3)] == [
        (3, spec.typical_source_length),
        (3, spec.typical_target_length),
    ]


def test_each_side_has_its_vocabulary_and_a_tampered_one_is_found() -> None:
    data = pairs([f"{n}a" for n in range(40)], [f"{n}z" for n in range(40)])
    assert "a" in data.spec.source_tokenizer["characters"]
    assert "a" not in data.spec.target_tokenizer["characters"]
    recorded = data.spec.to_dict()
    assert data.refit_problem(recorded) is None
    recorded["target_tokenizer"] = {**recorded["target_tokenizer"], "characters": ["a"]}
    assert data.refit_problem(recorded).startswith("target_tokenizer: 1 entries used are not")


def test_a_source_twice_would_leak() -> None:
    with pytest.raises(DataError, match=r"data.duplicates\] data.dedup=error: 1 texts would stand in more than one"):
        pairs([*sentences(20), sentences(1)[0].upper()], ["x"] * 21).prepare_data()


def test_a_column_cant_be_source_and_target(tmp_path: Path) -> None:
    from datasets import Dataset

    from bakeoff.data.text.columns import PairColumns
    from bakeoff.data.text.table import read_table

    with pytest.raises(DataError, match=r"data.target_in_features\] data.columns.source=en: is the target column too"):
        read_table({"train": Dataset.from_dict({"en": ["a"], "de": ["b"]})}, PairColumns("en", "en"), split=SplitRule())


def test_number_words_are_words_and_each_number_once() -> None:
    rows = NumberWords(target="de", low=0, high=1000, count=300).load()["train"]
    by_number = {row["__example__"]: row for row in rows}
    assert len(by_number) == 300
    assert not any(character.isdigit() for row in rows for character in row["en"] + row["de"])
    again = NumberWords(target="fr", low=0, high=1000, count=300).load()["train"]
    assert again["en"] == rows["en"]
    small = {row["__example__"]: row for row in NumberWords(target="de", high=100, count=100).load()["train"]}
    assert (small["34"]["en"], small["34"]["de"]) == ("thirty-four", "vierunddrei\u00dfig")


@pytest.mark.parametrize(("settings", "key"), [({"target": "xx"}, "target"), ({"high": 10, "count": 11}, "count")])
def test_numbers_that_do_not_exist_are_refused(settings: dict, key: str) -> None:
    with pytest.raises(ConfigError, match=rf"data.{key}="):
        NumberWords(**settings)


def write(folder: Path, name: str, text: str) -> str:
    (folder / name).write_bytes(text.encode())
    return str(folder / name)


def test_aligned_files_are_read_line_by_line(tmp_path: Path) -> None:
    source = write(tmp_path, "a.en", "one\r\ntwo \u2028 2\r\n")
    target = write(tmp_path, "a.de", "eins\nzwei\n")
    splits = ParallelTexts(
        source_file=source, target_file=target, test_source_file=source, test_target_file=target
    ).load()
    assert splits["train"].to_dict() == {"source": ["one", "two \u2028 2"], "target": ["eins", "zwei"]}
    assert set(splits) == {"train", "test"}


def test_files_that_are_not_aligned_name_the_first_line_without_partner(tmp_path: Path) -> None:
    source, target = write(tmp_path, "a.en", "one\ntwo\nthree\n"), write(tmp_path, "a.de", "eins\n")
    with pytest.raises(DataError, match=r"data.ragged\] data.target_file=.*: has 1 lines where .* has 3: line 2 "):
        ParallelTexts(source_file=source, target_file=target).load()


def test_a_table_or_aligned_files_but_not_half_of_either() -> None:
    for settings in ({}, {"file": "x.tsv", "source_file": "a", "target_file": "b"}):
        with pytest.raises(ConfigError, match=r"config.contradiction\] data.file"):
            ParallelTexts(**settings)
    with pytest.raises(ConfigError, match=r"config.missing_value\] data.val_target_file"):
        ParallelTexts(source_file="a", target_file="b", val_source_file="c")


def test_batches_are_tensors_of_whole_numbers() -> None:
    (source_BS, target_in_BT), target_out_BT, _ = next(iter(made().train_dataloader()))
    assert source_BS.dtype == target_in_BT.dtype == target_out_BT.dtype == torch.int64
