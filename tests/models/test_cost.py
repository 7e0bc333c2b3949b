"""Counts against counts worked by hand: a multiply-add is two, backward is twice forward less what is not needed."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from bakeoff.errors import ConfigError
from bakeoff.models.cost import (
    build_on_meta,
    count_non_embedding,
    count_parameters,
    flops_per_example,
)
from bakeoff.models.rnn.recurrent import Recurrent
from bakeoff.models.rnn.renet import ReNet
from bakeoff.models.transformer.encoder import SelfAttention, Transformer


def shaped(*sizes: int, dtype: torch.dtype = torch.float32) -> Callable[[int], Tensor]:
    """Makes inputs of this shape for a number of examples."""
    return lambda batch_size: torch.zeros(batch_size, *sizes, dtype=dtype)


class FirstOutput(nn.Module):
    """The output sequence of one of torch's recurrent layers."""

    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x_BTD: Tensor) -> Tensor:
        return self.layers(x_BTD)[0]


class Attention(nn.Module):
    """Unmasked self-attention."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = SelfAttention(width=6, heads=2, head_dim=4)

    def forward(self, x_BTD: Tensor) -> Tensor:
        return self.attention(x_BTD, visible_mask=None, causal=False)


def test_linear_layers() -> None:
    model = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3))
    forward = 2 * 5 * 7 + 2 * 7 * 3
    first_input_gradient = 2 * 5 * 7
    assert flops_per_example(model, shaped(5), training=False) == forward
    assert flops_per_example(model, shaped(5)) == 3 * forward - first_input_gradient


def test_convolutions() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Conv2d(4, 6, 2, stride=2))
    first, second = 2 * (10 * 12) * 4 * 3 * 9, 2 * (5 * 6) * 6 * 4 * 4
    assert flops_per_example(model, shaped(3, 10, 12), training=False) == first + second
    assert flops_per_example(model, shaped(3, 10, 12)) == 2 * first + 3 * second


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("depth", [1, 2])
def test_recurrent_layers(kind: type[nn.RNNBase], directions: int, depth: int) -> None:
    steps, width, hidden = 4, 5, 7
    gates = {nn.RNN: 1, nn.GRU: 3, nn.LSTM: 4}[kind]
    model = FirstOutput(kind(width, hidden, depth, batch_first=True, bidirectional=directions == 2))
    from_data = directions * steps * 2 * width * gates * hidden
    from_below = (depth - 1) * directions * steps * 2 * (directions * hidden) * gates * hidden
    from_before = depth * directions * steps * 2 * hidden * gates * hidden
    forward = from_data + from_below + from_before
    # No gradient is needed of the data, nor of the zero state before the first step.
    not_needed = from_data + from_before // steps
    assert flops_per_example(model, shaped(steps, width), training=False) == forward
    assert flops_per_example(model, shaped(steps, width)) == 3 * forward - not_needed


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_counting_all_steps_at_once_equals_counting_step_by_step(kind: type[nn.RNNBase]) -> None:
    layers = kind(5, 7, 2, batch_first=True, bidirectional=True, device="meta")
    with FlopCounterMode(display=False) as counter:
        layers(torch.zeros(1, 6, 5, device="meta"))[0].sum().backward()
    assert flops_per_example(FirstOutput(layers), shaped(6, 5)) == counter.get_total_flops()


def test_last_states_reach_what_follows() -> None:
    class LastState(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.LSTM(5, 7, 2, batch_first=True)
            self.head = nn.Linear(7, 3)

        def forward(self, x_BTD: Tensor) -> Tensor:
            return self.head(self.layers(x_BTD)[1][0][-1])

    recurrent = 4 * 2 * 4 * 7 * (5 + 7 + 7 + 7)
    assert flops_per_example(LastState(), shaped(4, 5), training=False) == recurrent + 2 * 7 * 3


def test_attention() -> None:
    steps, width, heads, head_dim = 11, 6, 2, 4
    project = 2 * steps * width * 3 * heads * head_dim
    scores_and_mixture = 2 * (2 * heads * steps * steps * head_dim)
    output = 2 * steps * heads * head_dim * width
    forward = project + scores_and_mixture + output
    assert flops_per_example(Attention(), shaped(steps, width), training=False) == forward
    assert flops_per_example(Attention(), shaped(steps, width)) == 3 * forward - project


def test_torchs_own_encoder_is_counted_in_eval_mode() -> None:
    layer = nn.TransformerEncoderLayer(6, 2, 9, batch_first=True)
    dense = 2 * 11 * (6 * 18 + 6 * 6 + 2 * 6 * 9)
    scores_and_mixture = 2 * (2 * 2 * 11 * 11 * 3)
    assert flops_per_example(layer, shaped(11, 6), training=False) == dense + scores_and_mixture


def test_sequences_cost_what_their_layers_cost() -> None:
    causal = Recurrent(width=8, cell="lstm", depth=1, causal=True)
    assert flops_per_example(causal, shaped(5, 8), training=False) == 5 * 2 * 4 * 8 * (8 + 8)
    model = Transformer(width=8, depth=2, heads=2, mlp_width=12)
    attention = 2 * 5 * (8 * 24 + 8 * 8) + 2 * (2 * 2 * 5 * 5 * 4)
    assert flops_per_example(model, shaped(5, 8), training=False) == 2 * (attention + 2 * 5 * 2 * 8 * 12)


def test_renet_is_counted_map_by_map() -> None:
    model = ReNet(in_channels=1, image_size=(8, 8), width=6, patch_sizes=(2,), projection=5)
    places = 4 * 4
    vertical = places * 2 * 2 * 4 * 3 * (4 + 3)
    horizontal = places * 2 * 2 * 4 * 3 * (6 + 3)
    projection = places * 2 * 6 * 5
    assert flops_per_example(model, shaped(1, 8, 8), training=False) == vertical + horizontal + projection


def test_tokens_are_counted_too() -> None:
    model = nn.Sequential(nn.Embedding(20, 6), nn.Linear(6, 20))
    tokens = shaped(9, dtype=torch.long)
    assert flops_per_example(model, tokens, training=False) == 9 * 2 * 6 * 20
    assert flops_per_example(model, tokens) == 3 * 9 * 2 * 6 * 20


def test_batch_norm_on_a_single_pixel_is_counted() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 2), nn.BatchNorm2d(4))
    assert flops_per_example(model, shaped(3, 2, 2)) == 2 * (2 * 4 * 3 * 4)


def test_counting_leaves_the_model_as_it_was() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    flops_per_example(model, shaped(3))
    assert not model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(p.grad is None and p.device.type == "cpu" for p in model.parameters())


def test_a_count_of_zero_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"config\.flops_uncounted.*ReLU"):
        flops_per_example(nn.ReLU(), shaped(3), training=False)


def test_parameters_are_counted_once_and_only_if_trained() -> None:
    embedding, head = nn.Embedding(20, 6), nn.Linear(6, 20)
    head.weight = embedding.weight
    model = nn.Sequential(embedding, nn.Linear(6, 6), head)
    assert count_parameters(model) == 20 * 6 + (6 * 6 + 6) + 20
    assert count_non_embedding(model) == (6 * 6 + 6) + 20
    model[1].weight.requires_grad = False
    assert count_parameters(model) == 20 * 6 + 6 + 20


def test_sizes_are_known_without_memory() -> None:
    model = build_on_meta(lambda: Transformer(width=8192, depth=48, heads=64))
    assert count_parameters(model) == 48 * (12 * 8192**2 + 13 * 8192) + 2 * 8192
    assert all(p.is_meta for p in model.parameters())


class Operations(TorchDispatchMode):
    """Notes what torch computes, if only on ``meta``."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.add(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


def test_no_first_value_is_drawn_where_none_is_kept() -> None:
    def network() -> nn.Module:
        layers = [nn.Linear(3, 4), nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Embedding(5, 6), nn.LSTM(3, 4)]
        nn.init.constant_(layers[0].bias, 1.0)
        return nn.ModuleList(layers)

    with Operations() as seen:
        network()
    assert seen.names >= {"uniform_", "normal_", "fill_", "zero_"}
    with Operations() as seen:
        build_on_meta(network)
    assert not seen.names & {"uniform_", "normal_", "fill_", "zero_"}
