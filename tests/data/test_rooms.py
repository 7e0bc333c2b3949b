"""Rooms of data need no packages of other rooms: `bakeoff[text]` alone reads texts, `bakeoff[vision]` images."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from omegaconf import OmegaConf

from bakeoff.comparison.running.order import modules_of
from bakeoff.config.composition import Composer

VISION = ("torchvision", "PIL", "timm")
AUDIO = ("torchaudio", "soundfile", "jiwer")
TEXT = ("tokenizers", "transformers", "sacrebleu", "num2words")

# Lightning, torchmetrics and datasets use what they find installed; they come first, and find it. Each question is
# answered by a fork, so that they are imported once.
PROGRAM = """
import gc, importlib, json, os, sys, traceback
gc.disable()
import datasets, pytorch_lightning, sklearn, torchmetrics
for line in sys.stdin:
    blocked, modules = json.loads(line)
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.dup2(writing, 2)
        for name in [*blocked, *(loaded for loaded in sys.modules if loaded.split(".")[0] in blocked)]:
            sys.modules[name] = None
        try:
            for module in modules:
                importlib.import_module(module)
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading) as said:
        print(json.dumps(said.read()), flush=True)
    os.wait()
os._exit(0)
"""


@pytest.fixture(scope="module")
def imports_without() -> Iterator[Callable[..., str]]:
    """What went wrong with imports, in a fresh process that lacks some packages; nothing if nothing did."""
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def ask(blocked: tuple[str, ...], *modules: str) -> str:
            assert process.stdin is not None and process.stdout is not None
            print(json.dumps([blocked, modules]), file=process.stdin, flush=True)
            return str(json.loads(process.stdout.readline()))

        yield ask


def test_texts_and_probes_do_without_the_packages_of_images(imports_without) -> None:
    rooms = ("text.labelled", "text.pairs", "text.stream", "text.augment", "text.prediction", "probes.module")
    sources = ("tables", "text_files", "text_folder", "aligned_files", "hub", "tweets", "stdlib", "number_words")
    modules = [f"bakeoff.data.{room}" for room in rooms] + [f"bakeoff.data.sources.{source}" for source in sources]
    assert imports_without((*VISION, *AUDIO), *modules) == ""


def test_images_do_without_the_packages_of_texts(imports_without) -> None:
    rooms = ("image.classified", "image.augment", "image.prediction")
    sources = ("digits", "mnist1d", "fashion_mnist", "image_folder", "hub")
    modules = [f"bakeoff.data.{room}" for room in rooms] + [f"bakeoff.data.sources.{source}" for source in sources]
    assert imports_without((*TEXT, *AUDIO), *modules) == ""


def test_recordings_do_without_the_packages_of_images_and_texts(imports_without) -> None:
    rooms = ("audio.transcribed", "audio.augment", "audio.prediction", "audio.survey")
    sources = ("audio_folder", "audio_table", "spoken_digits", "hub")
    modules = [f"bakeoff.data.{room}" for room in rooms] + [f"bakeoff.data.sources.{source}" for source in sources]
    assert imports_without((*VISION, *TEXT), *modules, "bakeoff.tasks.speech_recognition.task") == ""


@pytest.mark.parametrize("package", ["torchvision", "PIL"])
def test_images_need_their_own(imports_without, package: str) -> None:
    last_line = imports_without((package,), "bakeoff.data.image.classified").strip().rpartition("\n")[2]
    assert last_line.startswith("ModuleNotFoundError") and package in last_line


@pytest.mark.parametrize(
    ("tasks", "lacking"),
    [
        (("text_classification", "language_modeling", "translation"), ("torchvision", "timm")),
        (("image_classification",), TEXT),
        (("sequence_probe",), ("torchvision", "timm", *TEXT, *AUDIO)),
        (("speech_recognition",), ("torchvision", "timm", *TEXT)),
    ],
)
def test_all_that_a_trial_names_comes_without_the_packages_of_other_kinds(
    imports_without, tasks: tuple[str, ...], lacking: tuple[str, ...]
) -> None:
    """Those that every configuration names, such as an augmentation that is off, are among them."""
    named: list[str] = []
    for task in tasks:
        config = OmegaConf.to_container(Composer().compose("train", [f"task={task}"]).cfg, resolve=True)
        modules = modules_of(config)
        assert f"bakeoff.tasks.{task}.task" in modules and "bakeoff.data.image.augment" in modules
        named += modules
    assert imports_without(lacking, *named, "bakeoff.comparison.running.worker", "bakeoff.commands.compare") == ""
