"""What a configuration must satisfy beyond names and types: ranges, and choices that depend on each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from bakeoff.config.catalog import Catalog
from bakeoff.config.schema import KNOB
from bakeoff.config.search_ranges import range_error
from bakeoff.config.signatures import signature
from bakeoff.config.suggestions import nearest_keys
from bakeoff.config.tree import UNRESOLVED, flatten, get
from bakeoff.config.typed import INSTEAD, type_errors
from bakeoff.errors import ConfigError, nearest

MOST_SEEDS = 2**32
"""NumPy takes no others."""
FEWEST_SEEDS = 3
"""Rule 14: three or four give a provisional table, five a verdict."""

UNSTACKED: dict[str, Any] = {
    "trainer.devices": 1,
    "trainer.num_nodes": 1,
    "trainer.accumulate": 1,
    "trainer.precision": "32-true",
    "trainer.compile": False,
    "trainer.max_seconds": None,
    "energy": None,
}
"""What seeds that are trained as one have to stand at: steps are taken together, and so are seconds and joules."""

Rule = tuple[Callable[[float], bool], str]
_POSITIVE: Rule = (lambda value: value > 0, "above 0")
_NOT_NEGATIVE: Rule = (lambda value: value >= 0, "0 or more")
_COUNT: Rule = (lambda value: value >= 1, "1 or more")
_FRACTION: Rule = (lambda value: 0 <= value < 1, "at least 0 and below 1")
SEED: Rule = (lambda value: 0 <= value < MOST_SEEDS, f"0 to {MOST_SEEDS - 1}")

RANGES: dict[str, Rule] = {
    "optimizer.lr": _POSITIVE,
    "optimizer.weight_decay": _NOT_NEGATIVE,
    "optimizer.eps": _POSITIVE,
    "optimizer.momentum": _FRACTION,
    "optimizer.dampening": _FRACTION,
    "optimizer.betas": _FRACTION,
    "task.predict.num_tokens": _COUNT,
    "task.predict.sampling.temperature": _NOT_NEGATIVE,
    "task.predict.sampling.top_k": _COUNT,
    "task.predict.sampling.top_p": (lambda value: 0 < value <= 1, "above 0 and at most 1"),
}
"""Of arguments of torch's, and of options of `predict`; bakeoff's own arguments say theirs (`bakeoff.ranges`)."""
MODEL_RANGES: dict[str, Rule] = {"width": _POSITIVE, "depth": _COUNT, "heads": _COUNT, "dropout": _FRACTION}
"""Of arguments that many networks have; others know their own ranges."""


def check(plain: dict[str, Any], catalog: Catalog) -> list[ConfigError]:
    """The errors of a plain configuration, from every rule below."""
    errors: list[ConfigError] = []
    for rule in _RULES:
        errors += rule(plain)
    return errors + _fit(plain, catalog)


def _output_dir(plain: dict[str, Any]) -> list[ConfigError]:
    """An empty one would be the current folder."""
    value = plain.get("output_dir")
    if not isinstance(value, str) or value.strip():
        return []
    problem, step = "is empty, as a variable is that the shell does not know", "output_dir=FOLDER, or leave it out"
    return [ConfigError("config.empty_value", "output_dir", None, problem, next_step=step)]


def _one_input(plain: dict[str, Any]) -> list[ConfigError]:
    """What is predicted for: a path or a text."""
    if not plain.keys() >= {"input", "text"} or (plain["input"] is None) != (plain["text"] is None):
        return []
    if plain["input"] is None:
        return [
            ConfigError(
                "config.missing_value", "input", None, "nothing is given", next_step="input=FILE, or text='...'"
            )
        ]
    problem = "input is given too"
    return [ConfigError("config.contradiction", "text", plain["text"], problem, next_step="leave one of them out")]


def _ranges(plain: dict[str, Any]) -> list[ConfigError]:
    errors = []
    for key, rule in (RANGES | {f"model.net.{name}": rule for name, rule in MODEL_RANGES.items()}).items():
        step = INSTEAD.get(key, f"bakeoff explain {key}")
        errors += out_of_range(key, get(plain, key), rule, step)
    return errors


def out_of_range(key: str, value: Any, rule: Rule, step: str) -> list[ConfigError]:
    """The error of a number outside of its range, or of a list that holds one; its next step is ``step``."""
    holds, words = rule
    values = value if isinstance(value, list) else [value]
    numbers = [item for item in values if isinstance(item, int | float) and not isinstance(item, bool)]
    if all(math.isfinite(number) and holds(number) for number in numbers):
        return []
    return [ConfigError("config.out_of_range", key, value, "is out of range", allowed=words, next_step=step)]


def too_few_seeds(seeds: int | Sequence[int]) -> ConfigError | None:
    """The error for seeds with which nothing can be said of the spread between them; None where they are enough."""
    if (seeds if isinstance(seeds, int) else len(seeds)) >= FEWEST_SEEDS:
        return None
    problem = f"a comparison needs at least {FEWEST_SEEDS} seeds, a verdict 5"
    step = "seeds=5; for single runs use bakeoff train -m"
    return ConfigError("config.too_few_seeds", "seeds", seeds, problem, next_step=step)


def _num_seeds(plain: dict[str, Any]) -> list[ConfigError]:
    """Looks say themselves how many seeds there are."""
    seeds = plain.get("seeds")
    if plain.get("looks") or isinstance(seeds, bool) or not isinstance(seeds, int | list):
        return []
    error = too_few_seeds(seeds)
    return [error] if error else []


def _seed_list(plain: dict[str, Any]) -> list[ConfigError]:
    seeds = plain.get("seeds")
    if not isinstance(seeds, list):
        return []
    if not seeds:
        return [ConfigError("config.empty_list", "seeds", "[]", "needs at least one seed", next_step="seeds=5")]
    numbers = [seed for seed in seeds if isinstance(seed, int)]
    if not all(map(SEED[0], numbers)) or len(set(numbers)) < len(numbers):
        return [ConfigError("config.out_of_range", "seeds", seeds, f"seeds must differ, and be {SEED[1]}")]
    return []


def _metric(plain: dict[str, Any]) -> list[ConfigError]:
    metric, metrics = get(plain, "task.metric"), get(plain, "task.metrics")
    if not isinstance(metrics, list) or not isinstance(metric, str) or metric in metrics:
        return []
    allowed = nearest(metric, map(str, metrics), count=len(metrics))
    problem = f"the task {get(plain, 'task.name')} measures no such thing"
    return [ConfigError("config.unknown_metric", "task.metric", metric, problem, allowed=allowed)]


def _monitors(plain: dict[str, Any]) -> list[ConfigError]:
    metrics = get(plain, "task.metrics")
    produced = [f"val/{name}" for name in dict.fromkeys(["loss", *metrics])] if isinstance(metrics, list) else []
    errors = []
    for key in flatten(plain):
        value = get(plain, key)
        if produced and key.rpartition(".")[2] == "monitor" and isinstance(value, str) and value not in produced:
            allowed = nearest(value, produced, count=len(produced))
            problem = "no such metric is produced in validation"
            errors.append(ConfigError("config.unknown_metric", key, value, problem, allowed=allowed))
    return errors


def _validation_happens(plain: dict[str, Any]) -> list[ConfigError]:
    every, epochs = get(plain, "trainer.val_every"), get(plain, "trainer.max_epochs")
    if isinstance(every, int) and isinstance(epochs, int) and every > epochs >= 1:
        problem = f"with trainer.max_epochs={epochs}, no validation would happen and no weights could be selected"
        step = f"trainer.val_every={epochs} or less"
        return [ConfigError("config.contradiction", "trainer.val_every", every, problem, next_step=step)]
    return []


def _budget(plain: dict[str, Any]) -> list[ConfigError]:
    mode, allowed = get(plain, "budget.mode"), {"params": "a number of parameters", "time": "seconds a trial"}
    if not isinstance(mode, str) or mode not in allowed or get(plain, "budget.value", UNRESOLVED) is not None:
        return []
    problem = f"budget={mode} needs a value"
    return [ConfigError("config.missing_value", "budget.value", None, problem, allowed=allowed[mode])]


def _stacked_seeds(plain: dict[str, Any]) -> list[ConfigError]:
    """Seeds that are trained as one are those of a comparison, and take the same steps in one way on one device."""
    count = get(plain, "trainer.stack_seeds")
    if not isinstance(count, int) or count < 2:
        return []
    if "contenders" not in plain:
        problem = "a single training has one seed; `compare` trains several as one"
        step = "trainer.stack_seeds=1"
        return [ConfigError("config.contradiction", "trainer.stack_seeds", count, problem, next_step=step)]
    found = {key: get(plain, key) for key in UNSTACKED}
    key = next((key for key, value in found.items() if value not in (UNSTACKED[key], None, UNRESOLVED)), None)
    if key is None and get(plain, "budget.mode") != "time":
        return []
    key = key or "budget"
    value, usual = (found[key], UNSTACKED[key]) if key in found else ("time", None)
    problem = f"seeds that are trained as one (trainer.stack_seeds={count}) " + (
        "share their seconds" if usual is None else f"need {key}={str(usual).lower()}"
    )
    return [ConfigError("config.contradiction", key, value, problem, next_step="trainer.stack_seeds=1")]


def _knobs(plain: dict[str, Any]) -> list[ConfigError]:
    knobs, target = get(plain, "model.knobs"), signature(str(get(plain, "model.net._target_", "")))
    if not isinstance(knobs, list) or target is None or target.open:
        return []
    errors, declared = [], signature(KNOB)
    for index, knob in enumerate(knobs):
        if isinstance(knob, dict) and declared is not None:
            errors += type_errors(knob, f"model.knobs.{index}", declared, explained="model.knobs")
        name = knob.get("arg") if isinstance(knob, dict) else None
        if not isinstance(name, str) or target.get(name) is None:
            allowed = nearest_keys(str(name), target.names())
            problem = f"{target.target.rpartition('.')[2]} takes no such argument"
            errors.append(ConfigError("config.unknown_key", f"model.knobs.{index}.arg", name, problem, allowed=allowed))
    return errors


def _searched(plain: dict[str, Any]) -> list[ConfigError]:
    """The ranges of the model and of the sweep; ``width: {factors}`` is the sweep's own."""
    sections = {key: get(plain, key) for key in ("model.search", "sweep.space")}
    found = {key: section for key, section in sections.items() if isinstance(section, dict)}
    spaces = {f"{key}.{name}": space for key, section in found.items() for name, space in section.items()}
    factors = get(plain, "sweep.space.width.factors")
    errors = (range_error(key, space) for key, space in spaces.items() if key != "sweep.space.width" or not factors)
    return [error for error in errors if error]


