"""The plan in its folder: written before the first trial and hashed; the same command finds it there and goes on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bakeoff.comparison.planning.plan import Plan
from bakeoff.errors import ConfigError
from bakeoff.files import finite, write_json
from bakeoff.record.layout import MANIFEST, PLAN
from bakeoff.record.plan import rules_of
from bakeoff.record.reading import SCHEMA_VERSION, read, sha256_of


def open_folder(folder: Path, plan: Plan) -> None:
    """Writes the plan and its manifest into a new folder, or finds the same plan there.

    More seeds than the manifest declares may be added; the verdict is then stamped as exploratory.

    Raises:
        ConfigError: the folder holds another bakeoff.
    """
    path = folder / PLAN
    if path.exists():
        earlier, declared = read(path), read(folder / MANIFEST)["rules"]["seeds"]
        continued = plan.seeds[: len(earlier["seeds"])] == earlier["seeds"]
        if earlier["bakeoff_id"] != plan.bakeoff_id or not continued:
            raise ConfigError(
                "config.folder_taken",
                "output_dir",
                folder,
                f"it holds bakeoff {earlier['bakeoff_id']} of {len(earlier['seeds'])} seeds, and this command is "
                f"bakeoff {plan.bakeoff_id} of {len(plan.seeds)}",
                next_step="give another output_dir; a changed setting, or another version, is another bakeoff; "
                f"trials_from={folder} takes over trials that are the same",
            )
        plan.edition = int(earlier.get("edition", 1))
        plan.exploratory = not set(plan.seeds) <= set(declared)
        if earlier["seeds"] == plan.seeds:
            return
    else:
        write_json(folder / MANIFEST, manifest(plan.to_dict(folder)))
    write_json(path, plan.to_dict(folder))


def manifest(plan: Mapping[str, Any]) -> dict[str, Any]:
    """What must not change between the first run and the verdict, and its hash.

    Args:
        plan: the JSON of ``plan.json``.
    """
    rules = rules_of(finite(plan)) | {"seeds": plan["seeds"]}
    return {"schema_version": SCHEMA_VERSION, "sha256": sha256_of(rules), "rules": rules}
