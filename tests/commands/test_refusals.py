"""What needs no training is refused before torch is imported, in the program as users start it."""

from __future__ import annotations

import json
import subprocess
import sys

SETTINGS = {
    "compare seeds=2": "config.too_few_seeds",
    "compare contenders=[lenet]": "config.contenders",
    "compare contenders=[lenet,tfidf]": "config.contender",
    "compare budget=time budget.value=null": "config.missing_value",
    "compare alpha=0.6": "config.out_of_range",
    "compare looks=[4,8]": "config.looks",
    "compare looks=[5,8] seeds=20": "config.contradiction",
    "compare futility=true": "config.futility",
    "compare tune.trials=8": "config.tune_trials",
    "compare tune.trials=20 tune.best_of=9": "config.tune_best_of",
    "compare tune.trials=20 paired=true": "config.contradiction",
    "compare paired=true contenders=[lenet,{model:lenet,seed_offset:100}]": "config.contradiction",
    "compare tracking.uri=nowhere": "config.bad_value",
    "train trainer.strategy=fsdp": "config.bad_value",
    "train trainer.accumulate=2 trainer.devices=2 trainer.accelerator=cpu": "config.bad_value",
}
PROGRAM = """
import contextlib, io, json, sys
from bakeoff.cli import main
told = {}
for line in json.load(sys.stdin):
    with contextlib.redirect_stderr(io.StringIO()) as error, contextlib.redirect_stdout(io.StringIO()):
        try:
            main(line.split())
            code = 0
        except SystemExit as stop:
            code = stop.code
    told[line] = [code, error.getvalue(), "torch" in sys.modules]
print(json.dumps(told))
"""


def answers(lines, folder):
    """The exit code, what is told, and whether torch is imported by then, of command lines one after the other."""
    given, program = json.dumps(list(lines)), [sys.executable, "-c", PROGRAM]
    done = subprocess.run(program, cwd=folder, input=given, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_settings_are_refused_before_torch_is_imported(tmp_path):
    for line, (code, told, heavy) in answers(SETTINGS, tmp_path).items():
        assert told.startswith(f"error[{SETTINGS[line]}]"), line
        assert (code, heavy) == (2, False), line
    assert list(tmp_path.iterdir()) == []
