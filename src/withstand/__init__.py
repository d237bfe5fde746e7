"""withstand: which image classifier holds up when the images change, by how much, and how sure are we?

In a notebook (none of it imports torch, and nothing is imported before it is used):

>>> import withstand
>>> runs = withstand.load_runs("checkpoints")
>>> withstand.compare(runs).frame()
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from withstand.comparison import Comparison as Comparison
    from withstand.comparison import compare as compare
    from withstand.conditions import CLEAN as CLEAN
    from withstand.conditions import Condition as Condition
    from withstand.runs import Run as Run
    from withstand.runs import Runs as Runs
    from withstand.runs import load_run as load_run
    from withstand.runs import load_runs as load_runs

__version__ = "0.1.0"

_HOME = {
    "CLEAN": "conditions",
    "Comparison": "comparison",
    "Condition": "conditions",
    "Run": "runs",
    "Runs": "runs",
    "compare": "comparison",
    "load_run": "runs",
    "load_runs": "runs",
}
_MODULES = ("hypotheses", "metrics", "robustness", "statistics")

__all__ = ["CLEAN", "Comparison", "Condition", "Run", "Runs", "compare", "load_run", "load_runs"]


def __getattr__(name: str) -> Any:
    """What the library offers, imported when it is first asked for."""
    if name in _HOME:
        return getattr(import_module(f"withstand.{_HOME[name]}"), name)
    if name in _MODULES:
        return import_module(f"withstand.{name}")
    raise AttributeError(f"module 'withstand' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME, *_MODULES})
