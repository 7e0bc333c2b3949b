"""The configuration tree is found wherever bakeoff is installed and wherever it is called from."""

from __future__ import annotations

import pytest

from bakeoff.config import conf_dir, locate


@pytest.fixture
def installed(tmp_path, monkeypatch):
    package = tmp_path / "lib" / "bakeoff"
    package.mkdir(parents=True)
    monkeypatch.setattr(locate, "__file__", str(package / "config" / "locate.py"))
    return package


def test_a_checkout_uses_its_own_tree_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert conf_dir().is_absolute()
    assert (conf_dir() / "train.yaml").is_file()


def test_a_wheel_carries_its_tree_inside_the_package(installed):
    (installed.parents[1] / "conf").mkdir()
    (installed / "conf").mkdir()
    assert conf_dir() == installed / "conf"


def test_a_broken_installation_says_so(installed):
    with pytest.raises(FileNotFoundError, match="reinstall bakeoff"):
        conf_dir()
