"""Which code something was made by: a digest, so that nothing that is kept outlives it."""

from __future__ import annotations

import functools
import hashlib
import sys
from importlib.metadata import version
from pathlib import Path


@functools.cache
def digest(package: str, *distributions: str) -> str:
    """Of all modules of an imported package, or of a module, and of the versions of what it computes with.

    Empty where its source cannot be read.
    """
    module = sys.modules[package]
    found = 0
    sha = hashlib.sha256(repr([version(one) for one in distributions]).encode())
    for place in map(Path, getattr(module, "__path__", None) or [getattr(module, "__file__", None) or ""]):
        for file in sorted(place.rglob("*.py")) if place.is_dir() else [place] if place.is_file() else []:
            sha.update(hashlib.sha256(file.read_bytes()).digest())
            found += 1
    return sha.hexdigest()[:16] if found else ""
