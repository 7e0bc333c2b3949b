"""A Ray to run trials on: a cluster that runs already, or one of this bakeoff's own on this machine."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from bakeoff.comparison.running import ray_tasks
from bakeoff.comparison.running.ray_guard import RayGuard
from bakeoff.errors import EnvironmentFault
from bakeoff.version import __version__

NODE_ANSWER_S = 120.0
PROBE_S = 5.0
_OBJECT_STORE_BYTES = 100_000_000
"""Results are files, so the store that Ray would give a third of the memory stays empty."""
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",  # of tasks that were cancelled because the bakeoff was stopped
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # also the behaviour that Ray announces: else it warns at every start
}
_LOOPBACK_SWITCH = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Ray's switch, on any system, between an address for other machines and 127.0.0.1."""
_LOOPBACK = "127.0.0.1"


class Cluster:
    """A connection to Ray.

    Args:
        address: ``HOST:PORT`` or ``auto`` of a running cluster; None starts one on this machine, reachable from nowhere
            else, that ends with this process.

    Raises:
        EnvironmentFault: Ray is not installed, or does not answer there.
    """

    def __init__(self, address: str | None) -> None:
        for name, value in _QUIET.items():
            os.environ.setdefault(name, value)
        self.address = address
        self.ray = _import_ray()
        self._guard: RayGuard | None = None
        self._joined = self.ray.is_initialized()
        """Whether the calling program had connected itself; it then disconnects itself too."""
        if not self._joined:
            with _own_handler_of_sigterm():
                self._connect()

    def _connect(self) -> None:
        quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
        if self.address is not None:
            try:
                _probe(self.address)
                self.ray.init(self.address, **quiet)
            except (OSError, RuntimeError, ValueError) as error:
                raise _no_answer(self.address, error) from error
            return
        # Ray's sockets lie in there, and the path of a socket is at most 107 characters long.
        scratch = tempfile.mkdtemp(prefix="bakeoff-ray-", dir="/tmp")
        self._guard = RayGuard(Path(scratch))
        quiet |= {"include_dashboard": False, "object_store_memory": _OBJECT_STORE_BYTES}
        quiet |= {"_node_ip_address": _LOOPBACK, "_temp_dir": scratch}
        try:
            with _loopback_only():
                self.ray.init("local", **quiet)
            if self.ray.util.get_node_ip_address() != _LOOPBACK:
                raise RuntimeError("other machines could send it code to run")
        except Exception as error:  # a plain one where its processes are not up within 30 s
            self.close()
            raise _no_start(error) from error

    def resource(self, name: str) -> float:
        """How much of ``CPU`` or ``GPU`` all nodes have together."""
        return float(self.ray.cluster_resources().get(name, 0.0))

    def nodes(self) -> list[dict[str, float]]:
        """How much of ``CPU`` and ``GPU`` each node has."""
        return [node["Resources"] for node in self.ray.nodes() if node["Alive"]]

    def check_nodes(self, folder: Path) -> None:
        """Lets every node of a running cluster look for a file in ``folder``.

        Raises:
            EnvironmentFault: a node does not see the folder, or has another version of bakeoff, or none.
        """
        if self.address is None:
            return
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        folder.mkdir(parents=True, exist_ok=True)
        probe = folder.resolve() / f".probe-{secrets.token_hex(4)}"
        probe.touch()
        look = self.ray.remote(ray_tasks.look)
        try:
            for node in self.ray.nodes():
                if node["Alive"]:
                    there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
                    answer = look.options(num_cpus=0, max_retries=0, scheduling_strategy=there).remote(probe)
                    self._check(node["NodeManagerHostname"], answer, folder)
        finally:
            probe.unlink(missing_ok=True)

    def _check(self, host: str, answer: Any, folder: Path) -> None:
        try:
            seen, version = self.ray.get(answer, timeout=NODE_ANSWER_S)
        except self.ray.exceptions.RayError as error:
            problem = f"node {host} can't run bakeoff ({_last_line(error)})"
            raise EnvironmentFault("env.ray_node", "executor.address", self.address, problem) from error
        if version != __version__:
            problem = f"node {host} has bakeoff {version}, and this is {__version__}"
            raise EnvironmentFault("env.ray_node", "executor.address", self.address, problem)
        if not seen:
            problem = f"node {host} does not see this folder"
            step = "an output_dir on a file system that all nodes share under the same path"
            raise EnvironmentFault("env.ray_folder", "output_dir", folder, problem, next_step=step)

    def close(self) -> None:
        """Ends a Ray of our own, or leaves the cluster."""
        if not self._joined:
            self.ray.shutdown()
        if self._guard is not None:
            self._guard.close()


def _import_ray() -> ModuleType:
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise EnvironmentFault(
            "env.missing_package",
            "executor",
            "ray",
            "the package ray is not installed",
            next_step="pip install 'bakeoff[ray]', or executor=local",
        ) from error
    return ray


def _probe(address: str) -> None:
    """Knocks at ``HOST:PORT``, where Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=PROBE_S).close()


def _no_answer(address: str, error: Exception) -> EnvironmentFault:
    problem = f"no Ray cluster answers there ({_last_line(error)})"
    step = "ray start --head on its first node, or executor.address=null for this machine alone"
    return EnvironmentFault("env.ray", "executor.address", address, problem, next_step=step)


def _no_start(error: Exception) -> EnvironmentFault:
    problem = f"Ray did not start on this machine ({_last_line(error)})"
    step = "try again when the machine is less busy, or executor=local"
    return EnvironmentFault("env.ray", "executor", "ray", problem, next_step=step)


def _last_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1][:200] if lines else type(error).__name__


@contextmanager
def _loopback_only() -> Iterator[None]:
    """Makes what Ray starts within the block listen on this machine alone."""
    from ray._private import ray_constants

    before, ray_constants.ENABLE_RAY_CLUSTER = ray_constants.ENABLE_RAY_CLUSTER, False  # read when Ray was imported
    os.environ[_LOOPBACK_SWITCH] = "0"
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = before
        del os.environ[_LOOPBACK_SWITCH]


@contextmanager
def _own_handler_of_sigterm() -> Iterator[None]:
    """Puts back the handler that Ray replaces by one that exits with 15."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
