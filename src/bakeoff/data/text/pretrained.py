"""The tokenizer of a pretrained model, in the `tokenizers` library's form."""

from __future__ import annotations

import base64
import json
import os
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.data.sources.hub import hub_answers
from bakeoff.data.sources.source import refuse_missing_path
from bakeoff.data.text.spec import PAD
from bakeoff.data.text.tokenizer import Ids, Tokenizer
from bakeoff.errors import DataError, EnvironmentFault

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
_KEY, _FILE = "data.tokenizer.path", "tokenizer.json"
_NAMES = {
    "pad": ("[PAD]", "<pad>", "<|pad|>"),
    "unknown": ("[UNK]", "<unk>", "<|endoftext|>"),
    "start": ("<s>", "[CLS]", "<bos>", "<|begin_of_text|>", "<|endoftext|>"),
    "end": ("</s>", "[SEP]", "<eos>", "<|end_of_text|>", "<|endoftext|>"),
}


class PretrainedTokenizer(Tokenizer):
    """Ids as the model was trained with, but for padding, which is 0 in every tensor here.

    Where the model's own padding is another id, the two change places: our 0 is its ``pad_id`` and our ``pad_id`` is
    its 0 (`own_ids`). Special tokens that the model lacks (GPT-2 has no padding, T5 no start) get ids after its last
    one, so that ``vocab_size`` may exceed its embedding by as many.

    Args:
        content: the file ``tokenizer.json``, compressed by zlib, in base64.
    """

    kind = "pretrained"

    def __init__(self, content: str) -> None:
        from tokenizers import Tokenizer as Library

        self._content = content
        self._library = Library.from_str(zlib.decompress(base64.b64decode(content)).decode())
        self._library.no_padding()
        self._library.no_truncation()
        self._vocab_size = max(self._library.get_vocab().values()) + 1
        self.pad_id = self._special("pad")
        self.unknown, self.start, self.end = (
            int(self._swap(np.array([self._special(name)]))[0]) for name in ("unknown", "start", "end")
        )
        added = self._library.get_added_tokens_decoder().items()
        specials = np.array(sorted({self.pad_id, *(index for index, token in added if token.special)}))
        self._special_ids = {*self._swap(specials).tolist(), self.unknown, self.start, self.end}

    @classmethod
    def load(cls, path: str, *, revision: str | None) -> PretrainedTokenizer:
        """From a file, a folder or the hub.

        Raises:
            DataError: there is no such file, or it is no tokenizer.
            EnvironmentFault: the hub does not answer, and its cache lacks the tokenizer.
        """
        file = _local_file(path) or _from_hub(path, revision)
        text = file.read_bytes()
        try:
            return cls(base64.b64encode(zlib.compress(json.dumps(json.loads(text)).encode(), 9)).decode())
        except Exception as error:  # the library raises bare Exception
            problem = f"{file} is no tokenizer that the tokenizers library reads ({str(error)[:200]})"
            raise DataError("data.bad_tokenizer", _KEY, path, problem, next_step="give a tokenizer.json") from error

    @property
    def vocab_size(self) -> int:
        """The model's own ids, and those of special tokens that it lacks."""
        return self._vocab_size

    def own_ids(self, ids: Ids) -> Ids:
        """The ids that the pretrained model knows, for ours; the same function leads back."""
        return self._swap(ids)

    def encode_batch(self, texts: Sequence[str], *, framed: bool = False) -> list[Ids]:
        """With ``framed``, what the model's own pipeline puts around a text is there too."""
        encoded = self._library.encode_batch_fast(list(texts), add_special_tokens=framed)
        return [self._swap(np.array(item.ids, dtype=np.int32)) for item in encoded]

    def decode(self, ids: Iterable[int]) -> str:
        """As the library joins tokens; exact only if its own pipeline is."""
        kept = np.array([index for index in ids if index not in self._special_ids], dtype=np.int64)
        return self._library.decode(self._swap(kept).tolist())

    def show_tokens(self, ids: Iterable[int]) -> list[str]:
        """The library's own spelling, such as ``##ing``."""
        own = self._swap(np.array(list(ids), dtype=np.int64)).tolist()
        return [self._library.id_to_token(index) or f"<{index}>" for index in own]

    def cut(self, ids: Ids, max_length: int) -> Ids:
        """The first ids; a special token that closed the text still does."""
        if len(ids) > max_length > 1 and int(ids[-1]) in self._special_ids:
            return np.append(ids[: max_length - 1], ids[-1])
        return ids[:max_length]

    def to_dict(self) -> dict[str, Any]:
        """The whole file, so that a run stays usable when the hub's changes."""
        return {"kind": self.kind, "content": self._content}

    def _special(self, role: str) -> int:
        for name in _NAMES[role]:
            if (found := self._library.token_to_id(name)) is not None:
                return found
        self._vocab_size += 1
        return self._vocab_size - 1

    def _swap(self, ids: Any) -> Any:
        return np.where(ids == PAD, self.pad_id, np.where(ids == self.pad_id, PAD, ids)).astype(ids.dtype)


def _local_file(path: str) -> Path | None:
    local = Path(path).expanduser().absolute()
    if local.is_dir():
        if not (local / _FILE).is_file():
            problem = f"the folder {local} has no {_FILE}"
            next_step = "save it there with transformers: AutoTokenizer.from_pretrained(...).save_pretrained(FOLDER)"
            raise DataError("data.not_found", _KEY, path, problem, next_step=next_step)
        return local / _FILE
    if local.is_file():
        return local
    looks_local = path.startswith((".", "/", "~")) or path.count("/") > 1 or local.suffix == ".json"
    return refuse_missing_path(path, local, key=_KEY) if looks_local else None


def _from_hub(name: str, revision: str | None) -> Path:
    from huggingface_hub import constants, hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError, RepositoryNotFoundError

    online = not constants.HF_HUB_OFFLINE and hub_answers()
    try:
        return Path(hf_hub_download(name, _FILE, revision=revision, local_files_only=not online))
    except LocalEntryNotFoundError as error:
        reason = "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else f"{constants.ENDPOINT} does not answer"
        problem = f"{reason}, and this tokenizer is neither in the local cache nor a file or folder here"
        next_step = "go online once to download it, or give data.tokenizer.path=FOLDER of a local copy"
        raise EnvironmentFault("env.offline", _KEY, name, problem, next_step=next_step) from error
    except (EntryNotFoundError, RepositoryNotFoundError, ValueError) as error:
        problem = f"the hub has no {_FILE} of that name ({str(error)[:200]})"
        raise DataError("data.not_found", _KEY, name, problem, next_step="check the name and the revision") from error
