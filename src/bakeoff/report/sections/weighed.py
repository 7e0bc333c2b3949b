"""Texts, courses and series whose places speak for an answer or against it, as their templates print them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bakeoff.report.figures.canvas import printable
from bakeoff.report.figures.weighed import frames_figure, weighed_figure
from bakeoff.report.palette import Look
from bakeoff.tasks.exhibits import unpack

_MOST_TOKENS = 200
_FAINTEST, _STRONGEST = 4, 62


def shares_of(entry: Mapping[str, Any], *, places: int) -> dict[str, np.ndarray]:
    """The weights of each way, over the largest of them: in [-1, 1].

    Raises:
        ValueError: not one of each place.
    """
    found = {}
    for name, weights in entry["weights"].items():
        values = np.array(weights, dtype=float)
        if values.shape != (places,) or not np.isfinite(values).all():
            raise ValueError(f"expected {places} weights, got {values.shape}")
        found[str(name)] = values / (np.abs(values).max(initial=0) or 1.0)
    return found


def weighed_text(entry: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, str, float]]]]:
    """Of each way, its name and the tokens: the text, ``for`` or ``against``, and how much colour it has in percent."""
    tokens = [printable(str(token), limit=40) or "␣" for token in entry["tokens"]]
    rows = []
    for name, shares in shares_of(entry, places=len(tokens)).items():
        colours = [round(_STRONGEST * abs(share)) for share in shares.tolist()]
        sides = ["against" if share < 0 else "for" for share in shares.tolist()]
        marked = [
            (token, side if colour >= _FAINTEST else "", colour)
            for token, side, colour in zip(tokens, sides, colours, strict=True)
        ]
        rows.append((printable(name, limit=40), marked[:_MOST_TOKENS]))
    return rows


def weighed_course(entry: Mapping[str, Any], *, look: Look, name: str, label: str) -> Any:
    """The figure of a course: its values, and under them a strip of bars a way."""
    history, answer, truth = (
        np.array([np.nan if value is None else value for value in entry.get(key) or ()], dtype=float)
        for key in ("history", "answer", "truth")
    )
    shares = shares_of(entry, places=len(history))
    return weighed_figure(history, answer, truth, shares=shares, look=look, name=name, label=label)


def frames_of(entry: Mapping[str, Any]) -> tuple[np.ndarray, float | None]:
    """The numbers of each step, ``(T, K)``, and how far steps are apart in seconds, where that is known.

    Raises:
        ValueError: they are no table of numbers, or no time lies between them.
    """
    frames_TK, hop_s = unpack(entry["frames_TK"]), entry.get("hop_s")
    if frames_TK.ndim != 2 or not np.isfinite(frames_TK).all() or (hop_s is not None and not hop_s > 0):
        raise ValueError(f"expected numbers of each step, got {frames_TK.shape}")
    return frames_TK, None if hop_s is None else float(hop_s)


def weighed_frames(entry: Mapping[str, Any], *, look: Look, name: str, label: str) -> Any:
    """The figure of a series or a recording: what it is, and under it a strip of bars a way."""
    frames_TK, hop_s = frames_of(entry)
    shares = shares_of(entry, places=len(frames_TK))
    return frames_figure(frames_TK, hop_s, shares=shares, look=look, name=name, label=label)
