"""GRU4Rec and SASRec on ml-100k beside RecBole 1.2.1: interactions learnt a second, and NDCG@10 after one epoch.

One thread each. RecBole, which fails on NumPy 2, runs in an environment of its own, made of the package index with the
torch of this one; it has its defaults, with cross-entropy over all items and each prefix of a history an example of its
own. Here every step of a history is learnt in one pass, at the same sizes and dropout, in smaller steps (RecBole's are
of 2,048 prefixes at a learning rate of 0.001; here of 32 pieces of histories, about 1,400 items, at 0.005). Both hold
out each user's last two interactions and rank all items, those that the user had among them, since RecBole's sequential
models leave none out. Seconds are of the processor, so that what else the machine does counts little.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from omegaconf import OmegaConf

from bakeoff.config import build
from bakeoff.config.composition import Composer
from bakeoff.training.trial.configuration import TrialConfig
from bench.commands import peer_python

TARGET = 20
_PACKAGES = [
    *(
        "recbole==1.2.1",
        "numpy==1.26.4",
        "pandas==2.2.3",
        "pytz",
        "colorlog==4.7.2",
        "colorama==0.4.4",
        "tqdm",
        "tabulate",
    ),
    *("texttable", "thop", "tensorboard", "plotly", "absl-py", "protobuf", "markdown", "werkzeug", "grpcio"),
    *("tensorboard-data-server", "narwhals", "ray==2.6.3"),
]
_MODELS = {
    "GRU4Rec": [
        "model=gru",
        "model.net.width=64",
        "model.net.hidden=128",
        "model.net.depth=1",
        "model.net.dropout=0.3",
    ],
    "SASRec": [
        *("model=transformer", "model.net.width=64", "model.net.depth=2", "model.net.heads=2"),
        *("model.net.mlp_width=256", "model.net.positions=learned", "model.net.max_length=50", "model.net.dropout=0.5"),
    ],
}
PEER = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import torch
torch.set_num_threads(1)
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.utils import get_model, get_trainer, init_seed
name, epochs = sys.argv[1], int(sys.argv[2])
sys.argv = sys.argv[:1]
modes = {"valid": "full", "test": "full"}
split = {"split": {"LS": "valid_and_test"}, "order": "TO", "group_by": "user", "mode": modes}
settings = {"epochs": epochs, "use_gpu": False, "seed": 0, "show_progress": False, "state": "ERROR",
            "train_neg_sample_args": None, "eval_args": split, "metrics": ["NDCG"], "topk": [10],
            "valid_metric": "NDCG@10", "checkpoint_dir": "saved"}
config = Config(model=name, dataset="ml-100k", config_dict=settings)
init_seed(config["seed"], True)
train, valid, test = data_preparation(config, create_dataset(config))
net = get_model(name)(config, train._dataset)
trainer = get_trainer(config["MODEL_TYPE"], name)(config, net)
seconds = 0.0
for epoch in range(epochs):
    begun = time.process_time()
    trainer._train_epoch(train, epoch, show_progress=False)
    seconds += time.process_time() - begun
ndcg = float(trainer.evaluate(test, load_best_model=False)["ndcg@10"])
print(json.dumps({"rate": len(train._dataset) * epochs / seconds, "ndcg": ndcg, "data": config["data_path"]}))
"""


def measure(*, epochs: int) -> list[dict[str, Any]]:
    """Two rows a model: interactions a second, and NDCG@10 after so many epochs."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        python = peer_python(Path(folder), _PACKAGES)
        return [row for name in _MODELS for row in _rows(name, python, Path(folder), epochs)]


def _rows(name: str, python: Path, folder: Path, epochs: int) -> Iterator[dict[str, Any]]:
    command = [str(python), "-c", PEER, name, str(epochs)]
    alone = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {"OMP_NUM_THREADS": "1"}
    told = subprocess.run(command, cwd=folder, env=alone, check=True, capture_output=True, text=True).stdout
    peer = json.loads(told.splitlines()[-1])
    rate, ndcg = _ours(_MODELS[name], Path(peer["data"]) / "ml-100k.inter", epochs)
    for what, own, other, target in (
        (f"{name}, interactions a second", rate, peer["rate"], TARGET),
        (f"{name}, NDCG@10 after {epochs} epoch{'s' * (epochs > 1)}", ndcg, peer["ndcg"], 1),
    ):
        digits = 1 if target == TARGET else 4
        row = {"what": what, "bakeoff": round(own, digits), "reference": round(other, digits)}
        yield row | {"ratio": round(own / other, 2), "target": target, "better": "at least"}


def _ours(model: list[str], file: Path, epochs: int) -> tuple[float, float]:
    """Interactions a second, and NDCG@10, of the steps that a trial takes."""
    words = ["task=recommendation", "data=interactions", f"data.file={file}", "data.columns.user=user_id", *model]
    words += [
        "data.columns.item=item_id",
        "data.columns.time=timestamp",
        "data.other_order=false",
        "data.mask_seen=false",
    ]
    words += ["data.batch_size=32", "optimizer.lr=5e-3", "optimizer.weight_decay=0.01", "trainer.accelerator=cpu"]
    config = TrialConfig.of(OmegaConf.to_container(Composer().compose("train", words).cfg, resolve=True))
    data = config.open_data()
    torch.manual_seed(0)
    net, task = config.network(data.spec), config.make_task(data.spec)
    optimizer, loader = build(config.raw["optimizer"])(net.parameters()), data.train_dataloader()
    seconds = 0.0
    for epoch in range(epochs):
        loader.set_epoch(epoch)
        begun = time.process_time()
        through = task.begin_pass(training=True)
        for batch in loader:
            loss = task.loss(through(net.train(), batch.inputs), batch, training=True)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
        seconds += time.process_time() - begun
    inputs = data.predict_dataloader("test")
    with torch.inference_mode():
        answers = task.respond_to_all(net.eval(), inputs, positions=inputs.positions)
    ndcg = task.summarise(answers, data.labels("test"))["ndcg_at_10"]
    return data.spec.num_interactions * epochs / seconds, ndcg
