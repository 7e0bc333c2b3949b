"""Pretrained weights: from a library's hub, or from a file.

A hub that can't be reached and a file that doesn't fit are told in one line. Files are read as tensors only, never as
pickled objects, and are never loaded in part without saying so.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

import safetensors.torch
import torch
from torch import Tensor, nn

from bakeoff.data.sources.hub import cache_only, hub_answers
from bakeoff.errors import CheckpointError, ConfigError, EnvironmentFault, nearest

MISMATCHES_SHOWN = 3


def imported_library(name: str, *, extra: str, model: str | None = None) -> ModuleType:
    """The library of that name, imported; it comes with an extra of bakeoff, for a model (None: of its name).

    Raises:
        EnvironmentFault: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise EnvironmentFault(
            "env.missing_package",
            "model",
            model or name,
            f"the Python package {error.name} is not installed",
            next_step=f"pip install 'bakeoff[{extra}]', or choose one of this package's own models "
            "(bakeoff list models)",
        ) from error


def check_architecture(name: str, known: Iterable[str], *, library: str, otherwise: str = "") -> None:
    """Nothing, if the library has the architecture.

    Raises:
        ConfigError: it has not; the line holds the nearest names.
    """
    known = list(known)
    if name not in known:
        raise ConfigError(
            "config.unknown_architecture",
            "model.name",
            name,
            f"{library} has no such image classification architecture",
            allowed=f"{', '.join(nearest(name, known))} (nearest of {len(known)})",
            next_step=f"model={library} model.name={nearest(name, known)[0]}{otherwise and f', or {otherwise}'}",
        )


@contextlib.contextmanager
def hub_errors(name: str, *, library: str) -> Iterator[None]:
    """Within it, what goes wrong while the library fetches pretrained weights becomes one line, without long retries.

    Raises:
        EnvironmentFault: the weights are neither in the cache nor can they be fetched.
    """
    try:
        with contextlib.nullcontext() if hub_answers() else cache_only():
            yield
    except Exception as error:
        if not _is_network_error(error):
            raise
        raise EnvironmentFault(
            "env.offline",
            "model.pretrained",
            True,
            f"the pretrained weights of {library}'s {name} are not in the cache and can't be fetched "
            f"({type(error).__name__})",
            next_step="connect to the internet once, or give a local file (model.weights=FILE.safetensors), "
            "or train from scratch (model.pretrained=false)",
        ) from error


def _is_network_error(error: BaseException) -> bool:
    """Whether an error, or one that caused it, comes from a socket or an HTTP client."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, OSError) or type(link).__module__.split(".")[0] in ("httpx", "httpcore", "requests"):
            return True
        link = link.__cause__ or link.__context__
    return False


def read_weights(path: str) -> dict[str, Tensor]:
    """The tensors of a ``.safetensors`` file, or of a PyTorch state dict read with ``weights_only=True``.

    Raises:
        CheckpointError: the file is missing, truncated, or holds more than tensors.
    """
    file = Path(path).expanduser().absolute()
    if not file.is_file():
        raise CheckpointError(
            "checkpoint.missing",
            "model.weights",
            path,
            f"there is no file {file}",
            next_step="give the path of a .safetensors file or of a PyTorch state dict",
        )
    try:
        if file.suffix == ".safetensors":
            return safetensors.torch.load_file(file)
        content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # an unpickler raises almost anything on a damaged file
        raise _unreadable(path, f"the file can't be read as weights only ({type(error).__name__})") from error
    weights = content.get("state_dict", content) if isinstance(content, dict) else None
    if not isinstance(weights, dict) or not all(isinstance(tensor, Tensor) for tensor in weights.values()):
        raise _unreadable(path, "the file holds something else than a state dict of tensors")
    return weights


def _unreadable(path: str, problem: str) -> CheckpointError:
    advice = "save it again with safetensors.torch.save_file(model.state_dict(), FILE)"
    return CheckpointError("checkpoint.unreadable", "model.weights", path, problem, next_step=advice)


def check_fit(weights: dict[str, Tensor], model: nn.Module, *, path: str, ignored: Iterable[str] = ()) -> None:
    """Nothing, if the weights have the names and shapes of the model's.

    Args:
        ignored: prefixes of names that the file may hold on top (the library's classifier).

    Raises:
        CheckpointError: they have not; the line holds the first three differences.
    """
    expected = model.state_dict()
    differences = [f"{name} is missing" for name in expected if name not in weights]
    differences += [
        f"{name} is {tuple(tensor.shape)}, not {tuple(expected[name].shape)}"
        for name, tensor in weights.items()
        if name in expected and tensor.shape != expected[name].shape
    ]
    differences += [
        f"{name} is not in the model"
        for name in weights
        if name not in expected and not name.startswith(tuple(ignored))
    ]
    if differences:
        raise CheckpointError(
            "checkpoint.mismatch",
            "model.weights",
            path,
            f"the weights are of another architecture: {'; '.join(differences[:MISMATCHES_SHOWN])}"
            f"{'' if len(differences) <= MISMATCHES_SHOWN else f' and {len(differences) - MISMATCHES_SHOWN} more'}",
            next_step="set model.name (and the image's channels) to what the file was trained with",
        )
