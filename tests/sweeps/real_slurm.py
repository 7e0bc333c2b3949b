"""A Slurm of one node on this machine, started for a test and ended by it (Debian: slurm-wlm and munge)."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun")
START_S = 60
CONFIG = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
SlurmdUser=root
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
KillWait=5
SchedulerParameters=bf_interval=1,sched_interval=1
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory_mb} State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> str:
    """What this machine lacks for it; empty for nothing."""
    path = f"{os.environ['PATH']}:/usr/sbin"
    lacking = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if os.geteuid() != 0:
        lacking.append("the rights of root")
    return ", ".join(lacking)


@contextmanager
def slurm(*, cpus: int = 2, memory_mb: int = 8000) -> Iterator[dict[str, str]]:
    """The environment in which Slurm's commands reach it."""
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    folder.chmod(0o755)  # munge trusts no socket in a folder that others can't enter
    for name in ("state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o600)
    host = socket.gethostname().partition(".")[0]
    config = folder / "slurm.conf"
    config.write_text(CONFIG.format(host=host, folder=folder, ports=_ports(2), cpus=cpus, memory_mb=memory_mb))
    environ = os.environ | {"SLURM_CONF": str(config), "PATH": f"{os.environ['PATH']}:/usr/sbin"}
    files = {"key-file": key, "socket": folder / "munge.socket", "log-file": folder / "munged.log"}
    files |= {"seed-file": folder / "munged.seed", "pid-file": folder / "munged.pid"}
    daemons = [["munged", "--foreground", "--force", *(f"--{name}={path}" for name, path in files.items())]]
    daemons += [["slurmctld", "-D", "-c"], ["slurmd", "-D", "-c"]]
    processes = []
    try:
        for words in daemons:
            log = (folder / f"{words[0]}.out").open("w")
            processes.append(subprocess.Popen(words, env=environ, stdout=log, stderr=subprocess.STDOUT))
            time.sleep(1)
        _wait_until_idle(environ, folder)
        yield environ
    finally:
        subprocess.run(["scancel", "--user=root"], env=environ, check=False)
        for process in reversed(processes):
            process.terminate()
            process.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def _ports(count: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def _wait_until_idle(environ: dict[str, str], folder: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        answer = subprocess.run(["sinfo", "-h", "-o", "%t"], env=environ, capture_output=True, text=True, check=False)
        if answer.stdout.strip() == "idle":
            return
        time.sleep(0.5)
    logs = "".join(path.read_text()[-1000:] for path in sorted(folder.glob("*.log")))
    raise TimeoutError(f"Slurm did not come up: {logs}")
