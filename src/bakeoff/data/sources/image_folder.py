"""A folder of images: a folder a class, or a metadata file that gives each file its label."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
from datasets import Image

from bakeoff.data.sources.class_folders import ClassFolder
from bakeoff.data.sources.file_folder import FILE_NAME, FileFolder
from bakeoff.data.sources.folders import FileKind, Tree, visible_files
from bakeoff.data.sources.table_file import SUFFIXES, table_suffix

_READ = ".png .jpg .jpeg .jpe .jfif .jif .bmp .dib .gif .tif .tiff .webp .avif .jp2 .ppm .pgm .pbm .pnm .tga .ico"
_UNREAD = ".heic .heif .dcm .svg .dng .cr2 .nef .arw"
"""Pictures that no reader here takes: listed, so that they are unreadable images and not left out."""
_SIGNATURES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*")


def _begins_as_image(file: Path, start: bytes) -> bool:
    is_bitmap = start[:2] == b"BM" and start[6:10] == bytes(4)
    in_box = start[4:12] in (b"ftypavif", b"ftypheic", b"ftypmif1")
    return start.startswith(_SIGNATURES) or start[:4] + start[8:12] == b"RIFFWEBP" or in_box or is_bitmap


IMAGES = FileKind("image", frozenset(f"{_READ} {_UNREAD}".split()), _begins_as_image)


class ImageFolder(FileFolder):
    """Images in folders, laid out in one of these ways (``train`` and so on may be missing)::

        flowers/rose/1.png                         a folder a class
        flowers/train/rose/1.png                   train, val (or validation) and test, then a folder a class
        flowers/metadata.csv  flowers/1.png        a table with a column file_name, one of labels, any others
        flowers/train/metadata.csv                 such a table in each split's folder

    Folders may be links to folders elsewhere. Hidden files and folders are not seen; whatever else is left out is
    counted in a note.

    Args:
        path: the folder.
        class_folder: of folders in folders, which one names the class: ``first``, ``last``, or their whole ``path``.
        sep: between the columns of a metadata.csv, see `TableFormat`; null finds it.
        quote: around fields of a metadata.csv, see `TableFormat`; null finds it.
        encoding: of the metadata files.
    """

    key = "data.path"
    files = IMAGES
    column = "image"
    feature = Image()
    layouts = "CLASS/1.png, or train/CLASS/1.png and test/CLASS/1.png, or metadata.csv with file_name,label"

    def __init__(
        self,
        *,
        path: str,
        class_folder: ClassFolder = "first",
        sep: str | None = None,
        quote: str | None = None,
        encoding: str = "utf-8",
    ) -> None:
        super().__init__(path=path, sep=sep, quote=quote, encoding=encoding)
        self._class_folder = class_folder

    @classmethod
    def argument_for(cls, path: Path) -> str | None:
        """``path`` of a folder with images."""
        return "path" if any(map(IMAGES.holds, visible_files(path))) else None

    def identity(self) -> dict[str, Any]:
        """Name, size and time of every visible file in the folder, and how it is read."""
        return {"source": "image_folder", "class_folder": self._class_folder} | super().identity()

    def _without_table(self, tree: Tree) -> tuple[dict[str, pa.Table], list[str]]:
        """Of folders of classes."""
        tables, notes = self._by_class_folder(tree, self._class_folder)
        return tables, [*notes, *_note_on_tables(tree)]


def _note_on_tables(tree: Tree) -> list[str]:
    """Tells that a table beside the images may hold their classes."""
    names = [file.as_posix() for file in tree.others if table_suffix(file.name) in SUFFIXES]
    what = f"a table called metadata.csv, with columns {FILE_NAME} (ending included) and label, gives the classes"
    return [f"{', '.join(names[:3])} beside the images was left out; {what}."] if names else []
