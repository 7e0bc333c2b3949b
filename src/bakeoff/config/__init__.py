"""Configuration: where it is, what it may say, and the one way from it to objects."""

from bakeoff.config.allowlist import allow as allow
from bakeoff.config.allowlist import resolve as resolve
from bakeoff.config.building import build as build
from bakeoff.config.composition import compose_section as compose_section
from bakeoff.config.locate import conf_dir as conf_dir
