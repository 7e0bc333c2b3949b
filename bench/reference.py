"""The hand-written training loop that throughput is measured against: what one writes when nothing else is needed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def examples_per_second(
    net: nn.Module,
    make_optimizer: Callable[[list[dict[str, Any]]], torch.optim.Optimizer],
    images_NCHW: Tensor,
    labels_N: Tensor,
    *,
    batch_size: int,
    epochs: int,
) -> float:
    """Training examples a second of a plain loop over tensors in memory, shuffled every epoch; no log, no metrics.

    Weight decay is kept from biases and norms, as in what is measured: each group of parameters costs a step its own
    call of the optimizer's kernel.
    """
    decayed = [parameter for parameter in net.parameters() if parameter.ndim >= 2]
    others = [parameter for parameter in net.parameters() if parameter.ndim < 2]
    optimizer = make_optimizer([{"params": decayed}, {"params": others, "weight_decay": 0.0}])
    net.train()
    start = time.perf_counter()
    for _ in range(epochs):
        order = torch.randperm(len(images_NCHW))
        for first in range(0, len(order), batch_size):
            rows = order[first : first + batch_size]
            optimizer.zero_grad()
            loss = F.cross_entropy(net(images_NCHW[rows]), labels_N[rows])
            loss.backward()
            optimizer.step()
    return epochs * len(images_NCHW) / (time.perf_counter() - start)
