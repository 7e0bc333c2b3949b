"""A survey of data on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from bakeoff.commands.listing import plain_table, show
from bakeoff.data.survey import Survey

_MOST_CLASSES = _MOST_COLUMNS = 20
_SHORTEST = 40  # characters of a value


def print_survey(survey: Survey, *, taken: Sequence[str], commands: Sequence[str]) -> None:
    """Prints columns, splits with classes, sizes, copies, notes, examples, and what to do next."""
    if survey.columns:
        _print_columns(survey)
    if survey.classes:
        _print_classes(survey)
    elif survey.splits:
        _line(
            f"{survey.noun}s",
            ", ".join(f"{name} {count:,}" for name, count in survey.splits.items()) + _how_split(survey),
        )
    for name, (least, middle, greatest) in survey.measures.items():
        _line(name, f"{least:,.0f} to {greatest:,.0f}, median {middle:,.0f}")
    if survey.groups is not None:
        _line("groups", f"{survey.groups:,} that stay on one side")
    if survey.likely_groups is not None:
        pattern, count, name = survey.likely_groups
        setting = f"data.split.group_from='{pattern}' keeps each on one side"
        _line("groups?", f"names are of {count:,} groups, such as {name}: if these belong together, {setting}")
    if survey.splits and survey.copies is not None:
        contrary = f", {survey.contradictions:,} rows with labels that contradict each other" * bool(
            survey.contradictions
        )
        _line("copies", f"{survey.copies:,} rows have the content of another{contrary}")
    for note in survey.notes:
        _line("note", note)
    if survey.examples:
        table = plain_table("example", "label", "content")
        for row in survey.examples:
            table.add_row(*map(escape, row))
        show(table)
    for reason in taken:
        _line("taken", reason)
    if survey.refusal is None:
        for command in commands:
            _line("next", command)


def _print_columns(survey: Survey) -> None:
    table = plain_table("column", "type", "taken as", "values", "such as")
    kept = sorted(survey.columns, key=lambda column: column.taken_as is None)[:_MOST_COLUMNS]
    for column in (column for column in survey.columns if column in kept):
        values = "" if column.values is None else f"{column.values:,}"
        cells = (column.name, column.type, column.taken_as or "left out", values, _short(column.example))
        table.add_row(*map(escape, cells))
    if len(survey.columns) > len(kept):
        table.add_row(f"{len(survey.columns) - len(kept):,} more", "", "left out")
    show(table)


def _print_classes(survey: Survey) -> None:
    total = {name: sum(counts.values()) for name, counts in survey.classes.items()}
    shown = sorted(total, key=lambda name: -total[name]) if len(total) > _MOST_CLASSES else list(total)
    table = plain_table("class", *survey.splits)
    for name in shown[:_MOST_CLASSES]:
        table.add_row(escape(_short(name)), *(f"{survey.classes[name][split]:,}" for split in survey.splits))
    hidden = shown[_MOST_CLASSES:]
    if hidden:
        sums = (f"{sum(survey.classes[name][split] for name in hidden):,}" for split in survey.splits)
        table.add_row(f"{len(hidden):,} more", *sums)
    table.add_section()
    table.add_row("rows", *(f"{count:,}" for count in survey.splits.values()))
    show(table)
    _line("splits", ", ".join(survey.splits) + _how_split(survey))


def _how_split(survey: Survey) -> str:
    drawn = [name for name in survey.splits if name not in survey.given]
    if not survey.given:
        return " (all drawn from one: data.split)"
    return " (as given)" if not drawn else f" (given: {', '.join(survey.given)}; drawn from train: {', '.join(drawn)})"


def _short(text: str) -> str:
    return text if len(text) <= _SHORTEST else f"{text[: _SHORTEST - 3]}..."


def _line(name: str, text: str) -> None:
    Console(highlight=False, soft_wrap=True, markup=False).print(f"{name:<9} {text}")
