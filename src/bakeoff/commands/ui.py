"""``bakeoff ui``: the MLflow page on the store of a folder of runs."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bakeoff.commands.arguments import Parser
from bakeoff.databases import sqlite_uri
from bakeoff.errors import ConfigError, EnvironmentFault
from bakeoff.tracking.moved import settle_artifacts

HOST = "127.0.0.1"  # the page has no login: never on an address that others reach


def run(argv: Sequence[str]) -> None:
    """Serves the page until Ctrl-C.

    Raises:
        EnvironmentFault: there is no store, the port is taken, or the server stopped by itself.
        ConfigError: no port, or a store whose path no address can say.
    """
    parser = Parser(prog="bakeoff ui", description="The MLflow page of your runs, on this machine only.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path("outputs"), help="an output folder (outputs)")
    parser.add_argument("--port", type=int, default=5000, help="the page's port (5000)")
    arguments = parser.parse_args(argv)
    store = find_store(arguments.folder)
    command = server_command(store, port=arguments.port)
    _check_port(arguments.port)
    with contextlib.suppress(sqlite3.OperationalError):  # one that can't be written shows its runs all the same
        settle_artifacts(sqlite_uri(store))
    print(f"http://{HOST}:{arguments.port}  (Ctrl-C ends it)", flush=True)
    # No pickled models are ever loaded from a store, MLflow sends nothing home, and no module of its is taken from the
    # current folder.
    environment = {
        "PYTHONSAFEPATH": "1",
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
    }
    server = subprocess.Popen(command, env={**os.environ, **environment})
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        code = server.wait()
    except KeyboardInterrupt:
        return
    finally:
        _end(server.pid)
    if code:
        raise EnvironmentFault("env.ui", "ui", arguments.folder, f"the MLflow server ended with exit code {code}")


def _end(pid: int) -> None:
    """Ends the server and the workers that it started, which would outlive it."""
    import psutil

    if not psutil.pid_exists(pid):
        return
    server = psutil.Process(pid)
    family = [*server.children(recursive=True), server]
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    for process in psutil.wait_procs(family, timeout=5)[1]:
        process.kill()


def find_store(folder: Path) -> Path:
    """The store of an output folder, or of a folder below it; a path to the store itself will do.

    Raises:
        EnvironmentFault: there is none.
    """
    for store in (folder / "mlflow.db", folder.parent / "mlflow.db", folder):
        if store.is_file() and store.suffix == ".db":
            return store.resolve()
    problem = f"there is no mlflow.db in {folder.resolve()}"
    step = "bakeoff train, or name the output_dir of your runs: bakeoff ui DIR"
    raise EnvironmentFault("env.no_store", "ui", folder, problem, next_step=step)


def server_command(store: Path, *, port: int) -> list[str]:
    """What starts the server: one worker, since each takes a gigabyte, and files served from where the runs are."""
    words = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", sqlite_uri(store), "--host", HOST]
    artifacts = (store.parent / "mlflow-artifacts").as_uri()
    return [*words, "--port", str(port), "--workers", "1", "--no-serve-artifacts", "--default-artifact-root", artifacts]


def _check_port(port: int) -> None:
    if not 1 <= port <= 65535:
        raise ConfigError("config.out_of_range", "--port", port, "is no port", allowed="1 to 65535")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            step = f"bakeoff ui --port {port + 1 if port < 65535 else port - 1}"
            raise EnvironmentFault("env.port_taken", "--port", port, str(error), next_step=step) from error
