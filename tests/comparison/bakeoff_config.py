"""Resolved configurations of small bakeoffs, as the command composes them."""

from typing import Any

from omegaconf import OmegaConf

from bakeoff.config.composition import Composer

SMALL = ("contenders=[lenet,row_gru]", "baselines=[linear]", "trainer.max_epochs=1", "trainer.accelerator=cpu")


def small_bakeoff(*overrides: str) -> dict[str, Any]:
    """Two contenders on digits."""
    config = OmegaConf.to_container(Composer().compose("compare", [*SMALL, *overrides]).cfg, resolve=True)
    assert isinstance(config, dict)
    return {str(key): value for key, value in config.items()}
