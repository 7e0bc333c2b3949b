"""`Recurrent` against plain loops over steps.

B batch, T time steps, D model width, H hidden units.
"""

import pytest
import torch
from torch import Tensor, nn

from bakeoff.models.rnn.layers import SequenceDropout, recurrent_layers, run_packed, run_two_directions
from bakeoff.models.rnn.recurrent import Recurrent


def lstm_loop(layers: nn.LSTM, x_TD: Tensor, *, suffix: str) -> Tensor:
    """The LSTM of the paper (with forget gates), one step at a time."""
    weight = dict(layers.named_parameters())
    h_H = c_H = torch.zeros(layers.hidden_size)
    states = []
    for x_D in x_TD:
        gates = weight[f"weight_ih_{suffix}"] @ x_D + weight[f"bias_ih_{suffix}"]
        gates = gates + weight[f"weight_hh_{suffix}"] @ h_H + weight[f"bias_hh_{suffix}"]
        i_H, f_H, g_H, o_H = gates.chunk(4)
        c_H = f_H.sigmoid() * c_H + i_H.sigmoid() * g_H.tanh()
        h_H = o_H.sigmoid() * c_H.tanh()
        states.append(h_H)
    return torch.stack(states)


def test_two_directions_are_two_loops_side_by_side() -> None:
    torch.manual_seed(0)
    model = Recurrent(width=6, depth=1)
    x_TD = torch.randn(5, 6)
    forwards_TH = lstm_loop(model.layers, x_TD, suffix="l0")
    backwards_TH = lstm_loop(model.layers, x_TD.flip(0), suffix="l0_reverse").flip(0)
    torch.testing.assert_close(model(x_TD[None])[0], torch.cat([forwards_TH, backwards_TH], dim=-1))


def test_padded_rows_are_read_backwards_from_their_last_real_step() -> None:
    torch.manual_seed(0)
    model = Recurrent(width=6, depth=1)
    x_BTD = torch.randn(1, 5, 6)
    padding_BT = torch.tensor([[False, True, False, False, True]])
    real_TD = x_BTD[0, ~padding_BT[0]]
    backwards_TH = lstm_loop(model.layers, real_TD.flip(0), suffix="l0_reverse").flip(0)
    found_TD = model(x_BTD, padding_mask_BT=padding_BT)[0, ~padding_BT[0]]
    torch.testing.assert_close(found_TD[:, 3:], backwards_TH)


def test_stacked_causal_layers_feed_one_another() -> None:
    torch.manual_seed(0)
    model = Recurrent(width=4, depth=2, causal=True)
    x_TD = torch.randn(5, 4)
    first_TH = lstm_loop(model.layers, x_TD, suffix="l0")
    torch.testing.assert_close(model(x_TD[None])[0], lstm_loop(model.layers, first_TH, suffix="l1"))


@pytest.mark.parametrize(
    ("cell", "causal", "hidden", "expected"),
    [
        ("rnn", True, None, 8 * 8 + 8 * 8 + 16),
        ("lstm", True, None, 4 * (8 * 8 + 8 * 8 + 16)),
        ("gru", False, None, 2 * 3 * (4 * 8 + 4 * 4 + 8)),
        ("gru", False, 5, 2 * 3 * (5 * 8 + 5 * 5 + 10) + 10 * 8 + 8),
    ],
)
def test_parameters_worked_by_hand(cell: str, causal: bool, hidden: int | None, expected: int) -> None:
    model = Recurrent(width=8, depth=1, cell=cell, causal=causal, hidden=hidden)
    assert sum(p.numel() for p in model.parameters()) == expected


def test_recurrent_matrices_start_orthogonal_and_the_forget_gate_open() -> None:
    layers = recurrent_layers("lstm", 3, hidden=5)
    for gate in layers.weight_hh_l0.detach().split(5):
        torch.testing.assert_close(gate @ gate.T, torch.eye(5), rtol=0, atol=1e-5)
    bias = (layers.bias_ih_l0 + layers.bias_hh_l0).detach()
    assert bias.tolist() == [0] * 5 + [1] * 5 + [0] * 10


def test_dropout_falls_between_layers_only() -> None:
    assert recurrent_layers("gru", 3, hidden=5, depth=2, dropout=0.5).dropout == 0.5
    assert recurrent_layers("gru", 3, hidden=5, depth=1, dropout=0.5).dropout == 0


def test_a_width_that_two_directions_cannot_share_is_refused() -> None:
    with pytest.raises(ValueError, match="width must be even for two directions; got 7, nearest 6 and 8"):
        Recurrent(width=7)
    Recurrent(width=7, causal=True)


