"""Weights into networks: every name and shape fits, or nothing is loaded; a head for other classes is left fresh."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from withstand.base.errors import UserError
from withstand.models.checkpoints import State, without_prefixes

_COUNTER = "num_batches_tracked"  # how often statistics were updated: nothing that a network computes with


@dataclass(frozen=True)
class Head:
    """The classifier layer in a file of weights.

    Attributes:
        fresh: whether it could not be used, so that the network's own was left as it was drawn.
        outputs: how many it has; None where the file has none.
    """

    fresh: bool
    outputs: int | None


def load(network: nn.Module, state: State, source: str) -> Head:
    """Copy ``state`` into ``network``; only a classifier head for other classes, known by its name, is left fresh.

    Prefixes of wrappers are taken off, and position embeddings of another size resampled as timm does, where then
    everything fits.

    Raises:
        UserError: any other key is missing, left over or of another shape; a weight is not a finite number.
    """
    found, wrong = _best_way(network, state)
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise UserError(f"{source} holds weights of another architecture: {'; '.join(wrong[:3])}{more}")
    _check_numbers(network, found, source)
    own, head = network.state_dict(), _head(network)
    given = {k: v for k, v in found.items() if k not in head or (k in own and v.shape == own[k].shape)}
    network.load_state_dict(given, strict=False)
    outputs = next((len(found[k]) for k in head if k in found and found[k].ndim), None)
    return Head(fresh=any(k in own and k not in given for k in head), outputs=outputs)


def outputs_in(network: nn.Module, state: State) -> int | None:
    """How many outputs the classifier layer in ``state`` has; None where it has none."""
    for way in without_prefixes(state):
        for name in _head(network):
            if name in way and way[name].ndim:
                return len(way[name])
    return None


def forget_counters(network: nn.Module) -> None:
    """Set the counters of BatchNorm to 0: some files have them and some do not, and the digest should be the same."""
    for module in network.modules():
        counter = getattr(module, _COUNTER, None)
        if isinstance(counter, Tensor) and getattr(module, "momentum", None) is not None:
            counter.zero_()


def _best_way(network: nn.Module, state: State) -> tuple[State, list[str]]:
    """The first way that fits, else the one with the fewest misfits, with these in words."""
    best: tuple[State, list[str]] | None = None
    for way in _ways(network, state):
        wrong = _misfits(network, way)
        if best is None or len(wrong) < len(best[1]):
            best = way, wrong
        if not wrong:
            break
    assert best is not None
    return best


def _ways(network: nn.Module, state: State) -> Iterator[Mapping[str, Tensor]]:
    """The state, more and more of it mended; each way is tried only where those before do not fit."""
    yield from without_prefixes(state)
    for plain in without_prefixes(state):
        resampled = _as_timm_does(network, plain)
        if resampled is not None:
            yield resampled


def _as_timm_does(network: nn.Module, state: State) -> dict[str, Tensor] | None:
    """What timm makes of a file's weights before it loads them: position embeddings resampled, old names renewed."""
    module = sys.modules.get(type(network).__module__)
    change = getattr(module, "checkpoint_filter_fn", None)
    if change is None:
        return None
    try:
        changed: Any = change(dict(state), network)
    except Exception:  # it was written for weights that fit, and these may not
        return None
    whole = isinstance(changed, dict) and all(isinstance(value, Tensor) for value in changed.values())
    return cast(dict[str, Tensor], changed) if whole else None


def _misfits(network: nn.Module, state: State) -> list[str]:
    """In words, what of ``state`` does not fit beside the head, and what is missing."""
    own, head = network.state_dict(), _head(network)
    wrong = [f"{k} is missing" for k in own if k not in state and k not in head and not k.endswith(_COUNTER)]
    wrong += [f"{k} is not in the model" for k in state if k not in own and k not in head]
    return wrong + [
        f"{k} is {tuple(v.shape)}, not {tuple(own[k].shape)}"
        for k, v in state.items()
        if k in own and k not in head and v.shape != own[k].shape
    ]


def _check_numbers(network: nn.Module, state: State, source: str) -> None:
    own = network.state_dict()
    for name, tensor in state.items():
        if name in own and own[name].is_floating_point() and not tensor.is_floating_point():
            raise UserError(
                f"{source}: {name} holds {str(tensor.dtype).removeprefix('torch.')}, and weights are real numbers; save"
                " the network's own state_dict(), not one that was quantised or converted"
            )
        if tensor.is_floating_point() and "mask" not in name and not torch.isfinite(tensor).all():
            raise UserError(
                f"{source}: {name} holds values that are not finite (NaN or infinite), as a training that diverged"
                " leaves them; take the weights of an earlier epoch"
            )


def _head(network: nn.Module) -> list[str]:
    """The names of the classifier layer's weights: timm states for every architecture what the layer is called."""
    named = cast(dict[str, Any], getattr(network, "default_cfg", {})).get("classifier", ())
    layers = (named,) if isinstance(named, str) else tuple(named or ())
    return [f"{name}.{part}" for name in layers for part in ("weight", "bias")]
