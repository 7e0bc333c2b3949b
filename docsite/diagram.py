"""A network as a picture of its blocks, drawn from what the built module holds and what runs through it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import torch
from torch import Tensor, nn

from bakeoff.models.cost import count_parameters

DEEPEST = 4
_WIDTH, _LINE, _PAD, _GAP, _CHARACTER = 680, 26, 10, 12, 7.2
_LONGEST_NOTE = 46
_USUAL = re.compile(
    r",? ?\b(?:bias=True|stride=\(1,(?: 1)?\)|inplace=False|elementwise_affine=True|affine=True"
    r"|track_running_stats=True|dilation=1\b|ceil_mode=False|batch_first=True)"
)
_NAMES = re.compile(r"\b(?:in|out)_features=")


@dataclass(frozen=True)
class Block:
    """A part of a network.

    Attributes:
        name: what its parent calls it.
        kind: its class, with what distinguishes it.
        shape: of its output; empty where it is not known.
        parameters: trainable numbers in it.
        parts: what it is made of, in the order in which they run.
        repeats: how many like it follow each other.
    """

    name: str
    kind: str
    shape: str
    parameters: int
    parts: tuple[Block, ...] = ()
    repeats: int = 1


def blocks_of(net: nn.Module, call: Callable[[nn.Module], Any]) -> Block:
    """The parts of a network, those that run in the order of a call; of one that can't be called as they are held."""
    shapes: dict[nn.Module, str] = {}
    order: dict[nn.Module, int] = {}

    def before(module: nn.Module, _: Any) -> None:
        order.setdefault(module, len(order))

    def after(module: nn.Module, _: Any, outputs: Any) -> None:
        shapes.setdefault(module, _shape(outputs))

    hooks = [module.register_forward_pre_hook(before) for module in net.modules()]
    hooks += [module.register_forward_hook(after) for module in net.modules()]
    try:
        with torch.no_grad():
            call(net.eval())
    except (NotImplementedError, RuntimeError, TypeError, ValueError, IndexError):
        order.clear()  # what it does depends on values, of which there are none
    finally:
        for hook in hooks:
            hook.remove()
    return _block("", net, shapes, order, depth=0)


def drawn(block: Block, *, label: str) -> str:
    """The picture, as SVG in the colours of the page."""
    body, height = _box(block, 0, 0, _WIDTH)
    head = f'<svg class="blocks" role="img" aria-label="{escape(label)}" viewBox="0 0 {_WIDTH} {height}"'
    return f'{head} xmlns="http://www.w3.org/2000/svg">{body}</svg>'


def _block(
    name: str, module: nn.Module, shapes: dict[nn.Module, str], order: dict[nn.Module, int], depth: int
) -> Block:
    parts = (
        [_block(key, part, shapes, order, depth + 1) for key, part in _parts(module, order)] if depth < DEEPEST else []
    )
    note = module.extra_repr() if not list(module.children()) else ""
    kind = f"{type(module).__name__}{_short(note)}"
    return Block(name, kind, shapes.get(module, ""), count_parameters(module), tuple(_folded(parts)))


def _parts(module: nn.Module, order: dict[nn.Module, int]) -> Iterator[tuple[str, nn.Module]]:
    """The parts that run, or all where nothing did; a container that is never called itself is looked into."""
    found: list[tuple[str, nn.Module]] = []
    for name, part in module.named_children():
        if isinstance(part, nn.ModuleList | nn.ModuleDict) and part not in order:
            found += [(f"{name}.{key}", inner) for key, inner in part.named_children()]
        elif not isinstance(part, nn.Identity | nn.Dropout):
            found.append((name, part))
    running = [(name, part) for name, part in found if part in order or any(inner in order for inner in part.modules())]
    first = {name: min(order[inner] for inner in part.modules() if inner in order) for name, part in running}
    yield from sorted(running, key=lambda item: first[item[0]]) if order else found


def _folded(parts: list[Block]) -> list[Block]:
    """Parts that are alike and follow each other, as one that says how many there are."""
    kept: list[Block] = []
    for part in parts:
        if kept and _alike(kept[-1], part):
            kept[-1] = replace(kept[-1], repeats=kept[-1].repeats + 1)
        else:
            kept.append(part)
    return kept


def _alike(first: Block, second: Block) -> bool:
    same = (first.kind, first.shape, first.parameters) == (second.kind, second.shape, second.parameters)
    return same and first.parts == second.parts


def _shape(outputs: Any) -> str:
    """The shape of the first tensor of an output, without the batch."""
    while isinstance(outputs, list | tuple) and outputs:
        outputs = outputs[-1] if isinstance(outputs, list) else outputs[0]
    return " × ".join(map(str, outputs.shape[1:])) if isinstance(outputs, Tensor) else ""


def _short(note: str) -> str:
    """What a layer says of itself, without what is so by default."""
    note = " ".join(_NAMES.sub("", _USUAL.sub("", note)).split()).strip(", ")
    return "" if not note else f"({note if len(note) <= _LONGEST_NOTE else note[: _LONGEST_NOTE - 1] + '…'})"


def _box(block: Block, x: float, y: float, width: float) -> tuple[str, float]:
    """A block and all in it, as SVG, and its height."""
    top, drawn_parts = y + _LINE + (4 if block.parts else 0), []
    for index, part in enumerate(block.parts):
        if index:
            drawn_parts.append(_arrow(x + width / 2, top))
            top += _GAP
        body, height = _box(part, x + _PAD, top, width - 2 * _PAD)
        drawn_parts.append(body)
        top += height
    height = top - y + (_PAD if block.parts else 0)
    frame = f'<rect x="{x + 0.5}" y="{y + 0.5}" width="{width - 1}" height="{height - 1}" rx="5"/>'
    return f"<g>{frame}{_words(block, x, y, width)}{''.join(drawn_parts)}</g>", height


def _words(block: Block, x: float, y: float, width: float) -> str:
    right = [f"{block.parameters:,} parameters" if block.parameters else "", f"→ {block.shape}" if block.shape else ""]
    said = "  ".join(filter(None, right))
    times = f" × {block.repeats}" if block.repeats > 1 else ""
    room = int((width - 2 * _PAD) / _CHARACTER) - len(said) - len(times) - 2
    kind = block.kind if len(block.kind) <= room else block.kind[: max(room - 1, 8)] + "…"
    title = f"<title>{escape(' '.join(filter(None, (block.name, block.kind))))}</title>"
    base = y + 17
    return (
        f'<text x="{x + _PAD}" y="{base}">{title}{escape(kind)}<tspan class="times">{times}</tspan></text>'
        f'<text class="shape" x="{x + width - _PAD}" y="{base}">{escape(said)}</text>'
    )


def _arrow(x: float, y: float) -> str:
    return f'<path d="M{x},{y + 1}v{_GAP - 3}m-3,-4l3,4l3,-4"/>'
