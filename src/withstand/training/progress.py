"""Where a training stands, in memory and in its folder: after every epoch, whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from withstand.base import atomic
from withstand.base.errors import UserError
from withstand.results.folder import RunFolder

HISTORY = (
    "epoch",
    "train_loss",
    "train_top1",
    "train_top5",
    "val_loss",
    "val_top1",
    "val_top5",
    "learning_rate",
    "seconds",
)


@dataclass
class Progress:
    """Where training stands after a whole epoch: all that is needed to resume."""

    epoch: int  # epochs done
    network: dict[str, Tensor]
    optimizer: dict[str, Any]
    history: list[dict[str, float]]
    dtype: str = ""  # of the arithmetic; empty in a record from before it was kept

    @property
    def best(self) -> dict[str, float]:
        """The row of the best epoch: the highest validation top-1, the earliest of equals."""
        return max(self.history, key=lambda row: (row["val_top1"], -row["epoch"]))

    @classmethod
    def load(cls, folder: RunFolder) -> Progress | None:
        """Where an earlier run of the same settings stopped."""
        if not folder.checkpoint.is_file():
            return None
        try:
            return cls(**torch.load(folder.checkpoint, map_location="cpu", weights_only=True))
        except Exception as error:  # a damaged file raises anything from EOFError to UnpicklingError
            raise UserError(
                f"{folder.checkpoint} is damaged; delete it to train again from the start"
            ) from error

    def save(self, folder: RunFolder) -> None:
        """The best weights first, the checkpoint last: killed in between, the epoch is done again, the same."""
        if self.best["epoch"] == self.epoch:
            with atomic.replacing(folder.best) as temporary:
                _write(self.network, temporary)
        folder.write_csv("history.csv", HISTORY, self.history)
        with atomic.replacing(folder.checkpoint) as temporary:
            _write(vars(self), temporary)


def _write(content: Any, place: Path) -> None:
    """``torch.save``, whose own writer calls a full disk a RuntimeError ("unexpected pos").

    Raises:
        OSError: it could not be written.
    """
    try:
        torch.save(content, place)
    except RuntimeError as error:
        raise OSError(" ".join(str(error).split())[:200]) from error
