"""Where training K seeds of one contender as one stacked model pays on a CPU: by the step, on one thread.

K networks of a bakeoff's contender take an optimizer step (forward, loss, backward, AdamW) one after the other, and as
one network whose weights have an axis for the seeds (`torch.func.stack_module_state`, `torch.func.vmap`), on the same
batches. Recurrent layers have no rule in `vmap` and are stacked by hand, which is measured on the layer alone, without
an optimizer. Sizes, data and batches are those of the experiments. Milliseconds of the processor for a step of all K;
the two take turns, and the ratio, how many times faster the stacked step is, is the median of the pairs. Stacking is
worth its while from 1.3. The column "bakeoff" is the stacked step, "reference" the K steps one after the other.

A step is no training: data, validation, metrics and answers to the test, which each seed has for itself, take a third
to a half of the processor time where networks are as small as these. ``trainer.stack_seeds=5`` trained
five seeds of the mlp with 10,000 parameters on digits for 40 epochs in 9.4 s of the processor, where single trials took
11.1 (1.18), and five of the tcn with 30,000 on ItalyPowerDemand in 14.5 s, where they took 20.6 (1.41); one run each on
a busy machine. Losses of its steps were within 1e-5 of those of single trials, dropout included. It keeps one core busy
where five trials keep five, so it saves time only where groups of seeds outnumber cores.

No GPU was at hand, so nothing of GPUs was measured.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from bakeoff.comparison.planning.plan import make_plan
from bakeoff.config.composition import Composer
from bakeoff.data.batches.batch import Batch, Tree
from bakeoff.models.tracing import traced
from bakeoff.training.loop.module import TrainingModule
from bakeoff.training.trial.configuration import TrialConfig
from bench.sequences import in_turns
from bench.stacked_layers import CELLS, StackedLayer

SEEDS = (2, 5, 10)
PAYS = 1.3
"""The target."""
BATCHES = 4


@dataclass(frozen=True)
class Case:
    """Contenders of a bakeoff, in its own sizes."""

    what: str
    overrides: tuple[str, ...]


CASES = (
    Case(
        "budget of 5,200 parameters, 40 steps of MNIST-1D, batch 100",
        ("experiment=demo", "contenders=[signal_cnn,{model: vit, depth: 2, dropout: 0.0}]"),
    ),
    Case(
        "budget of 10,000 parameters, digits 8x8, batch 64",
        ("contenders=[mlp,lenet]", "baselines=[]", "budget.value=10_000", "data=digits"),
    ),
    Case(
        "budget of 50,000 parameters, digits 8x8, batch 128",
        (
            "contenders=[mlp,lenet,resnet,vit]",
            "baselines=[]",
            "budget.value=50_000",
            "data=digits",
            "data.batch_size=128",
        ),
    ),
    Case(
        "budget of 30,000 parameters, 24 steps of ItalyPowerDemand, batch 16",
        (
            "task=series_classification",
            "data=ucr",
            "data.name=ItalyPowerDemand",
            "contenders=[text_cnn,tcn,gated_conv,transformer]",
            "baselines=[]",
            "budget.value=30_000",
        ),
    ),
    Case(
        "budget of 40,000 parameters, windows of M1 monthly in 12 patches, batch 128",
        (
            "experiment=monash_m1_monthly",
            "contenders=[{model: gated_conv, depth: 4, kernel_size: 3},{model: transformer, depth: 2}]",
            "budget.value=40_000",
        ),
    ),
)
LAYERS = ((100, 40, 12), (32, 24, 32), (64, 50, 64), (128, 20, 64))
"""Of recurrent layers: rows of a batch, steps, units."""


def measure(*, repeats: int) -> list[dict[str, Any]]:
    """One row for each network and number of seeds."""
    torch.set_num_threads(1)
    rows = [row for case in CASES for row in _networks(case, repeats)]
    rows += [_layer(cell, shape, seeds, repeats) for cell in CELLS for shape in LAYERS for seeds in SEEDS]
    worth = [row["what"] for row in rows if row["ratio"] >= PAYS]
    print("\n".join([f"stacking pays {PAYS} or more in {len(worth)} of {len(rows)} cases:", *worth]), flush=True)
    return rows


def _networks(case: Case, repeats: int) -> list[dict[str, Any]]:
    overrides = [*case.overrides, f"seeds={max(SEEDS)}", "trainer.accelerator=cpu"]
    plan = make_plan(OmegaConf.to_container(Composer().compose("compare", overrides).cfg, resolve=True))
    trials: dict[str, list[TrialConfig]] = {}
    for job in plan.jobs(Path()):
        trials.setdefault(job.label.contender, []).append(TrialConfig.of(job.config))
    networks = {name: seeds for name, seeds in trials.items() if not seeds[0].is_fitted}
    return [
        _row(f"{name}, {case.what}", trials[:seeds], repeats) for name, trials in networks.items() for seeds in SEEDS
    ]


def _row(what: str, trials: Sequence[TrialConfig], repeats: int) -> dict[str, Any]:
    data = trials[0].open_data()
    batches: list[Batch] = list(itertools.islice(data.train_dataloader(), BATCHES))
    modules = []
    for trial in trials:
        torch.manual_seed(trial.seed)
        modules.append(trial.module(data.spec).train())
    one_by_one, together = _one_by_one(modules), _together(modules)
    return _summary(
        what, len(trials), repeats, lambda: list(map(one_by_one, batches)), lambda: list(map(together, batches))
    )


def _one_by_one(modules: Sequence[TrainingModule]) -> Callable[[Batch], None]:
    optimizers = [module.configure_optimizers() for module in modules]

    def step(batch: Batch) -> None:
        for module, optimizer in zip(modules, optimizers, strict=True):
            optimizer.zero_grad()
            module.task.loss(module.net(batch.inputs), batch, training=True).backward()
            optimizer.step()

    return step


def _together(modules: Sequence[TrainingModule]) -> Callable[[Batch], None]:
    first = modules[0]
    weights, buffers = stack_module_state([module.net for module in modules])
    matrices = [weight for weight in weights.values() if weight.ndim >= 3]
    others = [weight for weight in weights.values() if weight.ndim < 3]
    optimizer = first.make_optimizer([{"params": matrices}, {"params": others, "weight_decay": 0.0}])

    def loss(weights: Tree, buffers: Tree, inputs: Tree, targets: Tree, size: int) -> Tensor:
        outputs = functional_call(first.net, (weights, buffers), (inputs,))
        return first.task.loss(outputs, Batch(inputs, targets, size), training=True)

    def step(batch: Batch) -> None:
        optimizer.zero_grad()
        inputs, targets = (_repeated(tree, len(modules)) for tree in (batch.inputs, batch.targets))
        with traced():
            losses_K = vmap(loss, in_dims=(0, 0, 0, 0, None), randomness="different")(
                weights, buffers, inputs, targets, batch.size
            )
        losses_K.sum().backward()
        optimizer.step()

    return step


def _repeated(tree: Tree, seeds: int) -> Tree:
    """Batches of all seeds in one: where they differ, it takes as long."""
    if isinstance(tree, Tensor):
        return torch.stack([tree] * seeds)
    return tuple(_repeated(part, seeds) for part in tree)


def _layer(cell: str, shape: tuple[int, int, int], seeds: int, repeats: int) -> dict[str, Any]:
    rows, steps, units = shape
    layers: list[nn.RNNBase] = [CELLS[cell](units, units, batch_first=True) for _ in range(seeds)]
    stacked, x_KBTD = StackedLayer(layers), torch.randn(seeds, rows, steps, units)

    def one_by_one() -> None:
        for layer, x_BTD in list(zip(layers, x_KBTD, strict=True)) * BATCHES:
            layer.zero_grad()
            layer(x_BTD)[0].square().mean().backward()

    def together() -> None:
        for _ in range(BATCHES):
            stacked.zero_grad()
            stacked(x_KBTD).square().mean(dim=(1, 2, 3)).sum().backward()

    return _summary(f"{cell} layer, {units} units, {steps} steps, batch {rows}", seeds, repeats, one_by_one, together)


def _summary(
    what: str, seeds: int, repeats: int, one_by_one: Callable[[], object], together: Callable[[], object]
) -> dict[str, Any]:
    def milliseconds(of: Callable[[], object]) -> float:
        start = time.process_time()
        of()
        return (time.process_time() - start) * 1e3 / BATCHES

    row = in_turns(lambda _: milliseconds(together), lambda _: milliseconds(one_by_one), repeats, digits=2)
    faster = {"ratio": round(1 / row["ratio"], 2), "target": PAYS, "better": "at least"}
    return {"what": f"{what}: K={seeds}", **row, **faster}
