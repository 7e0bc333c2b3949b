"""Installed with the packages of one kind of data alone, bakeoff trains and compares on that kind.

Each case makes an environment and installs into it for real, in the versions that this suite runs with, so it takes a
package index and minutes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from bakeoff.files import read_json

ROOT = Path(__file__).parents[2]
OTHER = {"text": "vision", "vision": "text"}
COMES_ANYWAY = {"pillow"}
"""Of the extras' packages, those that matplotlib needs too."""

WORDS = {
    "text": ["task=text_classification", "data=csv", "data.file=rows.csv"],
    "vision": ["task=image_classification", "data=digits"],
}
MODELS = {"text": ["text_cnn", "gru"], "vision": ["lenet", "vit"]}
QUICK = ["trainer.max_epochs=1", "trainer.accelerator=cpu", "trainer.threads=1", "tracking=none"]


def run(*command: str | Path, cwd: Path) -> str:
    """What a command says, in an environment that knows nothing of this checkout; it has to succeed."""
    own = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run([str(word) for word in command], cwd=cwd, env=own, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def install(extra: str, folder: Path) -> Path:
    """The programs of a fresh environment that has bakeoff with one extra."""
    constraints = folder / "constraints.txt"
    versions = {found.metadata["Name"]: found.version for found in metadata.distributions()}
    constraints.write_text("".join(f"{name}=={version}\n" for name, version in versions.items() if name != "bakeoff"))
    programs, what = folder / "venv" / "bin", ["--constraint", constraints, f"{ROOT}[{extra}]"]
    if uv := shutil.which("uv"):
        run(uv, "venv", "--python", sys.executable, programs.parent, cwd=folder)
        run(uv, "pip", "install", "--python", programs / "python", *what, cwd=folder)
    else:
        run(sys.executable, "-m", "venv", programs.parent, cwd=folder)
        run(programs / "python", "-m", "pip", "install", "--quiet", *what, cwd=folder)
    return programs


def write_rows(path: Path) -> None:
    """120 short texts of two classes, all different."""
    kinds = {"good": "fine great lovely", "bad": "poor awful dull"}
    rows = [f"film {number} was {words},{kind}" for number in range(60) for kind, words in kinds.items()]
    path.write_text("\n".join(["text,label", *rows]) + "\n")


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("extra", OTHER)
def test_one_extra_is_enough_for_its_kind_of_data(extra, tmp_path):
    programs = install(extra, tmp_path)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    absent = sorted({Requirement(text).name for text in extras[OTHER[extra]]} - COMES_ANYWAY)
    assert absent
    look = f"from importlib.util import find_spec; print([name for name in {absent} if find_spec(name)])"
    assert run(programs / "python", "-c", look, cwd=tmp_path).strip() == "[]"
    where = run(programs / "python", "-c", "import bakeoff; print(bakeoff.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(programs.parent)

    write_rows(tmp_path / "rows.csv")
    first, second = MODELS[extra]
    run(programs / "bakeoff", "train", *WORDS[extra], f"model={first}", *QUICK, "output_dir=run", cwd=tmp_path)
    assert read_json(tmp_path / "run" / "result.json")["status"] == "finished"
    contenders = [f"contenders=[{first},{second}]", "baselines=[]", "budget=none", "seeds=3"]
    run(programs / "bakeoff", "compare", *WORDS[extra], *contenders, *QUICK, "output_dir=compared", cwd=tmp_path)
    record = read_json(tmp_path / "compared" / "verdict.json")
    assert {entry["name"] for entry in record["leaderboard"]} == {first, second}
    assert (tmp_path / "compared" / "report.html").is_file()
