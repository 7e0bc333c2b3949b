"""The numbers and folders that settings take, as types: others are refused before anything heavy is imported.

They are read from the source of a constructor (`bakeoff.config.signatures`), so a range stands where the argument does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

from annotated_types import Ge, Gt, Interval, Predicate

Count: TypeAlias = Annotated[int, Ge(1)]
WholeNumber: TypeAlias = Annotated[int, Ge(0)]
"""Of things of which there may be none."""
Seed: TypeAlias = Annotated[int, Interval(ge=0, le=4294967295)]
"""NumPy takes no others."""
Positive: TypeAlias = Annotated[float, Gt(0)]
NotNegative: TypeAlias = Annotated[float, Ge(0)]
Probability: TypeAlias = Annotated[float, Interval(ge=0, le=1)]
Fraction: TypeAlias = Annotated[float, Interval(ge=0, lt=1)]
"""Of something of which a part is left."""
Rate: TypeAlias = Annotated[float, Interval(gt=0, lt=1)]
SplitSize: TypeAlias = Fraction | Count
"""Of a split: a part of all examples, or how many."""
AnyNumber: TypeAlias = Annotated[float, Interval()]
AnyWholeNumber: TypeAlias = Annotated[int, Interval()]
"""Such as a class that is called by its number."""
RunFolder: TypeAlias = Annotated[str, Predicate(Path.is_dir)]
"""Of a run that must be there before hours of training, not be missed after them."""
