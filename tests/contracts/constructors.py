"""What the files of ``conf/`` have the program make."""

from __future__ import annotations

from bakeoff.config.catalog import Catalog
from bakeoff.config.composition import Composer
from bakeoff.config.tree import targets


def constructors(catalog: Catalog) -> set[tuple[str, str]]:
    """Section and class of all that options make; of data that several tasks read, what each one makes of it."""
    named = {
        (f"{group}.{key}".rstrip("."), node["_target_"])
        for group in catalog.groups()
        for name in catalog.options(group)
        for key, node in targets(catalog.content(group, name))
    }
    by_task = {
        ("data.module", str(Composer().compose("train", [f"task={task}"]).cfg.data.module["_target_"]))
        for task in catalog.options("task")
    }
    return {(key, target) for key, target in named if "${" not in target} | by_task
