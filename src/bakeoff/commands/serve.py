"""``bakeoff serve RUN``: a finished run, or a bakeoff's winner, answers over HTTP on this machine."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bakeoff.commands.arguments import Parser, add_own_code, use_own_code
from bakeoff.commands.chosen import chosen_run
from bakeoff.errors import ConfigError, EnvironmentFault

if TYPE_CHECKING:
    from bakeoff.delivery.serving.model import ServedModel

MEGABYTE = 1_000_000
HOST, PORT, MEGABYTES, BATCH = "127.0.0.1", 8000, 10, 1024
_MOST_WAITING = 256
_LARGEST_PORT = 65_535


def run(argv: Sequence[str]) -> None:
    """Serves until Ctrl-C.

    Raises:
        ConfigError: no such run, or numbers out of range.
        CheckpointError: not a run to trust.
        EnvironmentFault: the address can't be listened on, or packages are missing.
    """
    parser = Parser(prog="bakeoff serve", description="A finished run, or a bakeoff's winner, answers over HTTP.")
    parser.add_argument("run", type=Path, metavar="RUN", help="the folder of a run or of a bakeoff")
    parser.add_argument("--contender", help="of a bakeoff, another one than the winner; its best trial on validation")
    parser.add_argument("--host", default=HOST, help=f"address to listen on ({HOST}: this machine alone)")
    parser.add_argument("--port", type=int, default=PORT, help=f"port ({PORT}; 0: any that is free)")
    parser.add_argument("--max-mb", type=int, default=MEGABYTES, help=f"megabytes of a request ({MEGABYTES})")
    parser.add_argument("--max-batch", type=int, default=BATCH, help=f"examples of a request ({BATCH})")
    add_own_code(parser)
    words = parser.parse_args(argv)
    use_own_code(words)
    for name, value, most in (("--max-mb", words.max_mb, 1000), ("--max-batch", words.max_batch, 1_000_000)):
        _require(name, value, least=1, most=most)
    _require("--port", words.port, least=0, most=_LARGEST_PORT)
    _serve(words.run, words.contender, (words.host, words.port), words.max_mb * MEGABYTE, words.max_batch)


def _require(name: str, value: int, *, least: int, most: int) -> None:
    if not least <= value <= most:
        raise ConfigError("config.out_of_range", name, value, "is out of range", allowed=f"{least} to {most}")


def _serve(folder: Path, contender: str | None, address: tuple[str, int], max_bytes: int, max_batch: int) -> None:
    try:
        import uvicorn

        from bakeoff.delivery.serving.app import make_app
    except ImportError as error:
        step = "pip install 'bakeoff[serve]'"
        raise EnvironmentFault(
            "env.missing_package", "serve", error.name, "is not installed", next_step=step
        ) from error
    from bakeoff.delivery.serving.asked import Limits
    from bakeoff.delivery.serving.model import ServedModel
    from bakeoff.training.trial.saved_run import load_run

    path, _ = chosen_run({"run": folder, "contender": contender})
    with _listening(address) as listening:  # before the network is loaded: a port in use is told at once
        model = ServedModel.load(load_run(path))
        host, port = listening.getsockname()[:2]
        if not ipaddress.ip_address(host).is_loopback:
            print(f"warning: whoever reaches {host} may ask: there is no password")
        print(f"{model.name} ({model.saved.trial.task}) answers on http://{host}:{port}", flush=True)
        print(f"{_example(model)} http://{host}:{port}/predict", flush=True)
        print("also POST /infer, GET /about, /health and /metrics; Ctrl-C ends it", flush=True)
        app = make_app(model, Limits(max_bytes, max_batch))
        config = uvicorn.Config(app, log_level="warning", access_log=False, limit_concurrency=_MOST_WAITING)
        uvicorn.Server(config).run(sockets=[listening])


def _example(model: ServedModel) -> str:
    """How to ask for an answer."""
    from bakeoff.delivery.serving.asked import SUFFIXES

    kind = next((kind for kind, suffix in SUFFIXES.items() if suffix in model.sent_as), "application/json")
    column = model.column or "COLUMN"
    sent = f"""-d '{{"rows": [{{"{column}": "..."}}]}}'""" if kind == "application/json" else "--data-binary @FILE"
    return f"curl -X POST -H 'content-type: {kind}' {sent}"


def _listening(address: tuple[str, int]) -> socket.socket:
    """A socket that listens there.

    Raises:
        EnvironmentFault: it can't.
    """
    try:
        return socket.create_server(address)
    except OSError as error:
        problem = f"can't be listened on ({error.strerror or error})"
        step = "--port 0 takes one that is free"
        raise EnvironmentFault(
            "env.no_address", "serve", f"{address[0]}:{address[1]}", problem, next_step=step
        ) from error
