"""What a section of the report is made from, and what it is."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from withstand.analysis.comparison import Comparison
from withstand.report.answers import Answers, answers
from withstand.report.style import Look
from withstand.report.table import Table
from withstand.results.conditions import CLEAN
from withstand.results.metrics import NO_NUMBER
from withstand.results.run import Run
from withstand.results.runs import LeftOut


@dataclass(frozen=True, eq=False)
class Context:
    """What every section is made from.

    Attributes:
        runs: name → run, all that the report is over, also those that do not compare.
        together: the runs that saw the same images under the same conditions.
        looks: name → colour and mark, for every run.
        baseline: the run that mCE is measured by; None: AlexNet's published errors, on ImageNet-C.
    """

    runs: Mapping[str, Run]
    together: Comparison
    looks: Mapping[str, Look]
    baseline: str | None = None

    @cached_property
    def answers(self) -> Mapping[str, Answers]:
        """Name → what the run answered to ``together.ids``, row for row: for the runs of ``together``, read once."""
        together = self.together
        shown = (CLEAN, *together.conditions)
        return {name: answers(self.runs[name].under(shown), together.ids) for name in together.names}

    def class_name(self, label: int) -> str:
        """What a label is called; the number itself where the runs do not say.

        The one after the last is of a classifier that may answer what is none of the classes (``classes=open``).
        """
        if label == NO_NUMBER:
            return "(no number)"
        classes = self.together.runs[0].classes
        if classes and label == len(classes):
            return "(none of the classes)"
        return classes[label] if label < len(classes) else str(label)


@dataclass(frozen=True, eq=False)
class Drawing:
    """A figure to come: a function of a module, and all that it is given; the same draws the same.

    What it is given are numbers, words, arrays and dataclasses of these.
    """

    function: Callable[..., Figure]
    arguments: tuple[Any, ...]

    @classmethod
    def of(cls, function: Callable[..., Figure], *arguments: Any) -> Drawing:
        return cls(function, arguments)

    def figure(self) -> Figure:
        return self.function(*self.arguments)

    @property
    def given(self) -> bytes:
        return pickle.dumps((self.function.__qualname__, self.arguments))


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure: its file name, what it shows in words, and whether the words stand under it or are only read aloud.

    ``model`` is the one that all of it is about, if it is about one. A `Drawing` is drawn only where it has changed;
    there is none where its files are written.
    """

    name: str
    caption: str
    figure: Figure | Drawing | None
    captioned: bool = True
    model: str = ""

    def drawn(self) -> Figure:
        figure = self.figure.figure() if isinstance(self.figure, Drawing) else self.figure
        assert figure is not None, "its files are written"
        return figure


@dataclass(frozen=True, eq=False)
class Shot:
    """One photograph of a gallery and the word under it; uint8 H×W×3."""

    image: NDArray[np.uint8]
    label: str


@dataclass(frozen=True, eq=False)
class Example:
    """A few photographs that belong together, with their captions: lines, or (model, its prediction).

    ``facts`` are what a reader may choose it by, ``order`` what it may be ranked by, the higher the sooner.
    """

    title: str
    shots: Sequence[Shot]
    said: Sequence[tuple[str, str]] = ()
    facts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    order: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Gallery:
    """Photographs in a grid: one file name, what they show in words, and the examples.

    With ``explored``, a heading, they are of the page alone: folded away, to be chosen from.
    """

    name: str
    caption: str
    examples: Sequence[Example]
    explored: str = ""


@dataclass(frozen=True, eq=False)
class Finding:
    """A claim, the verdict on it and what that is about in a few words, and the sentences that it rests on."""

    claim: str
    verdict: str
    sentences: Sequence[str]
    scope: str = ""


@dataclass(frozen=True, eq=False)
class Section:
    """A heading, what to know about it, what stands under it, and what it does not use and why.

    Where there are findings, they say it in words, and the page folds the tables away behind them.
    """

    key: str
    title: str
    lead: str = ""
    pictures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()
    left_out: Sequence[LeftOut] = ()
    galleries: Sequence[Gallery] = ()
    findings: Sequence[Finding] = ()

    @property
    def shows(self) -> bool:
        """Whether there is more than what was left out."""
        return bool(self.pictures or self.tables or self.galleries or self.findings)
