"""`build` makes objects as Hydra's instantiate does, and refuses everything that is not on the list."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

import hydra.utils
import pytest
import torch
from omegaconf import OmegaConf

from bakeoff.config import allow, build, resolve
from bakeoff.config.allowlist import _user_packages
from bakeoff.config.composition import Composer
from bakeoff.config.validation import validate
from bakeoff.errors import ConfigError

NESTED = {
    "_target_": "torch.nn.TransformerEncoder",
    "encoder_layer": {"_target_": "torch.nn.TransformerEncoderLayer", "d_model": 8, "nhead": 2},
    "num_layers": 2,
    "enable_nested_tensor": False,
}

REFUSED = [
    "builtins.open",
    "getattr",
    "builtins.eval",
    "os.system",
    "subprocess.Popen",
    "shutil.copyfile",
    "urllib.request.urlopen",
    "pandas.read_pickle",
    "torch.load",
    "torch.hub.load",
    "functools.partial",
    "torch.nn.modules.module.torch.load",
    "torch.nn.modules.module.OrderedDict",
    "torch.nn.functional.torch.load",
    "torch.nn.Module.load_state_dict",
    "torch.nn.functional.relu",
    "torch.optim.optimizer.functools.partial",
    "bakeoff.models.contracts.abc.ABC",
    "bakeoff.models.contracts.nn",
    "bakeoff.models.contracts.Tensor",
    "bakeoff.models.activations.make_activation",
    "bakeoff.config.allow",
    "bakeoff.config.allowlist.allow",
    "bakeoff.files.write_json",
    "bakeoff.cli.main",
    "hydra.utils.instantiate",
    7,
]


@pytest.fixture
def user_packages():
    before, path = set(_user_packages), list(sys.path)
    yield
    _user_packages.clear()
    _user_packages.update(before)
    sys.path[:] = path


@pytest.mark.parametrize("target", REFUSED)
def test_a_target_off_the_list_is_refused(target):
    with pytest.raises(ConfigError) as caught:
        build({"_target_": target})
    assert caught.value.code == "config.target_not_allowed"


def test_the_refusal_of_foreign_code_says_how_to_allow_it():
    with pytest.raises(ConfigError, match=r"allow_code=\[theirpkg\]"):
        build({"_target_": "theirpkg.nets.Net"})


def test_a_refused_target_is_never_imported(tmp_path, monkeypatch):
    (tmp_path / "side_effect_pkg.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError):
        build({"_target_": "side_effect_pkg.Thing"})


def test_nested_sections_become_what_hydra_makes_of_them():
    torch.manual_seed(0)
    ours = build(NESTED)
    torch.manual_seed(0)
    theirs = hydra.utils.instantiate(NESTED)
    assert str(ours) == str(theirs)
    assert all(torch.equal(a, b) for a, b in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True))


def test_a_partial_waits_for_its_other_arguments():
    factory = build({"_target_": "torch.optim.SGD", "_partial_": True, "lr": 0.5})
    assert isinstance(factory, functools.partial)
    assert factory([torch.zeros(1, requires_grad=True)]).param_groups[0]["lr"] == 0.5


def test_constructors_get_plain_containers_and_resolved_references():
    config = OmegaConf.create(
        {"rates": [0.8, 0.95], "net": {"_target_": "torch.optim.AdamW", "_partial_": True, "betas": "${rates}"}}
    )
    betas = build(config.net).keywords["betas"]
    assert type(betas) is list
    assert betas == [0.8, 0.95]


def test_arguments_of_the_program_win_and_pass_through_untouched():
    marker = torch.zeros(3)
    layer = build({"_target_": "torch.nn.Linear", "in_features": 3, "out_features": 2}, out_features=5)
    assert layer.out_features == 5
    assert build({"_target_": "torch.optim.SGD", "_partial_": True}, params=[marker]).keywords["params"][0] is marker


def test_null_stays_none_and_plain_mappings_stay_dicts():
    assert build(None) is None
    assert build({"a": {"_target_": "torch.nn.ReLU"}, "b": [1, {"c": 2}]})["b"] == [1, {"c": 2}]


def test_a_value_error_of_a_constructor_names_the_section():
    config = OmegaConf.create({"optimizer": {"_target_": "torch.optim.SGD", "lr": -1}})
    with pytest.raises(ConfigError, match="optimizer: Invalid learning rate: -1") as caught:
        build(config.optimizer, params=[torch.zeros(1)])
    assert caught.value.exit_code == 2
    with pytest.raises(ConfigError, match="optimizer: Invalid"):
        build({"_target_": "torch.optim.SGD", "lr": -1}, "optimizer", params=[torch.zeros(1)])


def test_unknown_and_missing_arguments_are_named():
    with pytest.raises(ConfigError, match=r"net\.in_featurs.*allowed: net\.in_features") as unknown:
        build({"net": {"_target_": "torch.nn.Linear", "in_featurs": 3, "out_features": 2}})
    assert unknown.value.code == "config.unknown_key"
    with pytest.raises(ConfigError, match="needs out_features"):
        build({"_target_": "torch.nn.Linear", "in_features": 3})


def test_a_class_that_does_not_exist_gets_the_nearest_names():
    with pytest.raises(ConfigError, match=r"torch\.optim\.AdamW") as caught:
        build({"_target_": "torch.optim.AdanW"})
    assert caught.value.code == "config.unknown_target"


def test_own_code_in_the_current_folder_works_once_allowed(tmp_path, monkeypatch, user_packages):
    package = tmp_path / "mynets"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from os import system\n\nclass Net:\n    def __init__(self, size: int):\n        self.size = size\n\n"
        "def small():\n    return Net(1)\n"
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="may not name"):
        build({"_target_": "mynets.Net", "size": 4})
    allow(["mynets"])
    assert build({"_target_": "mynets.Net", "size": 4}).size == 4
    assert build({"_target_": "mynets.small"}).size == 1
    with pytest.raises(ConfigError, match="may not name"):
        build({"_target_": "mynets.system", "command": "true"})


@pytest.mark.parametrize(
    "package", ["os", "subprocess", "builtins", "torch", "torch.hub", "pandas", "nowhere_to_be_found"]
)
def test_python_itself_and_readers_of_pickles_cannot_be_allowed(package, user_packages):
    with pytest.raises(ConfigError) as caught:
        allow([package])
    assert caught.value.code == "config.allow_code"


@pytest.mark.parametrize("package", ["psutil", "dill", "yaml", "sklearn", "sqlalchemy", "git.cmd"])
def test_what_came_with_bakeoff_is_no_code_of_the_user(package, user_packages):
    cfg = Composer().compose("train", ["model=lenet", "data=digits", f"allow_code=[{package}]"]).cfg
    [error] = validate(cfg, "train")
    assert error.code == "config.allow_code"
    assert "came with bakeoff" in error.problem
    assert package not in _user_packages


def test_resolve_gives_the_class_itself():
    assert resolve("torch.nn.Linear") is torch.nn.Linear
    assert Path(sys.modules[resolve("torch.optim.AdamW").__module__].__file__).stem == "adamw"
