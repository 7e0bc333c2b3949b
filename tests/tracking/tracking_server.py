"""A real MLflow server on a free port of this machine, which can be paused, ended and started again."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil

from bakeoff.tracking.server import StoreUnreachable, probe


class TrackingServer:
    """``mlflow server`` with a SQLite store in ``folder``.

    Args:
        folder: of the database and the files.
        template: a migrated database to start from; its own migration takes seconds.
    """

    def __init__(self, folder: Path, template: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "server.db").write_bytes(template.read_bytes())
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.uri = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen | None = None
        self.start()

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        store, files = f"sqlite:///{self.folder / 'server.db'}", str(self.folder / "files")
        command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store]
        command += ["--artifacts-destination", files, "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"]
        quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **quiet})
        deadline = time.monotonic() + 300
        while True:
            try:
                return probe(self.uri)
            except StoreUnreachable:
                assert time.monotonic() < deadline and self._process.poll() is None, "the server did not start"
                time.sleep(0.2)

    def signal(self, number: int) -> None:
        """Sends a signal to the server and its workers: SIGSTOP to make it silent, SIGCONT to let it go on."""
        assert self._process is not None
        process = psutil.Process(self._process.pid)
        for member in [*process.children(recursive=True), process]:
            member.send_signal(number)

    def stop(self) -> None:
        """Ends it at once."""
        if self._process is not None:
            self.signal(signal.SIGKILL)
            self._process.wait()
            self._process = None
