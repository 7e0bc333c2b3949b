"""The counts of docs/protocol.md are those of docs/results/statistics.md, the lowest and the highest of each kind."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PROTOCOL = (DOCS / "protocol.md").read_text(encoding="utf-8")
RESULTS = (DOCS / "results" / "statistics.md").read_text(encoding="utf-8")


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split(" | ")]


def section(start):
    """The text of a section of the results, by how its heading starts."""
    return next(part for part in RESULTS.split("\n## ") if part.startswith(start))


def rows(start, *, where=""):
    """Rows of a section's tables as mappings, those that contain a text."""
    found, head = [], None
    for line in section(start).splitlines():
        if not line.startswith("|"):
            head = None
        elif head is None:
            head = cells(line)
        elif not set(line) <= set("|-: ") and where in line:
            found.append(dict(zip(head, cells(line), strict=True)))
    return found


def numbers(start, *columns, where=""):
    """What stands in columns of a section, by how they start."""
    values = [value for row in rows(start, where=where) for name, value in row.items() if name.startswith(columns)]
    assert values, (start, columns)
    return [int(value) for value in values if value != "-"]


def told(start, pattern):
    """Numbers that a section tells in a sentence."""
    return [int(number) for number in re.search(pattern, section(start).replace("\n", " ")).groups()]


EQUAL = "False winners among equal"
ERRORS = {
    "two contenders, right or wrong": [numbers(EQUAL, "two"), numbers(EQUAL, "Welch")],
    "three contenders or more": [numbers(EQUAL, "three"), numbers(EQUAL, "any pair")],
    "paired by design": [told(EQUAL, r"n = 2,000\): (\d+) \(same\), (\d+) \(different\)")],
    "3 or 4 seeds": [told(EQUAL, r"gap of 8 points: (\d+) winners")],
    "under 100 test examples": [numbers("Few test examples", "S =")],
    "right or wrong, or any declared": [
        numbers("Few errors", "single", "looks", "every", where="%"),
        numbers("Few errors", "mutant", where="0% |") + numbers("Few errors", "mutant", where="5% |"),
    ],
    "bounded scores near": [
        numbers("Few errors", "single", where="overlaps"),
        numbers("Few errors", "mutant", where="overlaps"),
    ],
    "without bounds": [numbers("Skewed", name, where="pareto") for name in ("guarded t", "mutant")],
    "so heavy that": [numbers("Skewed", name, where="log-normal") for name in ("guarded t", "mutant")],
    "no mean over examples": [numbers("Metrics that are no means", "S =")],
    "examples that hang together": [numbers("Examples that hang", name) for name in ("false", "mutant")],
    "`EQUIVALENT`, the true gap": [
        numbers("Equivalence", "EQUIVALENT", where="gap = margin"),
        numbers("Equivalence", "EQUIVALENT", where="one best by the margin"),
    ],
    "so, with few errors": [numbers("EQUIVALENT although", name) for name in ("EQUIVALENT", "mutant")],
    "read at declared numbers of seeds": [
        numbers("Looks", "looks", "three contenders"),
        numbers("Looks", "each look"),
    ],
    "read at every number of seeds": [
        numbers("Every look", "false winners", where="| 360 | 0 |")
        + numbers("Every look", "false winners", where="| 2,000 | 0 |")
    ],
    "racing": [numbers("Racing", "false winners")],
    "families, the best of m": [
        numbers("Family claim", "false winners"),
        told("The mutants", r"n = 2,000: (\d+) of"),
    ],
    "races of families": [numbers("Races of families", "false winners")],
    "families read at declared": [
        told("Every look", r"best of 3\): (\d+) false winners of 1,000; at 12 and 24: (\d+)")
    ],
}
TABLE = PROTOCOL.split("### Which rule applies to what")[1].split("\n### ")[0]


def spans(text):
    """Ranges such as 12-61, or single counts, of a row's last two cells."""
    found = re.findall(r"(?<![\w.])(\d+)(?:-(\d+))?(?= \(|;|$| \|)", text)
    return [(int(low), int(high or low)) for low, high in found]


@pytest.mark.parametrize("kind", ERRORS)
def test_counts_are_those_of_the_results(kind):
    row = next(cells(line) for line in TABLE.splitlines() if line.startswith(f"| {kind}"))
    errors = " | ".join(row[2:]).replace("any pair ", "").replace("of three ", "")
    assert spans(errors) == [(min(found), max(found)) for found in ERRORS[kind]]


def test_every_row_but_that_of_exact_tests_is_measured():
    kinds = [cells(line)[0] for line in TABLE.splitlines() if line.startswith("| ") and "---" not in line][1:]
    unmeasured = [kind for kind in kinds if not kind.startswith(tuple(ERRORS))]
    assert unmeasured == ["several data sets"]


def test_counts_in_the_text_are_those_of_the_results():
    first = PROTOCOL.split("\n## ")[0].replace("\n", " ")
    different = next(row for row in rows(EQUAL, where="different") if row["examples"] == "360")
    assert f"names a winner in {different['Welch, two, S = 10']}; bakeoff's test in {different['two, S = 10']}" in first
    assert f"{max(ERRORS['families, the best of m'][1])} of 1,000 bakeoffs between equals" in PROTOCOL
    assert f"names up to {max(numbers('Looks', 'each look'))} false winners" in PROTOCOL
