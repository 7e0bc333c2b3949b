"""How far what is said is from the recording: spectrum, durations, rate and tone of voice, and what is heard in it.

Answers have ``mel``, ``durations``, ``diagonality``, ``tone_hz`` and ``heard``; labels have ``mel``, ``durations``,
``tone_hz`` and ``text``.

N texts.
"""

from __future__ import annotations

from collections.abc import Sequence

import jiwer
import numpy as np
import pyarrow as pa

from bakeoff.data.speech.answers import mels_of
from bakeoff.statistics import pseudo_values_from_sums
from bakeoff.tables import column
from bakeoff.tasks.speech_synthesis.facts import LARGEST_TONE_ERROR
from bakeoff.tasks.speech_synthesis.warping import warped_distances


def score_examples(answers: pa.Table, labels: pa.Table, metric: str, *, num_mels: int, hop_s: float) -> np.ndarray:
    """Each text's share of ``metric``, shape ``(N,)``; of ``cer``, pseudo-values.

    Raises:
        ValueError: another metric.
    """
    if metric in ("mcd", "mel_error"):
        distortion_N, difference_N = warped_distances(mels_of(answers, num_mels), mels_of(labels, num_mels))
        return distortion_N if metric == "mcd" else difference_N
    if metric == "cer":
        return pseudo_values_from_sums(_heard_counts(answers, labels), _rate)
    if metric == "diagonality":
        return column(answers, "diagonality").astype(np.float64)
    if metric == "tone_error":
        return tone_errors(column(answers, "tone_hz"), column(labels, "tone_hz"))
    if metric == "rate_error":
        said_N, true_N = (np.array([len(mel) for mel in mels_of(table, num_mels)]) for table in (answers, labels))
        return np.abs(said_N / true_N - 1)
    if metric == "duration_error":
        rows = zip(answers["durations"].to_pylist(), labels["durations"].to_pylist(), strict=True)
        return np.array([np.abs(np.subtract(said, true)).mean() * hop_s for said, true in rows])
    raise ValueError(f"an example's share is known of the task's metrics but the loss; got {metric}")


def summarise(
    answers: pa.Table, labels: pa.Table, metrics: Sequence[str], *, num_mels: int, hop_s: float
) -> dict[str, float]:
    """These metrics of a set of answers, by name."""
    found: dict[str, float] = {}
    if {"mcd", "mel_error"} & set(metrics):
        distances = warped_distances(mels_of(answers, num_mels), mels_of(labels, num_mels))
        found = {name: float(own.mean()) for name, own in zip(("mcd", "mel_error"), distances, strict=True)}
    for name in metrics:
        if name == "cer":
            found[name] = heard_rate(answers, labels)
        elif name not in found:
            found[name] = float(score_examples(answers, labels, name, num_mels=num_mels, hop_s=hop_s).mean())
    return {name: found[name] for name in metrics}


def heard_rate(answers: pa.Table, labels: pa.Table) -> float:
    """Characters heard wrong, over those that were to be said."""
    return float(_rate(_heard_counts(answers, labels).sum(axis=0)))


def tone_errors(said_hz: np.ndarray, true_hz: np.ndarray) -> np.ndarray:
    """Semitones between two tones, an octave at the most; 0 where neither has one, an octave where only one has."""
    with np.errstate(invalid="ignore", divide="ignore"):
        semitones_N = np.abs(12 * np.log2(said_hz.astype(np.float64) / true_hz.astype(np.float64)))
    neither_N = np.isnan(said_hz) & np.isnan(true_hz)
    semitones_N = np.where(np.isnan(semitones_N), LARGEST_TONE_ERROR, np.minimum(semitones_N, LARGEST_TONE_ERROR))
    return np.where(neither_N, 0.0, semitones_N)


def _heard_counts(answers: pa.Table, labels: pa.Table) -> np.ndarray:
    """Wrong characters and characters of each text, ``(N, 2)``; nothing heard is all of them left out."""
    heard = [" ".join((text or "").split()) for text in answers["heard"].to_pylist()]
    true = [" ".join(text.split()) for text in labels["text"].to_pylist()]
    found = jiwer.process_characters(true, heard)
    wrong = [sum(_size(chunk) for chunk in chunks if chunk.type != "equal") for chunks in found.alignments]
    return np.array([wrong, [len(text) for text in true]], dtype=np.float64).T


def _size(chunk: jiwer.AlignmentChunk) -> int:
    return max(chunk.ref_end_idx - chunk.ref_start_idx, chunk.hyp_end_idx - chunk.hyp_start_idx)


def _rate(sums: np.ndarray) -> np.ndarray:
    """Wrong ones of all, of sums ``(..., 2)``."""
    return np.asarray(sums[..., 0] / np.maximum(sums[..., 1], 1))
