"""CSV that spreadsheets open: what these would compute is marked as text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from withstand.base.names import csv_text


def content(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A line of columns and one for each row; what a row does not have, or is None, is empty.

    Raises:
        ValueError: a row has what is no column.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {key: csv_text(value) if isinstance(value, str) else value for key, value in row.items()}
        for row in rows
    )
    return text.getvalue()
