"""Search and scores of written answers, against enumeration, sacreBLEU and torchmetrics."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import sacrebleu
import torch
from torch import nn
from torchmetrics.functional.text import rouge_score

from bakeoff.data.text.spec import END, PAD, START
from bakeoff.statistics import pseudo_values
from bakeoff.tasks.written import scores
from bakeoff.tasks.written.search import are_same, beam_search, greedy_search

VOCAB = 7


class Bigrams(nn.Module):
    """The next token by a table of the source's first token and the token before: no memory but the last token."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.logits_SVV = 2 * torch.randn(VOCAB, VOCAB, VOCAB, generator=torch.Generator().manual_seed(seed))

    def initial_state(self, source_BS):
        return (source_BS[:, 0],)

    def step(self, tokens_B, state):
        return self.logits_SVV[state[0], tokens_B].clone(), state


def log_probability(net, source, answer):
    logits_VV = net.logits_SVV[source].clone()
    logits_VV[:, [PAD, START, 1]] = -torch.inf
    steps = torch.log_softmax(logits_VV, dim=-1)
    pairs = itertools.pairwise([START, *answer])
    return sum(steps[before, after].item() for before, after in pairs)


def all_answers(length):
    """Every answer of up to ``length`` tokens, the end token counted, and every unended one of that length."""
    words = range(4, VOCAB)
    for size in range(length):
        for body in itertools.product(words, repeat=size):
            yield (*body, END)
    yield from itertools.product(words, repeat=length)


def trimmed(row):
    return tuple(token for token in row.tolist() if token != PAD)


@pytest.mark.parametrize("seed", range(4))
def test_a_beam_as_wide_as_the_vocabulary_to_the_length_finds_the_best_answer(seed):
    net, length = Bigrams(seed), 3
    sources_BS = torch.tensor([[4, 5], [6, 4]])
    found = beam_search(net, sources_BS, beams=VOCAB**length, max_length=length, length_penalty=0.6)
    for row, source in zip(found, (4, 6), strict=True):
        best = max(all_answers(length), key=lambda a: log_probability(net, source, a) / ((5 + len(a)) / 6) ** 0.6)
        assert trimmed(row) == best


@pytest.mark.parametrize("seed", range(4))
def test_one_beam_is_greedy_search(seed):
    net = Bigrams(seed)
    sources_BS = torch.tensor([[4], [5], [6]])
    greedy, beam = (
        greedy_search(net, sources_BS, max_length=9),
        beam_search(net, sources_BS, beams=1, max_length=9),
    )
    assert [trimmed(row) for row in greedy] == [trimmed(row) for row in beam]


def test_an_answer_holds_nothing_after_its_end():
    for row in greedy_search(Bigrams(1), torch.tensor([[4], [5], [6]]), max_length=12).tolist():
        if END in row:
            assert set(row[row.index(END) + 1 :]) <= {PAD}


ANSWERS = ["the cat sat on the mat", "a dog ran fast today", "nothing in common here", "exactly the same words"]
REFERENCES = ["the cat sat on a mat", "the dog ran very fast", "wholly other sentence now", "exactly the same words"]
OTHERS = ["a cat sat on the mat there", "a dog ran fast", "here is nothing at all", "the same words exactly"]


def alone(references):
    return [[reference] for reference in references]


def bleu_of(answers, references):
    return scores.summarise(answers, references, ["bleu"])["bleu"]


def test_scores_are_those_of_sacrebleu():
    found = scores.summarise(ANSWERS, alone(REFERENCES), ["exact_match", "bleu", "chrf"])
    assert found["bleu"] == pytest.approx(sacrebleu.corpus_bleu(ANSWERS, [REFERENCES]).score)
    pairs = zip(ANSWERS, REFERENCES, strict=True)
    assert found["chrf"] == pytest.approx(np.mean([sacrebleu.sentence_chrf(a, [r]).score for a, r in pairs]))
    assert found["exact_match"] == 0.25


BOTH = [list(pair) for pair in zip(REFERENCES, OTHERS, strict=True)]


def test_scores_against_several_references_are_those_of_sacrebleu():
    assert bleu_of(ANSWERS, BOTH) == pytest.approx(sacrebleu.corpus_bleu(ANSWERS, [REFERENCES, OTHERS]).score)
    expected = [sacrebleu.sentence_chrf(a, own).score for a, own in zip(ANSWERS, BOTH, strict=True)]
    assert scores.chrf(ANSWERS, BOTH) == pytest.approx(expected)


