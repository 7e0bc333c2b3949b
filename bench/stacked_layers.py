"""Recurrent layers of several seeds as one, with gradients by hand, to be held against the fused layers of torch.

Cho et al. 2014, arXiv:1406.1078 (GRU, as torch computes it); Hochreiter and Schmidhuber 1997 (LSTM); gradients through
time after Werbos 1990. All factors of the gradients that no step hangs on are computed for all steps at once.

K seeds, B batch, T time steps, D size of an input step, H units, G gates times H.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

CELLS: dict[str, type[nn.RNNBase]] = {"gru": nn.GRU, "lstm": nn.LSTM}


class StackedLayer(nn.Module):
    """Layers of one direction, of a cell of `CELLS`, as one."""

    def __init__(self, layers: Sequence[nn.RNNBase]) -> None:
        super().__init__()
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        stacked = [torch.stack([getattr(layer, name).detach() for layer in layers]) for name in names]
        self.weights = nn.ParameterList(stacked)
        self.run = _GRU if isinstance(layers[0], nn.GRU) else _LSTM

    def forward(self, x_KBTD: Tensor) -> Tensor:
        """The states, shape ``(K, B, T, H)``."""
        states_TKBH: Tensor = self.run.apply(x_KBTD.permute(2, 0, 1, 3), *self.weights)  # type: ignore[no-untyped-call]
        return states_TKBH.permute(1, 2, 0, 3)


def _by_seed(x_TKBD: Tensor) -> Tensor:
    """Shape ``(K, T B, D)``."""
    return x_TKBD.transpose(0, 1).flatten(1, 2)


def _from_inputs(x_TKBD: Tensor, weight_KGD: Tensor, bias_KG: Tensor) -> Tensor:
    """What the inputs add to the gates, shape ``(T, K, B, G)``."""
    gates = torch.baddbmm(bias_KG.unsqueeze(1), _by_seed(x_TKBD), weight_KGD.mT)
    return gates.unflatten(1, (x_TKBD.shape[0], -1)).transpose(0, 1).contiguous()


def _to_inputs(x_TKBD: Tensor, weight_KGD: Tensor, gates_TKBG: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of inputs, of their weights and of their biases."""
    gates = _by_seed(gates_TKBG)
    inputs = torch.bmm(gates, weight_KGD).unflatten(1, (x_TKBD.shape[0], -1)).transpose(0, 1)
    return inputs, torch.bmm(gates.mT, _by_seed(x_TKBD)), gates.sum(dim=1)


class _GRU(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x_TKBD: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Tensor:
        units, from_inputs = w_hh.shape[-1], _from_inputs(x_TKBD, w_ih, b_ih)
        shape = (*x_TKBD.shape[:-1], units)
        states, new, hidden = (
            x_TKBD.new_zeros(len(x_TKBD) + 1, *shape[1:]),
            x_TKBD.new_empty(shape),
            x_TKBD.new_empty(shape),
        )
        gates, w_hh_transposed = x_TKBD.new_empty(*shape[:-1], 2 * units), w_hh.mT.contiguous()
        for t in range(len(x_TKBD)):
            gates_h, new_h = torch.baddbmm(b_hh.unsqueeze(1), states[t], w_hh_transposed).split((2 * units, units), -1)
            gates_x, new_x = from_inputs[t].split((2 * units, units), -1)
            torch.add(gates_x, gates_h, out=gates[t]).sigmoid_()
            reset, update = gates[t].split(units, -1)
            hidden[t] = new_h
            torch.addcmul(new_x, reset, new_h, out=new[t]).tanh_()
            torch.lerp(new[t], states[t], update, out=states[t + 1])
        ctx.save_for_backward(x_TKBD, w_ih, w_hh, states, gates, new, hidden)
        return states[1:]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, ...]:
        x_TKBD, w_ih, w_hh, states, gates, new, hidden = ctx.saved_tensors
        units = new.shape[-1]
        reset, update = gates.split(units, -1)
        to_new, to_update = (1 - update) * (1 - new * new), (states[:-1] - new) * update * (1 - update)
        to_reset = hidden * reset * (1 - reset)
        found = x_TKBD.new_empty(*new.shape[:-1], 4 * units)  # of reset, update, new, and new as the state sees it
        passed = torch.zeros_like(states[0])
        for t in range(len(new) - 1, -1, -1):
            passed = passed + gradients[0][t]
            of_reset, of_update, of_new, of_hidden = found[t].split(units, -1)
            torch.mul(passed, to_new[t], out=of_new)
            torch.mul(of_new, to_reset[t], out=of_reset)
            torch.mul(passed, to_update[t], out=of_update)
            torch.mul(of_new, reset[t], out=of_hidden)
            passed = torch.baddbmm(passed * update[t], torch.cat((of_reset, of_update, of_hidden), -1), w_hh)
        of_states = _by_seed(torch.cat((found[..., : 2 * units], found[..., 3 * units :]), -1))
        inputs, weights, biases = _to_inputs(x_TKBD, w_ih, found[..., : 3 * units])
        return inputs, weights, torch.bmm(of_states.mT, _by_seed(states[:-1])), biases, of_states.sum(dim=1)


class _LSTM(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x_TKBD: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Tensor:
        units, gates = w_hh.shape[-1], _from_inputs(x_TKBD, w_ih, b_ih + b_hh)
        shape = (*x_TKBD.shape[:-1], units)
        states, cells = x_TKBD.new_zeros(2, len(x_TKBD) + 1, *shape[1:])
        shown, w_hh_transposed = x_TKBD.new_empty(shape), w_hh.mT.contiguous()
        for t in range(len(x_TKBD)):
            gates[t].baddbmm_(states[t], w_hh_transposed)
            kept, new, output = gates[t].split((2 * units, units, units), -1)
            write, keep = kept.sigmoid_().split(units, -1)
            torch.mul(keep, cells[t], out=cells[t + 1]).addcmul_(write, new.tanh_())
            torch.tanh(cells[t + 1], out=shown[t])
            torch.mul(output.sigmoid_(), shown[t], out=states[t + 1])
        ctx.save_for_backward(x_TKBD, w_ih, w_hh, states, cells, gates, shown)
        return states[1:]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, ...]:
        x_TKBD, w_ih, w_hh, states, cells, gates, shown = ctx.saved_tensors
        write, keep, new, output = gates.chunk(4, -1)
        of_cell = (new * write * (1 - write), cells[:-1] * keep * (1 - keep), write * (1 - new * new))
        to_three, to_output = torch.stack(of_cell, dim=-2), shown * output * (1 - output)
        to_cell, found = output * (1 - shown * shown), x_TKBD.new_empty(*shown.shape[:-1], 4, shown.shape[-1])
        passed = carried = torch.zeros_like(states[0])
        for t in range(len(shown) - 1, -1, -1):
            passed = passed + gradients[0][t]
            carried = torch.addcmul(carried, passed, to_cell[t])
            torch.mul(carried.unsqueeze(-2), to_three[t], out=found[t, ..., :3, :])
            torch.mul(passed, to_output[t], out=found[t, ..., 3, :])
            passed, carried = torch.bmm(found[t].flatten(-2), w_hh), carried * keep[t]
        of_gates = found.flatten(-2)
        inputs, weights, biases = _to_inputs(x_TKBD, w_ih, of_gates)
        return inputs, weights, torch.bmm(_by_seed(of_gates).mT, _by_seed(states[:-1])), biases, biases
