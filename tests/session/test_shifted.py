"""Which shifts a command asks for, and which settings are whose."""

from __future__ import annotations

import pytest

from withstand.base.errors import UserError
from withstand.config.composing import compose
from withstand.config.schema import ShiftConfig
from withstand.session.shifted import asked

START = ["experiment=robustness", "dataset=shapes", "model=small_cnn"]


def found(*words: str) -> dict[str, ShiftConfig]:
    given = [*START, *words]
    return dict(asked(compose(given), given))


def test_one_several_and_a_suite() -> None:
    assert list(found()) == ["corruption"] and list(found("shift=cue_conflict")) == ["cue_conflict"]
    assert list(found("shift=[sequence,cue_conflict]")) == ["sequence", "cue_conflict"]
    assert list(found("suite=cifar10")) == ["corruption", "cifar10_1", "cifar10_2"]


def test_a_setting_is_for_those_that_read_it() -> None:
    both = found("shift=[corruption,sequence]", "shift.severities=[2]", "shift.frames=4", "shift.seed=7")
    assert both["corruption"].severities == [2] and both["sequence"].options["frames"] == 4
    assert "frames" not in both["corruption"].options
    assert {one.seed for one in both.values()} == {7}
    apart = found("shift=[collection,groups]", "shift.folder=x", "shift.table=t", "shift.column=c")
    assert apart["groups"].options["table"] == "t" and "table" not in apart["collection"].options


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("shift=[sequence,fog]",), "unknown shift 'fog'"),
        (("shift=[]",), "names none"),
        (("suite=cifar10", "shift=sequence"), "suite and shift are given"),
        (("suite=cifar10", "shift=[sequence]"), "suite and shift are given"),
        (("suite=cifar",), "unknown suite 'cifar'; did you mean 'cifar10'"),
        (("shift=[sequence,cue_conflict]", "shift.severities=[2]"), "no setting 'shift.severities'"),
    ],
)
def test_what_cannot_be_is_one_line(words: tuple[str, ...], told: str) -> None:
    with pytest.raises(UserError, match=told.replace("[", r"\[")):
        found(*words)
