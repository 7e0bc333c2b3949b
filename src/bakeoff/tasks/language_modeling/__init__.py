"""Language modelling: the next token of a stream of text."""

from bakeoff.tasks.language_modeling.module import LanguageModeling

__all__ = ["LanguageModeling"]
