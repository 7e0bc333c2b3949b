"""Prefix beam search against all alignments written out, and the model of the language that it goes by."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from bakeoff.data.text.ngrams import NgramModel, count_ngrams
from bakeoff.data.text.spec import END, START
from bakeoff.tasks.speech_recognition.beam import Search
from tests.tasks.test_ctc import log_probabilities, of_all_alignments

ALL = 10_000
TEXTS = [[4, 5, 4], [4, 5, 5], [5]]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("steps", [1, 2, 4, 5])
def test_with_beams_enough_the_best_of_all_transcripts_is_found(seed: int, steps: int) -> None:
    log_p_TV = log_probabilities(steps, seed=seed)
    every = of_all_alignments(log_p_TV)
    assert Search(beams=ALL).best(log_p_TV.numpy()) == max(every, key=lambda text: every[text])


def test_the_sum_over_alignments_beats_the_best_single_one() -> None:
    """Nothing is the likeliest path (0.36); "a" has three that are together likelier (0.64)."""
    log_p_TV = np.log([[0.6, 0.4], [0.6, 0.4]])
    assert Search(beams=4).best(log_p_TV) == (1,)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("weight", "bonus"), [(1.0, 0.0), (0.5, 0.7), (0.0, 1.0)])
def test_language_and_bonus_weigh_as_stated(seed: int, weight: float, bonus: float) -> None:
    language = NgramModel(count_ngrams([[1, 2], [2, 2, 1]], 2), 3)
    log_p_TV = log_probabilities(4, seed=seed)

    def score(text: tuple[int, ...], probability: float) -> float:
        said = sum(language.log_probability(token, text[:place]) for place, token in enumerate((*text, END)))
        return math.log(probability) + weight * said + bonus * len(text)

    every = of_all_alignments(log_p_TV)
    expected = max(every, key=lambda text: score(text, every[text]))
    search = Search(beams=ALL, language=language, language_weight=weight, token_bonus=bonus)
    assert search.best(log_p_TV.numpy()) == expected


def test_few_beams_give_a_sound_answer_to_many_steps() -> None:
    found = Search(beams=3).best(log_probabilities(40).numpy())
    assert 0 < len(found) <= 40 and set(found) <= {1, 2}


def test_counts_are_those_of_sequences_with_start_and_end() -> None:
    counts = count_ngrams(TEXTS, 2)
    assert counts["5"] == 4 and counts["4 5"] == 2 and counts[f"{START} 4"] == 2 and counts[f"5 {END}"] == 2
    assert "4 5 4" not in counts


def test_probabilities_are_those_of_witten_and_bell_and_sum_to_one() -> None:
    model = NgramModel(count_ngrams(TEXTS, 2), 6)
    unigram = {token: (count + 3 / 6) / (10 + 3) for token, count in ((4, 3), (5, 4), (END, 3))}
    expected = (2 + 2 * unigram[5]) / (3 + 2)  # after 4, 5 stands twice and END once
    assert model.log_probability(5, (4,)) == pytest.approx(math.log(expected))
    for before in ((), (4,), (5, 5), (0,)):
        total = sum(math.exp(model.log_probability(token, before)) for token in range(6))
        assert total == pytest.approx(1.0)


def test_longer_contexts_are_used() -> None:
    model = NgramModel(count_ngrams(TEXTS * 5, 3), 6)
    assert model.log_probability(4, (4, 5)) > model.log_probability(4, (5, 5))
    assert all(
        model.log_probability(token, before) < 0
        for token, before in itertools.product((4, 5, END), ((), (4,), (4, 5), (5, 4, 5)))
    )
