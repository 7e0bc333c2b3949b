"""The sample of speech synthesis: what is said, how long each phoneme takes, and lots that share no sentence."""

from __future__ import annotations

import io
import wave
from typing import Any

import numpy as np
import pytest

pytest.importorskip("espeakng_loader")

from bakeoff.data.sources.spoken_sentences import SpokenSentences
from bakeoff.errors import ConfigError

STYLES = {"calm": {"pitch": 20, "rate_wpm": 140}, "lively": {"pitch": 80, "rate_wpm": 220}}


def load(**settings: Any) -> list[dict[str, Any]]:
    """The rows."""
    return SpokenSentences(styles=STYLES, **{"count": 12, **settings}).load()["train"].to_list()


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return load()


def test_phonemes_have_durations_that_add_up_to_the_recording(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        with wave.open(io.BytesIO(row["audio"]["bytes"])) as file:
            seconds = file.getnframes() / file.getframerate()
        assert len(row["phonemes"].split()) == len(row["durations"])
        assert min(row["durations"]) > 0
        assert sum(row["durations"]) == pytest.approx(seconds, abs=1e-9)


def test_a_sentence_is_one_of_its_grammar_and_stands_once(rows: list[dict[str, Any]]) -> None:
    assert len({row["text"] for row in rows}) == len(rows)
    assert {len(row["text"].split()) for row in rows} <= {3, 4, 6, 7}
    assert [row["__example__"] for row in rows] == [f"0/{number}" for number in range(12)]


def test_a_lively_style_takes_less_time_a_phoneme_than_a_calm_one(rows: list[dict[str, Any]]) -> None:
    mean_s = {style: np.mean([np.mean(row["durations"]) for row in rows if row["style"] == style]) for style in STYLES}
    assert mean_s["lively"] < 0.8 * mean_s["calm"]


def test_the_same_settings_give_the_same_bytes_and_more_rows_begin_as_fewer_do(rows: list[dict[str, Any]]) -> None:
    assert load() == rows
    assert load(count=20)[:12] == rows


def test_no_sentence_is_in_two_lots(rows: list[dict[str, Any]]) -> None:
    assert not {row["text"] for row in rows} & {row["text"] for row in load(lot=1, count=40)}


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"lot": 8}, r"data\.lot=8"),
        ({"voices": []}, r"data\.voices"),
        ({"styles": {}}, r"data\.styles"),
        ({"styles": {"calm": {"pitch": 120, "rate_wpm": 140}}}, r"data\.styles\.calm\.pitch=120"),
        ({"styles": {"calm": {"pitch": 20}}}, r"data\.styles\.calm\.rate_wpm"),
    ],
)
def test_what_eSpeak_cannot_say_is_refused_by_its_key(settings: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        SpokenSentences(**{"styles": STYLES, **settings})
