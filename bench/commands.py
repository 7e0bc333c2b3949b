"""A command run to its end, and what it took."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# A process starts with the peak of the one that it was made from, which a bench's is larger than many a command's.
STARTER = """
import json, os, sys, time
start = time.perf_counter()
quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, used = os.wait4(pid, 0)
seconds = time.perf_counter() - start
print(json.dumps([os.waitstatus_to_exitcode(status), seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""


@dataclass(frozen=True)
class Used:
    """What a command took: seconds by the clock and of processors, and resident megabytes at most."""

    seconds: float
    processor_seconds: float
    peak_mb: float


def run_python(
    *words: str,
    python: Path | None = None,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Used:
    """Runs a Python command to its end; its errors are seen.

    Args:
        words: after ``python``.
        python: the interpreter; None: this one.
        folder: to run it in; None: this one.
        environment: the command's; None: this process's.

    Raises:
        CalledProcessError: it failed.
    """
    command = [str(python or sys.executable), *words]
    starter = [sys.executable, "-I", "-S", "-c", STARTER, *command]
    found = subprocess.run(starter, stdout=subprocess.PIPE, cwd=folder, env=environment, check=True, text=True)
    code, *used = json.loads(found.stdout)
    if code:
        raise subprocess.CalledProcessError(code, command)
    return Used(*used)


def peer_python(folder: Path, packages: Sequence[str]) -> Path:
    """The Python of an environment of a peer's own, with these packages before those of this one."""
    venv.create(folder / "peer", with_pip=True)
    python = folder / "peer" / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "-q", "--no-deps", *packages], check=True)
    (own,) = (folder / "peer" / "lib").glob("python*/site-packages")
    (own / "zz_shared.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    return python
