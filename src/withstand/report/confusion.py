"""Which class is taken for which: the whole matrix of each model, where people can read it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from withstand.report.section import Context
from withstand.report.table import Column, Row, Table, Value
from withstand.results.metrics import NO_NUMBER

MOST = 20  # classes


def counts(chosen: NDArray[np.integer], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """K×(K + 1): true class (rows) by chosen class (columns; the last: none), over N×C answers to N labels."""
    said = chosen != NO_NUMBER
    classes = int(max(chosen.max(where=said, initial=0), labels.max())) + 1
    pairs = labels[:, None] * (classes + 1) + np.where(said, chosen, classes)
    counted = np.bincount(pairs.ravel(), minlength=classes * (classes + 1))
    table: NDArray[np.int64] = counted.reshape(classes, classes + 1)
    return table


def tables(context: Context, found: dict[str, NDArray[np.int64]], labels: NDArray[np.int64]) -> list[Table]:
    """A table for each model, in percent of a class's predictions; none where there are too many classes to read."""
    classes = max(len(table) for table in found.values())
    present, images = np.unique(labels, return_counts=True)
    if classes > MOST:
        return []
    columns = [Column("class", "class")]
    columns += [Column(f"as_{number}", context.class_name(number), ".1f") for number in range(classes)]
    none = any(table[:, -1].any() for table in found.values())
    if none:
        columns.append(Column("as_none", context.class_name(NO_NUMBER), ".1f"))
    columns.append(Column("images", "images", ",d"))
    made = []
    for name, table in found.items():
        rows = []
        for number, count in zip(present.tolist(), images.tolist(), strict=True):
            shares = 100 * table[number] / max(1, table[number].sum())
            values: dict[str, Value] = {f"as_{k}": 0.0 for k in range(classes)}
            values |= {f"as_{k}": share for k, share in enumerate(shares[:-1].tolist())}
            if none:
                values["as_none"] = float(shares[-1])
            rows.append(Row({"class": context.class_name(number), **values, "images": count}))
        note = "A row is the true class, a column what was predicted, in percent of the row’s predictions."
        title = f"Confusion matrix under corruption: {name}"
        made.append(Table(f"confusion-{name}", title, columns, rows, [note], model=name, shaded=True))
    return made
