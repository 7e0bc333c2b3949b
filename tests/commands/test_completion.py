"""A shell completes commands, groups, options, keys and their choices; the real bash is asked where there is one."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from bakeoff.cli import COMMANDS, PIPELINES, main

DRIVER = """
bakeoff() {{ {python} -m bakeoff.cli "$@"; }}
eval "$(bakeoff completion bash)"
compopt() {{ :; }}
while IFS= read -r line; do
    COMP_LINE=$line COMP_POINT=${{#line}}
    _bakeoff
    echo "${{COMPREPLY[*]}}"
done
"""


def completed(line, capsys):
    main(["completion", "query", line])
    return capsys.readouterr().out.split()


def test_commands_groups_options_keys_and_choices_are_completed(capsys):
    assert completed("bakeoff ", capsys) == sorted([*PIPELINES, *COMMANDS])
    assert completed("bakeoff comp", capsys) == ["compare", "completion"]
    assert completed("bakeoff train mod", capsys)[0] == "model.contract="
    assert {"model=", "model.net.width="} <= set(completed("bakeoff train mo", capsys))
    assert completed("bakeoff train model=conv", capsys) == ["model=convnext"]
    assert completed("bakeoff train model=vit model.net.mlp", capsys) == ["model.net.mlp_width="]
    assert completed("bakeoff train trainer.precision=", capsys)[0] == "trainer.precision=16-mixed"
    assert completed("bakeoff compare paired=", capsys) == ["paired=false", "paired=true"]
    assert "optimizer.lr" in completed("bakeoff explain optimizer.l", capsys)
    assert completed("bakeoff list mo", capsys) == ["model"]
    assert completed("bakeoff report runs/", capsys) == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_is_completed_as_it_cuts_words():
    lines = "bakeoff tra\nbakeoff train optimizer.weight\nbakeoff train model=len\n"
    program = ["bash", "--norc", "-c", DRIVER.format(python=sys.executable)]
    done = subprocess.run(program, input=lines, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["train", "optimizer.weight_decay=", "lenet"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_take_their_script(shell, capsys):
    main(["completion", shell])
    script = capsys.readouterr().out
    assert "bakeoff completion query" in script
    if shutil.which(shell):
        start = "autoload -U compinit; compinit -u; " if shell == "zsh" else ""
        assert subprocess.run([shell, "-c", start + script], check=False).returncode == 0
