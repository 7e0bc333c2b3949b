"""What a publication says of contenders, as a plan holds it, and the ruling on that, as ``ruling.json`` holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from bakeoff.record.layout import RULING
from bakeoff.record.reading import SCHEMA_VERSION, known, parsed_object

UPHELD, REFUTED, UNDECIDED = "UPHELD", "REFUTED", "UNDECIDED"
Relation: TypeAlias = Literal["better", "equal"]
BETTER: Relation = "better"
EQUAL: Relation = "equal"


@dataclass(frozen=True)
class Saying:
    """One thing that a claim says: ``a`` is better than ``b``, or the two differ by less than the margin."""

    a: str
    b: str
    relation: Relation


@dataclass(frozen=True)
class Claim:
    """A published claim.

    Attributes:
        name: of its file.
        source: who published it, when and where.
        statement: what it says, in a sentence.
        here: what differs from the publication.
        sayings: what it says of pairs of contenders.
        minutes: of one core that it takes, about.
    """

    name: str
    source: str
    statement: str
    here: str
    sayings: tuple[Saying, ...]
    minutes: float = 0.0

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Claim:
        """Read the ``claim`` section of a configuration or a plan."""
        said: list[tuple[Relation, Any]] = [(BETTER, raw.get(BETTER)), (EQUAL, raw.get(EQUAL))]
        sayings = [Saying(a, b, relation) for relation, pairs in said for a, b in pairs or ()]
        return cls(**{**known(cls, raw), "sayings": tuple(sayings)})


@dataclass(frozen=True)
class RuledPair:
    """What became of one saying.

    Attributes:
        a: who is said to be better, or one of two equals.
        b: the other one.
        relation: what is said of them.
        ruling: ``UPHELD``, ``REFUTED`` or ``UNDECIDED``.
        difference: mean score of ``a`` minus that of ``b``, positive where ``a`` is better; None where not compared.
        low: lower end of its interval.
        high: upper end.
        level: error rate of the interval.
        sentence: the ruling in words.
        needs: what would decide it, a sentence; empty where it is decided.
        seeds: seeds that this takes, where they are the point.
        examples: test examples that this takes, where they are the point.
    """

    a: str
    b: str
    relation: Relation
    ruling: str
    difference: float | None
    low: float | None
    high: float | None
    level: float
    sentence: str
    needs: str = ""
    seeds: int | None = None
    examples: int | None = None


@dataclass(frozen=True)
class Ruling:
    """A claim as ruled (``ruling.json``).

    Attributes:
        claim: the claim's name.
        ruling: ``UPHELD`` where all that it says is, ``REFUTED`` where something is, else ``UNDECIDED``.
        sentence: the ruling in words.
        pairs: what became of each saying.
    """

    claim: str
    ruling: str
    sentence: str
    pairs: tuple[RuledPair, ...]

    @classmethod
    def found(cls, folder: Path) -> Ruling | None:
        """The ruling of a bakeoff's folder; None where there is none, or it can't be read."""
        raw = parsed_object(folder / RULING)
        if raw is None:
            return None
        pairs = tuple(RuledPair(**known(RuledPair, pair)) for pair in raw.get("pairs") or ())
        return cls(**{**known(cls, raw), "pairs": pairs})

    def to_dict(self) -> dict[str, Any]:
        """What ``ruling.json`` holds."""
        plain = {"schema_version": SCHEMA_VERSION, **asdict(self)}
        return plain | {"pairs": [asdict(pair) for pair in self.pairs]}
