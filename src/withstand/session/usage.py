"""Which settings an experiment uses: one that it would ignore is refused, so that no record says what was not done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from withstand.base import plugins
from withstand.base.errors import UserError
from withstand.config.composing import choices
from withstand.config.schema import Config, TrainConfig

EVERYWHERE = (
    "experiment",
    "dataset",
    "seed",
    "image_seed",
    "device",
    "threads",
    "overwrite",
    "lock",
    "paths",
)
"""What every experiment takes: which data, on what machine, where to; the study's scripts pass them to all."""

TRAINING = tuple(f"train.{item.name}" for item in fields(TrainConfig) if item.name != "freeze")
ENGINE = tuple(f"evaluation.{name}" for name in ("batch_size", "dtype", "backend", "exact"))
"""How a network is run; ``evaluation.devices`` and ``evaluation.precision`` are about many conditions."""


CLASSES = ("classes", "class_map", "class_groups")
"""What a classifier's outputs are to the classes of the data; of one that was trained on them, the same."""


def check(experiment: str, uses: Sequence[str], words: Sequence[str]) -> None:
    """Refuse words that ``experiment`` would ignore.

    Args:
        uses: keys, or beginnings of keys up to a dot.
        words: as on the command line, KEY=VALUE.

    Raises:
        UserError: a word sets something else; says which experiments use that.
    """
    for word in words:
        key = _key(word)
        if not covered(key, (*EVERYWHERE, *uses)):
            others = [name for name in choices("experiment") if covered(key, used_by(name))]
            where = f"; it is a setting of {', '.join(others)}" if others else ""
            raise UserError(f"experiment={experiment} does not use {key}, so leave it out{where}")


def used(experiment: str, words: Sequence[str]) -> list[str]:
    """Those of ``words`` that ``experiment`` uses: for scripts that give the same words to several.

    A misspelt one is used by none, so compose the words first.
    """
    known = (*EVERYWHERE, *used_by(experiment))
    return [word for word in words if covered(_key(word), known)]


def covered(key: str, uses: Sequence[str]) -> bool:
    """Whether ``key`` is one of ``uses``, lies under one, or is a group that holds one."""
    return any(key == use or key.startswith(f"{use}.") or use.startswith(f"{key}.") for use in uses)


def refuse_freezing(config: Config) -> None:
    """For experiments that train the whole network, wherever the setting comes from.

    Raises:
        UserError: ``train.freeze`` asks for something else.
    """
    if config.train.freeze != "none":
        raise UserError(
            f"train.freeze={config.train.freeze}: experiment={config.experiment.name} trains every weight; leave it"
            " out, or use experiment=background, which trains the classifier layer alone"
        )


def _key(word: str) -> str:
    return word.lstrip("+~").split("=", 1)[0]


def used_by(name: str) -> tuple[str, ...]:
    """The keys, or beginnings of keys, that an experiment says it uses."""
    try:
        module = plugins.load("experiments", name)
    except UserError:  # a config without its module: nothing that could use a setting
        return ()
    uses: tuple[str, ...] = getattr(module, "USES", ())
    return uses
