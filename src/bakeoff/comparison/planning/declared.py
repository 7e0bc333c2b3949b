"""Rules of judging that contradict each other or the contenders: all that the configuration alone shows.

Nothing here imports torch: these are told before anything else is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bakeoff.errors import ConfigError
from bakeoff.statistics import EDITION, Looks, Options
from bakeoff.statistics.family import looks_of_trials
from bakeoff.statistics.looks import edition_looks
from bakeoff.statistics.pairing import UNPAIRED
from bakeoff.statistics.pooled import best_of


def check_declared(config: Mapping[str, Any]) -> Looks | None:
    """The declared looks, where all rules of judging fit together.

    Raises:
        ConfigError: they don't.
    """
    trials = int(config["tune"]["trials"])
    looks = _check_looks(config)
    if trials:
        best_of(trials, config["tune"]["best_of"])
    _check_pairing(config)
    _check_twins(config["contenders"])
    return looks


def _check_looks(config: Mapping[str, Any]) -> Looks | None:
    """The declared looks, of seeds or of the trials of a search; None for a single one at the end.

    Raises:
        ConfigError: numbers of which no look can be, or that are not those of ``seeds`` or ``tune.trials``; a stop for
            futility without them.
    """
    alpha, declared = float(config["alpha"]), config["looks"] or None
    trials, seeds = int(config["tune"]["trials"]), config["seeds"]
    if trials:
        looks = looks_of_trials(declared, config["tune"]["best_of"], alpha=alpha, edition=EDITION)
    else:
        looks = edition_looks(declared, alpha=alpha, edition=EDITION)
    Options(alpha=alpha, margin=config["margin"], looks=looks, futility=config["futility"])
    if looks is None:
        return None
    last, problem = looks.seeds[-1], ""
    if trials and last != trials:
        problem, step = f"the last look is at {last} trials, and the search has {trials}", f"tune.trials={last}"
    elif not trials and seeds is not None:
        count = seeds if isinstance(seeds, int) else len(seeds)
        if count != last:
            problem, step = f"the last look is at {last} seeds, and {count} are asked for", f"seeds={last}"
    if problem:
        raise ConfigError("config.contradiction", "looks", config["looks"], problem, next_step=step)
    return looks


def _check_twins(contenders: Sequence[Any]) -> None:
    """Entries that are written alike, whatever they are called; those that come to the same are found with the plan."""
    seen: list[Any] = []
    for entry in contenders:
        written = dict(entry) if isinstance(entry, Mapping) else {"model": entry}
        name = written.pop("name", written.get("model"))
        if written in seen:
            step = "leave one out, or give it seed_offset: 1000 for an independent replicate"
            problem = "another contender has the same settings, so its trials would be the same to the last bit"
            raise ConfigError("config.same_contender", "contenders", name, problem, next_step=step)
        seen.append(written)


def _check_pairing(config: Mapping[str, Any]) -> None:
    """Pairing by seed has seeds that can be paired: not those of a search, nor those of contenders with an offset."""
    if not config["paired"]:
        return
    offsets = {entry.get("seed_offset", 0) if isinstance(entry, Mapping) else 0 for entry in config["contenders"]}
    problem = UNPAIRED if int(config["tune"]["trials"]) else ""
    if not problem and len(offsets) > 1:
        problem = "contenders of another seed_offset have other seeds, so there is nothing to pair"
    if problem:
        raise ConfigError("config.contradiction", "paired", True, problem, next_step="paired=false")
