"""What a setting may be is said beside it, and checked in one place."""

import math
from dataclasses import dataclass, field

import pytest

from withstand.base.errors import UserError
from withstand.config.ranges import check, one_of, ranged, three


@dataclass
class Inner:
    share: float = ranged(0.5, 0, 1, between=True)
    std: list[float] | None = three(None, 0, between=True)


@dataclass
class Settings:
    kind: str = one_of("a", ("a", "bee"))
    many: int | None = ranged(None, 1, 10**6)
    free: list[float] = field(default_factory=list)
    inner: Inner = field(default_factory=Inner)


def test_what_is_in_range_is_taken():
    check(Settings())
    check(Settings("bee", 10**6, [-1.0], Inner(0.1, [1, 2, 3])))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (Settings(kind="be"), r"x\.kind=be is not known; did you mean 'bee'\?"),
        (Settings(many=0), r"x\.many=0 must be 1 or more"),
        (Settings(many=10**7), r"x\.many=10000000 must be 1,000,000 or less"),
        (Settings(free=[math.nan]), r"x\.free=\[nan\] must be a number"),
        (Settings(inner=Inner(1.0)), r"x\.inner\.share=1\.0 must lie between 0 and 1"),
        (Settings(inner=Inner(std=[1, 0, 1])), r"x\.inner\.std=\[1, 0, 1\] must be above 0"),
        (Settings(inner=Inner(std=[1, 1])), r"must have three values, one for each of red, green and blue"),
    ],
)
def test_what_is_not_is_one_line(settings, said):
    with pytest.raises(UserError, match=said):
        check(settings, "x.")