def _heads(plain: dict[str, Any]) -> list[ConfigError]:
    """Attention splits the width among its heads, unless the head's size is free (``head_dim``)."""
    net = get(plain, "model.net")
    declared = signature(str(net.get("_target_"))) if isinstance(net, dict) else None
    if declared is None or net.get("head_dim") is not None:
        return []
    width, heads = net.get("width"), net.get("heads", net.get("num_heads"))
    if not isinstance(width, int) or not isinstance(heads, int) or isinstance(width, bool) or heads < 1:
        return []
    if width % heads == 0:
        return []
    valid = sorted({max(width // heads, 1) * heads, (width // heads + 1) * heads})
    problem = f"is not divisible by its {heads} heads"
    return [ConfigError("config.contradiction", "model.net.width", width, problem, allowed=valid)]


def _fit(plain: dict[str, Any], catalog: Catalog) -> list[ConfigError]:
    """The model fulfils a contract that the task takes, and the data are of the task's kind."""
    errors = []
    for section in ("model", "data"):
        chosen = get(plain, section)
        if isinstance(chosen, dict) and not fits(section, chosen, plain):
            errors.append(misfit(section, section, chosen, plain, catalog))
    return errors


def fits(group: str, option: dict[str, Any], plain: dict[str, Any]) -> bool:
    """Whether a model or data set serves the task; one that does not say what it is for is left to its constructor."""
    contracts, kind = get(plain, "task.contract"), get(plain, "task.data_kind")
    if group == "data":
        return not isinstance(option.get("kind"), str) or not isinstance(kind, str) or option["kind"] == kind
    offered, own = option.get("contract"), option.get("data_kind")
    if not isinstance(offered, str) or not isinstance(contracts, list):
        return True
    return own == kind if isinstance(own, str) else offered in contracts


def misfit(key: str, group: str, option: dict[str, Any], plain: dict[str, Any], catalog: Catalog) -> ConfigError:
    """The error for a model or data set that does not serve the task; those that do are listed."""
    task, takes = get(plain, "task.name"), get(plain, "task.data_kind")
    if group == "model" and not isinstance(option.get("data_kind"), str):
        offered, takes = f"its contract is {option.get('contract')}", " or ".join(get(plain, "task.contract"))
    else:
        offered = f"its kind of data is {option.get('data_kind' if group == 'model' else 'kind')}"
    fitting = [name for name in catalog.options(group) if fits(group, catalog.content(group, name), plain)]
    problem = f"{offered}, and the task {task} takes {takes}"
    name = option.get("name")
    kin = [other for other in fitting if other.startswith(f"{name}_")]  # the same files, read for another task
    step = f"{group}={kin[0]}" if kin else f"bakeoff list {group}"
    return ConfigError(f"config.{group}_misfit", key, name, problem, allowed=fitting, next_step=step)


_RULES = (
    _output_dir,
    _one_input,
    _ranges,
    _seed_list,
    _num_seeds,
    _metric,
    _monitors,
    _validation_happens,
    _budget,
    _stacked_seeds,
    _knobs,
    _heads,
    _searched,
)
