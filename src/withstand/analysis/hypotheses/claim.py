"""A claim as data: which classifiers on either side, paired how, by what measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from withstand.analysis.groups import ALL
from withstand.backgrounds.variants import VARIANTS
from withstand.base import yaml_file
from withstand.base.errors import UserError, nearest
from withstand.corruptions.names import CORRUPTIONS, FAMILIES, SEVERITIES
from withstand.results.facts import NAMES
from withstand.results.metrics import METRICS

KINDS = ("corruption", "finetuning", "background", "cue_conflict", "collection")
"""And any other shift, by its name."""
SELECTORS = (*NAMES, "architecture", "leaks", "rank")
_GROUPS = (
    *("clean", ALL, "benchmark", "seen", "unseen", *(f"severity-{severity}" for severity in SEVERITIES)),
    *(*FAMILIES, *CORRUPTIONS),
)
_KEYS = ("claim", "measure", "more", "less", "equal")


@dataclass(frozen=True)
class Measure:
    """What is compared, an image a value.

    Attributes:
        of: corruption, cue_conflict, collection or another shift (a run), finetuning (after minus before), background.
        metric: one of ``metrics.METRICS``; for background, top1; shape_bias for cue_conflict alone.
        over: the group of conditions, the variant of the backgrounds, or what the collection is called.
        minus: another group, whose value is taken off; none by default.
    """

    of: str
    metric: str = "top1"
    over: str = "corrupted"
    minus: str | None = None


@dataclass(frozen=True)
class Hypothesis:
    """The claim that the classifiers of ``more`` have a higher measure than those of ``less``.

    Attributes:
        name: of its file.
        more: fact → value, or list of values, that a classifier of this side has.
        less: the same for the other side; empty: the measure of ``more`` is held against zero.
        equal: facts that the two of a pair must share.
    """

    name: str
    claim: str
    measure: Measure
    more: Mapping[str, Any]
    less: Mapping[str, Any] = field(default_factory=dict)
    equal: tuple[str, ...] = ()


def read(path: Path) -> Hypothesis:
    """One hypothesis from its YAML.

    Raises:
        UserError: the file is damaged, or names an unknown key, fact, metric or kind.
    """
    content = yaml_file.mapping(path, "see configs/hypothesis/transformers.yaml for the form")
    _known(path, "key", content, _KEYS)
    for key in ("claim", "measure", "more"):
        if not content.get(key):
            raise UserError(f"{path} lacks '{key}'; see configs/hypothesis/transformers.yaml for the form")
    for key in ("measure", "more", "less"):
        if not isinstance(content.get(key, {}), dict):
            raise UserError(f"{path}: '{key}' must be a mapping such as {{family: cnn}}")
    measured, equal = content["measure"], content.get("equal") or []
    _check_values(path, content)
    _known(path, "key of measure", measured, tuple(Measure.__dataclass_fields__))
    _known(path, "kind of measure", [measured.get("of", "")], _kinds(measured.get("of", "")))
    _known(path, "metric", [measured.get("metric", "top1")], tuple(METRICS))
    metric = METRICS[measured.get("metric", "top1")]
    if not metric.asked_of(measured["of"]):
        raise UserError(
            f"{path}: {measured['metric']} is no measure of {measured['of']}; write of: {metric.only}"
        )
    for facts in (content["more"], content.get("less", {}), equal):
        _known(path, "fact", facts, SELECTORS)
    over = [measured[key] for key in ("over", "minus") if measured.get(key)]
    if measured["of"] == "collection":
        if not measured.get("over") or measured.get("minus"):
            raise UserError(
                f"{path}: of: collection needs over: NAME, what the collection is called, and no minus"
            )
    else:
        _known(path, "group", over, VARIANTS if measured["of"] == "background" else _GROUPS)
    return Hypothesis(
        path.stem,
        str(content["claim"]),
        Measure(**measured),
        content["more"],
        content.get("less", {}),
        tuple(equal),
    )


def _check_values(path: Path, content: Mapping[str, Any]) -> None:
    """Raises ``UserError`` where a value is of another type than it must be."""
    if not isinstance(content["claim"], str):
        raise UserError(f"{path}: 'claim' must be a sentence")
    for key, value in content["measure"].items():
        if not isinstance(value, str | None):
            raise UserError(f"{path}: '{key}' of measure must be a name, and is {str(value)[:40]!r}")
    equal = content.get("equal") or []
    if not isinstance(equal, list) or not all(isinstance(one, str) for one in equal):
        raise UserError(f"{path}: 'equal' must be a list of facts such as [image_size]")
    for side in (content["more"], content.get("less", {})):
        for fact, value in side.items():
            if not all(isinstance(one, str | int | float | None) for one in _as_list(value)):
                raise UserError(f"{path}: '{fact}' must be a value, or a list of values")


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _kinds(asked: str) -> tuple[str, ...]:
    """What can be measured: ours, and where another is asked for, the shifts that there are."""
    if asked in KINDS:
        return KINDS
    from withstand.config.composing import choices  # Hydra is not needed to read results

    return (*KINDS, *choices("shift"))


class Hypotheses(list[Hypothesis]):
    """Those that could be read, and what is wrong with the others."""

    def __init__(self) -> None:
        super().__init__()
        self.broken: dict[str, str] = {}


def load(folders: list[Path] | None = None) -> Hypotheses:
    """The shipped hypotheses and those in ``./configs/hypothesis``, by name; a file of the same name replaces ours."""
    if folders is None:
        from withstand.config.composing import config_folders  # Hydra is not needed to read results

        folders = config_folders()
    files = {file.stem: file for one in folders for file in sorted((one / "hypothesis").glob("*.yaml"))}
    found = Hypotheses()
    for name in sorted(files):
        try:
            found.append(read(files[name]))
        except UserError as error:
            found.broken[name] = str(error)
    return found


def _known(path: Path, what: str, given: Any, options: tuple[str, ...]) -> None:
    for one in given:
        if one not in options:
            raise UserError(f"{path}: unknown {what} '{one}'; {nearest(str(one), options)}")
