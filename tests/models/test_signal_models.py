"""The models of MNIST-1D at the sizes of the paper, against their equations."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from bakeoff.models.baseline.linear import LinearPixels
from bakeoff.models.cnn.signal_cnn import SignalCNN
from bakeoff.models.contracts import ImageBackbone, ImageTooSmall
from bakeoff.models.cost import count_parameters
from bakeoff.models.rnn.signal_gru import SignalGRU
from bakeoff.tasks.image_classification.task import Classifier

SIGNAL = {"in_channels": 1, "image_size": (40, 1)}


@pytest.mark.parametrize(("model", "published"), [(SignalCNN, 5_210), (SignalGRU, 5_134), (LinearPixels, 410)])
def test_has_the_published_number_of_parameters(model: type[ImageBackbone], published: int) -> None:
    assert count_parameters(Classifier(model(**SIGNAL), 10)) == published


def test_the_cnn_is_three_strided_convolutions_flattened() -> None:
    model = SignalCNN(**SIGNAL)
    signals_B1T = torch.randn(3, 1, 40)
    expected = signals_B1T
    for index in (0, 2, 4):
        conv = model.layers[index]
        expected = F.relu(F.conv1d(expected, conv.weight, conv.bias, stride=2, padding=1))
    assert expected.shape == (3, 25, 5)
    torch.testing.assert_close(model(signals_B1T[..., None])[-1].flatten(1), expected.flatten(1))


def test_the_gru_gives_all_states_of_both_directions() -> None:
    model = SignalGRU(**SIGNAL)
    signals_BT = torch.randn(3, 40)
    states_BTH, last_2BH = model.layer(signals_BT[..., None])
    found_BTH = model(signals_BT[:, None, :, None])[-1].unflatten(1, (40, 12))[..., 0, 0]
    torch.testing.assert_close(found_BTH, states_BTH)
    torch.testing.assert_close(found_BTH[:, -1, :6], last_2BH[0])
    torch.testing.assert_close(found_BTH[:, 0, 6:], last_2BH[1])


def test_a_signal_shorter_than_the_first_kernel_is_refused() -> None:
    SignalCNN(in_channels=1, image_size=(3, 1))
    with pytest.raises(ImageTooSmall, match="at least 3 rows; got 2x1"):
        SignalCNN(in_channels=1, image_size=(2, 1))
