"""`predict` takes a bakeoff's folder: the winner's best trial, or that of another contender."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bakeoff.errors import ConfigError
from bakeoff.files import read_json
from bakeoff.record.best_trial import best_trial


def test_the_best_trial_on_validation_is_taken(finished: Callable[[str], Path]) -> None:
    folder = finished("plain")
    found = best_trial(folder, "lenet", key="run", naming="contender=NAME").trial
    results = [read_json(path) for path in folder.glob("trials/*/result.json")]
    own = {one["trial_id"]: one["validation"]["accuracy"] for one in results if one["contender"] == "lenet"}
    assert own[found.trial_id] == max(own.values())
    with pytest.raises(ConfigError, match=r"no_winner.*no such contender; allowed: .*lenet.*next: contender=NAME"):
        best_trial(folder, "lstm", key="run", naming="contender=NAME")
    with pytest.raises(ConfigError, match=r"no_winner\] run=.*: no winner: the verdict is"):
        best_trial(folder, None, key="run", naming="contender=NAME")  # three seeds name none
