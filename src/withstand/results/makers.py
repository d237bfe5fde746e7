"""What makes a metric's values: a digest of its code, so that no value that was kept outlives it."""

from __future__ import annotations

import functools
import hashlib
import sys
from pathlib import Path

import numpy as np
import scipy

from withstand.base import plugins
from withstand.results.metrics import METRICS


def maker(name: str) -> str:
    """Of a metric, or of an answer (``columns.ANSWERS``); empty where nobody can tell."""
    if name.startswith(".") or METRICS[name] is METRICS.ours.get(name):
        return _digest(_OURS)
    if name not in plugins.offered("metrics") or plugins.load("metrics", name).METRIC is not METRICS[name]:
        return ""
    package = sys.modules[plugins.load("metrics", name).__name__.partition(".")[0]]
    places = list(getattr(package, "__path__", ()))
    return _digest(Path(places[0] if len(places) == 1 else str(package.__file__)))


_OURS = Path(__file__).parent / "metrics"


@functools.cache
def _digest(code: Path) -> str:
    """Of a module, or of all modules of a package, and of what they compute with."""
    modules = sorted(code.rglob("*.py")) if code.is_dir() else [code] if code.is_file() else []
    sha = hashlib.sha256(f"{np.__version__} {scipy.__version__}".encode())
    for module in modules:
        sha.update(hashlib.sha256(module.read_bytes()).digest())
    return sha.hexdigest()[:16] if modules else ""
