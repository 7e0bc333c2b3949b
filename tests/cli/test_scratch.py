"""The folder of a command's temporary files: its own while it lives, cleared by the next one if it was killed."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from bakeoff.scratch import Scratch

HOLD = "import time; from bakeoff.scratch import Scratch; print(Scratch().folder, flush=True); time.sleep(60)"


@pytest.fixture(autouse=True)
def root(monkeypatch):
    with tempfile.TemporaryDirectory(dir="/tmp") as short:  # a socket's path has to fit
        monkeypatch.setenv("TMPDIR", short)
        monkeypatch.setattr(tempfile, "tempdir", short)
        monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", short)
        yield Path(short)


def held() -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_what_a_killed_command_left_is_cleared_by_the_next_and_what_a_living_one_has_is_not(root):
    (dead, left), (living, kept) = held(), held()
    try:
        assert left.parent == kept.parent == root
        (left / "pymp-x").mkdir()
        os.kill(dead.pid, signal.SIGKILL)
        dead.wait()
        scratch = Scratch()
        assert not left.exists() and kept.is_dir() and scratch.folder.is_dir()
        scratch.close()
    finally:
        for process in (dead, living):
            process.kill()
            process.communicate()


def test_temporary_files_lie_in_it_and_go_with_it(root):
    scratch = Scratch()
    made = Path(tempfile.mkdtemp())
    assert made.parent == scratch.folder and os.environ["TMPDIR"] == str(scratch.folder)
    scratch.close()
    assert not made.exists() and tempfile.gettempdir() == os.environ["TMPDIR"] == str(root)


def test_where_the_path_is_too_long_for_sockets_it_is_not_used(root, monkeypatch):
    deep = root / ("d" * 60)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    scratch = Scratch()
    assert tempfile.gettempdir() == str(deep)
    scratch.close()
    assert list(deep.iterdir()) == []
