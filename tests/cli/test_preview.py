"""``bakeoff data preview``: a page with examples of any data set, the label of each beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bakeoff.cli import main
from bakeoff.tasks.samples import label_in_words

SMALL = ["data.num_train=40", "data.num_test=10", "data.side=16"]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))


def page(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    main(["data", "preview", *words])
    assert "preview.html" in capsys.readouterr().out
    return Path("preview.html").read_text(encoding="utf-8")


def test_masks_are_drawn_over_their_images_with_the_names_of_the_classes(capsys: pytest.CaptureFixture[str]) -> None:
    html = page(capsys, "task=semantic_segmentation", "data=shapes", *SMALL, "--count", "4")
    assert html.count('class="exhibit picture"') == 4
    assert html.count('class="over"') == 4
    assert "triangle" in html
    assert "4 of 34 training examples" in html
    assert "<script" not in html


def test_texts_stand_with_their_labels(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [f"<b>text</b> number {row},{'good' if row % 2 else 'bad'}" for row in range(30)]
    Path("made.csv").write_text("\n".join(["text,label", *lines]))
    html = page(capsys, "made.csv", "--count", "3")
    assert html.count('class="exhibit text"') == 3
    assert "&lt;b&gt;text&lt;/b&gt; number" in html
    assert "good" in html


def test_data_that_training_would_refuse_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    Path("made.csv").write_text("text,label\na,x\nb,x\n")
    with pytest.raises(SystemExit) as ended:
        main(["data", "preview", "made.csv"])
    assert ended.value.code == 3
    assert not Path("preview.html").exists()


def test_labels_are_told_in_words() -> None:
    assert label_in_words({"label": 1}, ("cat", "dog")) == "dog"
    assert label_in_words({"label": [1, 0, 1]}, ("a", "b", "c")) == "a|c"
    assert label_in_words({"reference": "eins"}, ()) == "eins"
