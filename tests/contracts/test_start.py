"""What a training process may have in memory at its end, asked of real ones: everything else costs each start."""

from __future__ import annotations

import subprocess
import sys

from bakeoff.config.running import run_pipeline

DENIED = {
    "datasets": "reads sources; prepared data do without",
    "matplotlib": "draws; only the report does",
    "mlflow": "a process of its own tracks",
    "optuna": "proposes; only a study does",
    "pandas": "reads tables; `pyarrow.array` loads it to ask whether its values are a Series",
    "scipy": "tells winners apart; only a verdict does",
    "sklearn": "fits tf-idf, and makes the digits once",
    "sympy.core": "reckons with sizes as symbols; of no use before something is compiled",
    "torch._dynamo.utils": "compiles; torch's optimizers load it to say that it should keep off",
    "torch.distributed.fsdp": "cuts networks in parts",
    "torchvision": "resizes and augments pictures; these have one size, and stay as they are",
    "transformers": "pretrained networks and tokenizers",
    "triton": "compiles for GPUs; torch's counter of FLOPs loads it to know its kernels",
}
"""Top modules that none of these trainings may load, and what they are for."""

TEXT = "task=text_classification model=text_cnn data.max_rows=200 data.tokenizer.vocab_size=300"
PROBE = "task=sequence_probe data=parity model=gru data.num_train=60 data.num_val=20 data.num_test=20"
TRAININGS = {"image": "model=linear", "text": TEXT, "probe": PROBE}

PROGRAM = """
import sys
from bakeoff.cli import main
for words in sys.argv[1:]:
    main(["train", *words.split()])
    print("LOADED", *sys.modules)
import bakeoff.commands.compare
print("LOADED", *sys.modules)
"""


AHEAD = """
import sys
from multiprocessing import forkserver
from omegaconf import OmegaConf
from bakeoff.commands.ahead import prepare_comparison
from bakeoff.config.composition import Composer
for executor in sys.argv[1:]:
    words = ["task=image_classification", "data=digits", "budget.value=5000", f"executor={executor}"]
    prepare_comparison(OmegaConf.to_container(Composer().compose("compare", words).cfg, resolve=True))
    print("STARTED", executor, forkserver._forkserver._forkserver_pid is not None, "torch" in sys.modules)
"""


def test_what_trials_are_forked_from_starts_before_torch_is_imported_here():
    """Ray's workers have fork servers of their own."""
    program = [sys.executable, "-c", AHEAD, "ray", "local"]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    started = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("STARTED")]
    assert started == [["ray", "False", "False"], ["local", "True", "False"]]


def test_trainings_and_the_beginning_of_a_bakeoff_load_only_what_they_need(tmp_path, monkeypatch):
    """One process trains on each kind of data, prepared by an earlier run, as for every trial after the first one.

    Then it imports what a bakeoff begins with, which does without what only its report needs.
    """
    monkeypatch.chdir(tmp_path)
    here = "trainer.max_epochs=1 trainer.accelerator=cpu tracking=none"
    for kind, words in TRAININGS.items():
        run_pipeline("train", argv=[*words.split(), *here.split(), f"output_dir=prepared/{kind}"])
    lines = [f"{words} {here} output_dir={kind}" for kind, words in TRAININGS.items()]
    done = subprocess.run([sys.executable, "-c", PROGRAM, *lines], capture_output=True, text=True, check=True)
    loaded = [set(part.split()) for part in done.stdout.split("LOADED")[1:]]
    assert len(loaded) == len(TRAININGS) + 1
    for stage, modules in zip([*TRAININGS, "bakeoff"], loaded, strict=True):
        modules -= {"pandas"} if stage == "bakeoff" else set()  # its scores are tables
        assert {name: why for name, why in DENIED.items() if name in modules} == {}, stage
