"""Recordings: features of an hour, from files and from the cache; training a BiLSTM; how long greedy decoding takes.

Features: processor seconds for 1,200 WAV files of 3 s at 22,050 Hz, read, brought to 16,000 Hz, as 40 log-mels every
10 ms on disk; and from the cache, with the first batch. Memory: what a process that trains on that hour takes at most,
in GB. Training: recordings a second of `bakeoff train` on spoken digits, logging on, against a hand-written loop over
the same batches, in memory; the two take turns, and the ratio is the median of the pairs. Decoding: processor seconds
from the samples to the transcript, one recording at a time, beside the length of the sound (the ratio is the real-time
factor), for networks of 120,000 parameters. All on one thread.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from omegaconf import OmegaConf

from bakeoff.comparison.planning.sizing import solve_size
from bakeoff.config import build
from bakeoff.config.composition import Composer
from bakeoff.data.audio.transcribed import TranscribedAudio
from bakeoff.models.cost import build_on_meta, count_parameters
from bakeoff.training.trial.configuration import TrialConfig
from bakeoff.training.trial.fitting import Training
from bakeoff.training.trial.run import TrialLabel, run_trial
from bench.sequences import in_turns

RECORDINGS, SECONDS, RATE_HZ = 1200, 3.0, 22_050
FEATURES_S, CACHED_S, THROUGHPUT, MEMORY_GB, PADDING = 20.0, 1.0, 0.9, 2.0, 0.1
"""The targets."""
CONTENDERS = ("gated_conv", "quartznet", "lstm", "gru", "transformer", "conformer")
PARAMETERS, HEARD, EPOCHS = 120_000, 40, 3

PROGRAM = """
import json, resource, sys
from bakeoff.config.running import run_pipeline
run_pipeline("train", argv=sys.argv[1:])
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6))
"""


def measure(*, repeats: int) -> list[dict[str, Any]]:
    """One row a figure."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        _write_hour(Path(folder) / "hour")
        before = os.environ.get("BAKEOFF_CACHE")
        os.environ["BAKEOFF_CACHE"] = str(Path(folder) / "cache")
        try:
            rows = [*_features(Path(folder)), _memory(Path(folder)), _throughput(Path(folder), repeats)]
        finally:
            os.environ.pop("BAKEOFF_CACHE")
            os.environ |= {} if before is None else {"BAKEOFF_CACHE": before}
    return [*rows, _padding(), *(_decoding(model) for model in CONTENDERS)]


def _write_hour(folder: Path) -> None:
    """Noise that grows and fades, each with a transcript of its own."""
    folder.mkdir()
    random, lines = np.random.default_rng(0), ["file_name,text"]
    for number in range(RECORDINGS):
        size = round(RATE_HZ * SECONDS * random.uniform(0.5, 1.5))
        wave = 0.3 * random.standard_normal(size) * np.sin(np.linspace(0, 20, size))
        soundfile.write(folder / f"{number}.wav", wave.astype(np.float32), RATE_HZ, subtype="PCM_16")
        lines.append(f"{number}.wav,number {number}")
    (folder / "metadata.csv").write_text("\n".join(lines))


def _config(*overrides: str) -> TrialConfig:
    words = ["task=speech_recognition", "trainer.accelerator=cpu", *overrides]
    return TrialConfig.of(OmegaConf.to_container(Composer().compose("train", words).cfg, resolve=True))


def _features(folder: Path) -> list[dict[str, Any]]:
    config = _config("data=audio_folder", f"data.folder={folder / 'hour'}")

    def seconds() -> tuple[float, TranscribedAudio]:
        start = time.process_time()
        data = build(config.raw["data"]["module"], seed=0)
        next(iter(data.train_dataloader()))
        return time.process_time() - start, data

    computed, data = seconds()
    cached, _ = seconds()
    hour = float(data._audio.seconds.sum())
    return [
        _row(f"features of {hour / 3600:.2f} hours of files, seconds", computed, hour, FEATURES_S),
        _row("the same from the cache, with a first batch, seconds", cached, hour, CACHED_S),
    ]


