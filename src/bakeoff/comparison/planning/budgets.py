"""What is held equal: parameters, training FLOPs, wall time or examples seen (rules 1-5).

`params` sets each contender's size; the other modes leave sizes as they are and set when training stops.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any

from bakeoff.comparison.planning.sizing import solve_size
from bakeoff.data.spec import Spec
from bakeoff.errors import ConfigError
from bakeoff.models.cost import build_on_meta, count_non_embedding, count_parameters
from bakeoff.record.contenders import Contender
from bakeoff.training.loop.limits import steps_for_examples
from bakeoff.training.trial.configuration import TrialConfig

FAR_AWAY_EPOCHS = 1_000_000
"""Where something else than epochs ends training."""


def fit_budget(contenders: Sequence[Contender], budget: Mapping[str, Any], spec: Spec) -> None:
    """Brings every contender to the budget, and counts what it costs. Baselines keep their own size and training.

    Raises:
        ConfigError: no size comes within the tolerance and ``budget.allow_mismatch`` is off.
    """
    entered = [contender for contender in contenders if not contender.is_baseline]
    if budget["mode"] == "params":
        for contender in entered:
            _fit_size(contender, budget, spec)
    for contender in contenders:
        _count_costs(contender, spec)
    stop = {"flops": _stop_at_flops, "time": _stop_at_seconds, "examples": _stop_at_examples}.get(budget["mode"])
    if stop is not None:
        stop(entered, budget, spec)


def _fit_size(contender: Contender, budget: Mapping[str, Any], spec: Spec) -> None:
    """Turns the model's knobs; arguments that the entry itself sets are not turned."""
    knobs = [knob for knob in contender.config["model"].get("knobs") or [] if knob["arg"] not in contender.overrides]
    sized = solve_size(
        lambda args: _count_parameters(contender, args, spec),
        knobs,
        target=int(budget["value"]),
        tolerance=float(budget["tolerance"]),
        allow_mismatch=bool(budget["allow_mismatch"]),
        name=contender.name,
    )
    contender.size_args, contender.relative_error = dict(sized.args), float(sized.relative_error)
    contender.config["model"]["net"] |= sized.args


def _count_parameters(contender: Contender, args: Mapping[str, Any], spec: Spec) -> int:
    config = copy.deepcopy(contender.config)
    config["model"]["net"] |= args
    return count_parameters(build_on_meta(lambda: TrialConfig.of(config).network(spec)))


def _count_costs(contender: Contender, spec: Spec) -> None:
    trial = TrialConfig.of(contender.config)
    if trial.is_fitted:
        contender.params = contender.non_embedding_params = trial.fitted_model().num_parameters(spec)
        return
    net = build_on_meta(lambda: trial.network(spec))
    contender.params = count_parameters(net)
    contender.non_embedding_params = count_non_embedding(net)
    contender.train_flops_per_example = trial.make_task(spec).train_flops_per_example(net)


def _stop_at_flops(contenders: Sequence[Contender], budget: Mapping[str, Any], spec: Spec) -> None:
    """Equal training FLOPs: the given number, or what the cheapest contender spends in ``trainer.max_epochs``."""
    epochs = TrialConfig.of(contenders[0].config).trainer.max_epochs
    flops = {contender.name: contender.train_flops_per_example or math.nan for contender in contenders}
    cheapest = min(flops.values())
    total = float(budget["value"] or cheapest * epochs * spec.num_train)
    for contender in contenders:
        examples = total / flops[contender.name]
        _set_stop(contender, max_examples=max(round(examples), 1), epochs=math.ceil(examples / spec.num_train) + 1)
        # Training is in whole batches: the error is that of the nearest number of them.
        trial = TrialConfig.of(contender.config)
        batch = trial.batch_size * trial.trainer.num_ranks
        _, trained = steps_for_examples(max(round(examples), 1), batch, spec.num_train)
        contender.relative_error = trained * flops[contender.name] / total - 1.0
        if abs(contender.relative_error) > float(budget["tolerance"]) and not budget["allow_mismatch"]:
            raise ConfigError(
                "config.budget_unreachable",
                "budget.value",
                f"{total:.3g}",
                f"{contender.name} can only spend it in steps of {batch * flops[contender.name]:.3g} FLOPs",
                next_step="a larger budget.value, or a smaller data.batch_size",
            )


def _stop_at_seconds(contenders: Sequence[Contender], budget: Mapping[str, Any], spec: Spec) -> None:
    """Equal seconds of training; seed by seed, contenders take turns on the same machine."""
    for contender in contenders:
        contender.config["trainer"] |= {"max_seconds": float(budget["value"]), "max_epochs": FAR_AWAY_EPOCHS}


def _stop_at_examples(contenders: Sequence[Contender], budget: Mapping[str, Any], spec: Spec) -> None:
    """Equal examples seen: the given number, or ``trainer.max_epochs`` for all."""
    if budget["value"] is not None:
        examples = int(budget["value"])
        for contender in contenders:
            _set_stop(contender, max_examples=examples, epochs=math.ceil(examples / spec.num_train) + 1)


def _set_stop(contender: Contender, *, max_examples: int, epochs: int) -> None:
    contender.config["trainer"] |= {"max_examples": max_examples, "max_epochs": epochs}
