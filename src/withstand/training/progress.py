"""Where a training stands, in memory and in its folder: after every epoch, whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import msgspec
import torch
from torch import Tensor, nn

from withstand.base import atomic, files
from withstand.models import weights_file
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

    def on_cpu(self) -> Progress:
        """A copy that any machine can read."""
        return replace(
            self, network=_on_cpu(self.network), optimizer=_on_cpu(self.optimizer), history=[*self.history]
        )

    @classmethod
    def load(cls, folder: RunFolder) -> Progress | None:
        """Where an earlier run of the same settings stopped."""
        if not folder.checkpoint.exists():
            return None
        try:
            content = weights_file.load(folder.checkpoint)
            msgspec.convert({k: v for k, v in content.items() if k not in ("network", "optimizer")}, _Said)
            found = cls(**content)
            found.check()
        except Exception as error:  # a damaged file raises anything from EOFError to UnpicklingError
            raise files.damaged(folder.checkpoint, error, _REMEDY) from error
        return found

    def check(self) -> None:
        """Raises ``ValueError`` where it is no state that a training can go on from."""
        if [row.get("epoch") for row in self.history] != list(range(1, self.epoch + 1)):
            raise ValueError(f"its history is not of {self.epoch} epochs")
        if not all({"val_top1", "train_loss", "seconds"} <= row.keys() for row in self.history):
            raise ValueError("its history lacks a column")
        if not isinstance(self.network, dict) or not self.network:
            raise ValueError("it holds no weights")
        if not isinstance(self.optimizer, dict) or not {"state", "param_groups"} <= self.optimizer.keys():
            raise ValueError("it holds no state of an optimiser")
        tensors = {f"network.{name}": one for name, one in self.network.items()}
        weights_file.check_plain(tensors)
        for name, weight in tensors.items():
            if weight.is_floating_point() and not torch.isfinite(weight).all():
                raise ValueError(f"{name} holds values that are not finite")

    def restore(self, network: nn.Module, optimizer: torch.optim.Optimizer, place: Path) -> None:
        """Put the state into a network and its optimiser.

        Raises:
            UserError: it is of another network; a fused optimiser would read past the end of what is too short.
        """
        try:
            own = network.state_dict()
            if own.keys() != self.network.keys():
                raise ValueError("it is of another architecture")
            for name, weight in self.network.items():
                if (weight.shape, weight.dtype) != (own[name].shape, own[name].dtype):
                    raise ValueError(
                        f"network.{name} is {weight.dtype} {tuple(weight.shape)}, not {tuple(own[name].shape)}"
                    )
            _check_optimizer(self.optimizer, optimizer)
            network.load_state_dict(self.network)
            optimizer.load_state_dict(self.optimizer)
        except (ValueError, KeyError, TypeError, RuntimeError) as error:
            raise files.damaged(place, error, _REMEDY) from error

    def save(self, folder: RunFolder) -> None:
        """The best weights first, the checkpoint last: killed in between, the epoch is done again, the same."""
        if self.best["epoch"] == self.epoch:
            with atomic.replacing(folder.best) as temporary:
                _write(self.network, temporary)
        folder.write_csv("history.csv", HISTORY, self.history)
        with atomic.replacing(folder.checkpoint) as temporary:
            _write(vars(self), temporary)


def _on_cpu(value: Any) -> Any:
    """Tensors, in whatever they lie, copied to the CPU."""
    if isinstance(value, Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, dict):
        return {key: _on_cpu(one) for key, one in value.items()}
    return [_on_cpu(one) for one in value] if isinstance(value, list) else value


class _Said(msgspec.Struct):
    """All but the tensors."""

    epoch: Annotated[int, msgspec.Meta(ge=1)]
    history: list[dict[str, float]]
    dtype: str = ""


def _check_optimizer(state: dict[str, Any], optimizer: torch.optim.Optimizer) -> None:
    """Raises ``ValueError`` where the state is not one of this optimiser's weights."""
    groups, own = state["param_groups"], optimizer.state_dict()["param_groups"]
    if not isinstance(groups, list) or [one["params"] for one in groups] != [one["params"] for one in own]:
        raise ValueError("its optimiser has other weights")
    for given, ours in zip(groups, own, strict=True):
        if given.keys() != ours.keys() or any(type(given[k]) is not type(ours[k]) for k in ours if k != "lr"):
            raise ValueError("its optimiser has other settings")
    weights = [one for group in optimizer.param_groups for one in group["params"]]
    if not isinstance(state["state"], dict) or not set(state["state"]) <= set(range(len(weights))):
        raise ValueError("its optimiser has the state of other weights")
    kinds = {tuple(sorted(one)) for one in state["state"].values()}
    if len(kinds) > 1 or (kinds and len(state["state"]) != len(weights)):
        raise ValueError("its optimiser has the state of a part of the weights")
    known = {"sgd": {"momentum_buffer"}, "adamw": {"step", "exp_avg", "exp_avg_sq"}}
    if kinds and set(next(iter(kinds))) != known.get(
        type(optimizer).__name__.lower(), set(next(iter(kinds)))
    ):
        raise ValueError("its optimiser is of another kind")
    for number, parts in state["state"].items():
        for name, value in parts.items():
            if value is None:
                continue
            weights_file.check_plain({f"optimizer.{number}.{name}": value})
            wanted = torch.Size([]) if name == "step" else weights[number].shape
            if value.shape != wanted or not value.is_floating_point():
                raise ValueError(
                    f"optimizer.{number}.{name} is {value.dtype} {tuple(value.shape)}, not {tuple(wanted)}"
                )


_REMEDY = "delete it to train again from the start"


def _write(content: Any, place: Path) -> None:
    """``torch.save``, whose own writer calls a full disk a RuntimeError ("unexpected pos").

    Raises:
        OSError: it could not be written.
    """
    try:
        torch.save(content, place)
    except RuntimeError as error:
        raise OSError(" ".join(str(error).split())[:200]) from error
