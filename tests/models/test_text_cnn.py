"""`TextCNN` against windows cut out by hand.

B batch, T time steps, C channels of one kernel size, D model width.
"""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from bakeoff.models.activations import ACTIVATIONS
from bakeoff.models.cnn.text_cnn import TextCNN
from bakeoff.models.cost import count_parameters


def features_by_hand(x_TD: Tensor, model: TextCNN) -> Tensor:
    """``f(w . x_window + b)`` of each window and kernel size (Kim 2014, equation 2), side by side."""
    columns = []
    for conv in model.convs:
        size = conv.kernel_size[0]
        before = size // 2
        padded_TD = F.pad(x_TD, (0, 0, before, size - 1 - before))
        windows_TKD = torch.stack([padded_TD[step : step + size] for step in range(len(x_TD))])
        columns.append(torch.tanh(torch.einsum("tkd,cdk->tc", windows_TKD, conv.weight) + conv.bias))
    return torch.cat(columns, dim=1)


def test_features_of_all_windows_are_projected() -> None:
    torch.manual_seed(0)
    model = TextCNN(width=5, channels=4, activation="tanh")
    x_BTD = torch.randn(1, 9, 5)
    expected_TD = model.projection(features_by_hand(x_BTD[0], model))
    torch.testing.assert_close(model(x_BTD)[0], expected_TD, rtol=0, atol=1e-5)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_sentences_shorter_than_the_windows_are_read(length: int) -> None:
    assert TextCNN(width=5)(torch.randn(2, length, 5)).shape == (2, length, 5)


def test_padding_is_read_as_the_end() -> None:
    torch.manual_seed(0)
    model = TextCNN(width=5)
    x_BTD = torch.randn(1, 6, 5)
    padding_BT = torch.arange(6)[None] >= 4
    padded_BTD = model(x_BTD, padding_mask_BT=padding_BT)
    torch.testing.assert_close(padded_BTD[:, :4], model(x_BTD[:, :4]), rtol=0, atol=1e-6)


def test_parameters_worked_by_hand() -> None:
    convolutions = sum(5 * 4 * size + 4 for size in (2, 7))
    assert count_parameters(TextCNN(width=5, channels=4, kernel_sizes=(2, 7))) == convolutions + (2 * 4 + 1) * 5


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_is_taken(name: str) -> None:
    model = TextCNN(width=4, activation=name)
    assert all(isinstance(act, ACTIVATIONS[name]) for act in model.activations)
    assert model(torch.randn(1, 3, 4)).isfinite().all()


def test_what_it_cannot_do_is_refused_with_what_can() -> None:
    with pytest.raises(ValueError, match="causal=True needs model=tcn or model=gated_conv"):
        TextCNN(width=4, causal=True)
    with pytest.raises(ValueError, match="cross_attention=True needs model=tcn or model=gated_conv"):
        TextCNN(width=4, cross_attention=True)
    with pytest.raises(ValueError, match=r"kernel_sizes must hold one or more positive sizes; got \[3, 0\]"):
        TextCNN(width=4, kernel_sizes=(3, 0))
    with pytest.raises(ValueError, match="a memory needs a model with cross_attention=True"):
        TextCNN(width=4)(torch.zeros(1, 2, 4), memory_BSD=torch.zeros(1, 2, 4))
