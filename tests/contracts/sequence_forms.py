"""Every form in which every sequence backbone can be built: each class found, and each file of ``conf/model``.

B batch, T time steps, S steps of a memory, D model width.
"""

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

import bakeoff.models
from bakeoff.config import build, resolve
from bakeoff.errors import ConfigError
from bakeoff.models.contracts import SequenceBackbone
from tests.contracts.model_sections import SECTIONS

WIDTH = 16
FORMS = [(causal, cross_attention) for cross_attention in (False, True) for causal in (False, True)]


@dataclass(frozen=True)
class Form:
    """A backbone as a task would have it built."""

    name: str
    construct: Callable[..., SequenceBackbone]
    causal: bool
    cross_attention: bool

    def make(self) -> SequenceBackbone:
        torch.manual_seed(0)
        return self.construct(width=WIDTH, causal=self.causal, cross_attention=self.cross_attention)

    def memory(self, batch: int, *, length: int = 5) -> dict[str, Tensor]:
        """A memory with padding after, before and between, where the form attends to one."""
        if not self.cross_attention:
            return {}
        memory_BSD = torch.randn(batch, length, WIDTH, generator=torch.Generator().manual_seed(2))
        return {"memory_BSD": memory_BSD, "memory_padding_mask_BS": memory_padding(batch, length=length)}


def memory_padding(batch: int, *, length: int = 5) -> Tensor:
    return (torch.arange(batch)[:, None] + torch.arange(length)[None]) % 3 == 2


def sequences(batch: int, length: int) -> Tensor:
    return torch.randn(batch, length, WIDTH, generator=torch.Generator().manual_seed(1))


def sequence_backbones() -> list[type[SequenceBackbone]]:
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(bakeoff.models.__path__, "bakeoff.models.")
        if not found.ispkg
    ]
    classes = {
        member
        for module in modules
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, SequenceBackbone) and not inspect.isabstract(member)
    }
    return sorted(classes, key=lambda kind: kind.__name__)


@functools.cache
def configured_models() -> dict[str, Any]:
    """The content of each file of ``conf/model`` that describes a `SequenceBackbone`."""
    return {
        name: model
        for name, model in SECTIONS.items()
        if model.get("contract") == "SequenceBackbone" and issubclass(resolve(model.net._target_), SequenceBackbone)
    }


def constructors() -> dict[str, Callable[..., SequenceBackbone]]:
    """What builds each backbone, from its class or its file, by name."""

    def from_file(model: Any) -> Callable[..., SequenceBackbone]:
        return lambda **given: build(model.net, **given)

    classes: dict[str, Callable[..., SequenceBackbone]] = {kind.__name__: kind for kind in sequence_backbones()}
    return classes | {f"model={name}": from_file(model) for name, model in configured_models().items()}


def forms(*, causal: bool | None = None, cross_attention: bool | None = None, once: bool = False) -> list[Any]:
    """A parameter for each form that its model can take; a model that only encodes takes the first one alone.

    Args:
        causal: those that are so, or are not.
        cross_attention: those that have it, or have not.
        once: without the classes that a file of ``conf/model`` builds too.
    """
    twice = {resolve(model.net._target_).__name__ for model in configured_models().values()} if once else set()
    return [
        pytest.param(
            form, id=f"{form.name}-{'causal' if form.causal else 'both_ways'}{'-memory' * form.cross_attention}"
        )
        for form in _all_forms()
        if causal in (None, form.causal) and cross_attention in (None, form.cross_attention) and form.name not in twice
    ]


@functools.cache
def _all_forms() -> list[Form]:
    built = [Form(name, construct, *settings) for name, construct in constructors().items() for settings in FORMS]
    return [form for form in built if _can_be(form)]


def _can_be(form: Form) -> bool:
    try:
        form.make()
    except (ValueError, ConfigError):
        return False
    return True
