"""Translation: a text in, another text out."""

from bakeoff.tasks.translation.task import Translation

__all__ = ["Translation"]
