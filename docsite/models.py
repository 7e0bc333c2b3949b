"""A page for each model of ``conf/model``: its paper, its blocks, its settings, and the tasks that take it."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from typing import Any

import torch
from omegaconf import OmegaConf
from torch import Tensor, nn

from bakeoff.commands.explain import option_rows
from bakeoff.commands.listing import one_line
from bakeoff.config import build
from bakeoff.config.catalog import Catalog
from bakeoff.config.rules import fits
from bakeoff.config.sources import find_definition
from bakeoff.errors import BakeoffError
from bakeoff.models.contracts import Detector, ImageTooSmall, SequenceBackbone
from bakeoff.models.cost import build_on_meta, count_parameters
from docsite.diagram import blocks_of, drawn
from docsite.tables import commands_of, table

FAMILIES = {"cnn": "CNN", "rnn": "RNN", "transformer": "Transformer", "baseline": "Baseline"}
SIDES = (28, 64, 224)
"""Of images, in pixels; the first that a model takes."""
_STEPS = 16
_ARXIV = re.compile(r"arXiv:([\w./-]+\d)")


def index(catalog: Catalog) -> str:
    """All models, by family."""
    rows = []
    for name in by_family(catalog):
        content = catalog.content("model", name)
        family = FAMILIES[content["family"]]
        rows.append([f"[{name}]({name}.md)", family, one_line(catalog, "model", name), _paper(content["paper"])])
    return f"# Models\n\nEach is chosen with `model=NAME`.\n\n{table(['model', 'family', 'what it is', 'paper'], rows)}"


def by_family(catalog: Catalog) -> list[str]:
    """The names of all models, family after family."""
    order = {name: list(FAMILIES).index(catalog.content("model", name)["family"]) for name in catalog.options("model")}
    return sorted(order, key=lambda name: (order[name], name))


def page(catalog: Catalog, name: str) -> str:
    """The page of a model."""
    content = catalog.content("model", name)
    target = content["net"]["_target_"]
    contract = content["contract"]
    parts = [
        f"# {name}",
        f"{FAMILIES[content['family']]}, {contract}. {_paper(content['paper'])}",
        _docstring(target),
        "## Try it",
        commands_of(catalog, "model", name),
        "## Tasks that take it",
        _tasks(catalog, name, content),
        "## Blocks",
        _blocks(content, name),
        "## Settings",
        table(
            ["key", "value", "type", "what it is"],
            [
                [f"`{row.key}`", f"`{row.value}`", row.kind.replace("|", "or"), row.doc]
                for row in option_rows(catalog, "model", name)
            ],
        ),
        _size(content),
        _search(content),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _paper(paper: str) -> str:
    return _ARXIV.sub(r"[arXiv:\1](https://arxiv.org/abs/\1)", paper)


def _docstring(target: str) -> str:
    """What a class says of itself before its arguments."""
    module, _, name = target.rpartition(".")
    found = find_definition(module, name)
    text = ast.get_docstring(found[1]) if found and isinstance(found[1], ast.ClassDef | ast.FunctionDef) else ""
    said = re.split(r"^(?:Args|Raises|Attributes|Returns):", inspect.cleandoc(text or ""), maxsplit=1, flags=re.M)[0]
    return said.replace("``", "`").strip()


def _tasks(catalog: Catalog, name: str, content: dict[str, Any]) -> str:
    rows = []
    for task in catalog.options("task"):
        section = catalog.content("task", task)
        if fits("model", content, {"task": section}):
            roles = {"contenders": "contender by default", "baselines": "baseline by default"}
            rows.append(
                [
                    f"[{task}](../tasks/{task}.md)",
                    ", ".join(said for key, said in roles.items() if name in section[key]),
                ]
            )
    return table(["task", ""], rows)


def _blocks(content: dict[str, Any], name: str) -> str:
    built = _built(content)
    if built is None:
        return "There is no network of its own to draw: " + (
            "it is fitted in one go." if content["contract"] == "FittedModel" else "it is what `model.name` chooses."
        )
    net, side = built
    picture = drawn(blocks_of(net, _call(net, side)), label=f"The blocks of {name}")
    told = (
        f"As `conf/model/{name}.yaml` has it: {count_parameters(net):,} parameters, without the task's stem and head."
        " Drawn from the built network: parts stand in the order in which they first run, with the shape of what they"
        " give (without the batch); × says how many alike follow each other."
    )
    return f'{told}\n\n<figure class="drawn">{picture}</figure>'


def _built(content: dict[str, Any]) -> tuple[nn.Module, int] | None:
    """The network, without memory for its numbers, and the side of its images; None where the model is not one."""
    section = OmegaConf.create({"model": content}).model.net
    for side in SIDES:
        images = content["contract"] in ("ImageBackbone", "Detector")
        arguments = {"in_channels": 3, "image_size": (side, side)} if images else {}
        try:
            made = build_on_meta(lambda arguments=arguments: build(section, "model.net", **arguments))
        except (ImageTooSmall, BakeoffError):
            continue
        return (made, side) if isinstance(made, nn.Module) else None
    return None


def _call(net: nn.Module, side: int) -> Callable[[nn.Module], Any]:
    """Runs the network on one example of what its contract takes."""
    if isinstance(net, SequenceBackbone):
        return lambda net: net(torch.zeros(1, _STEPS, net.width, device="meta"))
    images_BCHW = torch.zeros(1, 3, side, side, device="meta")
    return lambda net: net(images_BCHW, _no_answers) if isinstance(net, Detector) else net(images_BCHW)


def _no_answers(vectors: Tensor) -> tuple[Tensor, Tensor]:
    return vectors.new_zeros(*vectors.shape[:-1], 2), vectors.new_zeros(*vectors.shape[:-1], 4)


def _size(content: dict[str, Any]) -> str:
    if not content["knobs"]:
        return ""
    knobs = ", ".join(f"`{knob['arg']}`" for knob in content["knobs"])
    return f"## Size\n\nA budget turns {knobs}, in that order."


def _search(content: dict[str, Any]) -> str:
    if not content.get("search"):
        return ""
    rows = [
        [f"`{key}`", str(space.get("low", space)), str(space.get("high", "")), space.get("scale", "")]
        for key, space in content["search"].items()
    ]
    return f"## Search\n\nWhat `tune.trials=20` tries.\n\n{table(['key', 'from', 'to', 'scale'], rows)}"
