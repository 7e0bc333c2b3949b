"""What a training process may have in memory at its end, asked of real ones: everything else costs each start."""

from __future__ import annotations

import subprocess
import sys

import pytest

DENIED = {
    "datasets": "reads sources; prepared data do without",
    "matplotlib": "draws; only the report does",
    "mlflow": "a process of its own tracks",
    "optuna": "proposes; only a study does",
    "scipy": "tells winners apart; only a verdict does",
    "sklearn": "fits tf-idf, and makes the digits once",
    "sympy.core": "reckons with sizes as symbols; of no use before something is compiled",
    "torch._dynamo.utils": "compiles; torch's optimizers load it to say that it should keep off",
    "torch.distributed.fsdp": "cuts networks in parts",
    "torchvision": "resizes and augments pictures; these have one size, and stay as they are",
    "transformers": "pretrained networks and tokenizers",
}
"""Top modules that none of these trainings may load, and what they are for."""

TEXT = "task=text_classification model=text_cnn data.max_rows=200 data.tokenizer.vocab_size=300"
PROBE = "task=sequence_probe data=parity model=gru data.num_train=60 data.num_val=20 data.num_test=20"
TRAININGS = {"image": "model=linear", "text": TEXT, "probe": PROBE}

PROGRAM = """
import sys
from bakeoff.cli import main
main(["train", *sys.argv[1:], "trainer.max_epochs=1", "tracking=none", "output_dir=run"])
print("LOADED", *sys.modules)
"""


@pytest.mark.parametrize("kind", TRAININGS)
def test_a_training_loads_only_what_it_needs(kind, tmp_path):
    """The data are prepared by one run, and used by the next, which is what every trial after the first one does."""
    for _ in range(2):
        command = [sys.executable, "-c", PROGRAM, *TRAININGS[kind].split()]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        loaded = set(done.stdout.split("LOADED")[1].split())
    assert {name: why for name, why in DENIED.items() if name in loaded} == {}


def test_a_bakeoff_begins_without_what_only_its_report_needs(tmp_path):
    program = "import sys; import bakeoff.commands.compare; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert set(DENIED) & set(done.stdout.split()) == set()
