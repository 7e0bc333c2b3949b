"""``bakeoff serve``: answers as `predict` does, refuses in one line, and loses no request."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
import torch
import uvicorn
from PIL import Image

from bakeoff.commands.serve import run
from bakeoff.config.running import run_pipeline
from bakeoff.delivery.serving.app import make_app
from bakeoff.delivery.serving.asked import Limits
from bakeoff.delivery.serving.model import ServedModel
from bakeoff.errors import ConfigError, EnvironmentFault
from bakeoff.training.trial.saved_run import SavedRun, load_run

QUICK = ["trainer.max_epochs=1", "trainer.accelerator=cpu", "trainer.threads=1", "tracking=none", "progress=none"]
LIMITS = Limits(max_bytes=2_000_000, max_batch=64)
JSON = {"Content-Type": "application/json"}


class Server:
    """One that runs in a thread of this process."""

    def __init__(self, saved: SavedRun) -> None:
        app = make_app(ServedModel.load(saved), LIMITS)
        self._server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)


def ask(port: int, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET" if body is None else "POST", path, body, {**JSON, **headers})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def refused(port: int, path: str, body: bytes, **headers: str) -> tuple[int, str]:
    """The status, and the one line."""
    status, text = ask(port, path, body, **headers)
    line: str = json.loads(text)["error"]
    assert "\n" not in line and len(line) < 700
    return status, line


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on 60 short texts."""
    path = tmp_path_factory.mktemp("served")
    words = {"good": "fine great lovely", "bad": "poor awful dull"}
    lines = [f"{text} {n},{kind}" for n in range(30) for kind, text in words.items()]
    (path / "rows.csv").write_text("\n".join(["text,label", *lines]) + "\n")
    where = ["task=text_classification", "data=csv", f"data.file={path / 'rows.csv'}", "model=text_cnn"]
    run_pipeline("train", argv=[*where, "model.net.width=16", *QUICK, f"output_dir={path / 'run'}"])
    return path / "run"


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    server = Server(load_run(folder))
    yield server.port
    server.stop()


def test_rows_are_answered_as_predict_answers_them(port: int, folder: Path, tmp_path: Path) -> None:
    texts = ["fine great 3", "awful dull", "poor \u00e9\U0001f389 words"]
    status, text = ask(port, "/predict", json.dumps({"rows": [{"text": one} for one in texts]}).encode())
    assert status == 200, text
    (tmp_path / "new.jsonl").write_text("".join(json.dumps({"text": one}) + "\n" for one in texts))
    run_pipeline(
        "predict", argv=[f"run={folder}", f"input={tmp_path / 'new.jsonl'}", f"output={tmp_path / 'said.jsonl'}"]
    )
    expected = pd.read_json(tmp_path / "said.jsonl", lines=True).to_dict("records")
    assert [row["prediction"] for row in json.loads(text)["rows"]] == [row["prediction"] for row in expected]
    for found, wanted in zip(json.loads(text)["rows"], expected, strict=True):
        assert found["confidence"] == pytest.approx(wanted["confidence"], abs=1e-5)
    status, text = ask(port, "/predict", b"text\nfine great 3\n", **{"Content-Type": "text/csv"})
    assert status == 200 and json.loads(text)["rows"][0]["prediction"] == expected[0]["prediction"]


def test_prepared_inputs_get_the_networks_outputs(port: int, folder: Path) -> None:
    tokens = [[4, 5, 6], [7, 0, 0]]
    status, text = ask(port, "/infer", json.dumps({"inputs": tokens}).encode())
    with torch.inference_mode():
        expected = load_run(folder).module()(torch.tensor(tokens))
    assert status == 200
    torch.testing.assert_close(torch.tensor(json.loads(text)["outputs"]), expected)
    about = json.loads(ask(port, "/about")[1])
    assert about["inputs"] == {"inputs": [None, None]} and about["task"] == "text_classification"