def _memory(folder: Path) -> dict[str, Any]:
    words = ["task=speech_recognition", "data=audio_folder", f"data.folder={folder / 'hour'}", "model=lstm"]
    words += ["trainer.max_epochs=1", "trainer.accelerator=cpu", "tracking=none", f"output_dir={folder / 'run'}"]
    done = subprocess.run([sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, check=True)
    return _row("training on them, GB at the most", json.loads(done.stdout.splitlines()[-1]), MEMORY_GB, MEMORY_GB)


def _throughput(folder: Path, repeats: int) -> dict[str, Any]:
    settings = ["data=spoken_digits", "data.num_voices=40", "model=lstm", "model.net.width=80"]
    config = _config(*settings, f"trainer.max_epochs={EPOCHS}", f"trainer.val_every={EPOCHS}")

    def ours(repeat: int) -> float:
        result = run_trial(Training(config, folder / str(repeat)), label=TrialLabel("bench", "bench"))
        return float(result["examples_per_second"])

    def reference(repeat: int) -> float:
        data = build(config.raw["data"]["module"], seed=0)
        batches = list(data.train_dataloader())
        net, task = config.network(data.spec).train(), config.make_task(data.spec)
        optimizer = build(config.raw["optimizer"])(list(net.parameters()))
        start = time.perf_counter()
        for _ in range(EPOCHS):
            for batch in batches:
                optimizer.zero_grad()
                task.loss(net(batch.inputs), batch, training=True).backward()
                torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                optimizer.step()
        return EPOCHS * sum(batch.size for batch in batches) / (time.perf_counter() - start)

    row = in_turns(ours, reference, repeats, digits=None)
    return {"what": "BiLSTM on spoken digits: training recordings/s", **row, "target": THROUGHPUT, "better": "at least"}


def _padding() -> dict[str, Any]:
    data = build(_config("data=spoken_digits").raw["data"]["module"], seed=0)
    return _row("padding, share of the frames of spoken digits", data.padding_waste(), 1.0, PADDING)


def _decoding(model: str) -> dict[str, Any]:
    config = _config("data=spoken_digits", f"model={model}")
    data = build(config.raw["data"]["module"], seed=0)
    net, task = _sized(config, data.spec).eval(), config.make_task(data.spec)
    recordings, front_end = data.raw("test")[:HEARD], data.spec.make_front_end()
    mean_K, std_K = np.array(data.spec.mean, np.float32), np.array(data.spec.std, np.float32)
    spent: list[float] = []
    with torch.no_grad():
        for recording in [recordings[0], *recordings]:  # the first warms caches
            start = time.process_time()
            frames_1TK = torch.from_numpy((front_end.of(recording) - mean_K) / std_K)[None]
            task.answer(net, (frames_1TK, torch.tensor([frames_1TK.shape[1]])))
            spent.append(time.process_time() - start)
    heard = sum(recording.seconds for recording in recordings)
    return _row(f"{model}: seconds to write down {len(recordings)} recordings", sum(spent[1:]), heard, round(heard, 1))


def _sized(config: TrialConfig, spec: Any) -> Any:
    knobs: Sequence[Any] = config.raw["model"]["knobs"]

    def made(arguments: dict[str, float]) -> Any:
        section = config.raw["model"] | {"net": config.raw["model"]["net"] | arguments}
        return TrialConfig.of(config.raw | {"model": section}).network(spec)

    sized = solve_size(
        lambda arguments: count_parameters(build_on_meta(lambda: made(arguments))),
        list(knobs),
        PARAMETERS,
        name=config.raw["model"]["name"],
    )
    return made(dict(sized.args))


def _row(what: str, found: float, reference: float, target: float) -> dict[str, Any]:
    ratio = round(found / reference, 4)
    return {
        "what": what,
        "bakeoff": round(found, 3),
        "reference": round(reference, 1),
        "ratio": ratio,
        "target": target,
    }
