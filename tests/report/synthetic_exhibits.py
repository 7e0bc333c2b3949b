"""``exhibits.json`` with every kind, made without a model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.tasks.exhibits import (
    SCHEMA_VERSION,
    AttentionExhibit,
    AudioExhibit,
    Box,
    CurveExhibit,
    Edit,
    Exhibit,
    GlancesExhibit,
    Line,
    LinesExhibit,
    PictureExhibit,
    RankedExhibit,
    SpokenExhibit,
    TableExhibit,
    TextExhibit,
    WeighedCourseExhibit,
    WeighedFramesExhibit,
    WeighedTextExhibit,
)

NAMES = ("resnet", "renet", "vit")
RATE_HZ = 8000


def exhibits_of(name: str) -> list[Exhibit]:
    """One exhibit of each kind, with answers that differ from contender to contender."""
    off = NAMES.index(name)
    return [
        TextExhibit(input="Once upon a time", output=f"there was a {name}.\nThe end.", truth="there was a fox."),
        AttentionExhibit(
            input="drei und zwanzig",
            output="twenty three",
            rows=("twenty", "three"),
            columns=("drei", "und", "zwanzig"),
            weights=np.array([[0.1, 0.1, 0.8], [0.9, 0.05, 0.05]]),
        ),
        TableExhibit(columns=("step", "said"), rows=[(1, 0.25), (2, -0.125 - off)], title="What it counted"),
        boxes(off),
        regions(off),
        glances(off),
        course(off),
        WeighedTextExhibit(
            output=f"good ({90 - off} %)", truth="good", tokens=("not", "bad"), weights={"saliency": (0.5 * off, -1.0)}
        ),
        WeighedCourseExhibit(
            history=(1.0, np.nan, 3.0), answer=(2.0 + off, 4.0), truth=(2.5, 3.5), weights={"rollout": (0.1, 0.0, -0.9)}
        ),
        weighed_frames(off),
        tone(off),
        spoken(off),
        RankedExhibit(
            context=("milk", "bread"), items=("butter", "tea", "jam"), scores=(0.9, 0.5, 0.1), right=("tea", "salt")
        ),
        lines(off),
    ]


def weighed_frames(off: int = 0, *, channels: int = 2) -> WeighedFramesExhibit:
    """Some channels over five steps that are a tenth of a second apart, and what each step says."""
    frames_TK = np.arange(5.0 * channels).reshape(5, channels) + off
    weights = {"saliency": (0.0, 1.0, 0.5, 0.0, 0.2), "integrated gradients": (0.1, -1.0, 0.0, 0.0, 0.5)}
    return WeighedFramesExhibit(output="up (80 %)", truth="down", frames_TK=frames_TK, hop_s=0.1, weights=weights)


def spoken(off: int = 0) -> SpokenExhibit:
    """A sound that all contenders heard, and what each read."""
    samples = 0.5 * np.sin(np.linspace(0, 600, RATE_HZ))
    edits = [Edit(kind="equal", true="one", read="one"), Edit(kind="substitute", true="two", read=f"to{off}")]
    edits += [Edit(kind="delete", true="three"), Edit(kind="insert", read="four")]
    mel_MT = np.random.default_rng(0).random((8, 20))
    return SpokenExhibit(
        samples=samples,
        sample_rate_hz=RATE_HZ,
        mel_MT=mel_MT,
        caption="one two three",
        edits=edits,
        tokens=("one", f"to{off}", "four"),
        spans=((0.0, 0.2), (0.3, 0.5), (0.8, 1.0)),
    )


def lines(off: int = 0) -> LinesExhibit:
    """A line of each of two contenders, one with a mark, over a level."""
    x = np.linspace(0, 1, 5)
    own = [Line(name="vit", x=x, y=1 - x / (2 + off), mark=(0.4, 0.8)), Line(name="renet", x=x, y=1 - x)]
    return LinesExhibit(title="Falling", lines=own, x_label="recall", level=0.03, level_name="guessing", note="a mark")


def boxes(off: int) -> PictureExhibit:
    """A photograph of 96 by 128 pixels with two answers and two truths."""
    rows, columns = np.mgrid[0:96, 0:128]
    pixels = np.stack([2 * columns, rows + columns, 255 - 2 * rows], axis=-1) % 256
    found = (
        Box(left=10 + off, top=20, right=50, bottom=70, label="cat", score=0.93),
        Box(left=70, top=2, right=126, bottom=40 + off, label="traffic light", score=0.41),
        Box(left=12, top=22, right=52, bottom=74, label="cat", is_truth=True),
        Box(left=60, top=50, right=120, bottom=94, label="dog", is_truth=True),
    )
    return PictureExhibit(pixels_HWC=pixels, boxes=found, title="A street", caption=f"{len(found)} boxes")


def regions(off: int) -> PictureExhibit:
    """A grey picture of 32 by 32 pixels with a region for each of two classes."""
    rows, columns = np.mgrid[0:32, 0:32]
    truth = np.where((rows - 16) ** 2 + (columns - 12) ** 2 < 60, 2, 0) + (rows > 26)
    said = np.where((rows - 16) ** 2 + (columns - 14 - off) ** 2 < 70, 2, 0) + (rows > 27)
    return PictureExhibit(
        pixels_HWC=(4 * rows + 3 * columns)[..., None],
        mask_HW=said,
        true_mask_HW=truth,
        mask_names=("nothing", "road", "<i>car</i>"),
    )


def glances(off: int) -> GlancesExhibit:
    """A picture of 32 by 32 pixels, and four places that were looked at for each of two tokens."""
    rows, columns = np.mgrid[0:32, 0:32]
    return GlancesExhibit(
        title="test/3",
        pixels_HWC=np.stack([8 * rows, 8 * columns, 0 * rows], axis=-1),
        output="a <b>dog</b>",
        truth="a dog | one dog",
        tokens=("a", "<b>dog</b>"),
        weights_LHW=np.array([[[0.25, 0.25], [0.25, 0.25]], [[0.0, 0.9 - off / 10], [0.1 + off / 10, 0.0]]]),
    )


def course(off: int) -> CurveExhibit:
    """A wave of which the last third is to be told."""
    x = np.arange(36)
    values = 10 + 3 * np.sin(x / 3)
    said = values[24:] + 0.4 * (off + 1)
    return CurveExhibit(
        x=x[24:],
        answer=said,
        truth=values[24:],
        history_x=x[:24],
        history=values[:24],
        low=said - 1.5,
        high=said + 1.5,
        band="80 % interval",
        x_label="hours",
        y_label="load (GW)",
    )


def tone(off: int) -> AudioExhibit:
    """A tenth of a second of one tone."""
    time_s = np.arange(RATE_HZ // 10) / RATE_HZ
    mel = np.exp(-((np.arange(20)[:, None] - 5 - 3 * off) ** 2) / 6) * np.linspace(0.2, 1, 24)
    sound = 0.5 * np.sin(2 * np.pi * 440 * (off + 1) * time_s)
    return AudioExhibit(samples=sound, sample_rate_hz=RATE_HZ, mel_MT=mel, caption="a tone")


def write_exhibits(
    folder: Path,
    *,
    name: str = "exhibits.json",
    overview: Sequence[dict[str, Any]] = (),
    **contenders: list[dict[str, Any]],
) -> None:
    """Writes all kinds for three contenders, or what is given."""
    shown = contenders or {name: [entry.to_dict() for entry in exhibits_of(name)] for name in NAMES}
    (folder / name).write_text(
        json.dumps({"schema_version": SCHEMA_VERSION, "contenders": shown, "overview": list(overview)})
    )
