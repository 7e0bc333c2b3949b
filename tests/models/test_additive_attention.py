"""Additive attention against the sums of the paper, written out.

B batch, T time steps, S steps of the memory, D model width, H size of a query.
"""

import torch

from bakeoff.models.attention import recorded_attention
from bakeoff.models.rnn.additive_attention import AdditiveAttention, AttentionalOutput
from bakeoff.models.rnn.recurrent import Recurrent


def test_the_score_is_that_of_the_paper() -> None:
    torch.manual_seed(0)
    layer = AdditiveAttention(query_width=3, memory_width=4, attention_width=5)
    torch.nn.init.normal_(layer.query.bias)
    query_H, memory_SD = torch.randn(3), torch.randn(6, 4)
    v, w, u = layer.score.weight[0], layer.query.weight, layer.key.weight
    scores_S = torch.stack([v @ torch.tanh(w @ query_H + layer.query.bias + u @ step_D) for step_D in memory_SD])
    expected_D = scores_S.exp() / scores_S.exp().sum() @ memory_SD
    found_BTD = layer(query_H[None, None], layer.memory(memory_SD[None], None))
    torch.testing.assert_close(found_BTD[0, 0], expected_D)


def test_padding_has_no_weight_and_the_others_share_it() -> None:
    torch.manual_seed(0)
    layer = AdditiveAttention(query_width=3, memory_width=4, attention_width=5)
    memory_BSD, padding_BS = torch.randn(1, 6, 4), torch.tensor([[False, True, False, False, True, True]])
    query_BTH = torch.randn(1, 2, 3)
    with recorded_attention(layer) as found:
        masked_BTD = layer(query_BTH, layer.memory(memory_BSD, padding_BS))
    weights_BTS = found[""][0]
    assert (weights_BTS[0, :, padding_BS[0]] == 0).all()
    torch.testing.assert_close(weights_BTS.sum(dim=-1), torch.ones(1, 2))
    torch.testing.assert_close(masked_BTD, layer(query_BTH, layer.memory(memory_BSD[:, ~padding_BS[0]], None)))


def test_the_output_is_a_squashed_map_of_state_and_what_was_found() -> None:
    torch.manual_seed(0)
    layer = AttentionalOutput(state_width=3, width=4)
    states_BTH, memory = torch.randn(1, 2, 3), layer.attention.memory(torch.randn(1, 6, 4), None)
    found_BTD = layer.attention(states_BTH, memory)
    of_state, of_found = layer.combine.weight.split([3, 4], dim=1)
    expected_BTD = torch.tanh(states_BTH @ of_state.T + found_BTD @ of_found.T + layer.combine.bias)
    torch.testing.assert_close(layer(states_BTH, memory), expected_BTD)


def test_a_decoders_states_do_not_depend_on_the_memory() -> None:
    torch.manual_seed(0)
    model = Recurrent(width=4, causal=True, cross_attention=True)
    x_BTD = torch.randn(1, 3, 4)
    _, (one, _) = model.forward_from(x_BTD, model.initial_state(1, memory_BSD=torch.randn(1, 5, 4)))
    _, (other, _) = model.forward_from(x_BTD, model.initial_state(1, memory_BSD=torch.randn(1, 5, 4)))
    torch.testing.assert_close(one, other, rtol=0, atol=0)
