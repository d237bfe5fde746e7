"""The command line's words, each read as what it is: a choice, a text taken as written, or a value in Hydra's grammar.

Hydra's grammar has a meaning for ``= ( [ { , # ' & ~`` and for all letters that are not Latin, so paths and names never
go through it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import OverrideType, Quote, QuotedString
from hydra.errors import HydraException

from withstand.base import plugins
from withstand.base.errors import UserError, nearest
from withstand.config.checks import check_key
from withstand.config.schema import keys

Choices = Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class Words:
    """What the words ask for.

    Attributes:
        choices: the config chosen in each group that is named.
        model: a source of classifiers and what it is asked for, where the model is given so and not by a config.
        overrides: for Hydra.
        texts: key → value, taken as written.
    """

    choices: dict[str, str]
    overrides: list[str]
    texts: dict[str, str | list[str] | None]
    model: tuple[str, str] | None = None


def read(words: list[str], groups: Choices) -> Words:
    """Sort the words, once their keys and choices are known to be right.

    Args:
        words: ``KEY=VALUE`` each; ``+`` and ``++`` before the key are allowed, as in Hydra.
        groups: the configs that there are, by group and name.

    Raises:
        UserError: a word is not KEY=VALUE, or names an unknown key or choice, or several values.
    """
    found = Words({}, [], {})
    own = {f"dataset.{key}": value for one in groups["dataset"].values() for key, value in one.items()}
    named = _asked("shift", words, groups)
    for settings in [shift_settings(name, groups) for name in named] or groups["shift"].values():
        own |= {f"shift.{key}": value for key, value in settings.items()}
    if named:
        _refuse_unread(words, own, named)
    for word in words:
        name, given, value = word.partition("=")
        key, value = name.lstrip("+").strip(), value.strip()
        if given and key == "model" and (source := _source(value, groups[key])):
            found = replace(found, model=source)
            found.overrides.append("~model")
        elif given and key == "shift" and value.startswith("["):
            found.texts["shifts"] = [_choice(key, one, groups[key]) for one in _names(value)]
            if not found.texts["shifts"]:
                raise UserError("shift=[] names none; give one or more")
        elif given and key in groups:
            found.choices[key] = chosen = _choice(key, value, groups[key])
            found.overrides.append(f"{key}={quoted(chosen)}")
        elif given and (kind := keys().get(key, type(own.get(key, 0)))) in _TEXTS:
            check_key(key, own)
            found.texts[key] = _TEXTS[kind](value)
        else:
            found.overrides.append(_override(word, own))
    return found


def shift_settings(name: str, groups: Choices) -> dict[str, Any]:
    """What the YAML of a shift sets; of one that another data set reads, whatever that may set, too."""
    own = dict(groups["shift"][name])
    if "dataset" not in own:
        return own
    return {key: value for one in groups["dataset"].values() for key, value in one.items()} | own


def _refuse_unread(words: list[str], own: Mapping[str, Any], named: list[str]) -> None:
    """A setting that none of the shifts reads would be on record and do nothing.

    Raises:
        UserError: there is one.
    """
    for key in map(key_of, words):
        if key.startswith("shift.") and key not in own and not key.startswith("shift.options"):
            known = [one for one in own if one.startswith("shift.")]
            raise UserError(f"shift={','.join(named)} has no setting '{key}'; {nearest(key, known)}")


def _asked(group: str, words: list[str], groups: Choices) -> list[str]:
    """The configs of a group that the words choose, of those that there are."""
    said = [word.partition("=")[2].strip() for word in words if key_of(word) == group]
    return [name for one in said for name in _names(one) if name in groups[group]]


def key_of(word: str) -> str:
    """The key that a word sets."""
    return word.lstrip("+").partition("=")[0].strip()


def quoted(text: str) -> str:
    """A text in quotes, so that Hydra reads it as written."""
    return str(QuotedString(text, Quote.single).with_quotes())


def _source(value: str, known: Mapping[str, Any]) -> tuple[str, str] | None:
    """``SOURCE:NAME`` in its parts; None where a config is named.

    Raises:
        UserError: there is no such source.
    """
    source, sign, name = _text(value).partition(":")
    if not sign or _text(value) in known:
        return None
    sources = plugins.names("sources")
    if source not in sources:
        raise UserError(f"unknown source '{source}' in model={value}; {nearest(source, sources)}")
    if not name:
        raise UserError(f"model={value} names nothing; write {source}:NAME")
    return source, name


def _choice(group: str, value: str, known: Mapping[str, Any]) -> str:
    name = _text(value)
    if said := getattr(known, "broken", {}).get(name):
        raise UserError(said)
    if name not in known and any(sign in name for sign in ",["):
        raise UserError(f"{group}={value} names several; give one, and a command for each")
    if name not in known:
        raise UserError(f"unknown {group} '{name}'; {nearest(name, known)}")
    return name


def _override(word: str, own: Mapping[str, Any]) -> str:
    """The word for Hydra; ``++`` sets a key that no YAML file mentions."""
    try:
        override = OverridesParser.create().parse_override(word)
    except HydraException as error:
        raise UserError(
            f"cannot read '{word}'; settings are written KEY=VALUE, see `python main.py --help`"
        ) from error
    check_key(override.key_or_group, own)
    if override.is_sweep_override():
        raise UserError(f"'{word}' names several values; a list is written [A,B], and a command does one run")
    return f"++{word}" if override.type == OverrideType.CHANGE else word


def _text(value: str) -> str:
    """As written, but for a pair of quotes around all of it, and for ``~/``, which shells leave after a ``=``."""
    if value.startswith("~/"):
        return str(Path(value).expanduser())
    inner = value[1:-1]
    return inner if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value


def _text_or_none(value: str) -> str | None:
    return None if value == "null" else _text(value)


def _names(value: str) -> list[str]:
    """``[a, b]``, or one name."""
    if not (value.startswith("[") and value.endswith("]")):
        return [_text(value)]
    return [_text(part.strip()) for part in value[1:-1].split(",")] if value[1:-1].strip() else []


_TEXTS: dict[Any, Any] = {
    str: _text,
    str | None: _text_or_none,
    type(None): _text_or_none,  # a data set's own setting that is null until it is set
    list[str]: _names,
}
