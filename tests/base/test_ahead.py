"""One step ahead, one step behind: nothing out of order, nothing lost, errors where they belong."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator

import pytest

from withstand.base.ahead import ahead, at_once, behind


def test_items_come_in_order_and_one_is_made_while_another_is_used() -> None:
    made: list[int] = []

    def numbers() -> Iterator[int | None]:
        for number in range(6):
            made.append(number)
            yield number or None  # None is an item like any other

    most = 0
    with ahead(numbers()) as items:
        for place, item in enumerate(items):
            assert (item or 0) == place
            time.sleep(0.02)
            most = max(most, len(made) - place)
    assert most == 2 and made == list(range(6))


def test_an_error_comes_where_its_item_would_have_come() -> None:
    def numbers() -> Iterator[int]:
        yield 1
        raise ValueError("two")

    with ahead(numbers()) as items:
        assert next(items) == 1
        with pytest.raises(ValueError, match="two"):
            next(items)


def test_left_early_it_begins_no_other() -> None:
    count = itertools.count()
    with ahead(count) as items:
        assert next(items) == 0
    time.sleep(0.05)
    assert next(count) == 2  # one was under way
    assert not [one for one in threading.enumerate() if one.name.startswith("ahead")]


def test_calls_are_made_in_order_one_at_a_time() -> None:
    done: list[int] = []

    def slowly(number: int) -> None:
        time.sleep(0.02)
        done.append(number)

    with behind() as later:
        for number in range(4):
            later(slowly, number)
            assert len(done) in (number, number + 1) or number == 0
    assert done == list(range(4))
    at_once(slowly, 4)
    assert done[-1] == 4


def fail_behind(then: list[int]) -> None:
    with behind() as later:
        later(lambda: 1 // 0)
        for number in then:
            later(print, number)


@pytest.mark.parametrize("then", [[], [1]])
def test_what_fails_is_told_at_the_next_call_or_on_leaving(
    then: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ZeroDivisionError):
        fail_behind(then)
    assert not capsys.readouterr().out
