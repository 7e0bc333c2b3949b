"""CTC against all alignments written out: losses, paths, and recordings that are too short."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict

import pytest
import torch
from torch.nn import functional as F

from bakeoff.tasks.speech_recognition.ctc import BLANK, Span, collapsed, ctc_loss, likeliest, steps_needed

VOCABULARY = 3
A, B = 1, 2
TARGETS = [[], [A], [B, A], [A, A], [A, B, A], [A, A, B], [B, B, B]]


def log_probabilities(steps: int, *, seed: int = 0) -> torch.Tensor:
    return torch.randn(steps, VOCABULARY, generator=torch.Generator().manual_seed(seed)).double().log_softmax(dim=-1)


def merged(path: tuple[int, ...]) -> tuple[int, ...]:
    """The rule of the paper: repeats first, then blanks."""
    return tuple(token for token, _ in itertools.groupby(path) if token != BLANK)


def of_all_alignments(log_p_TV: torch.Tensor) -> dict[tuple[int, ...], float]:
    """The probability of each transcript, by the paths that say it."""
    found: dict[tuple[int, ...], float] = defaultdict(float)
    for path in itertools.product(range(VOCABULARY), repeat=len(log_p_TV)):
        found[merged(path)] += math.exp(sum(float(row[token]) for row, token in zip(log_p_TV, path, strict=True)))
    return found


def padded(targets: list[list[int]]) -> torch.Tensor:
    return torch.tensor([[*own, *[BLANK] * (4 - len(own))] for own in targets])


@pytest.mark.parametrize("steps", [1, 3, 5])
@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_the_loss_is_that_of_all_alignments(steps: int, target: list[int]) -> None:
    log_p_TV = log_probabilities(steps)
    probability = of_all_alignments(log_p_TV).get(tuple(target), 0.0)
    found = ctc_loss(log_p_TV[None], torch.tensor([steps]), padded([target]))
    needed = int(steps_needed(padded([target])))
    assert (needed <= steps) == (probability > 0)
    expected = -math.log(probability) / max(len(target), 1) if probability else 0.0
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_padding_and_neighbours_change_no_loss() -> None:
    targets, steps = [[A, B], [B, B]], [3, 5]
    logits_BTV = torch.randn(2, 5, VOCABULARY, generator=torch.Generator().manual_seed(1))
    alone = [
        float(ctc_loss(logits_BTV[row : row + 1, : steps[row]], torch.tensor(steps[row : row + 1]), padded([target])))
        for row, target in enumerate(targets)
    ]
    logits_BTV[0, 3:] = 100.0
    assert float(ctc_loss(logits_BTV, torch.tensor(steps), padded(targets))) == pytest.approx(sum(alone) / 2, rel=1e-5)


def test_recordings_too_short_for_their_transcript_are_left_out_of_the_mean() -> None:
    """torch's own mean counts them as 0: of one in four recordings it is a quarter."""
    logits_BTV = torch.zeros(4, 3, VOCABULARY, requires_grad=True)
    steps, targets = torch.tensor([3, 3, 3, 3]), padded([[A], [A, A, B], [A, A, A], [B, B, A]])
    possible = float(ctc_loss(logits_BTV[:1].detach(), steps[:1], targets[:1]))
    loss = ctc_loss(logits_BTV, steps, targets)
    assert loss.item() == pytest.approx(possible, rel=1e-6)
    loss.backward()
    assert logits_BTV.grad is not None and logits_BTV.grad.isfinite().all()
    assert not logits_BTV.grad[1:].any() and logits_BTV.grad[0].any()
    lengths = (targets != BLANK).sum(dim=1)
    log_p_TBV = logits_BTV.detach().log_softmax(dim=-1).transpose(0, 1)
    assert float(F.ctc_loss(log_p_TBV, targets, steps, lengths, zero_infinity=True)) == pytest.approx(possible / 4)


def test_a_batch_of_nothing_but_such_recordings_moves_nothing() -> None:
    logits_BTV = torch.zeros(1, 1, VOCABULARY, requires_grad=True)
    loss = ctc_loss(logits_BTV, torch.tensor([1]), padded([[A, A]]))
    loss.backward()
    assert loss.item() == 0.0 and logits_BTV.grad is not None and not logits_BTV.grad.any()


@pytest.mark.parametrize("path", list(itertools.product(range(VOCABULARY), repeat=4)), ids=str)
def test_a_path_is_read_by_the_rule(path: tuple[int, ...]) -> None:
    spans = collapsed(list(path))
    assert tuple(span.token for span in spans) == merged(path)
    assert all(set(path[span.start : span.end]) == {span.token} for span in spans)


def test_tokens_know_their_steps_and_nothing_is_read_after_the_end() -> None:
    logits_TV = F.one_hot(torch.tensor([0, A, A, 0, A, B, B]), VOCABULARY).float()
    path = likeliest(logits_TV[None], torch.tensor([6]))[0].tolist()
    assert collapsed(path) == [Span(A, 1, 3), Span(A, 4, 5), Span(B, 5, 6)]
