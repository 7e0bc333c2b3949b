"""What a trial takes of electricity and causes of CO2e, as codecarbon estimates it.

codecarbon reads what sensors the machine has (RAPL, NVML) and else goes by the load of the processor and its rated
power. Asked for one process, it still charges it with the memory of the whole machine: ten watts or more whether the
process works or sleeps, and again for each of several side by side, so that in small networks the clock decides
(``findings/energy_of_sleep.sh``). Here a process takes the share of that power that it holds of the memory.
"""

from __future__ import annotations

import importlib.util
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from bakeoff.errors import ConfigError, EnvironmentFault, nearest

EVERY_S = 1.0
"""Seconds between readings of the load."""
_JOULES_A_KWH = 3.6e6


def check_energy(country: str | None) -> None:
    """Refuses what can't be measured, before anything runs.

    Args:
        country: where the electricity comes from, an ISO 3166 code of three letters; None: nothing is measured.

    Raises:
        EnvironmentFault: codecarbon is not installed.
        ConfigError: it knows no such country.
    """
    if country is None:
        return
    if importlib.util.find_spec("codecarbon") is None:
        problem, step = "is not installed, and it is what measures", "pip install 'bakeoff[energy]', or energy=null"
        raise EnvironmentFault("env.missing_package", "energy", "codecarbon", problem, next_step=step)
    if country not in _countries():
        problem = "codecarbon knows no country of this code whose electricity it could count with"
        close = nearest(country.upper(), _countries()) or ["DEU", "FRA", "USA"]
        raise ConfigError("config.unknown_country", "energy", country, problem, allowed=f"such as {', '.join(close)}")


@contextmanager
def metered(country: str | None) -> Iterator[dict[str, Any]]:
    """Measures a block; what was found is in the dictionary after it.

    Args:
        country: as of `check_energy`.

    Returns:
        ``energy_j`` joules of processor, GPU and the memory that this process holds; ``co2e_g`` grams of CO2e that the
        country's mix of electricity causes with it; ``energy_by`` how the processor was measured. Nothing for None.
    """
    found: dict[str, Any] = {}
    if country is None:
        yield found
        return
    tracker = _tracker(country)
    tracker.start()
    try:
        yield found
    finally:
        tracker.stop()
        data = tracker.final_emissions_data
        share = psutil.Process().memory_info().rss / psutil.virtual_memory().total
        kwh = data.cpu_energy + data.gpu_energy + data.ram_energy * share
        grams_a_kwh = 1e3 * data.emissions / data.energy_consumed if data.energy_consumed else 0.0
        # What it went by is told nowhere else: cpu_load is rated power by load, intel_rapl a sensor.
        by = next((getattr(part, "_mode", "") for part in tracker._hardware if type(part).__name__ == "CPU"), "")
        found |= {"energy_j": round(kwh * _JOULES_A_KWH, 4), "co2e_g": round(kwh * grams_a_kwh, 7)}
        found["energy_by"] = f"codecarbon {data.codecarbon_version}, {by or 'no processor'}, {data.cpu_model}"


def _tracker(country: str) -> Any:
    from codecarbon import OfflineEmissionsTracker

    logging.getLogger("codecarbon").disabled = True
    return OfflineEmissionsTracker(
        country_iso_code=country,
        tracking_mode="process",
        measure_power_secs=EVERY_S,
        save_to_file=False,
        log_level="critical",
        allow_multiple_runs=True,
    )


@cache
def _countries() -> frozenset[str]:
    spec = importlib.util.find_spec("codecarbon")
    assert spec is not None and spec.origin is not None
    mixes = Path(spec.origin).parent / "data" / "private_infra" / "global_energy_mix.json"
    return frozenset(json.loads(mixes.read_text(encoding="utf-8")))
