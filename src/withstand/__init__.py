"""withstand: which image classifier holds up when the images change, by how much, and how sure are we?

In a notebook (nothing is imported before it is used, and torch only by what runs a network):

>>> import withstand
>>> withstand.evaluate(model, images, labels)     # a table with intervals; a page: .report("report.html")
>>> runs = withstand.load_runs("checkpoints")
>>> withstand.compare(runs).frame()
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from withstand.analysis.comparison import Comparison as Comparison
    from withstand.analysis.comparison import compare as compare
    from withstand.analysis.gate import gate as gate
    from withstand.analysis.leaderboard import leaderboard as leaderboard
    from withstand.analysis.plan import plan as plan
    from withstand.corruptions import corrupt as corrupt
    from withstand.images.imageset import ImageSet as ImageSet
    from withstand.images.preprocessing import Preprocessing as Preprocessing
    from withstand.models.classifier import Classifier as Classifier
    from withstand.results.conditions import CLEAN as CLEAN
    from withstand.results.conditions import Condition as Condition
    from withstand.results.reading import load_run as load_run
    from withstand.results.reading import load_runs as load_runs
    from withstand.results.run import Run as Run
    from withstand.results.runs import Runs as Runs
    from withstand.session.direct import evaluate as evaluate
    from withstand.session.result import Result as Result
    from withstand.session.shared import on_cluster as on_cluster

__version__ = "0.1.0"

_HOME = {
    "CLEAN": "results.conditions",
    "Comparison": "analysis.comparison",
    "Condition": "results.conditions",
    "Run": "results.run",
    "Runs": "results.runs",
    "Classifier": "models.classifier",
    "ImageSet": "images.imageset",
    "compare": "analysis.comparison",
    "corrupt": "corruptions",
    "Preprocessing": "images.preprocessing",
    "Result": "session.result",
    "evaluate": "session.direct",
    "gate": "analysis.gate",
    "leaderboard": "analysis.leaderboard",
    "on_cluster": "session.shared",
    "plan": "analysis.plan",
    "load_run": "results.reading",
    "load_runs": "results.reading",
}
_MODULES = {
    "hypotheses": "analysis.hypotheses",
    "metrics": "results.metrics",
    "statistics": "statistics",
}

__all__ = [
    "CLEAN",
    "Classifier",
    "Comparison",
    "Condition",
    "ImageSet",
    "Preprocessing",
    "Result",
    "Run",
    "Runs",
    "compare",
    "corrupt",
    "evaluate",
    "gate",
    "leaderboard",
    "load_run",
    "load_runs",
    "on_cluster",
    "plan",
]


def __getattr__(name: str) -> Any:
    """What the library offers, imported when it is first asked for."""
    if name in _HOME:
        return getattr(import_module(f"withstand.{_HOME[name]}"), name)
    if name in _MODULES:
        return import_module(f"withstand.{_MODULES[name]}")
    raise AttributeError(f"module 'withstand' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME, *_MODULES})
