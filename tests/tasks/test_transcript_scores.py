"""Word and character error rates against jiwer, pooled, with pseudo-values whose mean is the rate."""

from __future__ import annotations

import jiwer
import numpy as np
import pytest
import torch

from bakeoff.tasks.speech_recognition.scores import (
    METRICS,
    EditTotals,
    alignment,
    counts_of,
    score_examples,
    summarise,
)

WORDS = ["one", "two", "three", "four", "five"]


def pairs(count: int, *, seed: int = 0) -> tuple[list[str], list[str]]:
    """Random answers and references, some of them right, some empty answers."""
    rng = np.random.default_rng(seed)
    references = [" ".join(rng.choice(WORDS, rng.integers(1, 7))) for _ in range(count)]
    answers = [own if rng.random() < 0.2 else " ".join(rng.choice(WORDS, rng.integers(0, 7))) for own in references]
    return answers, references


def test_rates_are_those_of_jiwer_on_random_pairs() -> None:
    answers, references = pairs(200)
    found = summarise(counts_of(answers, references, [False] * 200))
    words, characters = jiwer.process_words(references, answers), jiwer.process_characters(references, answers)
    said = words.hits + words.substitutions + words.deletions
    assert found["wer"] == pytest.approx(words.wer)
    assert found["cer"] == pytest.approx(characters.cer)
    for name in ("substitutions", "deletions", "insertions"):
        assert found[name] == pytest.approx(getattr(words, name) / said)
    assert found["wer"] == pytest.approx(found["substitutions"] + found["deletions"] + found["insertions"])
    assert found["exact_match"] == np.mean([one == other for one, other in zip(answers, references, strict=True)])


def test_rates_worked_by_hand() -> None:
    counts_NK = counts_of(["a x c d", ""], ["a b c", "e f"], [False, True])
    assert counts_NK[:, :4].tolist() == [[1, 0, 1, 3], [0, 2, 0, 2]]
    found = summarise(counts_NK)
    assert found["wer"] == pytest.approx(4 / 5) and found["deletions"] == pytest.approx(2 / 5)
    assert found["impossible"] == 0.5


@pytest.mark.parametrize("gap", ["\t", "\n", "\u00a0", "  "])
def test_white_space_of_any_kind_parts_words(gap: str) -> None:
    """jiwer takes "two<tab>three" for one word."""
    perfect = counts_of([f"one two{gap}three"], ["one two three"], [False])
    assert summarise(perfect)["wer"] == summarise(perfect)["cer"] == 0.0
    assert counts_of(["one two three"], [f" one two{gap}three "], [False])[0, 8] == 1


def test_a_reference_without_words_scores_by_its_insertions() -> None:
    counts_NK = counts_of(["um", "one"], ["", "one"], [False, False])
    assert summarise(counts_NK)["wer"] == 1.0
    assert summarise(counts_NK[:1])["wer"] == 1.0
    assert summarise(counts_of([""], [""], [False]))["wer"] == 0.0


@pytest.mark.parametrize("metric", ["wer", "cer", "substitutions", "deletions", "insertions", "exact_match"])
def test_scores_of_recordings_have_the_rate_as_their_mean(metric: str) -> None:
    answers, references = pairs(50)
    counts_NK = counts_of(answers, references, [False] * 50)
    scores_N = score_examples(counts_NK, metric)
    assert scores_N.mean() == pytest.approx(summarise(counts_NK)[metric])
    assert scores_N.std() > 0


def test_validation_totals_are_the_same_rates() -> None:
    answers, references = pairs(60)
    counts_NK = counts_of(answers, references, [False] * 60)
    totals = EditTotals()
    for start in range(0, 60, 25):
        totals.update(torch.from_numpy(counts_NK[start : start + 25]))
    expected = summarise(counts_NK)
    assert {name: float(value) for name, value in totals.compute().items()} == pytest.approx(expected)
    assert {*expected, "loss"} == {facts.name for facts in METRICS}


def test_an_alignment_names_what_was_said_and_what_was_answered() -> None:
    assert alignment("one three three", "one two three four") == [
        ("equal", "one", "one"),
        ("substitute", "two", "three"),
        ("equal", "three", "three"),
        ("delete", "four", ""),
    ]
