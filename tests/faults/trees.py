"""What a folder holds, so that two can be compared: every byte, but for what says when and how fast."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

_TIMES = {"made", "seconds", "images_per_second", "rate", "rates", "command", "trial", "tried"}
_LEFT_OUT = (".verified.json", ".marks", ".values", ".drawn.json", ".lock")
"""Times of files, and what is kept by them; and the lock of one who was killed, which is no lock any more."""


_KEYED = re.compile(r"(\.work/sheet-\w+|\.decoded/[\w-]+)\.[0-9a-f]{16}\.")
"""What was decoded of files is called by when these were changed."""


def held(folder: Path, leave_out: Iterable[str] = ()) -> dict[str, str]:
    """Relative path → digest of what it says; ``leave_out``: patterns of paths."""
    patterns = [re.compile(one) for one in leave_out]
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() and not any(path.iterdir()):
            continue
        if "__pycache__" in path.parts or path.name in _LEFT_OUT or any(one.search(name) for one in patterns):
            continue
        name = _KEYED.sub(r"\1.*.", name)
        found[name] = "folder" if path.is_dir() else hashlib.sha256(_said(path)).hexdigest()[:12]
    return found


def leftovers(folder: Path) -> list[str]:
    """Half-written files."""
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*.part")]


def unlike(one: dict[str, str], other: dict[str, str]) -> str:
    """How two folders differ, in words; empty where they do not."""
    changed = [name for name in one.keys() & other.keys() if one[name] != other[name]]
    said = [
        (f"{len(names)} {what} ({', '.join(sorted(names)[:3])})")
        for names, what in (
            (changed, "other"),
            (one.keys() - other.keys(), "missing"),
            (other.keys() - one.keys(), "too many"),
        )
        if names
    ]
    return "; ".join(said)


def _said(path: Path) -> bytes:
    if path.name.endswith(".sources.json"):  # when files were changed
        return b""
    content = path.read_bytes()
    if path.suffix == ".json":
        return json.dumps(_timeless(json.loads(content)), sort_keys=True).encode()
    if path.name == "history.csv":
        return b"\n".join(line.rpartition(b",")[0] for line in content.splitlines())
    if path.suffix in (".pth", ".pt"):  # the archive has the name of the temporary file in it
        return repr(_tensors(_timeless(torch.load(io.BytesIO(content), weights_only=True)))).encode()
    return content


def _timeless(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _timeless(value) for key, value in content.items() if key not in _TIMES}
    return [_timeless(one) for one in content] if isinstance(content, list) else content


def _tensors(content: Any) -> Any:
    if isinstance(content, torch.Tensor):
        flat = content.detach().contiguous().reshape(-1).view(torch.uint8) if content.numel() else content
        return hashlib.sha256(flat.numpy().tobytes()).hexdigest(), str(content.dtype), tuple(content.shape)
    if isinstance(content, dict):
        return [(str(key), _tensors(value)) for key, value in content.items()]
    return [_tensors(one) for one in content] if isinstance(content, list | tuple) else content
