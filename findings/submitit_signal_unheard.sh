#!/usr/bin/env bash
# submitit 1.5.4 and pytorch-lightning 2.6.6: a Slurm job that submitit starts is warned by a signal that Lightning
# does not listen to, so that its save before the time limit never happens.
# Expected: Lightning's documented auto-resubmission works in jobs that submitit (or Hydra's launcher of that name)
# submits: on the warning before the limit the state is saved, and the next run goes on from there.
# Happens: submitit asks Slurm for SIGUSR2 and handles it itself; Lightning saves on SIGUSR1. On the signal that was
# asked for nothing is saved and the job is queued again to start from nothing (or from its last epoch's checkpoint);
# on SIGUSR1, which nobody sends, the checkpoint is there.
# Matters: on a cluster with short limits long trainings lose up to a whole job's work each time, silently, and models
# that train longest lose most: of contenders under one limit the slow ones look worse.
# Slurm's three commands are stand-ins here: what is shown is which signal the two ask for and obey.
# PYTHON may name an interpreter that has these versions already; else they are installed (torch: several gigabytes).
set -euo pipefail
pins=(submitit==1.5.4 pytorch-lightning==2.6.6 torch==2.14.1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-python3}
check='import sys
from importlib.metadata import version
pins = [pin.split("==") for pin in sys.argv[1:]]
sys.exit(any(version(name).split("+")[0] != wanted for name, wanted in pins))'
if ! "$python" -c "$check" "${pins[@]}" 2>/dev/null; then
  python3 -m venv "$work/venv"
  python=$work/venv/bin/python
  "$python" -m pip install -q "${pins[@]}"
fi
mkdir "$work/bin"
printf '#!/bin/sh\necho Submitted batch job 12\n' > "$work/bin/sbatch"
printf '#!/bin/sh\nexit 0\n' | tee "$work/bin/srun" > "$work/bin/scontrol"
chmod +x "$work"/bin/*
cat > "$work/training.py" <<'PY'
import time
from pathlib import Path

import pytorch_lightning as pl
import torch


class Line(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch, index):
        time.sleep(0.02)
        Path("trains").touch()
        return self.layer(batch[0]).square().mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def train():
    rows = torch.utils.data.TensorDataset(torch.ones(5000, 1))
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    trainer = pl.Trainer(max_epochs=1, accelerator="cpu", default_root_dir=".", **quiet)
    trainer.fit(Line(), torch.utils.data.DataLoader(rows))
PY
cat > "$work/job.py" <<'PY'
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import submitit
import training

executor = submitit.SlurmExecutor(folder="jobs", max_num_timeout=1)
executor.update_parameters(time=10)
executor.submit(training.train)
asked = re.search(r"--signal=(\w+)@", next(Path("jobs").glob("*submission.sh")).read_text()).group(1)
slurm = {"JOB_ID": "12", "JOB_NAME": "job", "NTASKS": "1", "NNODES": "1", "JOB_NUM_NODES": "1", "PROCID": "0"}
slurm |= {"LOCALID": "0", "NODEID": "0", "NTASKS_PER_NODE": "1", "JOB_NODELIST": "localhost"}
environ = os.environ | {f"SLURM_{name}": value for name, value in slurm.items()} | {"SUBMITIT_EXECUTOR": "slurm"}
saved = {}
for name in (asked, "USR1"):
    Path("trains").unlink(missing_ok=True)
    words = [sys.executable, "-W", "ignore", "-m", "submitit.core._submit", "jobs"]
    job = subprocess.Popen(words, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not Path("trains").exists():
        assert job.poll() is None, "the job ended before it trained"
        time.sleep(0.1)
    job.send_signal(getattr(signal, f"SIG{name}"))
    try:
        job.wait(timeout=20)
    except subprocess.TimeoutExpired:
        job.kill()
        job.wait()
    saved[name] = sorted(path.name for path in Path().rglob("*.ckpt"))
    print(f"SIG{name}{' (asked for by submitit)' if name == asked else ''}: saved {saved[name] or 'nothing'}")
assert asked == "USR2" and saved == {"USR2": [], "USR1": ["hpc_ckpt_1.ckpt"]}
PY
cd "$work"
PATH="$work/bin:$PATH" PYTHONPATH="$work" "$python" -W ignore job.py
