"""The shifts that a command asks for: one (``shift=NAME``), several (``shift=[A,B]``), or a suite of them by name."""

from __future__ import annotations

from collections.abc import Sequence

from withstand import shifts
from withstand.base.console import say
from withstand.base.errors import AbsentError, UserError, nearest
from withstand.config.composing import choices, compose
from withstand.config.schema import Config, ShiftConfig
from withstand.config.spelling import key_of, shift_settings
from withstand.images.imageset import Dataset
from withstand.shifts import Shift

USES = ("shift", "shifts", "suite")


def loaded(config: Config, overrides: Sequence[str], dataset: Dataset) -> list[Shift]:
    """Each shift, checked; of a suite, those whose images are here.

    Raises:
        UserError: there is no such shift or suite, or one's settings or files are wrong; or none of a suite is here.
    """
    found: list[Shift] = []
    for name, settings in asked(config, overrides):
        try:
            found.append(shifts.load(settings, dataset))
        except AbsentError as error:
            if not config.suite:
                raise
            say(f"  left out of suite={config.suite}: {name}: {error}")
    if not found:
        raise UserError(
            f"none of the shifts of suite={config.suite} is here; the lines above say where each belongs"
        )
    shifts.distinct(found)
    return found


def asked(config: Config, overrides: Sequence[str]) -> list[tuple[str, ShiftConfig]]:
    """The settings of each, by name; ``shift.KEY=VALUE`` is for those that have such a setting.

    Raises:
        UserError: there is no such shift or suite, or a setting is of none of them.
    """
    if config.suite and "shift" in map(key_of, overrides):
        raise UserError("suite and shift are given; leave one of the two out")
    names = _names(config)
    if not names:
        return [(config.shift.name, config.shift)]
    known = choices("shift")
    for name in names:
        if name not in known:
            raise UserError(known.broken.get(name) or f"unknown shift '{name}'; {nearest(name, known)}")
    words = {name: words_for(name, overrides) for name in names}
    for word in overrides:
        if key_of(word).startswith("shift.") and not any(word in of for of in words.values()):
            raise UserError(f"none of {', '.join(names)} has the setting of '{word}'; leave it out")
    return [(name, compose(words[name]).shift) for name in names]


def words_for(name: str, overrides: Sequence[str]) -> list[str]:
    """A command's words for one shift: those about shifts alone that it reads."""
    settings = shift_settings(name, {group: choices(group) for group in ("dataset", "shift")})
    kept = [
        word
        for word, key in zip(overrides, map(key_of, overrides), strict=True)
        if key not in USES and (not key.startswith("shift.") or key.removeprefix("shift.") in settings)
    ]
    return [*kept, f"shift={name}"]


def _names(config: Config) -> list[str]:
    if not config.suite:
        return [*config.shifts]
    suites = choices("suite")
    if config.suite not in suites:
        said = suites.broken.get(config.suite)
        raise UserError(said or f"unknown suite '{config.suite}'; {nearest(config.suite, suites)}")
    return [str(name) for name in suites[config.suite]["shifts"]]