def test_an_unknown_cell_is_refused() -> None:
    with pytest.raises(ValueError, match="cell must be one of rnn, lstm, gru; got 'lstmm'"):
        Recurrent(width=8, cell="lstmm")


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_packed_rows_and_one_direction_at_a_time_are_the_same(cell: str) -> None:
    torch.manual_seed(0)
    layers = recurrent_layers(cell, 4, hidden=3, depth=2, bidirectional=True)
    x_BTD, lengths_B = torch.randn(3, 7, 4), torch.tensor([7, 1, 4])
    found_BTH = run_two_directions(layers, x_BTD, lengths_B)
    expected_BTH = run_packed(layers, x_BTD, lengths_B)
    for found_TH, expected_TH, length in zip(found_BTH, expected_BTH, lengths_B, strict=True):
        torch.testing.assert_close(found_TH[:length], expected_TH[:length])


def test_one_direction_is_enough_where_asked() -> None:
    torch.manual_seed(0)
    model = Recurrent(width=5, depth=1, bidirectional=False)
    assert (model.causal, model.carries_state) == (False, True)
    x_TD = torch.randn(4, 5)
    torch.testing.assert_close(model(x_TD[None])[0], lstm_loop(model.layers, x_TD, suffix="l0"))


def test_a_causal_model_cannot_read_backwards() -> None:
    with pytest.raises(ValueError, match="causal=True and bidirectional=True"):
        Recurrent(width=8, causal=True, bidirectional=True)


def test_a_norm_follows_each_layer() -> None:
    torch.manual_seed(0)
    model = Recurrent(width=4, depth=2, causal=True, layer_norm=True)
    first, second = model.layers.layers
    x_TD = torch.randn(5, 4)
    normed_TH = nn.functional.layer_norm(lstm_loop(first, x_TD, suffix="l0"), [4])
    expected_TH = nn.functional.layer_norm(lstm_loop(second, normed_TH, suffix="l0"), [4])
    torch.testing.assert_close(model(x_TD[None])[0], expected_TH)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_separate_layers_read_padded_rows_as_stacked_ones_do(cell: str, causal: bool) -> None:
    torch.manual_seed(0)
    stacked = Recurrent(width=6, cell=cell, causal=causal)
    separate = Recurrent(width=6, cell=cell, causal=causal, variational_dropout=True)
    for name, parameter in stacked.layers.named_parameters():
        layer = int(name.split("_l")[1][0])
        separate.layers.layers[layer].get_parameter(name.replace(f"_l{layer}", "_l0")).data.copy_(parameter)
    x_BTD = torch.randn(3, 5, 6)
    padding_BT = torch.tensor([[False] * 5, [True, False, True, False, True], [False, True, True, True, True]])
    found_BTD, expected_BTD = (model(x_BTD, padding_mask_BT=padding_BT) for model in (separate, stacked))
    torch.testing.assert_close(found_BTD[~padding_BT], expected_BTD[~padding_BT])


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_separate_layers_carry_their_state(cell: str) -> None:
    torch.manual_seed(0)
    model = Recurrent(width=6, cell=cell, causal=True, hidden=5, layer_norm=True, variational_dropout=True).eval()
    x_BTD = torch.randn(2, 7, 6)
    first_BTD, state = model.forward_from(x_BTD[:, :3], None)
    second_BTD, _ = model.forward_from(x_BTD[:, 3:], state)
    torch.testing.assert_close(torch.cat([first_BTD, second_BTD], dim=1), model(x_BTD), rtol=0, atol=1e-6)


def test_a_sequence_keeps_its_dropped_units_over_all_steps() -> None:
    torch.manual_seed(0)
    kept_BTD = SequenceDropout(0.5)(torch.ones(4, 6, 50))
    assert set(kept_BTD.unique().tolist()) == {0.0, 2.0}
    assert (kept_BTD == kept_BTD[:, :1]).all()
    assert not (kept_BTD[0] == kept_BTD[1]).all()
    assert (SequenceDropout(0.5).eval()(torch.ones(1, 2, 3)) == 1).all()


def test_a_single_layer_has_dropout_on_its_input() -> None:
    torch.manual_seed(0)
    model, x_BTD = Recurrent(width=8, depth=1, dropout=0.5), torch.randn(1, 3, 8)
    assert not torch.equal(model(x_BTD), model(x_BTD))
    without = Recurrent(width=8, depth=1, dropout=0.5, input_dropout=False)
    assert torch.equal(without(x_BTD), without(x_BTD))
