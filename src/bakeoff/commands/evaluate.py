"""``evaluate``: a finished run on a split of its own data, or of other data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bakeoff.files import write_json
from bakeoff.training.trial.saved_run import load_run


def run(config: Mapping[str, Any]) -> dict[str, float]:
    """Prints ``<split>/<name> value`` lines and writes ``evaluation.json``.

    Raises:
        ConfigError, CheckpointError: no such run, or not one to trust.
        DataError: the data has other classes than the run was trained on.
    """
    saved = load_run(config["run"])
    data = saved.data(config["data"])
    split = config["split"]
    metrics = saved.task.summarise(saved.answers_on(data, split), data.labels(split))
    folder = Path(config["output_dir"] or saved.folder / f"evaluate-{split}")
    about = {"run": saved.result["trial_id"], "split": split, "data_fingerprint": data.fingerprint}
    write_json(folder / "evaluation.json", about | {"metrics": metrics})
    print(f"run {saved.result['trial_id']} ({saved.result['model']}) on {data.spec.name}, {split}")
    for name, value in metrics.items():
        print(f"{split}/{name} {value:.4f}")
    return metrics
