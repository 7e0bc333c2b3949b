"""Gradient flow of contenders before training, and of finished runs before and after it.

B batch, T time steps, D model width.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bakeoff.config import build
from bakeoff.config.composition import compose_section
from bakeoff.data.text.spec import END
from bakeoff.errors import ConfigError
from bakeoff.models.contracts import SequenceBackbone
from bakeoff.models.gradient_flow import backbone_of, gradient_flow
from bakeoff.record.layout import PLAN, RESULT, WEIGHTS, trial_folder
from bakeoff.record.plan import RecordedPlan
from bakeoff.record.reading import read
from bakeoff.tasks.tokens import TokenStem
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.saved_run import load_run


def of_contenders(
    entries: Sequence[str | Mapping[str, Any]], *, lengths: Sequence[int], batch_size: int, seed: int
) -> list[dict[str, Any]]:
    """What ``gradients.json`` says of models before training: causal, on random numbers of variance 1.

    Args:
        entries: model names, or mappings with changes of a model's arguments.
        lengths: time steps, a curve each.
        batch_size: B.
        seed: of weights and inputs.

    Raises:
        ConfigError: an unknown model, or one that is no causal sequence model.
    """
    found = []
    for entry in entries:
        changes = {"model": entry} if isinstance(entry, str) else dict(entry)
        model, name = str(changes.pop("model")), changes.pop("name", None)
        section = compose_section("model", model, {"net": changes} if changes else None)
        shown = f"{model} ({', '.join(f'{key}={value}' for key, value in changes.items())})" if changes else model
        torch.manual_seed(seed)
        backbone = _causal(section)
        curves = [_curve(backbone, _numbers(batch_size, length, backbone.width, seed)) for length in lengths]
        found.append({"name": name or shown, "family": section["family"], "state": "initial", "curves": curves})
    return found


def of_runs(runs: Mapping[str, Path], *, lengths: Sequence[int], batch_size: int, seed: int) -> list[dict[str, Any]]:
    """What ``gradients.json`` says of finished runs, by name, each before and after training.

    Inputs are random tokens through the network's own embedding, so that both see what they would in use.

    Args:
        runs: folder by name.
        lengths: time steps, two curves each.
        batch_size: B.
        seed: of the inputs; weights before training are drawn with the run's own.

    Raises:
        ConfigError, CheckpointError: no such run, not one to trust, or no sequence model.
    """
    found = []
    for name, folder in runs.items():
        saved = load_run(folder)
        torch.manual_seed(saved.trial.seed)
        networks = {"initial": saved.trial.network(saved.spec), "trained": saved.module().net}
        for state, net in networks.items():
            backbone = _backbone(net, folder)
            curves = [_curve(backbone, _tokens(net, batch_size, length, seed)) for length in lengths]
            found.append({"name": name, "family": saved.trial.family, "state": state, "curves": curves})
    return found


def runs_of_bakeoff(folder: Path) -> dict[str, Path]:
    """The first finished trial of each contender of a bakeoff, by the contender's name.

    Raises:
        ConfigError: no contender has one.
    """
    plan = RecordedPlan.from_dict(read(folder / PLAN))
    found: dict[str, Path] = {}
    for contender in plan.entered:
        trials = [trial_folder(folder, trial) for trial in contender.trials]
        finished = [trial for trial in trials if (trial / WEIGHTS).exists() and (trial / RESULT).exists()]
        if finished and not TrialConfig.of(contender.config).is_fitted:
            found[contender.name] = finished[0]
    if not found:
        raise ConfigError("config.no_run", "run", folder, "no contender of this bakeoff has a finished trial")
    return found


def _curve(backbone: SequenceBackbone, x_BTD: Tensor) -> dict[str, Any]:
    flow = gradient_flow(backbone, x_BTD)
    by_distance = [float(f"{norm:.6g}") for norm in flow.by_distance]
    return {"length": x_BTD.shape[1], "by_distance": by_distance, "by_layer": flow.by_layer}


def _causal(section: Mapping[str, Any]) -> SequenceBackbone:
    if section["contract"] != "SequenceBackbone":
        problem = f"{section['name']} is no sequence model"
        raise ConfigError(
            "config.model_misfit", "contenders", section["name"], problem, next_step="bakeoff list models"
        )
    backbone = build(section["net"], "model.net", causal=True, cross_attention=False)
    if not isinstance(backbone, SequenceBackbone):
        problem = f"{section['name']} reads tokens, which have no gradient"
        raise ConfigError("config.model_misfit", "contenders", section["name"], problem)
    return backbone


def _backbone(net: nn.Module, folder: Path) -> SequenceBackbone:
    try:
        return backbone_of(net)
    except ValueError as error:
        raise ConfigError("config.model_misfit", "run", folder, str(error)) from error


def _numbers(batch_size: int, length: int, width: int, seed: int) -> Tensor:
    return torch.randn(batch_size, length, width, generator=torch.Generator().manual_seed(seed))


def _tokens(net: nn.Module, batch_size: int, length: int, seed: int) -> Tensor:
    """Random tokens, or numbers where that is what the stem reads, through the stem."""
    stem = copy.deepcopy(net.stem).cpu() if isinstance(getattr(net, "stem", None), nn.Module) else None
    with torch.no_grad():
        if isinstance(stem, TokenStem):
            vocab_size = stem.embedding.num_embeddings
            generator = torch.Generator().manual_seed(seed)
            return stem(
                torch.randint(min(END + 1, vocab_size - 1), vocab_size, (batch_size, length), generator=generator)
            )
        if isinstance(stem, nn.Linear):
            return stem(_numbers(batch_size, length, stem.in_features, seed))
    return _numbers(batch_size, length, backbone_of(net).width, seed)
