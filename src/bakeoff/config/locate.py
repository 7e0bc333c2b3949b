"""Where the configuration tree is: inside the package when installed from a wheel, else in the repository."""

from __future__ import annotations

from pathlib import Path


def conf_dir() -> Path:
    """The absolute path of ``conf/``.

    Raises:
        FileNotFoundError: neither place has it, so that the installation is broken.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "conf", package.parents[1] / "conf"):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(
        f"no configuration tree at {package / 'conf'} or {package.parents[1] / 'conf'}; reinstall bakeoff"
    )
