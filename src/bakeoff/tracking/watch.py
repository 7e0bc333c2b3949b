"""A folder to follow, where its runs go, and who works on it; ``tracking.json`` in the folder remembers it."""

from __future__ import annotations

import secrets
import shlex
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from bakeoff.config.processes import Process
from bakeoff.files import read_json, write_json
from bakeoff.record.layout import TRACKING
from bakeoff.tracking.moved import ARTIFACTS, along_with, uri_along_with
from bakeoff.tracking.secrets import mask_text, without_credentials
from bakeoff.tracking.settings import Tracking

Kind = Literal["trial", "bakeoff"]


@dataclass(frozen=True)
class Watch:
    """A folder to follow.

    ``artifacts`` is where a local store keeps files; seconds are as in `Tracking`; ``command`` started the
    work.
    """

    kind: Kind
    folder: str
    uri: str
    experiment: str
    artifacts: str
    every_s: float
    system_every_s: float | None
    owner: Process
    command: str
    identity: str
    """Tells this folder from others with the same runs, at the same tracker."""

    @classmethod
    def of(cls, kind: Kind, folder: Path, *, tracking: Tracking, root: Path, experiment: str) -> Watch:
        """The calling process's own work in ``folder``, tracked as the configuration says."""
        return cls(
            kind=kind,
            folder=str(folder.resolve()),
            uri=tracking.store(root),
            experiment=tracking.experiment or experiment,
            artifacts=str((root / ARTIFACTS).resolve()),
            every_s=tracking.every_s,
            system_every_s=tracking.system_every_s,
            owner=Process.this(),
            command=mask_text(" ".join([sys.argv[0], shlex.join(sys.argv[1:])])),
            identity=folder_identity(folder) or secrets.token_hex(4),
        )

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Watch:
        """The inverse of ``dataclasses.asdict``."""
        return cls(**{**plain, "owner": Process(**plain["owner"])})

    @classmethod
    def remembered(cls, folder: Path) -> Watch | None:
        """What the folder remembers; None where it was never tracked.

        It may have been moved: a local store that lies to it as it did is the one that moved along.
        """
        try:
            found = cls.from_dict(read_json(folder / TRACKING))
        except FileNotFoundError:
            return None
        before, now = Path(found.folder), folder.resolve()
        if before == now:
            return found
        uri = uri_along_with(found.uri, before=before, now=now)
        artifacts = along_with(Path(found.artifacts), before=before, now=now)
        return replace(found, folder=str(now), uri=uri, artifacts=str(artifacts))

    def remember(self) -> None:
        """Writes it into the folder, without any password in the URI."""
        write_json(Path(self.folder) / TRACKING, asdict(replace(self, uri=without_credentials(self.uri))))

    @property
    def taken_over(self) -> bool:
        """Whether another process that still lives works on the folder by now."""
        now = Watch.remembered(Path(self.folder))
        return now is not None and now.owner != self.owner and not now.owner.gone


def folder_identity(folder: Path) -> str:
    """What tells a tracked folder from others with the same runs; nothing for one that was never tracked."""
    watch = Watch.remembered(folder)
    return "" if watch is None else watch.identity
