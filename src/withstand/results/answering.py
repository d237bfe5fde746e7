"""What a classifier answers, put in the terms of other classes: one output a class, or several; the others left out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from withstand.base.errors import UserError

OUTSIDE = -1


@dataclass(frozen=True, eq=False)
class ClassMap:
    """Which class each output stands for.

    Attributes:
        of: int64 K, the class of each output; −1 where it is none of them.
        classes: how many there are, C.
        open: whether an answer may be one of the other outputs, which is wrong.
        groups: what is made of the probabilities of a class that has several outputs: ``mean``, ``sum`` or ``max``.
    """

    of: NDArray[np.int64]
    classes: int
    open: bool = False
    groups: str = "mean"

    def __call__(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32 N×C from N×K: logits as they are where each class has one output, else logarithms of probabilities.

        An open answer has a column more, the highest of the other outputs.

        Raises:
            UserError: there are not K.
        """
        if logits.shape[1] != len(self.of):
            raise UserError(
                f"the classifier gives {logits.shape[1]:,} outputs, and its class map is for {len(self.of):,}; give"
                " class_map=FILE for these"
            )
        grouped = self.has_groups
        values = scipy.special.log_softmax(logits.astype(np.float64), axis=1) if grouped else logits
        columns = [self._class(values[:, self.of == label]) for label in range(self.classes)]
        if self.open and (outside := values[:, self.of == OUTSIDE]).shape[1]:
            columns.append(outside.max(axis=1))
        return np.stack(columns, axis=1).astype(np.float32)

    @property
    def has_groups(self) -> bool:
        return int(np.bincount(self.of[self.of >= 0], minlength=self.classes).max()) > 1

    def facts(self) -> dict[str, Any]:
        """What the answers depend on, as JSON values."""
        sha = hashlib.sha256(self.of.astype("<i8").tobytes()).hexdigest()[:16]
        facts: dict[str, Any] = {"of": sha, "classes": self.classes, "open": self.open}
        return facts | ({"groups": self.groups} if self.has_groups else {})

    def __str__(self) -> str:
        used = int((self.of >= 0).sum())
        among = (
            f"answers are among all {len(self.of):,} outputs (classes=open)"
            if self.open
            else f"answers are among these {used:,} alone (classes=restricted)"
        )
        how = f", {self.groups} of the probabilities of a class's outputs" if self.has_groups else ""
        outside = f"; {among}" if used < len(self.of) else ""
        return f"{used:,} of {len(self.of):,} outputs stand for the {self.classes:,} classes{how}{outside}"

    def _class(self, own: NDArray[Any]) -> NDArray[Any]:
        """One class's column, of the columns of its outputs."""
        if own.shape[1] == 1:
            return own[:, 0]
        if self.groups == "max":
            return own.max(axis=1)
        total = np.logaddexp.reduce(own, axis=1)
        return total - np.log(own.shape[1]) if self.groups == "mean" else total


@dataclass(frozen=True, eq=False)
class Then:
    """One class map after another: from outputs to the classes of a data set, and from these to some of them."""

    first: Answering
    second: ClassMap

    def __call__(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        given, second = self.first(logits), self.second
        if (
            given.shape[1] == len(second.of) + 1
        ):  # the first is open, and has the best of what is none of its classes
            second = replace(second, of=np.append(second.of, OUTSIDE))
        return second(given)

    def facts(self) -> dict[str, Any]:
        return {"first": self.first.facts(), "then": self.second.facts()}


@dataclass(frozen=True, eq=False)
class Logarithms:
    """Of a classifier that gives probabilities: their logarithms, of which they are the softmax, and what is made of
    these.
    """

    then: ClassMap | None = None

    def __call__(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        logs = np.log(np.maximum(logits, np.finfo(np.float32).tiny))
        return logs if self.then is None else self.then(logs)

    def facts(self) -> dict[str, Any]:
        return {"logarithms": None if self.then is None else self.then.facts()}


Answering = ClassMap | Then | Logarithms
"""What is made of a network's outputs."""