def test_what_can_not_be_answered_is_refused_in_one_line(port: int) -> None:
    large = b'{"rows": [{"text": "' + b"x" * 3_000_000 + b'"}]}'
    assert refused(port, "/predict", large) == (413, "the body has 3,000,024 bytes; allowed: 2,000,000")
    assert refused(port, "/infer", b"") == (400, "the body is empty")
    assert refused(port, "/infer", b"[1, 2")[0] == 400
    assert refused(port, "/infer", b"[" * 100_000)[0] == 400
    assert refused(port, "/infer", b"[1]") == (400, "the body must be a JSON object; it is list")
    assert refused(port, "/infer", b'{"tokens": [[1]]}') == (422, "the body must have inputs; it has tokens")
    assert refused(port, "/infer", b'{"inputs": [[1, NaN]]}')[1].startswith("NaN is no number")
    assert refused(port, "/infer", b'{"inputs": [[1, 2], [3]]}')[1] == "inputs has rows of unequal lengths; pad them"
    assert refused(port, "/infer", b'{"inputs": [[1.5, 2.5]]}')[1] == "inputs must hold whole numbers"
    assert refused(port, "/infer", b'{"inputs": [["a", "b"]]}')[0] == 422
    assert refused(port, "/infer", b'{"inputs": [1, 2]}')[1] == "inputs must be of shape (any, any); it is (2,)"
    assert refused(port, "/infer", b'{"inputs": [[1, 999999]]}')[1].startswith("inputs must hold tokens from 0 to ")
    assert refused(port, "/infer", json.dumps({"inputs": [[1]] * 65}).encode())[0] == 413
    assert refused(port, "/predict", b'{"rows": [{"words": "fine", "n": 1}]}')[0] == 422
    assert refused(port, "/predict", b'{"rows": ["fine"]}')[0] == 422
    assert refused(port, "/predict", json.dumps({"rows": [{"text": "fine"}] * 65}).encode())[0] == 413
    assert refused(port, "/predict", b'{"rows": [{"text": NaN}]}')[0] == 422
    assert refused(port, "/predict", b"x", **{"Content-Type": "application/x-pickle"})[0] == 415
    line = refused(port, "/predict", b"x", **{"Content-Type": "image/png"})[1]
    assert line == "a body of type image/png can't be read for text_cnn; allowed: application/json, text/csv"
    assert refused(port, "/predict", b"\x80\x04\x95", **{"Content-Type": "text/csv"})[0] == 422
    assert ask(port, "/health") == (200, '{"status":"ok"}')
    assert 'bakeoff_requests_total{status="422"}' in ask(port, "/metrics")[1]


def test_a_model_without_a_network_answers_rows_alone(folder: Path, tmp_path: Path) -> None:
    where = ["task=text_classification", "data=csv", f"data.file={folder.parent / 'rows.csv'}", "model=tfidf", *QUICK]
    run_pipeline("train", argv=[*where, f"output_dir={tmp_path / 'run'}"])
    server = Server(load_run(tmp_path / "run"))
    try:
        status, text = ask(server.port, "/predict", b'{"rows": [{"text": "awful dull"}]}')
        assert status == 200 and json.loads(text)["rows"][0]["prediction"] in ("good", "bad")
        assert refused(server.port, "/infer", b'{"inputs": [[1]]}')[0] == 501
    finally:
        server.stop()


def test_an_image_is_answered_and_no_row_may_name_a_file_of_the_servers(tmp_path: Path) -> None:
    small = ["data=digits", "model=lenet", "trainer.max_examples=64", *QUICK]
    run_pipeline("train", argv=[*small, f"output_dir={tmp_path / 'run'}"])
    Image.new("L", (8, 8), 128).save(tmp_path / "one.png")
    server = Server(load_run(tmp_path / "run"))
    try:
        png = (tmp_path / "one.png").read_bytes()
        status, text = ask(server.port, "/predict", png, **{"Content-Type": "image/png"})
        (row,) = json.loads(text)["rows"]
        assert status == 200 and row["prediction"] in "0123456789"
        assert "bakeoff-serve" not in text
        rows = json.dumps({"rows": [{"file_name": str(tmp_path / "one.png")}]}).encode()
        assert refused(server.port, "/predict", rows)[0] == 415
        assert refused(server.port, "/predict", b"\x89PNG", **{"Content-Type": "image/png"})[0] == 422
        assert refused(server.port, "/infer", b'{"inputs": [[[[1e39]]]]}')[0] == 422
    finally:
        server.stop()


def test_a_port_in_use_a_missing_run_and_numbers_out_of_range_are_told(port: int, folder: Path) -> None:
    with pytest.raises(EnvironmentFault, match=rf"127\.0\.0\.1:{port}: can't be listened on"):
        run([str(folder), "--port", str(port)])
    with pytest.raises(ConfigError, match="no finished run there"):
        run([str(folder.parent / "nothing"), "--port", "0"])
    with pytest.raises(ConfigError, match="out of range"):
        run([str(folder), "--max-batch", "0"])


@pytest.fixture
def program(folder: Path) -> Iterator[tuple[int, psutil.Process]]:
    """The command in a process of its own: its port, and the process."""
    command = [sys.executable, "-m", "bakeoff.cli", "serve", str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        said: list[str] = []
        for line in process.stdout:
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                break
        else:
            pytest.fail("".join(said))
        yield int(found[1]), psutil.Process(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130


@pytest.mark.slow
def test_a_thousand_requests_of_eight_clients_are_all_answered(program: tuple[int, psutil.Process]) -> None:
    port, process = program
    body = json.dumps({"rows": [{"text": "fine great"}] * 8}).encode()

    def one(number: int) -> tuple[int, Any]:
        status, text = ask(port, "/predict", body)
        return status, len(json.loads(text)["rows"])

    while True:
        try:
            assert ask(port, "/health")[0] == 200
            break
        except ConnectionError:
            time.sleep(0.1)
    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(one, range(1000)))
    assert answers == [(200, 8)] * 1000
    assert refused(port, "/predict", b"x" * 100_000_000) == (413, "the body has 100,000,000 bytes; allowed: 10,000,000")
    assert 'bakeoff_requests_total{status="200"} 1000' in ask(port, "/metrics")[1]
    assert process.memory_info().rss < 1.5e9
    assert os.getpid() != process.pid
