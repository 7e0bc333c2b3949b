"""A page for each task of ``conf/task``: its models by family, metrics, data, experiments and settings.

What a page of that name under ``docs/tasks`` says comes first.
"""

from __future__ import annotations

from typing import Any

from bakeoff.commands.explain import option_rows
from bakeoff.commands.listing import one_line
from bakeoff.config.allowlist import resolve
from bakeoff.config.catalog import Catalog, load_yaml
from bakeoff.config.rules import fits
from bakeoff.config.signatures import signature
from bakeoff.metrics import MetricFacts
from bakeoff.tasks.contract import Task
from docsite.links import ROOT
from docsite.models import FAMILIES
from docsite.tables import commands_of, table

_UNITS = {"fraction": "0 to 1, printed in percent", "points": "0 to 100", "seconds": "seconds", "none": ""}


def index(catalog: Catalog) -> str:
    """All tasks, with what stands against what by default."""
    rows = []
    for name in catalog.options("task"):
        section = catalog.content("task", name)
        metric = _class(section).facts(section["metric"], direction=section["direction"]).label
        rows.append(
            [f"[{title(name)}]({name}.md)", metric, _named(section["contenders"]), _named(section["baselines"])]
        )
    columns = ["task", "judged by", "contenders by default", "baselines"]
    return f"# Tasks\n\nEach is chosen with `task=NAME`.\n\n{table(columns, rows)}"


def title(name: str) -> str:
    """``object_detection`` as people write it."""
    return name.replace("_", " ").capitalize()


def page(catalog: Catalog, name: str) -> str:
    """The page of a task."""
    section = catalog.content("task", name)
    own = ROOT / "docs" / "tasks" / f"{name}.md"
    target = section["module"]["_target_"]
    declared = signature(target)
    head = (
        own.read_text("utf-8").rstrip()
        if own.exists()
        else f"# {title(name)}\n\n{declared.summary if declared else ''}"
    )
    parts = [
        head,
        "## Models, by family",
        "Each fits; those in bold compete by default.",
        _families(catalog, section),
        "## Metrics",
        f"The verdict is about `{section['metric']}`, unless `task.metric=` and `task.direction=` say otherwise. Beside"
        f" the contenders stands the trivial answer: {_class(section).trivial_words}.",
        _metrics(section),
        "## Data sets",
        f"Data of the kind `{section['data_kind']}`; `bakeoff explain NAME` says what each takes.",
        _data(catalog, section),
        "## Experiments",
        _experiments(catalog, name),
        "## Settings",
        _settings(catalog, name, target),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _class(section: dict[str, Any]) -> type[Task]:
    found = resolve(section["module"]["_target_"], key="task.module")
    assert isinstance(found, type) and issubclass(found, Task)
    return found


def _named(contenders: list[Any]) -> str:
    names = [item if isinstance(item, str) else item["model"] for item in contenders]
    return ", ".join(f"[{name}](../models/{name}.md)" for name in names)


def _families(catalog: Catalog, section: dict[str, Any]) -> str:
    cells: dict[str, list[str]] = {family: [] for family in FAMILIES}
    default = [
        item if isinstance(item, str) else item["model"] for item in [*section["contenders"], *section["baselines"]]
    ]
    for name in catalog.options("model"):
        content = catalog.content("model", name)
        if fits("model", content, {"task": section}):
            link = f"[{name}](../models/{name}.md)"
            cells[content["family"]].append(f"**{link}**" if name in default else link)
    rows = [[FAMILIES[family], ", ".join(links) or "none"] for family, links in cells.items()]
    return table(["family", "models"], rows)


def _metrics(section: dict[str, Any]) -> str:
    rows = [
        [f"`{facts.name}`", facts.label, _better(facts), facts.meaning] for facts in _class(section).metrics_declared
    ]
    return table(["key", "metric", "better is", "what it is"], rows)


def _better(facts: MetricFacts) -> str:
    way = "higher" if facts.direction == "maximize" else "lower"
    return ", ".join(filter(None, (way, _UNITS[facts.unit], "" if facts.is_mean else "tested by pseudo-values")))


def _data(catalog: Catalog, section: dict[str, Any]) -> str:
    rows = []
    for name in catalog.options("data"):
        if fits("data", catalog.content("data", name), {"task": section}):
            rows.append([f"`data={name}`", one_line(catalog, "data", name)])
    return table(["choose", "what it is"], rows)


def _experiments(catalog: Catalog, task: str) -> str:
    found = [name for name in catalog.options("experiment") if _task_of(catalog, name) == task]
    told = [
        f"### {name}\n\n{catalog.summary('experiment', name)}\n\n{commands_of(catalog, 'experiment', name)}"
        for name in found
    ]
    return "\n\n".join(told) or "None so far."


def _task_of(catalog: Catalog, experiment: str) -> str:
    """The task that an experiment chooses, itself or by what it inherits; else that of a bakeoff by default."""
    path = catalog.path("experiment", experiment)
    chosen = ""
    for item in load_yaml(path).get("defaults", []) if path else []:
        if isinstance(item, str) and item != "_self_":
            chosen = _task_of(catalog, item)
        elif isinstance(item, dict):
            chosen = item.get("override /task", chosen)
    return chosen or _default_task(catalog)


def _default_task(catalog: Catalog) -> str:
    path = catalog.path("", "compare")
    defaults = load_yaml(path)["defaults"] if path else []
    return next(item["task"] for item in defaults if isinstance(item, dict) and "task" in item)


def _settings(catalog: Catalog, name: str, target: str) -> str:
    """Settings of loss, stem, head and `predict`, each with what its comment or its argument's docstring says."""
    declared, beside = signature(target), catalog.comments("task", name)
    rows = []
    for row in option_rows(catalog, "task", name):
        key = row.key.removeprefix("task.")
        parameter = declared.get(key.rpartition(".")[2]) if declared else None
        if key.startswith(("module.", "network.", "predict.")):
            doc = beside.get(row.key) or row.doc or (parameter.doc if parameter else "")
            rows.append([f"`{row.key}`", f"`{row.value}`", doc])
    return table(["key", "value", "what it is"], rows)
