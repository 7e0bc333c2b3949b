"""Runs trials on Ray: it finds each a place on a cluster, or on this machine; all else is as in `LocalExecutor`.

A trial writes into its folder, wherever it runs, so the output folder has to be on a file system that all nodes share.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent import futures
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bakeoff.comparison.running import ray_tasks
from bakeoff.comparison.running.attempts import Attempt, after, first_attempts
from bakeoff.comparison.running.job import Job, Needs, OnEnd, OnWait
from bakeoff.comparison.running.order import Ending
from bakeoff.comparison.running.ray_cluster import Cluster
from bakeoff.comparison.running.trial_process import GRACE_S, POLL_S
from bakeoff.config.processes import Process
from bakeoff.errors import EnvironmentFault
from bakeoff.files import read_json
from bakeoff.ranges import NotNegative, Positive, WholeNumber
from bakeoff.record.layout import RESULT

_LEAVE_S = 2.0
"""What a worker takes to notice that its task was cancelled, beside what it gives the trial."""


@dataclass(frozen=True)
class _Running:
    """``future`` is Ray's ``reference`` for this program: signals end a wait for it as they do any other."""

    attempt: Attempt
    reference: Any
    future: futures.Future[Ending]


class RayExecutor:
    """A Ray cluster, or a Ray of its own on this machine.

    Args:
        address: ``HOST:PORT`` or ``auto`` of a running cluster; None starts Ray on this machine for the bakeoff.
        cpus_per_trial: CPUs that Ray sets aside for a trial, or a fraction; None is ``trainer.threads`` for each of
            ``trainer.devices``.
        gpus_per_trial: GPUs, or a fraction of one; None is ``trainer.devices`` where the cluster has any and
            ``trainer.accelerator`` is not ``cpu``, else none.
        timeout_s: a trial that takes longer is stopped and scored as the trivial predictor; None waits for ever.
        retries: how often a trial whose process was killed, or whose node was lost, is started again.
    """

    def __init__(
        self,
        *,
        address: str | None = None,
        cpus_per_trial: Positive | None = None,
        gpus_per_trial: NotNegative | None = None,
        timeout_s: Positive | None = None,
        retries: WholeNumber = 1,
    ) -> None:
        if cpus_per_trial is not None and cpus_per_trial <= 0:
            raise ValueError(f"cpus_per_trial must be above 0, or null; got {cpus_per_trial}")
        if gpus_per_trial is not None and gpus_per_trial < 0:
            raise ValueError(f"gpus_per_trial must be at least 0, or null; got {gpus_per_trial}")
        self.address = address
        self.cpus_per_trial = cpus_per_trial
        self.gpus_per_trial = gpus_per_trial
        self.timeout_s = timeout_s
        self.retries = retries
        self._cluster: Cluster | None = None

    @property
    def cluster(self) -> Cluster:
        """Connected at the first use."""
        if self._cluster is None:
            self._cluster = Cluster(self.address)
        return self._cluster

    def warm_up(self, modules: Sequence[str]) -> None:
        """Starts or joins Ray, and the imports of as many workers as trials will run at once."""
        warm = self._remote(ray_tasks.warm_up, Needs())
        for _ in range(self.slots(Needs())):
            warm.remote(Path.cwd(), list(modules))

    def slots(self, needs: Needs) -> int:
        """How many such trials run at once, each on a node that has all of what it takes.

        Raises:
            EnvironmentFault: no node has room for a single one.
        """
        asked = {"CPU": self._cpus(needs), "GPU": self._gpus(needs)}
        shares = {name: share for name, share in asked.items() if share > 0}
        nodes = self.cluster.nodes()
        places = sum(min(int(node.get(name, 0.0) / share) for name, share in shares.items()) for node in nodes)
        if places < 1:
            most = {name: max(node.get(name, 0.0) for node in nodes) for name in shares}
            name = next((name for name, share in shares.items() if most[name] < share), "CPU")
            key, problem = f"executor.{name.lower()}s_per_trial", f"no node of the cluster has more than {most[name]:g}"
            step = "fewer trainer.devices or trainer.threads, or a share of your own"
            raise EnvironmentFault("env.ray_too_small", key, shares[name], problem, next_step=step)
        return places

    def cores(self) -> float:
        """Those of all nodes."""
        return self.cluster.resource("CPU")

    def run(self, jobs: Sequence[Job], *, on_end: OnEnd, on_wait: OnWait | None = None) -> None:
        """Runs the jobs that have no result yet, in order; ``on_end`` is told of each ended, ``on_wait`` between.

        When it is interrupted, trials that run get a few seconds to save their state.

        Raises:
            EnvironmentFault: a node of the cluster does not see the jobs' folders, or none has room for a trial.
        """
        waiting = first_attempts(jobs)
        if not waiting:
            return
        self.cluster.check_nodes(waiting[0].job.folder.parent)
        needs = Needs.of(*(attempt.job.config["trainer"] for attempt in waiting))
        slots = self.slots(needs)  # Ray would wait for ever for a node that is large enough
        task = self._remote(ray_tasks.attempt, needs)
        running = [self._submit(task, attempt) for attempt in waiting]
        try:
            while running:
                if on_wait is not None:
                    on_wait([job for one in running[:slots] for job in one.attempt.jobs])  # Ray takes them in order
                futures.wait([one.future for one in running], POLL_S, return_when=futures.FIRST_COMPLETED)
                for ended in [one for one in running if one.future.done()]:
                    running.remove(ended)
                    again, over = after(ended.attempt, self._ending(ended), retries=self.retries)
                    running += [self._submit(task, attempt) for attempt in again]
                    for job in over:
                        on_end(job, read_json(job.folder / RESULT))
        finally:
            self._cancel(running)

    def close(self) -> None:
        """Ends Ray, or leaves the cluster."""
        if self._cluster is not None:
            self._cluster.close()
            self._cluster = None

    def _cpus(self, needs: Needs) -> float:
        return self.cpus_per_trial or float(needs.cores)

    def _gpus(self, needs: Needs) -> float:
        if self.gpus_per_trial is not None:
            return self.gpus_per_trial
        return float(needs.devices) if self.cluster.resource("GPU") and not needs.on_cpu else 0.0

    def _remote(self, function: Any, needs: Needs) -> Any:
        # Ray's own retries would hide from the trial's log what ended it.
        options = {"num_cpus": self._cpus(needs), "num_gpus": self._gpus(needs), "max_retries": 0}
        return self.cluster.ray.remote(function).options(**options)

    def _submit(self, task: Any, attempt: Attempt) -> _Running:
        at = {"folder": Path.cwd(), "timeout_s": self.timeout_s, "bakeoff": Process.this()}
        reference = task.remote(attempt.order, **at)
        return _Running(attempt, reference, reference.future())

    def _ending(self, ended: _Running) -> Ending:
        """What the worker said; where that died, what Ray says of it."""
        exceptions = self.cluster.ray.exceptions
        try:
            return ended.future.result()
        except exceptions.OutOfMemoryError:
            return Ending("a kill by Ray's memory monitor", out_of_memory=True)
        except exceptions.RayError as error:
            return Ending(f"the end of Ray's worker ({type(error).__name__})")

    def _cancel(self, running: Sequence[_Running]) -> None:
        for one in running:
            self.cluster.ray.cancel(one.reference)
        futures.wait([one.future for one in running], timeout=GRACE_S + _LEAVE_S)
