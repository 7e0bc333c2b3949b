"""What README.md and CONTRIBUTING.md tell people to type exists, composes and answers as printed."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import bakeoff.api
from bakeoff.cli import COMMANDS, main
from bakeoff.config.allowlist import _user_packages
from bakeoff.config.checking import Checker
from bakeoff.config.composition import Composer
from bakeoff.config.schema import PIPELINES
from bakeoff.errors import ErrorGroup

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "CONTRIBUTING.md")
DOCS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md"))
PLACEHOLDER = "<"
MACHINE_PATH = re.compile(r"(?<![\w./~-])/(?:{})/".format("|".join(("work", "tmp", "root", "opt", "home"))))


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a page in one language (empty: plain), without their fences."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [body for found, body in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S) if found == language]


def words_of(line: str) -> list[str]:
    """A command of bakeoff as words, without ``bakeoff``; of another line none."""
    words = shlex.split(line, comments=True) if re.match(r"bakeoff |python pipelines/", line) else []
    return words[1:] if words[:1] == ["bakeoff"] else [Path(words[1]).stem, *words[2:]] if words else []


def typed(page: str) -> list[tuple[str, ...]]:
    """Every command of bakeoff in a page's blocks and inline code, as words; `$ ` lines, which may fail, are apart."""
    inline = re.findall(r"`((?:bakeoff|python pipelines/)[^`]*)`", (ROOT / page).read_text(encoding="utf-8"))
    lines = [line for block in blocks(page, "") for line in block.replace("\\\n", " ").splitlines()]
    found = []
    for line in [*lines, *inline]:
        words = words_of(line)
        if len(words) > 1 - (line in lines) and PLACEHOLDER not in line and not any("..." in word for word in words):
            found.append(tuple(words))
    return sorted(set(found))


RUN_ELSEWHERE = ("docs/start.md", "docs/your-data.md")
"""Pages whose commands other tests run."""
_PAGE_OF = {words: page for page in (*DOCS, *PAGES) if page not in RUN_ELSEWHERE for words in typed(page)}
COMMAND_LINES = [(page, words) for words, page in sorted(_PAGE_OF.items())]
"""Each command once, with a page that has it."""


@pytest.fixture
def own_model(tmp_path, monkeypatch):
    """The README's model and its YAML, as files in the current folder, beside the folders that its commands make."""
    for word in {word for _, words in COMMAND_LINES for word in words if word.startswith("output_dir=")}:
        (tmp_path / word.partition("=")[2]).mkdir(parents=True, exist_ok=True)
    (tmp_path / "my" / "model").mkdir(parents=True)
    (tmp_path / "my" / "model" / "mynet.yaml").write_text(blocks("README.md", "yaml")[0])
    (tmp_path / "mynet.py").write_text(next(block for block in blocks("README.md", "python") if "MyNet" in block))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    _user_packages.discard("mynet")
    sys.modules.pop("mynet", None)


def flag(words: tuple[str, ...], name: str) -> tuple[str | None, list[str]]:
    """A flag's value, and the words without it."""
    if name not in words:
        return None, list(words)
    place = words.index(name)
    return words[place + 1], [*words[:place], *words[place + 2 :]]


@pytest.mark.parametrize(("page", "words"), COMMAND_LINES, ids=lambda item: item if isinstance(item, str) else None)
def test_every_command_is_sound(page, words, own_model, capsys):
    name, rest = words[0], words[1:]
    if name in PIPELINES:
        config_dir, rest = flag(rest, "--config-dir")
        multirun = "-m" in rest
        composer = Composer(config_dir=Path(config_dir) if config_dir else None)
        Checker(composer, pipeline=name, multirun=multirun).check([word for word in rest if word != "-m"])
    elif name in ("list", "explain"):
        main(words)
    else:
        assert name in COMMANDS
        with pytest.raises(SystemExit):
            main([name, "--help"])
        page = capsys.readouterr().out
        assert [word for word in rest if word.startswith("--") and word not in page] == []


def test_the_pages_show_every_pipeline_and_command():
    shown = {words[0] for words in typed("README.md")}
    assert set(PIPELINES) | set(COMMANDS) <= shown


def test_the_errors_are_those_that_the_readme_prints():
    shown = re.findall(r"^\$ bakeoff (\w+) (.*)\n((?:error.*\n)+)", (ROOT / "README.md").read_text("utf-8"), re.M)
    assert shown
    for pipeline, words, lines in shown:
        with pytest.raises(ErrorGroup) as caught:
            Checker(Composer(), pipeline=pipeline).check(shlex.split(words))
        assert caught.value.line() == lines.strip()


def test_the_python_example_is_a_sound_bakeoff(monkeypatch, capsys):
    given = []
    verdict = SimpleNamespace(verdict="WINS", winner="lenet", sentence="lenet wins", pairs=())
    monkeypatch.setattr(bakeoff.api, "run", lambda config: given.append(config) or SimpleNamespace(verdict=verdict))
    example = next(block for block in blocks("README.md", "python") if "bakeoff.compare" in block)
    exec(compile(example, "README.md", "exec"), {})
    assert given[0]["data"]["path"] == "photos"
    assert given[0]["budget"]["value"] == 20_000
    assert capsys.readouterr().out == "WINS lenet lenet wins\n"


def test_every_make_target_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.M)) <= targets


@pytest.mark.parametrize("page", [*PAGES, "CHANGELOG.md", *DOCS])
def test_every_file_that_a_page_names_exists(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert [link for link in links if not ((ROOT / page).parent / link).exists()] == []
    paths = [path for path in re.findall(r"`((?:src|conf|tests)/[^`\s]*)`", text) if not set(path) & set("<*")]
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.skipif(not (ROOT / ".git").exists() or not shutil.which("git"), reason="needs a checkout")
def test_no_file_names_a_path_of_the_machine_that_it_was_made_on():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    texts = {path: path.read_bytes() for path in files if path.suffix not in (".png", ".npz", ".parquet", ".gz")}
    found = {path.name for path, content in texts.items() if MACHINE_PATH.search(content.decode("utf-8"))}
    assert found == set()