def test_an_answer_is_exact_if_it_is_any_of_its_references():
    assert scores.exact(["a b", "b", "c"], [["a", "a b"], ["a", "a b"], ["c"]]).tolist() == [1.0, 0.0, 1.0]


def test_rouge_l_is_that_of_torchmetrics():
    """The nearest reference counts, by the F1 of the longest common subsequence of words."""
    for references in (alone(REFERENCES), BOTH):
        expected = [
            100 * float(rouge_score(answer, [own], accumulate="best", rouge_keys="rougeL")["rougeL_fmeasure"])
            for answer, own in zip(ANSWERS, references, strict=True)
        ]
        assert scores.rouge_l(ANSWERS, references) == pytest.approx(expected, abs=1e-4)


def test_rouge_l_by_hand():
    """Common in order: the cat on mat, 4 of 6 and 4 of 5 words: F1 8 / 11. An empty answer has nothing in common."""
    found = scores.rouge_l(["the cat sat on the mat", ""], [["on", "see the cat on mat"], ["a"]])
    assert found == pytest.approx([100 * 8 / 11, 0.0])


def test_bleu_without_a_match_of_some_order_is_smoothed_as_sacrebleu_does():
    expected = sacrebleu.corpus_bleu(ANSWERS[1:3], [REFERENCES[1:3]]).score
    assert bleu_of(ANSWERS[1:3], alone(REFERENCES[1:3])) == pytest.approx(expected)


@pytest.mark.parametrize("streams", [[REFERENCES], [REFERENCES, OTHERS]])
def test_bleu_of_an_example_is_its_pseudo_value(streams):
    def measured(rows):
        answers, *references = ([own[row] for row in rows] for own in (ANSWERS, *streams))
        return sacrebleu.corpus_bleu(answers, references).score

    found = scores.score_examples(ANSWERS, list(zip(*streams, strict=True)), "bleu")
    assert found == pytest.approx(pseudo_values(measured, 4))


SHORT = ["zwei", "dreizehn", "vierundvierzig"]


def test_perfect_answers_of_one_word_have_a_bleu_of_100():
    """sacrebleu 2.6.0 says 0 by default: there is no sequence of four words."""
    assert sacrebleu.corpus_bleu(SHORT, [SHORT]).score == 0.0
    assert bleu_of(SHORT, alone(SHORT)) == pytest.approx(100.0)
    assert scores.score_examples(SHORT, alone(SHORT), "bleu") == pytest.approx([100.0] * 3)


@pytest.mark.parametrize(
    ("answers", "references", "order"),
    [
        (["zwei", "drei", "vier fünf"], ["zwei", "dreizehn", "vier"], 1),
        (["ein Haus", "kein Haus", "Haus"], ["ein Haus", "Haus", "Baum"], 2),
        (["ein Haus", "kein Haus", "Haus"], ["ein altes Haus", "kein Haus", "Baum"], 3),
        (["ein Haus", "ein Haus", "kein Haus"], ["ein Haus", "ein sehr altes Haus", "ja"], 4),
    ],
)
def test_bleu_counts_sequences_as_long_as_some_reference_has(answers, references, order):
    bleu = sacrebleu.metrics.BLEU(max_ngram_order=order)
    assert bleu_of(answers, alone(references)) == pytest.approx(bleu.corpus_score(answers, [references]).score)

    def measured(rows):
        return bleu_of([answers[row] for row in rows], alone(references[row] for row in rows))

    shares = scores.score_examples(answers, alone(references), "bleu")
    assert shares == pytest.approx(pseudo_values(measured, 3))


def test_chrf_says_that_it_counts_no_spaces():
    found = scores.summarise(["t wo", "thirt een"], [["two"], ["thirteen"]], ["exact_match", "chrf"])
    assert (found["exact_match"], found["chrf"]) == (0.0, pytest.approx(100.0))
    assert scores.CHRF_FACTS.meaning.endswith("spaces are not counted.")


def test_exact_match_compares_whole_answers_whatever_their_padding():
    found = are_same(torch.tensor([[4, END, PAD], [5, 6, END]]), torch.tensor([[4, END], [5, END]]))
    assert found.tolist() == [True, False]
    assert are_same(torch.tensor([[4, END]]), torch.tensor([[4, END, PAD, PAD]])).tolist() == [True]
