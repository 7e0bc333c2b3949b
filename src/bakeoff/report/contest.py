"""The contest: the rulings on published claims, and how the families stand in each task, from bakeoffs' folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bakeoff.errors import ConfigError
from bakeoff.record.evidence import Audit
from bakeoff.record.layout import PLAN, VERDICT
from bakeoff.record.plan import RecordedPlan
from bakeoff.record.reading import parsed_object
from bakeoff.record.ruling import BETTER, UNDECIDED, Claim, Ruling
from bakeoff.record.verdict import LeaderboardRow, RecordedVerdict
from bakeoff.report.numbers import Metric

FAMILIES = ("cnn", "rnn", "transformer")


@dataclass(frozen=True)
class Entry:
    """A finished bakeoff of the contest.

    Attributes:
        folder: where it lies.
        plan: what was decided beforehand.
        verdict: what it came to.
        ruling: on the claim of its plan, where that holds one.
        audited: whether an audit of these very files found that all agrees; None without one.
    """

    folder: Path
    plan: RecordedPlan
    verdict: RecordedVerdict
    ruling: Ruling | None
    audited: bool | None

    @property
    def metric(self) -> Metric:
        """How its scores are printed."""
        return Metric.named(self.verdict.metric, self.plan.facts, direction=self.verdict.direction)

    @property
    def beaten(self) -> set[str]:
        """Contenders that another was shown to be better than."""
        decided = [pair.from_better for pair in self.verdict.pairs if pair.is_decided]
        return set() if self.verdict.provisional else {pair.b for pair in decided}

    def best_of(self, family: str) -> LeaderboardRow | None:
        """The family's contender with the best test score; None where it has none."""
        board = self.verdict.board(self.verdict.metric)
        return next((row for row in board if row.family == family and not row.is_baseline), None)

    @property
    def families(self) -> list[str]:
        """Those that contend in it."""
        return [family for family in FAMILIES if self.best_of(family) is not None]

    @property
    def size(self) -> float:
        """Training examples that a contender saw, on average: what tells a large bakeoff from a small one."""
        seen = [row.examples_seen or 0.0 for row in self.verdict.leaderboard if not row.is_baseline]
        return sum(seen) / max(len(seen), 1)


@dataclass(frozen=True)
class Contest:
    """What the folders say together.

    Attributes:
        entries: every finished bakeoff, in the order of tasks and names.
        tasks: of each task the bakeoff with the most families, and of several such the largest.
    """

    entries: tuple[Entry, ...]
    tasks: tuple[Entry, ...]

    @property
    def ruled(self) -> list[Entry]:
        """Those that ruled on a claim."""
        return [entry for entry in self.entries if entry.ruling is not None and entry.plan.claim is not None]

    @property
    def counts(self) -> Counter[str]:
        """How often each ruling was given."""
        return Counter(entry.ruling.ruling for entry in self.ruled if entry.ruling)

    @property
    def unbeaten(self) -> dict[str, list[str]]:
        """Tasks in which a family contends and its best contender was not shown to be worse than another, by family."""
        found: dict[str, list[str]] = {family: [] for family in FAMILIES}
        for entry in self.tasks:
            for family in entry.families:
                row = entry.best_of(family)
                if row is not None and row.name not in entry.beaten:
                    found[family].append(entry.plan.task)
        return found

    @property
    def full(self) -> list[Entry]:
        """Those of the tasks in which all three families contend."""
        return [entry for entry in self.tasks if len(entry.families) == len(FAMILIES)]

    @property
    def slowness(self) -> dict[str, float]:
        """Seconds of training over the fastest family's, the median over tasks with all three; by family."""
        ratios: dict[str, list[float]] = {family: [] for family in FAMILIES}
        for entry in self.full:
            rows = {family: entry.best_of(family) for family in FAMILIES}
            seconds = {family: row.train_seconds or 0.0 for family, row in rows.items() if row is not None}
            for family, spent in seconds.items():
                if min(seconds.values()) > 0:
                    ratios[family].append(spent / min(seconds.values()))
        return {family: median(found) for family, found in ratios.items() if found}

    @property
    def alone(self) -> dict[str, list[str]]:
        """Tasks that a family wins: one of its contenders is better than those of all others; by family."""
        winners = [(entry, entry.verdict.winner) for entry in self.full]
        families = [(entry, {c.name: c.family for c in entry.plan.entered}.get(name or "")) for entry, name in winners]
        return {family: [entry.plan.task for entry, won in families if won == family] for family in FAMILIES}

    @property
    def open(self) -> list[Entry]:
        """Those whose claim is undecided."""
        return [entry for entry in self.ruled if entry.ruling and entry.ruling.ruling == UNDECIDED]


def gather_contest(roots: Sequence[Path]) -> Contest:
    """Reads every finished bakeoff in or below some folders.

    Raises:
        ConfigError: there is none.
    """
    folders = sorted({path.parent for root in roots for path in root.rglob(VERDICT)})
    entries = [entry for folder in folders if (entry := _entry(folder)) is not None]
    if not entries:
        problem = f"no finished bakeoff there (looked for {VERDICT} below {', '.join(map(str, roots))})"
        raise ConfigError(
            "config.no_bakeoff", "contest", None, problem, next_step="bakeoff replay --all output_dir=DIR"
        )
    entries.sort(key=lambda entry: (entry.plan.task, entry.folder.name))
    largest: dict[str, Entry] = {}
    for entry in entries:
        known = largest.get(entry.plan.task)
        if known is None or (len(entry.families), entry.size) > (len(known.families), known.size):
            largest[entry.plan.task] = entry
    return Contest(tuple(entries), tuple(largest.values()))


def said(claim: Claim) -> list[str]:
    """What a claim says of each pair, as signs: ``tcn > lstm``, ``gru ≈ lstm``."""
    signs = {BETTER: ">"}
    return [f"{saying.a} {signs.get(saying.relation, '≈')} {saying.b}" for saying in claim.sayings]


def _entry(folder: Path) -> Entry | None:
    plan, verdict = parsed_object(folder / PLAN), parsed_object(folder / VERDICT)
    if plan is None or verdict is None:
        return None
    audit = Audit.found(folder)
    told = (RecordedPlan.from_dict(plan), RecordedVerdict.from_dict(verdict), Ruling.found(folder))
    return Entry(folder, *told, None if audit is None else audit.passed)
