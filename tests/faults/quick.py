"""The quick form of the harness, in one process: some damaged files and some names, over a small tree."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from tests.faults import damage, forks, names, prepared

DAMAGED = 14
NAMED = (
    ("records", "$\\bad|<b>\n=cmd()\u202e"),
    ("class folder", "a\udcff$x$|<i>"),
    ("table", "../../escape"),
)
NAMED += (("boxes", "../../escape"), ("model.cfg_name", "../escape"), ("classes file", "=cmd()\r\n\x1b[31m"))


def main(words: list[str]) -> int:
    """Print what came of each, as JSON: its kind, what it was, and why."""
    seed = int(words[0]) if words else 1
    forks.ready()
    with tempfile.TemporaryDirectory() as folder:
        harness = damage.Harness(Path(folder), whole=False)
        hurt = [vars(harness.one(seed, number)) for number in range(DAMAGED)]
        called = []
        for place, name in NAMED:
            tree = prepared.copied(harness.tree, Path(tempfile.mkdtemp(dir=folder)) / "tree")
            kind, why = names.judged(place, name, tree)
            called.append({"kind": kind, "place": place, "why": why})
            shutil.rmtree(tree.parent)
    print(json.dumps({"damage": hurt, "names": called}))
    return 0
