"""What a network read off which part of a recording, and which words are mistaken for which.

S steps, M mel bands, T frames.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import torch
from torch import nn

from bakeoff.data.audio.front_end import FrontEnd
from bakeoff.data.audio.recordings import Recording
from bakeoff.data.audio.spec import TranscribedAudioSpec
from bakeoff.tasks.exhibits import AudioExhibit, Edit, Exhibit, SpokenExhibit, TableExhibit
from bakeoff.tasks.heard import heard
from bakeoff.tasks.speech_recognition.ctc import Span, collapsed, likeliest
from bakeoff.tasks.speech_recognition.scores import COUNTS, alignment, counts_of

_MOST_SINGLE = 28
_MOST_CONFUSIONS = 8


@torch.no_grad()
def read_spans(net: nn.Module, recording: Recording, spec: TranscribedAudioSpec) -> tuple[list[Span], int]:
    """The tokens that greedy search reads, and how many steps there are."""
    frames_TK = (spec.make_front_end().of(recording) - np.array(spec.mean)) / np.array(spec.std)
    frames_1TK = torch.from_numpy(frames_TK.astype(np.float32))[None]
    logits_1SV = net((frames_1TK, torch.tensor([frames_1TK.shape[1]])))
    steps = logits_1SV.shape[1]
    return collapsed(likeliest(logits_1SV, torch.tensor([steps]))[0].tolist()), steps


def spoken(
    title: str,
    recording: Recording,
    truth: str,
    answer: str,
    *,
    found: tuple[Sequence[Span], int],
    spell: Callable[[Sequence[int]], str],
    front_end: FrontEnd,
) -> SpokenExhibit:
    """A recording with what was said and read.

    Args:
        title: its name.
        recording: as it came.
        truth: what was said.
        answer: what was read.
        found: the tokens of greedy search and how many steps there are.
        spell: the text of some tokens.
        front_end: what computes mels.
    """
    spans, steps = found
    named = [(spell([span.token]), span.start / steps, span.end / steps) for span in spans]
    if len(named) > _MOST_SINGLE:
        named = _by_word(named)
    return SpokenExhibit(
        **heard(title, recording, truth, front_end),
        edits=[Edit(kind=kind, true=true, read=read) for kind, true, read in alignment(answer, truth)],
        tokens=[text for text, *_ in named],
        spans=[(start, end) for _, start, end in named],
    )


def sample(title: str, recording: Recording, text: str, front_end: FrontEnd) -> Exhibit:
    """A recording with what is said in it."""
    return AudioExhibit(**heard(title, recording, text, front_end))


def _by_word(named: Sequence[tuple[str, float, float]]) -> list[tuple[str, float, float]]:
    words: list[tuple[str, float, float]] = []
    open_word = False
    for text, start, end in named:
        if not text.strip():
            open_word = False
        elif open_word:
            word, first, _ = words[-1]
            words[-1] = (word + text, first, end)
        else:
            words.append((text, start, end))
            open_word = True
    return words


def kinds_of_errors(trials: Mapping[str, Sequence[pa.Table]], truths: Sequence[str]) -> TableExhibit:
    """Substitutions, deletions and insertions of words and of characters, over all that was said."""
    rows, columns = [], ["error", *trials]
    totals = {name: np.mean([_totals(answers, truths) for answers in own], axis=0) for name, own in trials.items()}
    for first, what in ((0, "words"), (len(COUNTS), "characters")):
        for place, kind in enumerate(COUNTS[:3], start=first):
            shares = (100 * found[place] / max(found[first + 3], 1) for found in totals.values())
            rows.append([f"{kind} of {what}", *(f"{share:.1f} %" for share in shares)])
    return TableExhibit(title="Kinds of errors, over all that was said", columns=columns, rows=rows)


def confusions(trials: Mapping[str, Sequence[pa.Table]], truths: Sequence[str]) -> TableExhibit:
    """The words that are most often read as others, and how often in a trial."""
    counts = {name: _confused(own, truths) for name, own in trials.items()}
    every: Counter[tuple[str, str]] = Counter()
    for own in counts.values():
        every.update(own)
    rows = [
        [f"{true or '(nothing)'} → {read or '(nothing)'}", *(f"{counts[name][true, read]:.1f}" for name in trials)]
        for (true, read), _ in every.most_common(_MOST_CONFUSIONS)
    ]
    title = "What is read as what most often, times in a trial"
    return TableExhibit(title=title, columns=["said → read", *trials], rows=rows)


def _totals(answers: pa.Table, truths: Sequence[str]) -> np.ndarray:
    found: np.ndarray = counts_of(answers["text"].to_pylist(), truths, [False] * len(truths)).sum(axis=0)
    return found


def _confused(trials: Sequence[pa.Table], truths: Sequence[str]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for answers in trials:
        for answer, truth in zip(answers["text"].to_pylist(), truths, strict=True):
            found.update(_pairs(alignment(answer, truth)))
    return Counter({pair: count / len(trials) for pair, count in found.items()})


def _pairs(edits: Iterable[tuple[str, str, str]]) -> Iterable[tuple[str, str]]:
    """Words put in place of others, one by one."""
    for kind, true, read in edits:
        if kind == "substitute":
            yield from zip(true.split(), read.split(), strict=True)
