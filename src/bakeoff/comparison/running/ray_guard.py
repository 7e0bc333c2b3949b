"""A process beside a Ray of one's own that ends all of Ray once the bakeoff has ended, by whatever means.

Ray's main processes end with the program that started them; its agents, which these started, would go on for a minute
in search of them. All have their logs in one folder, which is removed too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

TRIES = 20
PAUSE_S = 0.2


class RayGuard:
    """The bakeoff's side.

    Args:
        folder: where Ray keeps its session, and nobody else anything.
    """

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-P", "-m", __name__, str(folder)]
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, start_new_session=True
        )

    def close(self) -> None:
        """Ends what is left of Ray, and removes the folder."""
        self._process.communicate()


def main() -> None:
    """Waits for the end of the input, which comes with that of the bakeoff."""
    bakeoff = os.getppid()
    sys.stdin.read()
    folder = Path(sys.argv[1])
    for _ in range(TRIES):
        if not kill_users(folder, sparing=bakeoff):
            break
        time.sleep(PAUSE_S)
    shutil.rmtree(folder, ignore_errors=True)


def kill_users(folder: Path, *, sparing: int) -> int:
    """Kills the processes that have files of a folder open, but for one that keeps its log; how many there were."""
    import psutil

    found = 0
    for process in psutil.process_iter():
        try:
            used = any(Path(file.path).is_relative_to(folder) for file in process.open_files())
            if used and process.pid != sparing:
                process.kill()
                found += 1
        except psutil.Error:  # it has just ended, or is another user's
            continue
    return found


if __name__ == "__main__":
    main()
