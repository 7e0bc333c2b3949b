"""Gradients by distance and layer, against recurrences worked by hand."""

import math

import pytest
import torch
from torch import Tensor, nn

from bakeoff.models.cnn.tcn import TCN
from bakeoff.models.contracts import SequenceBackbone
from bakeoff.models.gradient_flow import backbone_of, gradient_flow, gradient_norm, gradient_rms
from tests.contracts.sequence_forms import Form, forms, sequences


class LinearRNN(SequenceBackbone):
    """``h_t = w h_(t-1) + x_t``, in each of the D numbers on its own."""

    def __init__(self, *, width: int, weight: float) -> None:
        super().__init__()
        self.width, self.causal = width, True
        self.weight = nn.Parameter(torch.tensor(weight))

    def forward(
        self,
        x_BTD: Tensor,
        *,
        padding_mask_BT: Tensor | None = None,
        memory_BSD: Tensor | None = None,
        memory_padding_mask_BS: Tensor | None = None,
    ) -> Tensor:
        states = [torch.zeros_like(x_BTD[:, 0])]
        for x_BD in x_BTD.unbind(1):
            states.append(self.weight * states[-1] + x_BD)
        return torch.stack(states[1:], dim=1)


@pytest.mark.parametrize("weight", [0.5, -0.9, 1.0, 1.25])
@pytest.mark.parametrize("width", [1, 3])
def test_a_linear_rnn_passes_on_a_power_of_its_weight(weight, width):
    found = gradient_flow(LinearRNN(width=width, weight=weight), torch.randn(2, 40, width))
    exact = abs(torch.tensor(weight).double().item())
    assert found.by_distance == pytest.approx([exact**k for k in range(40)], rel=1e-12)


def test_the_gradient_of_its_weight_is_the_sum_over_all_steps():
    x_BTD = torch.tensor([[[2.0], [3.0], [5.0]]])
    found = gradient_flow(LinearRNN(width=1, weight=0.5), x_BTD)
    # h_3 = w (w x_1 + x_2) + x_3, so its derivative in w is 2 w x_1 + x_2.
    assert found.by_layer == pytest.approx({"itself": 2 * 0.5 * 2.0 + 3.0})


def test_far_gradients_are_told_where_single_precision_has_none():
    found = gradient_flow(LinearRNN(width=1, weight=0.5), torch.randn(1, 600, 1))
    assert math.log2(found.by_distance[599]) == pytest.approx(-599)


def test_nothing_reaches_beyond_the_receptive_field_of_a_tcn():
    tcn = TCN(width=4, causal=True, levels=2, kernel_size=2)
    by_distance = gradient_flow(tcn, torch.randn(3, 20, 4)).by_distance
    # Two convolutions a level with dilations 1 and 2: 1 + 2 (1 + 2) = 7 steps.
    assert all(norm > 0 for norm in by_distance[:7])
    assert set(by_distance[7:]) == {0.0}


@pytest.mark.parametrize("form", forms(causal=True, cross_attention=False))
def test_every_causal_model_can_be_looked_at_and_is_left_as_it_was(form: Form):
    model = form.make()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = gradient_flow(model, sequences(2, 9))
    assert len(found.by_distance) == 9
    assert all(math.isfinite(value) for value in (*found.by_distance, *found.by_layer.values()))
    assert found.by_distance[0] > 0
    assert all(value.dtype == before[name].dtype for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_root_mean_squares_are_told_by_layer_stacked_recurrent_layers_apart():
    lstm = nn.LSTM(3, 4, num_layers=2, bidirectional=True)
    net = nn.ModuleDict({"rnn": lstm, "conv": nn.utils.parametrizations.weight_norm(nn.Conv1d(2, 2, 1))})
    for parameter in net.parameters():
        parameter.grad = torch.full_like(parameter, 3.0)
    net["conv"].bias.grad = torch.zeros(2)
    assert gradient_rms(net) == pytest.approx({"rnn.l0": 3.0, "rnn.l1": 3.0, "conv": 3.0 * math.sqrt(6 / 8)})
    total = sum(parameter.numel() for parameter in net.parameters()) - 2
    assert gradient_norm(net) == pytest.approx(3.0 * math.sqrt(total))


def test_a_network_without_gradients_has_none():
    assert (gradient_rms(nn.Linear(2, 2)), gradient_norm(nn.Linear(2, 2))) == ({}, 0.0)


def test_a_network_without_a_sequence_backbone_is_refused():
    with pytest.raises(ValueError, match="Linear holds no sequence backbone"):
        backbone_of(nn.Linear(2, 2))
