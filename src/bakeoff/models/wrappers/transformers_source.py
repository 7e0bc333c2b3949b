"""Where a model of the transformers library comes from: a model type, a local folder, or the hub.

Nothing but JSON and safetensors is read, and no code that comes with a model is run.

Source: Wolf et al. 2020, Transformers: State-of-the-art natural language processing, arXiv:1910.03771.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import (
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from torch import nn

from bakeoff.data.sources.hub import hub_answers
from bakeoff.errors import CheckpointError, ConfigError, EnvironmentFault, nearest
from bakeoff.files import read_json
from bakeoff.models.wrappers.weights import imported_library

_CONFIG, _WEIGHTS, _INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
_FILES = [_CONFIG, _WEIGHTS, _INDEX, "model-*.safetensors"]
_GIVEN_BY_DATA = ("vocab_size", "pad_token_id", "bos_token_id", "eos_token_id")
_UNUSED = ("pooler",)
MISMATCHES_SHOWN = 3


@functools.cache
def transformers_library() -> Any:
    """The library, imported, without its progress bars and remarks.

    Raises:
        EnvironmentFault: it is not installed.
    """
    transformers = imported_library("transformers", extra="text", model="hf")
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    return transformers


@dataclasses.dataclass(frozen=True)
class ModelSource:
    """A model's configuration, and the folder of its weights where they are wanted.

    Args:
        name: as the user gave it.
        folder: where configuration and weights lie; None for a model type.
        pretrained: whether the weights are taken too.
        config: the library's configuration object.
    """

    name: str
    folder: Path | None
    pretrained: bool
    config: Any

    def load(self, auto: Any, config: Any) -> nn.Module:
        """A network of this configuration, with the folder's weights if they are wanted.

        On ``meta``, where only shapes are asked for, no weights are read.

        Raises:
            ConfigError: no network can be of that configuration.
            CheckpointError: weights are missing in the file, or of another shape.
        """
        if not self.pretrained or torch.get_default_device().type == "meta":
            with _configuration_errors(config):
                return auto.from_config(config, dtype=torch.float32, trust_remote_code=False)
        try:
            network, found = auto.from_pretrained(
                self.folder,
                config=config,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                dtype=torch.float32,
                output_loading_info=True,
            )
        except (RuntimeError, OSError) as error:
            raise self._misfit(str(error)[:300]) from error
        missing = sorted(key for key in found["missing_keys"] if not set(_UNUSED) & set(key.split(".")))
        if missing:
            more = f" and {len(missing) - MISMATCHES_SHOWN} more" if len(missing) > MISMATCHES_SHOWN else ""
            raise self._misfit(f"the weights lack {', '.join(missing[:MISMATCHES_SHOWN])}{more}")
        return network

    def _misfit(self, problem: str) -> CheckpointError:
        step = "choose a model that was trained for this task's kind of network, or model.pretrained=false"
        return CheckpointError("checkpoint.mismatch", "model.name", self.name, problem, next_step=step)


def find(name: str, *, pretrained: bool, revision: str | None, changes: Mapping[str, Any]) -> ModelSource:
    """The model of that name: a model type such as ``gpt2``, a local folder, or ``OWNER/NAME`` on the hub.

    Args:
        name: the model; a model type has no weights.
        pretrained: whether its weights are wanted, too.
        revision: the hub's commit or tag; None: what the cache has, or what the hub has now.
        changes: of its configuration.

    Raises:
        ConfigError: there is no such model, or a change of nothing that it has.
        EnvironmentFault: the hub does not answer, and its cache lacks the model.
        CheckpointError: it has no weights that can be read safely.
    """
    types = transformers_library().CONFIG_MAPPING
    folder = None if not pretrained and name in types else _folder(name, pretrained=pretrained, revision=revision)
    config = types[name]() if folder is None else _read_config(folder, name)
    changed = with_changes(config, changes, kept={} if folder is None else None)
    for key in changes.keys() & set(_GIVEN_BY_DATA):
        problem = "the data's tokenizer decides it"
        raise ConfigError("config.contradiction", f"model.config.{key}", changes[key], problem)
    return ModelSource(name, folder, pretrained, changed)


def with_changes(config: Any, changes: Mapping[str, Any], *, kept: Mapping[str, Any] | None = None) -> Any:
    """The configuration with some values replaced, under the architecture's own names or the library's common ones.

    Args:
        config: what is changed.
        changes: the new values.
        kept: the old ones; None: all. Of a model type none are: some follow from others, as each layer's kind does from
            the number of layers.

    Raises:
        ConfigError: it has no such value; the line holds the nearest.
    """
    if not changes:
        return config
    aliases, plain = type(config).attribute_map, config.to_dict()
    known = [*plain, *aliases]
    for key in changes:
        if key not in known:
            problem = f"the configuration of {config.model_type} has no such value"
            allowed = [f"model.config.{near}" for near in nearest(key, known)]
            raise ConfigError("config.unknown_key", f"model.config.{key}", changes[key], problem, allowed=allowed)
    with _configuration_errors(config):
        changed = {aliases.get(key, key): value for key, value in changes.items()}
        return type(config).from_dict({**(plain if kept is None else kept), **changed})


@contextlib.contextmanager
def _configuration_errors(config: Any) -> Iterator[None]:
    """Within it, what an architecture refuses becomes one line."""
    try:
        yield
    except Exception as error:  # each architecture raises errors of its own
        problem = f"transformers makes no {config.model_type} of it: {str(error)[:300]}"
        raise ConfigError("config.bad_value", "model.config", None, problem) from error


def _read_config(folder: Path, name: str) -> Any:
    library = transformers_library()
    try:
        return library.AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except (ValueError, OSError, KeyError) as error:
        problem = f"transformers {library.__version__} knows no such architecture ({str(error)[:200]})"
        raise ConfigError("config.unknown_architecture", "model.name", name, problem) from error


def _folder(name: str, *, pretrained: bool, revision: str | None) -> Path:
    local = Path(name).expanduser().absolute()
    if not local.is_dir() and (name.startswith((".", "/", "~")) or name.count("/") > 1):
        problem = f"there is no folder {local}"
        step = "give a folder made by save_pretrained, a name on the hub, or a model type"
        raise ConfigError("config.unknown_architecture", "model.name", name, problem, next_step=step)
    folder = local if local.is_dir() else _from_hub(name, pretrained=pretrained, revision=revision)
    if not (folder / _CONFIG).is_file():
        problem = f"{folder} has no {_CONFIG}"
        raise ConfigError("config.unknown_architecture", "model.name", name, problem)
    if pretrained and not _has_weights(folder):
        problem = f"there is no {_WEIGHTS}: weights of another form could run code, and are not loaded"
        step = "save them again: AutoModel.from_pretrained(...).save_pretrained(FOLDER), then model.name=FOLDER"
        raise CheckpointError("checkpoint.missing", "model.name", name, problem, next_step=step)
    return folder


def _has_weights(folder: Path) -> bool:
    if (folder / _WEIGHTS).is_file():
        return True
    shards = read_json(folder / _INDEX)["weight_map"].values() if (folder / _INDEX).is_file() else ()
    return bool(shards) and all((folder / shard).is_file() for shard in shards)


def _from_hub(name: str, *, pretrained: bool, revision: str | None) -> Path:
    """The folder in the hub's cache; what is there is used as it is, so that trials of one bakeoff agree."""
    wanted = _FILES if pretrained else [_CONFIG]
    with contextlib.suppress(LocalEntryNotFoundError, HFValidationError):
        cached = Path(snapshot_download(name, revision=revision, allow_patterns=wanted, local_files_only=True))
        if (cached / _CONFIG).is_file() and (_has_weights(cached) or not pretrained):
            return cached
    if constants.HF_HUB_OFFLINE or not hub_answers():
        raise _unreachable(name, pretrained=pretrained)
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=wanted))
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise _unknown(name, "transformers has no such model type, and the hub no such model") from error
    except RevisionNotFoundError as error:
        problem = f"the hub's {name} has no such revision"
        raise ConfigError("config.bad_value", "model.revision", revision, problem) from error
    except (OSError, RuntimeError) as error:
        raise _unreachable(name, pretrained=pretrained) from error


def _unreachable(name: str, *, pretrained: bool) -> ConfigError | EnvironmentFault:
    if "/" not in name and not pretrained:
        return _unknown(name, "transformers has no such model type, and the hub's cache no such model")
    reason = "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else f"{constants.ENDPOINT} does not answer"
    problem = f"{reason}, and this model is neither in the local cache nor a folder here"
    step = "connect to the internet once, or give a local folder (model.name=FOLDER)"
    scratch = ", or train a model type from scratch (model.name=bert model.pretrained=false)"
    return EnvironmentFault("env.offline", "model.name", name, problem, next_step=step + scratch)


def _unknown(name: str, problem: str) -> ConfigError:
    types = list(transformers_library().CONFIG_MAPPING)
    allowed = f"{', '.join(nearest(name, types))} (nearest of {len(types)} model types)"
    step = f"model.name={nearest(name, types)[0]}, or OWNER/NAME on the hub, or a folder"
    return ConfigError("config.unknown_architecture", "model.name", name, problem, allowed=allowed, next_step=step)
