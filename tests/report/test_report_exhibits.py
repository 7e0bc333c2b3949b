"""Exhibits: each kind is drawn as its data say, side by side, escaped; what can't be drawn is told."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import re
import subprocess
import sys
import wave
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bakeoff.report.figures.course import Course
from bakeoff.report.palette import Look, overlay
from bakeoff.report.pictures import mask_uri, spectrum_uri
from bakeoff.report.sections.exhibit_kinds import KINDS, Place
from bakeoff.report.sounds import sound_uri
from bakeoff.tasks.exhibits import AttentionExhibit, PictureExhibit, TableExhibit, TextExhibit, pack, unpack
from tests.report.built_page import Built, built
from tests.report.synthetic_bakeoff import Recipe, write_bakeoff
from tests.report.synthetic_exhibits import (
    NAMES,
    RATE_HZ,
    boxes,
    course,
    exhibits_of,
    lines,
    spoken,
    tone,
    weighed_frames,
    write_exhibits,
)

SMALL = Recipe(seeds=3, examples=30, epochs=2)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = write_bakeoff(tmp_path_factory.mktemp("exhibits") / "finished", SMALL)
    write_exhibits(folder)
    return built(folder)


def section(page: Built) -> str:
    return page.html.partition('<section id="exhibits"')[2].partition("</section>")[0]


def page_of(tmp_path: Path, **contenders: list[Any]) -> Built:
    folder = write_bakeoff(tmp_path / "b", SMALL)
    plain = {name: [e if isinstance(e, dict) else e.to_dict() for e in own] for name, own in contenders.items()}
    write_exhibits(folder, **plain)
    return built(folder)


def decoded(uri: str) -> bytes:
    return base64.b64decode(uri.partition("base64,")[2])


def pixels(uri: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(decoded(uri))).convert("RGBA"))


def test_every_kind_stands_side_by_side_for_all_contenders(shown: Built) -> None:
    kinds = re.findall(r'<div class="exhibit (\w+)">', section(shown))
    expected = [entry.kind for entry in exhibits_of("vit") for _ in NAMES]
    assert kinds == expected and set(kinds) == set(KINDS)
    assert section(shown).count('<div class="exhibits">') == len(expected) // 3
    titles = re.findall("<h3>(.*?)</h3>", section(shown))
    assert titles[:4] == ["Test example 1", "Test example 2", "What it counted", "A street"]


def test_the_words_under_a_course_have_a_colour_of_the_page_in_light_and_dark(shown: Built) -> None:
    course = section(shown).partition('<div class="exhibit weighed_course">')[2].partition("</figure>")[0]
    texts = re.findall(r"<text[^>]*>", course)
    assert "rollout" in course and len(texts) > 1
    assert [text for text in texts if "var(--" not in text] == []


def test_the_page_with_exhibits_is_as_sound_as_without(shown: Built) -> None:
    outline = shown.outline
    assert outline.policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:"
    assert outline.nesting_errors == [] and outline.unlabelled == []
    assert [name for name, times in outline.ids.items() if times > 1] == []
    assert outline.tags["audio"] == 3 + 1 and outline.tags["script"] == 0
    kinds = {address.partition(";")[0] for address in outline.addresses}
    assert kinds == {"data:image/png", "data:audio/wav"}
    assert all(after <= before + 1 for before, after in pairwise(outline.headings))
    assert not re.search(r"#0a5e[0-9a-f]{2}", shown.html)


def test_an_input_that_all_were_given_stands_once_above_them(shown: Built, tmp_path: Path) -> None:
    assert shown.outline.text.count("Once upon a time") == 1
    page = page_of(tmp_path, vit=[TextExhibit(input="one", output="a")], resnet=[TextExhibit(input="two", output="b")])
    text = section(page)
    assert text.index("one") > text.index('<div class="exhibits">') and "two" in text


def test_a_sound_that_all_heard_stands_once_above_what_each_read(tmp_path: Path) -> None:
    page = section(page_of(tmp_path, vit=[spoken(0)], resnet=[spoken(1)]))
    assert page.count("<audio") == 1 and page.index("<audio") < page.index('<div class="exhibits">')
    assert page.count('<svg class="timeline"') == 2 and "<del><bdi>three</bdi></del>" in page
    assert "<del><bdi>two</bdi></del> <ins><bdi>to1</bdi></ins>" in page and "<ins><bdi>four</bdi></ins>" in page
    other = page_of(tmp_path / "apart", vit=[spoken(0)], resnet=[dataclasses.replace(spoken(1), sample_rate_hz=4000)])
    assert section(other).count("<audio") == 2


def test_the_same_sound_beside_all_contenders_stands_once_and_is_nobodys(tmp_path: Path) -> None:
    page = section(page_of(tmp_path, vit=[tone(0), tone(2)], resnet=[tone(1), tone(2)]))
    assert page.count("<audio") == 3 and page.count('<div class="exhibit audio">') == 2


def test_what_is_not_there_leaves_the_others(tmp_path: Path) -> None:
    first, second = (TextExhibit(input=word, output=word) for word in ("one", "two"))
    page = page_of(tmp_path, vit=[first, second], resnet=[second])
    assert len(re.findall('<div class="exhibit text">', page.html)) == 3


def test_files_of_before_are_still_read(tmp_path: Path) -> None:
    folder = write_bakeoff(tmp_path / "b", SMALL)
    older = [{"kind": "text", "input": "Es war", "output": "einmal"}]
    write_exhibits(folder, name="illustrations.json", vit=older)
    assert "einmal" in section(built(folder))
    write_exhibits(folder, vit=[older[0] | {"output": "zweimal"}])
    assert "zweimal" in section(built(folder)) and "einmal" not in section(built(folder))


def test_without_exhibits_there_is_no_section(report: Built) -> None:
    assert "exhibits" not in report.outline.ids


def test_an_unknown_kind_is_one_sentence_and_the_rest_is_drawn(tmp_path: Path) -> None:
    hologram = {"kind": "hologram <b>", "voxels": []}
    page = page_of(tmp_path, vit=[hologram, hologram, TextExhibit(input="one", output="drawn")])
    assert page.outline.text.count("Exhibits of the kind 'hologram <b>' are not shown") == 1
    assert "drawn" in section(page)


BROKEN = {
    "text": [{"output": ...}],
    "attention": [{"weights": [[1.0]]}],
    "table": [{"rows": [[1, 2, 3]]}],
    "picture": [
        {"pixels_HWC": {"dtype": "uint8", "shape": [9, 9, 3], "base64": "AAAA"}},
        {"boxes": [{"left": 1, "top": None, "right": 2, "bottom": 3, "label": "x"}]},
        {"mask_HW": pack(np.zeros((2, 2)), "uint16")},
    ],
    "curve": [{"truth": [1.0]}, {"x": [], "answer": []}],
    "weighed_text": [{"weights": {"saliency": [1.0]}}],
    "weighed_course": [{"weights": {"rollout": [1.0, None, 0.0]}}],
    "weighed_frames": [{"hop_s": 0}, {"weights": {"saliency": [1.0]}}],
    "audio": [{"sample_rate_hz": 0}, {"samples": {"dtype": "object", "shape": [1], "base64": "AAAA"}}],
    "spoken": [{"spans": []}, {"edits": [{"kind": "swap", "true": "a", "read": "b"}]}],
    "ranked": [{"scores": [1.0]}],
    "lines": [{"lines": []}, {"lines": [{"name": "vit", "x": [0.0], "y": [0.0, 1.0]}]}],
}


@pytest.mark.parametrize("number", range(max(map(len, BROKEN.values()))))
def test_an_exhibit_that_does_not_fit_together_is_one_sentence(number: int, tmp_path: Path) -> None:
    """On a page, one of each kind."""
    broken = {kind: ways[number] for kind, ways in BROKEN.items() if number < len(ways)}
    whole = {entry.kind: entry.to_dict() for entry in reversed(exhibits_of("vit"))}
    entries = [
        {name: value for name, value in (whole[kind] | change).items() if value is not ...}
        for kind, change in broken.items()
    ]
    page = page_of(tmp_path, vit=[*entries, TextExhibit(input="one", output="drawn")])
    for kind in broken:
        assert f"An exhibit of vit of the kind {kind} is not shown" in page.outline.text
    assert "drawn" in section(page) and page.outline.nesting_errors == []


def test_what_all_contenders_show_together_has_a_section_of_its_own(tmp_path: Path) -> None:
    folder = write_bakeoff(tmp_path / "b", SMALL)
    table = TableExhibit(columns=("class", "F1"), rows=[("fraud", 0.5)], title="Class by class")
    write_exhibits(folder, overview=[lines().to_dict(), table.to_dict(), {"kind": "lines"}], vit=[])
    page = built(folder)
    whole = page.html.partition('<section id="overview"')[2].partition("</section>")[0]
    assert re.findall("<h3>(.*?)</h3>", whole) == ["Falling", "Class by class"]
    assert re.findall(r'<div class="exhibit (\w+)">', whole) == ["lines", "table"]
    assert "Falling, of vit, renet." in whole and "fraud" in whole and "guessing" in whole and "a mark" in whole
    assert "An exhibit of the whole test of the kind lines is not shown" in page.outline.text
    assert page.outline.nesting_errors == [] and "exhibits" not in page.outline.ids


HOSTILE = '<script>alert(1)</script>" onmouseover="alert(2)'


def hostile(value: Any, key: str = "") -> Any:
    """Every text but the kind and what is packed, replaced."""
    if isinstance(value, dict):
        return value if "base64" in value else {name: hostile(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [hostile(item) for item in value]
    return HOSTILE if isinstance(value, str) and key != "kind" else value


def test_texts_of_every_kind_are_escaped(tmp_path: Path) -> None:
    page = page_of(tmp_path, vit=[hostile(entry.to_dict()) for entry in exhibits_of("vit")])
    assert page.outline.tags["script"] == 0 and page.outline.event_handlers == []
    assert page.outline.nesting_errors == []
    assert len(re.findall(r'<div class="exhibit \w+">', page.html)) == len(exhibits_of("vit"))
    assert HOSTILE in page.outline.text


@pytest.mark.parametrize("kind", ["uint8", "uint16", "int16", "float32"])
def test_packing_keeps_every_number(kind: str) -> None:
    array = np.arange(24).reshape(2, 3, 4).astype(kind) * 3
    found = unpack(json.loads(json.dumps(pack(array, kind))))
    np.testing.assert_array_equal(found, array)
    assert found.dtype.itemsize == array.dtype.itemsize


def test_sounds_have_sixteen_bits_and_play_at_their_rate() -> None:
    stored = unpack(tone(0).to_dict()["samples"])
    with wave.open(io.BytesIO(decoded(sound_uri(stored, sample_rate_hz=RATE_HZ)))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE_HZ)
        played = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    np.testing.assert_allclose(played / 32767, tone(0).samples, atol=1 / 32767)
    assert len(decoded(sound_uri(np.zeros(30 * RATE_HZ, np.int16), sample_rate_hz=RATE_HZ))) == 44 + 2 * 20 * RATE_HZ


def test_a_mask_is_a_colour_a_class_and_nothing_where_there_is_none() -> None:
    found = pixels(mask_uri(np.array([[0, 1], [2, 9]], dtype=np.uint16), largest_px=64))
    colours = ["#" + bytes(pixel[:3].tolist()).hex() for pixel in found.reshape(4, 4)]
    assert colours[1:] == [overlay(0), overlay(1), overlay(0)]
    assert found[..., 3].ravel().tolist() == [0, 140, 140, 140]


def test_low_bands_of_a_spectrum_lie_at_the_bottom() -> None:
    found = pixels(spectrum_uri(np.array([[1.0, 1.0], [0.0, 0.0]])))
    assert found[..., 3].tolist() == [[0, 0], [255, 255]]


def test_answers_are_solid_and_the_truth_is_dashed(tmp_path: Path) -> None:
    html = section(page_of(tmp_path, vit=[boxes(0)]))
    rects = re.findall(r'<rect class="(\w+)" style="[^"]*" x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"/>', html)
    assert rects == [
        ("solid", "10", "20", "40", "50"),
        ("solid", "70", "2", "56", "38"),
        ("dashed", "12", "22", "40", "52"),
        ("dashed", "60", "50", "60", "44"),
    ]
    assert "answer cat 93\u202f%; answer traffic light 41\u202f%; truth cat; truth dog." in html
    assert 'viewBox="0 0 128 96"' in html


def test_the_legend_names_what_is_seen(shown: Built) -> None:
    legends = re.findall(r'<span class="swatch" style="background: (#\w+)"></span><bdi>(.*?)</bdi>', section(shown))
    assert legends[:2] == [(overlay(0), "road"), (overlay(1), "&lt;i&gt;car&lt;/i&gt;")]


def _place(*beside: dict[str, Any]) -> Place:
    return Place("vit", "one", Look("transformer-0", "^", ()), beside)


def test_curves_of_one_example_have_one_scale_and_gaps_where_nothing_is_known() -> None:
    arrays = {name: np.array([]) for name in ("truth", "low", "high", "history_x", "history")}
    curve = Course(x=np.arange(3.0), answer=np.array([1.0, np.nan, 3.0]), **arrays)
    assert curve.extent == (1.0, 3.0)
    entry = course(0).to_dict() | {"truth": [None] * 12}
    drawn = str(KINDS["curve"].draw(entry, _place())["figure"])
    assert "answer" in drawn and "truth" not in drawn.partition(">")[2]
    wider = course(0).to_dict() | {"high": [40.0] * 12}
    alone, beside = (str(KINDS["curve"].draw(entry, _place(*others))["figure"]) for others in ((), (wider,)))
    assert ">40<" in beside and ">40<" not in alone


def test_a_few_channels_are_lines_and_many_a_picture_that_fills_the_width_of_the_strips() -> None:
    few, many = (
        str(KINDS["weighed_frames"].draw(weighed_frames(channels=channels).to_dict(), _place())["figure"])
        for channels in (2, 12)
    )
    assert "<image" not in few and ">seconds<" in few and ">saliency<" in few
    tag = re.search(r"<image [^>]*>", many)
    assert tag is not None and 'href="data:image/png;base64,' in tag[0]
    uri = re.search(r'href="([^"]*)"', tag[0])
    assert uri is not None and pixels(uri[1]).shape[:2] == (12, 5)
    assert 'width="5"' in tag[0] or 'width="344' in tag[0]


def test_right_items_are_marked_and_those_that_were_missed_are_named(shown: Built) -> None:
    ranked = section(shown).partition('<div class="exhibit ranked">')[2]
    assert re.findall(r'<li class="right-item"><bdi>(\w+)</bdi>', ranked.partition("</ol>")[0]) == ["tea"]
    assert "right, but not among these: <bdi>salt</bdi>" in ranked


def test_a_map_of_too_many_tokens_is_told(tmp_path: Path) -> None:
    tokens = [f"t{k}" for k in range(61)]
    long = AttentionExhibit(input="long", output="x", rows=["x"], columns=tokens, weights=np.ones((1, 61)) / 61)
    assert "The map of 1 by 61 tokens is too large to be shown." in page_of(tmp_path, vit=[long]).outline.text


def test_large_pictures_are_made_smaller_and_boxes_keep_their_place(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (900, 1200, 3), dtype=np.uint8)
    entry = PictureExhibit(pixels_HWC=noise, boxes=boxes(0).boxes)
    html = section(page_of(tmp_path, vit=[entry]))
    uri = re.search(r'src="(data:image/png[^"]*)"', html)
    assert uri is not None and pixels(uri[1]).shape[:2] == (480, 640)
    assert 'viewBox="0 0 1200 900"' in html


def test_what_exhibits_are_is_known_without_heavy_packages() -> None:
    code = "import sys, bakeoff.tasks.exhibits; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & {"torch", "pandas", "scipy", "matplotlib", "PIL", "pyarrow"} == set()


def test_no_style_is_called_as_a_kind_of_exhibit() -> None:
    """A card has its kind as a class, so that such a style would be the whole card's."""
    templates = resources.files("bakeoff.report") / "templates"
    style = (templates / "style.css").read_text(encoding="utf-8")
    kinds = [Path(file.name).name.partition(".")[0] for file in (templates / "exhibits").iterdir()]
    assert len(kinds) > 5
    assert [kind for kind in kinds if re.search(rf"(?m)^\.{kind}\b", style)] == []
