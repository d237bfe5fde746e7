"""A classifier that the user's own Python makes: ``python:FILE.py:function``, or ``python:package.module:function``."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

from withstand.base.console import say
from withstand.base.errors import UserError, nearest
from withstand.config.schema import Config
from withstand.images.preprocessing import Preprocessing
from withstand.models import code
from withstand.models.checkpoints import read_state
from withstand.models.classifier import Classifier
from withstand.models.loading import forget_counters, load
from withstand.models.objects import of_object

ABOUT = "a function of your own: python:FILE.py:function; it gives a module, (module, preprocessing), or a callable"


def from_config(config: Config, outputs: int | None) -> Classifier:
    """What the function gives: an ``nn.Module``, or a callable from uint8 images to scores; or a pair of a module and
    its preprocessing. ``model.args`` are passed on to it, and ``model.weights`` are put into the module.

    Raises:
        UserError: there is no such file or function, it fails, or it gives something else.
    """
    model = config.model
    place, _, name = model.name.rpartition(":")
    if not place:
        raise UserError(f"model=python:{model.name} names no function; write python:FILE.py:function")
    module = _module(place)
    function = getattr(module, name, None)
    if not callable(function):
        there = [one for one, value in vars(module).items() if callable(value) and not one.startswith("_")]
        raise UserError(f"{place} has no function '{name}'; {nearest(name, there)}")
    made = _called(function, model.args, f"{place}:{name}")
    thing, preprocess = made if isinstance(made, tuple) and len(made) == 2 else (made, None)
    origin = f"python {place}:{name}"
    if model.weights:
        if not isinstance(thing, nn.Module):
            raise UserError(
                f"model.weights={model.weights}: {place}:{name} gives no torch module to put them into"
            )
        load(thing, read_state(Path(model.weights), model.ema), model.weights)
        forget_counters(thing)
        origin = f"file {Path(model.weights).name}, in {place}:{name}"
    if preprocess is None and model.mean and model.std:
        size, way = model.image_size or 224, model.interpolation or "bicubic"
        preprocess = Preprocessing(size, way, tuple(model.mean), tuple(model.std), model.crop or 1.0)
    found = of_object(thing, preprocess, origin=origin, version=model.version, kept=True)
    return replace(found, code={**found.code, "function": code.of_text([code.text(function)])})


def _module(place: str) -> ModuleType:
    """The user's module, run: its code is the only code that is not ours."""
    say(f"  running {place}, as model=python:… asks for")
    try:
        if not place.endswith(".py"):
            return importlib.import_module(place)
        file = Path(place)
        if not file.is_file():
            raise UserError(f"there is no file {file}")
        name = f"{code.USER}{file.stem}"
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module
    except UserError:
        raise
    except Exception as error:  # it may fail in any way
        raise UserError(f"{place} cannot be run ({_line(error)}); fix it") from error


def _called(function: Callable[..., Any], args: dict[str, Any], name: str) -> Any:
    try:
        return function(**args)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{name} failed ({_line(error)}); fix it, or what model.args gives it") from error


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
