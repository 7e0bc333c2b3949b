"""Tokenizers: ids as worked by hand, exact inverses, plain state, and what can't be fitted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from bakeoff.data.text.augment import TokenDropout
from bakeoff.data.text.spec import END, PAD, START, UNKNOWN, LabelledTextSpec
from bakeoff.data.text.tokenizer import TokenizerRule
from bakeoff.data.text.tokenizers import fit_tokenizer, tokenizer_from
from bakeoff.errors import ConfigError, DataError, EnvironmentFault

TEXTS = [
    "the cat sat; the Cat ran",
    'he said "don\'t", <s>really</s>\n\tdid he? \U0001f600',
    "na\u00efve caf\u00e9 \u4f60\u597d <pad>",
    "",
]
KINDS = ["byte", "character", "word", "spaced", "bpe"]


def fitted(kind: str, **settings: object):
    return fit_tokenizer(TokenizerRule(kind=kind, vocab_size=300, **settings), TEXTS)


@pytest.mark.parametrize("kind", KINDS)
def test_state_is_plain_json_and_makes_the_same_tokenizer(kind: str) -> None:
    tokenizer = fitted(kind)
    again = tokenizer_from(json.loads(json.dumps(tokenizer.to_dict())))
    assert again.to_dict() == tokenizer.to_dict()
    assert again.vocab_size == tokenizer.vocab_size
    for one, other in zip(tokenizer.encode_batch(TEXTS), again.encode_batch(TEXTS), strict=True):
        assert one.tolist() == other.tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_ids_lie_in_the_vocabulary_and_texts_never_become_special_tokens(kind: str) -> None:
    tokenizer = fitted(kind)
    for ids in tokenizer.encode_batch([*TEXTS, "\u2603 unseen"]):
        assert all(index == UNKNOWN or 4 <= index < tokenizer.vocab_size for index in ids)


@pytest.mark.parametrize("kind", ["byte", "character", "bpe"])
def test_decoding_is_exact_and_leaves_special_tokens_out(kind: str) -> None:
    tokenizer = fitted(kind)
    for text, ids in zip(TEXTS, tokenizer.encode_batch(TEXTS), strict=True):
        assert tokenizer.decode(ids) == text
        assert tokenizer.decode([START, *ids.tolist(), END, PAD, PAD]) == text
        assert len(tokenizer.show_tokens(ids)) == len(ids)


def test_bytes_are_their_number_plus_four() -> None:
    assert fitted("byte").encode_batch(["A\u00e9"])[0].tolist() == [4 + 65, 4 + 0xC3, 4 + 0xA9]
    assert fitted("byte").show_tokens([4 + 65, 4 + 0xC3, PAD]) == ["A", "<C3>", "<pad>"]


def test_characters_are_numbered_by_count_then_by_code_point() -> None:
    tokenizer = fit_tokenizer(TokenizerRule(kind="character"), ["abab", "ac"])
    assert tokenizer.to_dict()["characters"] == ["a", "b", "c"]
    assert tokenizer.encode_batch(["cabx"])[0].tolist() == [6, 4, 5, UNKNOWN]
    assert tokenizer.show_tokens([6, UNKNOWN]) == ["c", "<unk>"]


def test_what_stands_between_blanks_is_kept_with_its_signs() -> None:
    tokenizer = fit_tokenizer(TokenizerRule(kind="spaced"), ["D @ d '0 g _:", "D  I"])
    assert tokenizer.show_tokens(tokenizer.encode_batch(["'0 D\t_: x"])[0]) == ["'0", "D", "_:", "<unk>"]


def test_with_byte_fallback_unseen_characters_are_kept_exactly() -> None:
    tokenizer = fitted("character", byte_fallback=True, min_count=2)
    unseen = "the \u2603 is Zzz\x07 \U0001f680"
    assert tokenizer.decode(tokenizer.encode_batch([unseen])[0]) == unseen
    assert UNKNOWN not in tokenizer.encode_batch([unseen])[0]
    assert len(tokenizer.encode_batch(["\u2603"])[0]) == 3


def test_words_keep_apostrophes_tags_and_signs() -> None:
    tokenizer = fit_tokenizer(TokenizerRule(kind="word", lowercase=True), ["@bob Don't! #fun \U0001f600\U0001f600"])
    assert sorted(tokenizer.to_dict()["words"]) == sorted(["@bob", "don't", "!", "#fun", "\U0001f600"])
    ids = tokenizer.encode_batch(["DON'T #fun new"])[0]
    assert tokenizer.decode(ids) == "don't #fun"
    assert ids[-1] == UNKNOWN


def test_the_rarest_words_go_first_when_the_vocabulary_is_full() -> None:
    rule = TokenizerRule(kind="word", vocab_size=6)
    assert fit_tokenizer(rule, ["b b a a a c c c c"]).to_dict()["words"] == ["c", "a"]
    rule = TokenizerRule(kind="word", min_count=3)
    assert fit_tokenizer(rule, ["b b a a a c c c c"]).to_dict()["words"] == ["c", "a"]


def test_the_vocabulary_does_not_depend_on_the_order_of_texts() -> None:
    for kind in KINDS:
        rule = TokenizerRule(kind=kind, vocab_size=300)
        assert fit_tokenizer(rule, TEXTS).to_dict() == fit_tokenizer(rule, TEXTS[::-1]).to_dict()


def test_byte_pairs_merge_what_stands_together_often() -> None:
    tokenizer = fit_tokenizer(TokenizerRule(kind="bpe", vocab_size=264), ["abcabcabc xyz"] * 9)
    assert tokenizer.vocab_size <= 264
    assert len(tokenizer.encode_batch(["abcabc"])[0]) < 6


@pytest.mark.parametrize("kind", ["character", "word"])
def test_a_vocabulary_of_nothing_is_refused(kind: str) -> None:
    with pytest.raises(DataError, match=r"data.empty_vocabulary\] data.tokenizer.min_count=5: .*at most 1\)"):
        fit_tokenizer(TokenizerRule(kind=kind, min_count=5), ["abc def"])


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"kind": "wordpiece"}, "kind"),
        ({"kind": "word", "vocab_size": 4}, "vocab_size"),
        ({"kind": "bpe", "vocab_size": 200}, "vocab_size"),
        ({"min_count": 0}, "min_count"),
        ({"kind": "pretrained"}, "path"),
    ],
)
def test_rules_that_fit_nothing_name_their_key(settings: dict, key: str) -> None:
    with pytest.raises(ConfigError, match=rf"data.tokenizer.{key}"):
        TokenizerRule(**settings)


def pretrained_file(folder: Path, specials: list[str], *, frame: bool = False) -> Path:
    """A word tokenizer as another project may have saved it."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

    library = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    library.pre_tokenizer = pre_tokenizers.Whitespace()
    library.train_from_iterator(["the cat sat"], trainers.WordLevelTrainer(special_tokens=specials))
    if frame:
        pair = [(name, library.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
        library.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", special_tokens=pair)
    folder.mkdir(exist_ok=True)
    library.save(str(folder / "tokenizer.json"))
    return folder


def load(folder: Path):
    return fit_tokenizer(TokenizerRule(kind="pretrained", path=str(folder)), [])


def test_a_pretrained_tokenizer_keeps_its_ids_where_padding_is_zero(tmp_path: Path) -> None:
    tokenizer = load(pretrained_file(tmp_path / "bert", ["[PAD]", "[UNK]", "[CLS]", "[SEP]"], frame=True))
    ids = tokenizer.encode_batch(["the cat sat"], framed=True)[0]
    assert np.array_equal(ids, tokenizer.own_ids(ids))
    assert (tokenizer.unknown, tokenizer.start, tokenizer.end, tokenizer.vocab_size) == (1, 2, 3, 7)
    assert tokenizer.show_tokens(ids) == ["[CLS]", "the", "cat", "sat", "[SEP]"]
    assert tokenizer.show_tokens(tokenizer.cut(ids, 3)) == ["[CLS]", "the", "[SEP]"]
    assert tokenizer.decode([*ids, PAD]) == "the cat sat"
    assert tokenizer_from(tokenizer.to_dict()).encode_batch(["the cat"])[0].tolist() == ids[1:3].tolist()


def test_padding_and_zero_change_places_in_a_pretrained_tokenizer(tmp_path: Path) -> None:
    tokenizer = load(pretrained_file(tmp_path / "roberta", ["<s>", "<pad>", "</s>", "[UNK]"]))
    assert tokenizer.pad_id == 1
    assert (tokenizer.start, tokenizer.end) == (1, 2)
    assert tokenizer.own_ids(np.array([PAD, tokenizer.start, 2, 5])).tolist() == [1, 0, 2, 5]


def test_token_dropout_hides_behind_the_tokenizers_own_unknown_token(tmp_path: Path) -> None:
    tokenizer = load(pretrained_file(tmp_path / "roberta", ["<s>", "<pad>", "</s>", "[UNK]"]))
    spec = LabelledTextSpec(
        **dict.fromkeys(("name", "fingerprint", "split_fingerprint"), "made"),
        **dict.fromkeys(("num_train", "num_val", "num_test", "max_length", "typical_length"), 8),
        tokenizer=tokenizer.to_dict(),
        vocab_size=tokenizer.vocab_size,
        class_names=("a", "b"),
        multi_label=False,
    )
    hide = TokenDropout(share=0.5).for_data(spec)
    assert hide is not None
    torch.manual_seed(0)
    real = tokenizer.encode_batch(["cat"])[0][0]
    hidden_BT, _ = hide(torch.full((4, 20), int(real)), torch.zeros(4))
    assert set(hidden_BT.flatten().tolist()) == {int(real), tokenizer.unknown}
    assert tokenizer.unknown == 3


def test_special_tokens_that_a_pretrained_tokenizer_lacks_come_after_its_last(tmp_path: Path) -> None:
    tokenizer = load(pretrained_file(tmp_path / "gpt", ["[UNK]"]))
    assert tokenizer.vocab_size == 4 + 3
    assert {tokenizer.pad_id, tokenizer.start, tokenizer.end} == {4, 5, 6}
    words = tokenizer.encode_batch(["the cat sat unseen"])[0]
    assert PAD not in words
    assert tokenizer.own_ids(words).tolist()[-1] == 0
    assert tokenizer.decode(words) == "the cat sat"


def test_pretrained_tokenizers_that_are_not_there_say_where_was_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match=rf"data.not_found\] data.tokenizer.path=./nowhere.json: .* {Path.cwd()}/now"):
        fit_tokenizer(TokenizerRule(kind="pretrained", path="./nowhere.json"), [])
    with pytest.raises(DataError, match=r"has no tokenizer.json"):
        load(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(DataError, match=r"data.bad_tokenizer"):
        load(tmp_path)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(EnvironmentFault, match=r"env.offline\] data.tokenizer.path=google/nothing: HF_HUB_OFFLINE"):
        load(Path("google/nothing"))
