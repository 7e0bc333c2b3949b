"""What bad input gets: one line that names the key, the value, what is allowed and what to do next.

``error[CODE] key=value: what is wrong; allowed: ...; next: ...``

The class gives the exit code, so that a script can tell a typo (2) from bad data (3), a missing device (4), a bad
checkpoint (5), failed trials (6) and a tracker that has not caught up yet (7).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

LONGEST_LINE = 600
_DOTS, _FEWEST_KEPT = " ... ", 60


class BakeoffError(Exception):
    """An error that a person can act on; printed as one line, without a traceback unless ``debug=true``."""

    exit_code = 1

    def __init__(
        self,
        code: str,
        key: str,
        value: object,
        problem: str,
        *,
        allowed: Iterable[object] | str | None = None,
        next_step: str | None = None,
    ) -> None:
        self.code = code
        self.key = key
        self.value = value
        self.problem = problem
        self.allowed = allowed if allowed is None or isinstance(allowed, str) else ", ".join(map(str, allowed))
        self.next_step = next_step
        super().__init__(self.line())

    def line(self) -> str:
        """The one line that a person reads, of at most 600 characters."""
        value = None if self.value is None else " ".join(str(self.value).split())
        said = [self.key, value, " ".join(self.problem.split()), self.allowed, self.next_step]
        while len(line := self._joined(*said)) > LONGEST_LINE:
            longest = max(range(len(said)), key=lambda part: len(said[part] or ""))
            said[longest] = _shortened(said[longest] or "", by=len(line) - LONGEST_LINE)
        return line

    def _joined(
        self, key: str | None, value: str | None, problem: str | None, allowed: str | None, next_step: str | None
    ) -> str:
        parts = [f"error[{self.code}] {key}{'' if value is None else f'={value}'}: {problem}"]
        parts += [f"{name}: {text}" for name, text in (("allowed", allowed), ("next", next_step)) if text]
        return "; ".join(parts)

    def __reduce__(self) -> tuple:
        """Errors cross process borders (a trial reports to its bakeoff)."""
        rebuild = (self.__class__, self.code, self.key, self.value, self.problem, self.allowed, self.next_step)
        return (_rebuild, rebuild)


def _rebuild(
    kind: type, code: str, key: str, value: object, problem: str, allowed: str, next_step: str
) -> BakeoffError:
    return kind(code, key, value, problem, allowed=allowed, next_step=next_step)


class ConfigError(BakeoffError):
    """The configuration is wrong."""

    exit_code = 2


class DataError(BakeoffError):
    """The data is wrong, missing or unreadable."""

    exit_code = 3


class EnvironmentFault(BakeoffError):
    """The machine lacks what the run asks for: a device, a package, disk space, a network."""

    exit_code = 4


class CheckpointError(BakeoffError):
    """A checkpoint or saved run is of another model, truncated, or not trusted."""

    exit_code = 5


class TrialsFailed(BakeoffError):
    """Some trials of a bakeoff or sweep failed; the others' results stand."""

    exit_code = 6


class TrackerNotSynced(BakeoffError):
    """The results are safe in the local log, but the tracker has not taken all of them."""

    exit_code = 7


class ErrorGroup(BakeoffError):
    """Several errors found in one pass; the exit code is that of the first."""

    def __init__(self, errors: Sequence[BakeoffError]) -> None:
        self.errors = list(errors)
        self.exit_code = self.errors[0].exit_code
        Exception.__init__(self, self.line())

    def line(self) -> str:
        """One line an error."""
        return "\n".join(error.line() for error in self.errors)

    def __reduce__(self) -> tuple:
        """Keep the members when crossing process borders."""
        return (ErrorGroup, (self.errors,))


def _shortened(text: str, *, by: int) -> str:
    """The beginning and the end of a text, with dots instead of its middle."""
    kept = max(len(text) - by - len(_DOTS), _FEWEST_KEPT)
    return f"{text[: kept - kept // 3]}{_DOTS}{text[len(text) - kept // 3 :]}"


def one_line(error: Exception) -> str:
    """What is kept of any error: the line of ours, the type and words of another."""
    return error.line() if isinstance(error, BakeoffError) else f"{type(error).__name__}: {error}"


def nearest(name: str, valid: Iterable[str], *, count: int = 3) -> list[str]:
    """The ``count`` valid names nearest to ``name``, best first; dotted keys also match on their last part."""
    valid = list(valid)

    def similarity(candidate: str) -> float:
        whole = difflib.SequenceMatcher(None, name, candidate).ratio()
        last = difflib.SequenceMatcher(None, name.rsplit(".", 1)[-1], candidate.rsplit(".", 1)[-1]).ratio()
        return max(whole, 0.95 * last)

    return sorted(valid, key=lambda candidate: (-similarity(candidate), candidate))[:count]
