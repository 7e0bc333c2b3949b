"""Serving: examples a second of `bakeoff serve`, asked by eight clients for prepared batches of 32 texts.

Against calling the same network in a loop on the same batch, the better of before and after, one thread each; the 99th
percentile of how long a request took, and the memory of the server's process after them. Two cores, which clients and
server share.
"""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch

from bakeoff.config.running import run_pipeline
from bakeoff.training.trial.saved_run import load_run

BATCH, REQUESTS, CLIENTS, LENGTH = 32, 1000, 8, 26
THROUGHPUT, P99_S, MEMORY_MB = 0.7, 1.0, 1500.0
TRAINED = ["task=text_classification", "data=tweets", "data.max_rows=2000", "trainer.max_examples=640", "tracking=none"]


def measure() -> list[dict[str, Any]]:
    """A row a figure."""
    rows = []
    for model in ("lstm", "transformer"):
        with tempfile.TemporaryDirectory() as folder:
            run = Path(folder) / "run"
            run_pipeline("train", argv=[*TRAINED, f"model={model}", "trainer.threads=1", f"output_dir={run}"])
            rows += _rows(model, run)
    return rows


def _rows(model: str, run: Path) -> list[dict[str, Any]]:
    tokens_BT = torch.from_numpy(np.random.default_rng(0).integers(4, 400, (BATCH, LENGTH)))
    before = _direct(run, tokens_BT)
    command = [sys.executable, "-m", "bakeoff.cli", "serve", str(run), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = next(filter(None, (re.search(r"http://127\.0\.0\.1:(\d+)", line) for line in process.stdout)))
        time.sleep(2)
        seconds, taken = _ask(int(found[1]), json.dumps({"inputs": tokens_BT.tolist()}).encode())
        memory = psutil.Process(process.pid).memory_info().rss / 1e6
        process.terminate()
    served, direct = REQUESTS * BATCH / seconds, max(before, _direct(run, tokens_BT))
    late = float(np.percentile(taken, 99))
    return [
        _row(f"{model}: examples a second", served, direct, THROUGHPUT, better="at least"),
        _row(f"{model}: 99th percentile of a request, s", late, P99_S, 1.0),
        _row(f"{model}: memory, MB", memory, MEMORY_MB, 1.0),
    ]


def _row(what: str, ours: float, reference: float, target: float, *, better: str = "at most") -> dict[str, Any]:
    shown = {"bakeoff": round(ours, 3), "reference": round(reference, 3), "ratio": round(ours / reference, 2)}
    return {"what": what, **shown, "target": target, "better": better}


@torch.inference_mode()
def _direct(run: Path, tokens_BT: torch.Tensor) -> float:
    """Examples a second of the network in a loop."""
    torch.set_num_threads(1)
    net = load_run(run).module().net
    for _ in range(10):
        net(tokens_BT)
    start = time.perf_counter()
    for _ in range(200):
        net(tokens_BT)
    return 200 * BATCH / (time.perf_counter() - start)


def _ask(port: int, body: bytes) -> tuple[float, list[float]]:
    """Seconds for all requests, and for each."""

    def client(count: int) -> list[float]:
        connection, taken = http.client.HTTPConnection("127.0.0.1", port), []
        for _ in range(count):
            start = time.perf_counter()
            connection.request("POST", "/infer", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
            assert response.status == 200
            taken.append(time.perf_counter() - start)
        return taken

    start = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        found = list(clients.map(client, [REQUESTS // CLIENTS] * CLIENTS))
    return time.perf_counter() - start, [seconds for own in found for seconds in own]
