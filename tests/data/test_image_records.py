"""Stored images as pixels: depths, transparency, palettes and colour models, by values worked by hand."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bakeoff.data.image.prediction import load_images
from bakeoff.data.image.records import PixelRule, UnreadableImage, read_header, read_pixels
from bakeoff.data.sources.image_folder import ImageFolder
from bakeoff.errors import ConfigError, DataError
from tests.data.made_images import InMemory, table

RAMP = np.array([[0, 1000, 4095], [2048, 257, 4095]], dtype=np.uint16)


def record(image: Image.Image, format: str = "PNG", **options: object) -> dict[str, object]:
    encoded = io.BytesIO()
    image.save(encoded, format=format, **options)
    return {"bytes": encoded.getvalue(), "path": None}


def pgm(values: np.ndarray, largest: int, *, plain: bool = False) -> dict[str, object]:
    """A PGM file with its largest value in the header, in bytes or (P2) in words."""
    body = " ".join(map(str, values.ravel())).encode() if plain else values.astype(">u2").tobytes()
    header = f"{'P2' if plain else 'P5'}\n{values.shape[1]} {values.shape[0]}\n{largest}\n"
    return {"bytes": header.encode() + body, "path": None}


def gray(stored: dict[str, object], rule: PixelRule | None = None) -> list[list[int]]:
    return read_pixels(stored, channels=1, rule=rule or PixelRule())[:, :, 0].tolist()


@pytest.mark.parametrize("plain", [False, True])
def test_a_pgm_file_of_16_bits_is_read_by_the_largest_value_that_it_tells(plain: bool) -> None:
    assert gray(pgm(RAMP, 65535, plain=plain)) == [[0, 3, 15], [7, 1, 15]]
    by_twelve = [[0, 62, 255], [127, 16, 255]]  # 255 v // 4095
    assert gray(pgm(RAMP, 4095, plain=plain)) == by_twelve
    assert gray(pgm(RAMP, 4095, plain=plain), PixelRule(bit_depth=12)) == by_twelve
    assert gray(pgm(RAMP, 65535, plain=plain), PixelRule(bit_depth=12)) == by_twelve
    assert read_header(pgm(RAMP, 4095, plain=plain)).bits == 16


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_twelve_bits_in_a_file_of_16_are_scaled_by_their_own_range(format: str) -> None:
    stored = record(Image.fromarray(RAMP), format)
    assert gray(stored) == [[0, 3, 15], [7, 1, 15]]
    assert gray(stored, PixelRule(bit_depth=12)) == [[0, 62, 255], [127, 16, 255]]
    with pytest.raises(UnreadableImage, match=r"a pixel of 4095 is more than 10 bits hold \(data.bit_depth\)"):
        gray(stored, PixelRule(bit_depth=10))


@pytest.mark.parametrize("values", [RAMP.astype(np.int32), RAMP.astype(np.float32)])
def test_pixels_of_32_bits_are_refused(values: np.ndarray) -> None:
    with pytest.raises(UnreadableImage, match="no agreed range"):
        read_header(record(Image.fromarray(values), "TIFF"))


def transparent(mode: str) -> dict[str, object]:
    """A black pixel that is opaque, and one that is not there."""
    image = Image.new(mode, (2, 1))
    if mode in ("RGBA", "LA"):
        image.putpixel((0, 0), (0,) * (len(mode) - 1) + (255,))
        return record(image)
    image.putpixel((1, 0), 5)
    if mode == "P":
        image.putpalette([0, 0, 0] * 256)
    return record(image, transparency=5)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L"])
def test_what_is_transparent_shows_the_background(mode: str) -> None:
    stored = transparent(mode)
    assert read_header(stored).has_alpha
    for background, shown in (("white", 255), ("gray", 128), ("black", 0)):
        assert gray(stored, PixelRule(background=background)) == [[0, shown]]


def test_arrays_with_an_alpha_channel_show_the_background_too() -> None:
    stored = np.zeros((1, 2, 4), dtype=np.uint8)
    stored[0, 0, 3] = 255
    assert gray(stored) == [[0, 255]]
    assert read_header(stored).has_alpha


def test_half_transparent_pixels_are_mixed() -> None:
    stored = record(Image.new("RGBA", (1, 1), (200, 0, 0, 128)))
    pixels = read_pixels(stored, channels=3, rule=PixelRule())[0, 0].tolist()
    assert np.allclose(pixels, [200 * 128 / 255 + 127, 127, 127], atol=1)


def test_colour_models_and_palettes_are_of_one_colour() -> None:
    red = Image.new("RGB", (4, 4), (255, 0, 0))
    for image, format in ((red, "PNG"), (red.convert("P"), "PNG"), (red.convert("CMYK"), "TIFF"), (red, "WEBP")):
        pixels = read_pixels(record(image, format), channels=3, rule=PixelRule())
        assert np.abs(pixels.astype(int) - [255, 0, 0]).max() <= 3
        assert read_header(record(image, format)).channels == 3
    assert gray(record(Image.new("1", (1, 1), 1))) == [[255]]


def deep_folder(root: Path, bits: int) -> Path:
    """PNG files of 16 bits that use fewer."""
    random = np.random.default_rng(0)
    for row in range(40):
        (root / "ab"[row % 2]).mkdir(parents=True, exist_ok=True)
        values = random.integers(0, 2**bits, (6, 6), dtype=np.uint16)
        values[0, 0] = 2**bits - 1
        Image.fromarray(values).save(root / "ab"[row % 2] / f"{row}.png")
    return root


def test_lost_gray_levels_are_told_and_kept_on_request(module, tmp_path: Path) -> None:
    folder = deep_folder(tmp_path / "scans", bits=12)
    assert module(ImageFolder(path=str(folder))).spec.notes == (
        "40 images of 16 bits use 12 bits: they keep 16 of 256 gray levels; data.bit_depth=12 keeps all.",
    )
    data = module(ImageFolder(path=str(folder)), bit_depth=12)
    assert (data.spec.notes, data.spec.bit_depth, data.spec.std[0] > 0.25) == ((), 12, True)
    file = next(folder.rglob("*.png"))
    new, _ = load_images([file], data.spec)
    expected = np.asarray(Image.open(file)).astype(int) * 255 // 4095
    assert np.allclose(new[0, 0] * data.spec.std[0] + data.spec.mean[0], expected / 255, atol=1e-6)


def test_images_that_would_all_be_black_are_refused(module, tmp_path: Path) -> None:
    folder = deep_folder(tmp_path / "masks", bits=7)
    with pytest.raises(DataError, match=r"data.no_contrast\] data.bit_depth=16: all 40 .*; next: data.bit_depth=8"):
        module(ImageFolder(path=str(folder))).setup()
    with pytest.raises(ConfigError, match=r"data.bit_depth=0"):
        module(ImageFolder(path=str(folder)), bit_depth=0)


def shapes(colour: int, *, opaque: bool = False) -> list[Image.Image]:
    """One colour; the shape is in the alpha channel alone."""
    alphas = np.random.default_rng(0).integers(0, 2, (40, 6, 5), dtype=np.uint8) * 255
    return [
        Image.merge("LA", (Image.new("L", (5, 6), colour), Image.fromarray(np.maximum(alpha, 255 * opaque))))
        for alpha in alphas
    ]


def test_shapes_in_the_alpha_channel_are_seen_and_told(module) -> None:
    data = module(InMemory({"all": table(["a", "b"] * 20, image=shapes(0))}))
    note = "40 of 40 images have an alpha channel and were put before a white background (data.background)."
    assert data.spec.notes == (note,)
    assert data.spec.std[0] > 0.4
    with pytest.raises(DataError, match=r"data.no_contrast\] data.background=white: 40 of 40 .*data.background=black"):
        module(InMemory({"all": table(["a", "b"] * 20, image=shapes(255))}, name="white")).setup()
    assert module(InMemory({"all": table(["a", "b"] * 20, image=shapes(255))}, name="white"), background="black").spec
    with pytest.raises(ConfigError, match=r"data.background=green"):
        module(InMemory({"all": table(["a", "b"])}), background="green")
