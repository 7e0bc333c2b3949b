"""Whether a bakeoff can rule on its claim: what that says must be about pairs that the verdict will compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bakeoff.errors import ConfigError, nearest
from bakeoff.record.contenders import Contender
from bakeoff.record.ruling import BETTER, EQUAL


def check_claim(claim: Mapping[str, Any] | None, contenders: Sequence[Contender]) -> None:
    """Refuses a claim about pairs that are not compared.

    Args:
        claim: the configuration's section; None where there is nothing to rule on.
        contenders: of the bakeoff, baselines included.

    Raises:
        ConfigError: it says nothing, or of something else than two of these contenders.
    """
    if claim is None:
        return
    sayings = [(f"claim.{key}", pair) for key in (BETTER, EQUAL) for pair in claim.get(key) or ()]
    if not sayings:
        step = "claim.better=[[gru,lstm]], or claim.equal"
        raise ConfigError("config.claim", "claim", claim["name"], "it says nothing of any pair", next_step=step)
    names = [contender.name for contender in contenders]
    baselines = [contender.name for contender in contenders if contender.is_baseline]
    for key, pair in sayings:
        if len(set(pair)) != 2 or len(pair) != 2:
            raise ConfigError("config.claim", key, pair, "takes pairs of two contenders", allowed=names)
        for name in pair:
            if name not in names:
                step = "contenders=[...] with all that the claim names"
                problem = f"{name} does not contend here"
                raise ConfigError("config.claim", key, pair, problem, allowed=nearest(name, names), next_step=step)
        against = [name for name in pair if name in baselines]
        if len(against) == 2 or (against and len(baselines) > 1):
            problem = "a baseline is compared with contenders alone, and only where there is no other"
            raise ConfigError("config.claim", key, pair, problem, next_step=f"baselines=[{against[0]}]")
