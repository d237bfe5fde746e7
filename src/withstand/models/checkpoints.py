"""Weights out of files, however training left them: wrapped, prefixed, beside their averages, without a counter.

A file is read as data: no code in it is ever run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from withstand.base import files
from withstand.base.console import say
from withstand.base.errors import UserError
from withstand.models import weights_file

State = Mapping[str, Tensor]

_WRAPPERS = ("state_dict", "model", "model_state_dict", "net")
_AVERAGED = ("state_dict_ema", "model_ema", "ema")
_COUNT = "n_averaged"  # torch's AveragedModel has one beside its weights


def read_state(path: Path, ema: bool | None = None) -> dict[str, Tensor]:
    """The state dict in a ``.safetensors`` or ``.pth`` file, out of its wrappers; names are as the file has them.

    Args:
        ema: whether to take averaged weights (EMA, SWA); None takes them where they are, as timm does, and says so.

    Raises:
        UserError: the file is missing, damaged, or holds something else, or not the weights that ``ema`` asks for.
    """
    if not path.is_file():
        raise UserError(f"there is no weights file {path}; put it there, or give the path of one")
    try:
        state = _chosen(_content(path), path, ema)
    except RecursionError as error:
        raise files.damaged(path, error, "save one with torch.save(model.state_dict(), path)") from error
    _check_plain(state, path)
    return state


def _chosen(content: Any, path: Path, ema: bool | None) -> dict[str, Tensor]:
    averaged = _averaged(content)
    plain = None if _is_averaged(content) else _plain(content)
    if ema is True and averaged is None:
        raise UserError(f"{path} holds no averaged weights (EMA); leave model.ema=true out")
    if ema is False and plain is None and averaged is not None:
        raise UserError(f"{path} holds averaged weights (EMA) alone; leave model.ema=false out")
    if averaged is not None and ema is not False:
        beside = "" if plain is None else "; model.ema=false uses the plain ones beside them"
        say(f"  {path.name}: averaged weights (EMA) are used{beside}")
        return averaged
    if averaged is not None:
        say(f"  {path.name}: plain weights are used, not the averaged ones (EMA) beside them")
    if plain is None:
        raise UserError(f"{path} holds no state dict; save one with torch.save(model.state_dict(), path)")
    return plain


def without_prefixes(state: State) -> Iterator[dict[str, Tensor]]:
    """The state as it is, then without what wrappers put before every name, such as ``module.``."""
    names = dict(state)
    yield names
    inside = {
        name.replace("_orig_mod.", ""): tensor for name, tensor in names.items()
    }  # torch.compile, at any depth
    if inside.keys() != names.keys() and len(inside) == len(names):
        names = inside
        yield names
    while True:
        first = next((p for p in ("module.", "model.", "net.") if all(n.startswith(p) for n in names)), None)
        if first is None or not names:
            return
        names = {name.removeprefix(first): tensor for name, tensor in names.items()}
        yield names


def _content(path: Path) -> Any:
    try:
        return weights_file.load(path)
    except Exception as error:  # damaged files raise anything from EOFError to UnpicklingError
        blocked = re.search(r"GLOBAL (\S+) was not an allowed global", str(error))
        if blocked:
            raise UserError(
                f"{path} holds a {blocked[1]}, which only its own code could read, and none is run; save the weights"
                " alone with torch.save(model.state_dict(), path)"
            ) from error
        why = f": {files.why(error)}" if isinstance(error, ValueError) else ""
        raise UserError(
            f"cannot read the weights in {path} ({type(error).__name__}{why}); it must be a whole safetensors file"
            " or a state dict saved by torch.save"
        ) from error


def _check_plain(state: State, path: Path) -> None:
    try:
        weights_file.check_plain(state)
    except ValueError as error:
        raise UserError(
            f"{path}: {error}; save plain weights: model.state_dict(), dense, on the CPU"
        ) from error


def _is_dict(content: Any) -> bool:
    return isinstance(content, dict)


def _is_state(content: Any) -> bool:
    return (
        _is_dict(content)
        and bool(content)
        and all(isinstance(k, str) and isinstance(v, Tensor) for k, v in content.items())
    )


def _is_averaged(content: Any) -> bool:
    """Whether a state dict is an AveragedModel's own."""
    return _is_state(content) and _COUNT in content


def _plain(content: Any) -> dict[str, Tensor] | None:
    """The state dict in any depth of the usual wrappers."""
    if _is_state(content):
        return {name: tensor for name, tensor in content.items() if name != _COUNT}
    if not _is_dict(content):
        return None
    inside = (_plain(content[wrapper]) for wrapper in _WRAPPERS if wrapper in content)
    return next((state for state in inside if state is not None), None)


def _averaged(content: Any) -> dict[str, Tensor] | None:
    """The averaged weights, where the file has them beside the plain ones or instead of them."""
    if _is_state(content):
        return _plain(content) if _is_averaged(content) else None
    if not _is_dict(content):
        return None
    found = (content[name] for name in _AVERAGED if _is_dict(content.get(name)))
    states = [_plain(one if _is_state(one) else one.get("module", one)) for one in found]
    states += [_averaged(content[wrapper]) for wrapper in _WRAPPERS if wrapper in content]
    return next((state for state in states if state is not None), None)
