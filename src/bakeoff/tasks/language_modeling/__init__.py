"""Language modelling: the next token of a stream of text."""

from bakeoff.tasks.language_modeling.task import LanguageModeling

__all__ = ["LanguageModeling"]
