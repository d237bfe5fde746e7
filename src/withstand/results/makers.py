"""What makes a metric's values, so that none that was kept outlives it."""

from __future__ import annotations

from withstand.base import code, plugins
from withstand.results import metrics
from withstand.results.metrics import METRICS


def maker(name: str) -> str:
    """A digest of the code of a metric, or of an answer (``columns.ANSWERS``); empty where nobody can tell."""
    if name.startswith(".") or METRICS[name] is METRICS.ours.get(name):
        return code.digest(metrics.__name__, "numpy", "scipy")
    if name not in plugins.offered("metrics") or plugins.load("metrics", name).METRIC is not METRICS[name]:
        return ""
    return code.digest(plugins.load("metrics", name).__name__.partition(".")[0], "numpy", "scipy")
