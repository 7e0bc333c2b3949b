"""A folder of recordings, and a table that says what is said in each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
from datasets import Audio

from bakeoff.data.sources.file_folder import FileFolder, metadata_columns
from bakeoff.data.sources.folders import FileKind, Tree, visible_files
from bakeoff.errors import DataError

_READ = ".wav .wave .flac .ogg .oga .opus .mp3 .aiff .aif .aifc .au .snd .caf .w64 .rf64 .sph .voc"
_UNREAD = ".m4a .aac .wma .amr .webm .mp4 .mka"
"""Sound that no reader here takes: listed, so that they are unreadable recordings and not left out."""
_SIGNATURES = (b"fLaC", b"OggS", b"ID3", b"\xff\xfb", b".snd", b"caff")
TRANSCRIPTS = frozenset({"transcript", "transcription", "text", "sentence", "normalized_text", "raw_transcription"})
"""What columns of transcripts are called."""


def _begins_as_audio(file: Path, start: bytes) -> bool:
    chunk = start[:4] + start[8:12]
    return start.startswith(_SIGNATURES) or chunk in (b"RIFFWAVE", b"FORMAIFF", b"FORMAIFC", b"RF64WAVE")


RECORDINGS = FileKind("recording", frozenset(f"{_READ} {_UNREAD}".split()), _begins_as_audio)


class AudioFolder(FileFolder):
    """Recordings and a table with a row for each, laid out in one of these ways::

        calls/metadata.csv  calls/1.wav                  file_name,text,speaker
        calls/train/metadata.csv  calls/train/1.flac     1.wav,one two,anna

    The same in val and test; splits that are not there are made. ``metadata.jsonl`` does as well.

    Args:
        folder: that holds table and recordings.
        sep: between the columns of a metadata.csv, see `TableFormat`; null finds it.
        quote: around fields of a metadata.csv, see `TableFormat`; null finds it.
        encoding: of the metadata files.
    """

    is_certain = True
    files = RECORDINGS
    column = "audio"
    feature = Audio(decode=False)
    layouts = "metadata.csv with file_name,text beside the recordings, or such a table in each of train, val and test"

    def __init__(
        self, *, folder: str, sep: str | None = None, quote: str | None = None, encoding: str = "utf-8"
    ) -> None:
        super().__init__(path=folder, sep=sep, quote=quote, encoding=encoding)

    @classmethod
    def argument_for(cls, path: Path) -> str | None:
        """``folder`` of a folder with recordings: a table says what is said, or most files are recordings."""
        if not path.is_dir():
            return None
        are_recordings = list(map(RECORDINGS.holds, visible_files(path)))
        has_table = bool(TRANSCRIPTS & metadata_columns(path, key=cls.key))
        is_meant = any(are_recordings) if has_table else sum(are_recordings) > len(are_recordings) / 2
        return "folder" if is_meant else None

    def identity(self) -> dict[str, Any]:
        """Name, size and time of every visible file in the folder, and how it is read."""
        return {"source": "audio_folder"} | super().identity()

    def _without_table(self, tree: Tree) -> tuple[dict[str, pa.Table], list[str]]:
        problem = f"there is no metadata.csv in {tree.root}, nor in folders of splits: nothing says what is said"
        step = "write one, with columns file_name and text, or name a table with data=audio_table data.file=FILE"
        raise DataError("data.missing_table", self.key, self._path, problem, next_step=step)
