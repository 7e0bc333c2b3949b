"""Guard on the test set: opened as often as declared, and not once more."""

from __future__ import annotations

from collections.abc import Iterator

from bakeoff.record.bakeoff import RecordedBakeoff
from bakeoff.record.evidence import Finding, few
from bakeoff.record.layout import OPENINGS, SCORES, VERDICT
from bakeoff.record.reading import sha256_of_file

NAME = "test_openings"


def openings_declared(bakeoff: RecordedBakeoff) -> Iterator[Finding]:
    """Each declared look opens the test once; a bakeoff without looks opens it once at its end.

    A command given again finds the scores that it opened before, and opens nothing. A bakeoff that was killed between
    noting an opening and writing its scores still has those of the look before.
    """
    openings = {opening["scores_sha256"]: opening for opening in bakeoff.openings}
    if bakeoff.verdict is not None and not openings:
        yield Finding(NAME, "stamp", f"There is a {VERDICT}, but no record of opening the test ({OPENINGS}).")
        return
    if len(openings) > len(bakeoff.looks):
        looks = few([str(look) for look in bakeoff.looks])
        yield Finding(NAME, "stamp", f"The test was opened {len(openings)} times; declared was opening it at {looks}.")
    other = [str(o["bakeoff_id"]) for o in openings.values() if o["bakeoff_id"] != bakeoff.plan.bakeoff_id]
    if other:
        yield Finding(NAME, "stamp", f"The test was opened for another bakeoff too: {few(other)}.")
    now = sha256_of_file(bakeoff.path / SCORES)
    if openings and now and now not in openings:
        yield Finding(NAME, "refuse", f"{SCORES} is not the file that was written when the test was opened.")
