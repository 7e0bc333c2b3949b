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
    "compare contenders=[lenet,vit,lenet]": "config.same_contender",
    "compare contenders=[lenet,{model:lenet,name:other}]": "config.same_contender",
    "compare output_dir=/dev/null": "env.not_writable",
    "train output_dir=films.csv/run": "env.not_writable",
    "compare tracking.uri=nowhere": "config.bad_value",
    "train trainer.strategy=fsdp": "config.bad_value",
    "train trainer.accumulate=2 trainer.devices=2 trainer.accelerator=cpu": "config.bad_value",
}
TABLE = "train task=text_classification data=csv model=tfidf data.file=films.csv"
DATA = {
    f"{TABLE} data.columns.label=stars": "data.missing_column",
    f"{TABLE} data.split.group=patient": "data.missing_column",
    f"{TABLE} data.columns.label=score": "data.float_labels",
    f"{TABLE} data.encoding=ascii": "data.encoding",
    f"{TABLE} data.sep=tab": "data.delimiter",
    f"{TABLE} data.split.test=0": "config.out_of_range",
    "compare task=text_classification data=csv data.file=nowhere.csv": "data.not_found",
    "train data=image_folder data.path=nowhere": "data.not_found",
    "train data=image_folder data.path=photos": "data.empty_folder",
    "train task=translation data=parallel data.file=films.csv data.columns.source=en": "data.missing_column",
    "train task=language_modeling data=text_file data.file=nowhere": "data.not_found",
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


def test_what_settings_and_the_head_of_the_data_show_is_refused_before_torch_is_imported(tmp_path):
    (tmp_path / "photos").mkdir()
    rows = "".join(f"film {number} schön,pos,0.{number}\n" for number in range(60))
    (tmp_path / "films.csv").write_text(f"text,label,score\n{rows}", encoding="utf-8")
    expected = SETTINGS | DATA
    for line, (code, told, heavy) in answers(expected, tmp_path).items():
        assert told.startswith(f"error[{expected[line]}]"), (line, told)
        assert (code, heavy) == ({"config": 2, "data": 3, "env": 4}[expected[line].partition(".")[0]], False), line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["films.csv", "photos"]
