"""Search and scores of translation, against enumeration and sacreBLEU."""

import dataclasses

import numpy as np
import pytest
import torch

from bakeoff.data.text.prediction import token_batches
from bakeoff.data.text.spec import TextPairSpec
from bakeoff.data.text.vocabularies import CharacterTokenizer
from bakeoff.errors import ConfigError
from bakeoff.models.rnn.recurrent import Recurrent
from bakeoff.models.transformer.encoder import Transformer
from bakeoff.tasks.translation.attention_map import attention_map
from bakeoff.tasks.translation.task import Translation
from bakeoff.tasks.written.search import greedy_search

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
