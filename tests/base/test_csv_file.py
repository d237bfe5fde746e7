"""Tables as CSV: what a spreadsheet would compute is text, what is missing is empty."""

from __future__ import annotations

import pytest

from withstand.base import csv_file


def test_cells_are_what_they_say() -> None:
    rows = [{"a": "=1+1", "b": 0.1}, {"b": None}, {"a": 'x, "y"', "b": -3}]
    assert csv_file.content(["a", "b"], rows) == 'a,b\n\'=1+1,0.1\n,\n"x, ""y""",-3\n'


def test_what_has_no_column_is_an_error() -> None:
    with pytest.raises(ValueError, match="c"):
        csv_file.content(["a"], [{"c": 1}])
