"""Spoken digits: said once, byte for byte the same, split by voice."""

from __future__ import annotations

from pathlib import Path

import pytest

from bakeoff.data.audio.columns import undecoded_recordings
from bakeoff.data.audio.recordings import read_recording
from bakeoff.data.sources.spoken_digits import DIGITS, SpokenDigits
from bakeoff.errors import ConfigError

SMALL = {"num_voices": 3, "per_voice": 4, "num_digits": 2}


def test_numbers_are_said_alike_on_every_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for name in ("one", "other"):
        monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / name))
        rows = SpokenDigits(**SMALL).load()["train"]
        found.append([row["bytes"] for row in undecoded_recordings(rows, "audio")["audio"]])
    assert found[0] == found[1]
    assert len({*found[0]}) == len(rows) == 12
    assert len(set(rows["voice"])) == 3
    assert all(len(text.split()) == 2 and set(text.split()) <= set(DIGITS) for text in rows["text"])
    recording = read_recording({"bytes": found[0][0]})
    assert recording.sample_rate_hz == 22_050 and 0.4 < recording.seconds < 3


def test_more_voices_than_there_are_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path))
    with pytest.raises(ConfigError, match=r"data\.num_voices=1000.*104 variants"):
        SpokenDigits(num_voices=1000).load()
