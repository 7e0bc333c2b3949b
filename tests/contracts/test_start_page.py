"""docs/start.md: what it tells a newcomer to type is run, line by line and in that order, on fewer examples."""

from __future__ import annotations

from pathlib import Path

import pytest

from bakeoff.cli import main
from tests.contracts.test_readme import blocks, words_of

PAGE = "docs/start.md"
SMALLER = {
    "train": ["trainer.max_examples=64", "tracking=none"],
    "compare": ["trainer.max_examples=64", "tracking=none", "seeds=3", "data.num_test=1_000"],
    "doctor": ["--offline"],
}
"""What is added to a command, so that it takes a moment; a later setting of a key wins."""


@pytest.mark.slow
@pytest.mark.usefixtures("trials_in_this_process")
def test_every_command_of_the_start_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    [made_photos] = blocks(PAGE, "python")
    exec(compile(made_photos, PAGE, "exec"), {})
    commands = [words for block in blocks(PAGE, "") for line in block.splitlines() if (words := words_of(line))]
    assert {words[0] for words in commands} >= {"doctor", "train", "compare", "audit", "data", "predict", "export"}
    for words in commands:
        main([*words, *SMALLER.get(words[0], [])])
    photos = list((tmp_path / "photos" / "digit_3").iterdir())
    assert len((tmp_path / "predictions.csv").read_text().splitlines()) == 1 + len(photos)
    assert (tmp_path / "outputs" / "demo" / "report.html").is_file()
    assert list((tmp_path / "outputs" / "to_go").glob("*.onnx"))
