"""Search and scores of translation, against enumeration and sacreBLEU."""

import dataclasses
import itertools

import numpy as np
import pytest
import sacrebleu
import torch
from torch import nn

from bakeoff.data.text.prediction import token_batches
from bakeoff.data.text.spec import END, PAD, START, TextPairSpec
from bakeoff.data.text.vocabularies import CharacterTokenizer
from bakeoff.errors import ConfigError
from bakeoff.models.rnn.recurrent import Recurrent
from bakeoff.models.transformer.encoder import Transformer
from bakeoff.statistics import pseudo_values
from bakeoff.tasks.translation import scores
from bakeoff.tasks.translation.attention_map import attention_map
from bakeoff.tasks.translation.search import are_same, beam_search, greedy_search
from bakeoff.tasks.translation.task import Translation

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


ANSWERS_N = np.array(
    ["the cat sat on the mat", "a dog ran fast today", "nothing in common here", "exactly the same words"]
)
REFERENCES_N = np.array(
    ["the cat sat on a mat", "the dog ran very fast", "wholly other sentence now", "exactly the same words"]
)


def test_scores_are_those_of_sacrebleu():
    found = scores.summarise(ANSWERS_N, REFERENCES_N)
    assert found["bleu"] == pytest.approx(sacrebleu.corpus_bleu(ANSWERS_N.tolist(), [REFERENCES_N.tolist()]).score)
    pairs = zip(ANSWERS_N.tolist(), REFERENCES_N.tolist(), strict=True)
    assert found["chrf"] == pytest.approx(np.mean([sacrebleu.sentence_chrf(a, [r]).score for a, r in pairs]))
    assert found["exact_match"] == 0.25


def test_bleu_without_a_match_of_some_order_is_smoothed_as_sacrebleu_does():
    found = scores.summarise(ANSWERS_N[1:3], REFERENCES_N[1:3])["bleu"]
    reference = sacrebleu.corpus_bleu(ANSWERS_N[1:3].tolist(), [REFERENCES_N[1:3].tolist()]).score
    assert found == pytest.approx(reference)


def test_bleu_of_an_example_is_its_pseudo_value():
    def measured(rows):
        return sacrebleu.corpus_bleu(ANSWERS_N[rows].tolist(), [REFERENCES_N[rows].tolist()]).score

    found = scores.score_examples(ANSWERS_N, REFERENCES_N, "bleu")
    assert found == pytest.approx(pseudo_values(measured, 4))


SHORT_N = np.array(["zwei", "dreizehn", "vierundvierzig"])


def test_perfect_answers_of_one_word_have_a_bleu_of_100():
    """sacrebleu 2.6.0 says 0 by default: there is no sequence of four words."""
    assert sacrebleu.corpus_bleu(SHORT_N.tolist(), [SHORT_N.tolist()]).score == 0.0
    assert scores.summarise(SHORT_N, SHORT_N)["bleu"] == pytest.approx(100.0)
    assert scores.score_examples(SHORT_N, SHORT_N, "bleu") == pytest.approx([100.0] * 3)


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
    found = scores.summarise(np.array(answers), np.array(references))["bleu"]
    assert found == pytest.approx(bleu.corpus_score(answers, [references]).score)

    def measured(rows):
        return scores.summarise(np.array(answers)[rows], np.array(references)[rows])["bleu"]

    shares = scores.score_examples(np.array(answers), np.array(references), "bleu")
    assert shares == pytest.approx(pseudo_values(measured, 3))


def test_chrf_says_that_it_counts_no_spaces():
    answers, references = np.array(["t wo", "thirt een"]), np.array(["two", "thirteen"])
    found = scores.summarise(answers, references)
    assert (found["exact_match"], found["chrf"]) == (0.0, pytest.approx(100.0))
    (facts,) = (facts for facts in scores.METRICS if facts.name == "chrf")
    assert facts.meaning.endswith("spaces are not counted.")


def test_exact_match_compares_whole_answers_whatever_their_padding():
    found = are_same(torch.tensor([[4, END, PAD], [5, 6, END]]), torch.tensor([[4, END], [5, END]]))
    assert found.tolist() == [True, False]
    assert are_same(torch.tensor([[4, END]]), torch.tensor([[4, END, PAD, PAD]])).tolist() == [True]


TOKENIZER = CharacterTokenizer(tuple("abc"))
SPEC = TextPairSpec(
    name="made",
    fingerprint="f",
    split_fingerprint="s",
    num_train=4,
    num_val=1,
    num_test=2,
    source_tokenizer=TOKENIZER.to_dict(),
    target_tokenizer=TOKENIZER.to_dict(),
    source_vocab_size=TOKENIZER.vocab_size,
    target_vocab_size=TOKENIZER.vocab_size,
    max_source_length=4,
    max_target_length=5,
    typical_source_length=4,
    typical_target_length=4,
)


def test_an_attention_map_shows_the_source_as_the_model_was_trained_on_it():
    torch.manual_seed(0)
    net = Translation(spec=SPEC).network(lambda **form: Recurrent(width=8, cell="gru", depth=1, **form)).eval()
    (found,) = attention_map(net, "cab", SPEC)
    ((source_1S,), _) = token_batches(["cab"], SPEC, batch_size=1)
    assert found.columns == TOKENIZER.show_tokens(source_1S[0].tolist()) == ["c", "a", "b", "</s>"]
    answer_1L = greedy_search(net, source_1S, max_length=5)
    assert found.output == TOKENIZER.decode(answer_1L[0].tolist())
    assert np.shape(found.weights) == (answer_1L.shape[1], 4)


def test_learned_positions_must_reach_as_far_as_the_longest_text_of_either_side():
    def make(max_length):
        return lambda **form: Transformer(width=8, depth=1, heads=2, positions="learned", max_length=max_length, **form)

    Translation(spec=SPEC).network(make(5))
    with pytest.raises(ConfigError, match=r"model\.net\.max_length=4.*sequence of 5 tokens.*lower data\.max_length"):
        Translation(spec=SPEC).network(make(4))
    with pytest.raises(ConfigError, match="sequence of 6 tokens"):
        Translation(spec=dataclasses.replace(SPEC, max_length=6)).network(make(5))
