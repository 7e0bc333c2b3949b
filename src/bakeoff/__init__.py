"""bakeoff: CNN, RNN or Transformer, settled with evidence.

```python
import bakeoff

verdict = bakeoff.compare(data="digits", contenders=["resnet", "renet", "vit"], budget={"value": 100_000}, seeds=5)
print(verdict.verdict, verdict.sentence)
```
"""

from typing import TYPE_CHECKING, Any

from bakeoff.postponed import postpone
from bakeoff.version import __version__ as __version__

if TYPE_CHECKING:
    from bakeoff.api import compare as compare

__all__ = ["__version__", "compare"]

postpone()


def __getattr__(name: str) -> Any:
    """``bakeoff.compare`` brings torch along, so it is imported when it is first asked for."""
    if name == "compare":
        from bakeoff.api import compare

        return compare
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
