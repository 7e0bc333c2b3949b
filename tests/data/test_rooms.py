"""Rooms of data need no packages of other rooms: `bakeoff[text]` alone reads texts, `bakeoff[vision]` images."""

from __future__ import annotations

import subprocess
import sys

import pytest
from omegaconf import OmegaConf

from bakeoff.comparison.running.order import modules_of
from bakeoff.config.composition import Composer

VISION = ("torchvision", "PIL", "timm")
TEXT = ("tokenizers", "transformers", "sacrebleu", "num2words")

# Lightning, torchmetrics and datasets use what they find installed; they come first, and find it
PROGRAM = """
import importlib, sys
import datasets, pytorch_lightning, sklearn, torchmetrics
blocked, modules = (argument.split(",") for argument in sys.argv[1:])
for name in [*blocked, *(loaded for loaded in sys.modules if loaded.split(".")[0] in blocked)]:
    sys.modules[name] = None
for module in modules:
    importlib.import_module(module)
"""


def imports_without(blocked: tuple[str, ...], *modules: str) -> str:
    """What went wrong, in a fresh process that lacks some packages; nothing if nothing did."""
    command = [sys.executable, "-c", PROGRAM, ",".join(blocked), ",".join(modules)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def test_texts_and_probes_do_without_the_packages_of_images() -> None:
    rooms = ("text.labelled", "text.pairs", "text.stream", "text.augment", "text.prediction", "probes.module")
    sources = ("tables", "text_files", "text_folder", "aligned_files", "hub", "tweets", "stdlib", "number_words")
    modules = [f"bakeoff.data.{room}" for room in rooms] + [f"bakeoff.data.sources.{source}" for source in sources]
    assert imports_without(VISION, *modules) == ""


def test_images_do_without_the_packages_of_texts() -> None:
    rooms = ("image.classified", "image.augment", "image.prediction")
    sources = ("digits", "mnist1d", "fashion_mnist", "image_folder", "hub")
    modules = [f"bakeoff.data.{room}" for room in rooms] + [f"bakeoff.data.sources.{source}" for source in sources]
    assert imports_without(TEXT, *modules) == ""


@pytest.mark.parametrize("package", ["torchvision", "PIL"])
def test_images_need_their_own(package: str) -> None:
    last_line = imports_without((package,), "bakeoff.data.image.classified").strip().rpartition("\n")[2]
    assert last_line.startswith("ModuleNotFoundError") and package in last_line


@pytest.mark.parametrize(
    ("task", "lacking"),
    [
        ("text_classification", ("torchvision", "timm")),
        ("language_modeling", ("torchvision", "timm")),
        ("translation", ("torchvision", "timm")),
        ("image_classification", TEXT),
        ("sequence_probe", ("torchvision", "timm", *TEXT)),
    ],
)
def test_all_that_a_trial_names_comes_without_the_packages_of_other_kinds(task: str, lacking: tuple[str, ...]) -> None:
    """Those that every configuration names, such as an augmentation that is off, are among them."""
    config = OmegaConf.to_container(Composer().compose("train", [f"task={task}"]).cfg, resolve=True)
    modules = modules_of(config)
    assert f"bakeoff.tasks.{task}.task" in modules and "bakeoff.data.image.augment" in modules
    assert imports_without(lacking, *modules, "bakeoff.comparison.running.worker", "bakeoff.commands.compare") == ""
