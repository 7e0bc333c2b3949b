"""The files of ``conf/model`` as sections of a configuration, each parsed once for all contracts."""

from omegaconf import OmegaConf

from bakeoff.config import conf_dir
from bakeoff.config.catalog import load_yaml

FILES = sorted((conf_dir() / "model").glob("*.yaml"))
SECTIONS = {path.stem: OmegaConf.create({"model": load_yaml(path)}).model for path in FILES}
