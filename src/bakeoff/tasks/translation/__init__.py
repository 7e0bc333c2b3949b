"""Translation: a text in, another text out."""

from bakeoff.tasks.translation.module import Translation

__all__ = ["Translation"]
