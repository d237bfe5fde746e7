"""Cells are found by what made them, and come back as they were."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from withstand.base.errors import UserError
from withstand.results.conditions import CLEAN, Condition
from withstand.results.store import Cell, Predictions, Store

FACTS = {"weights": "a", "images": "b", "dtype": "float32", "preprocessing": {"size": 32}, "shift": {}}


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 30), classes=st.integers(1, 12), seed=st.integers(0, 9))
def test_what_is_written_is_read_back(tmp_path_factory, n, classes, seed):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, classes)).astype(np.float32)
    told = Predictions(rng.permutation(n), rng.integers(0, classes, n), logits)
    store, cell = Store(tmp_path_factory.mktemp("store")), Cell(CLEAN, FACTS)
    assert cell not in store
    store.write(cell, told)
    assert cell in store
    back = store.read(cell)
    assert np.array_equal(back.ids, told.ids) and np.array_equal(back.labels, told.labels)
    assert np.array_equal(back.logits, told.logits) and back.logits.dtype == np.float32


def test_a_cell_without_images_says_so(tmp_path):
    store, cell = Store(tmp_path), Cell(CLEAN, FACTS)
    store.write(cell, Predictions(np.arange(0), np.zeros(0, np.int64), np.zeros((0, 2), np.float32)))
    with pytest.raises(UserError, match="it holds no predictions"):
        store.read(cell)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t.slice(0, 200), "its checksum"),
        (lambda t: t.drop_columns(["label"]), "label"),
        (lambda t: t.set_column(1, "label", pa.array(np.full(300, -1))), "labels from -1"),
        (lambda t: t.set_column(0, "id", pa.array(np.zeros(300, np.int64))), "an image twice"),
        (lambda t: t.set_column(0, "id", pa.array([None, *range(299)], pa.int64())), "column id has gaps"),
        (lambda t: t.set_column(2, "logits", pa.array([[0.0] * 9] * 300)), "column logits holds"),
        (
            lambda t: t.set_column(2, "logits", pa.array([[np.nan] * 9] * 300, t["logits"].type)),
            "its checksum",
        ),
    ],
)
def test_a_cell_of_something_else_says_so(written, change, says):
    store, cell, path = written
    table = pq.read_table(path)
    pq.write_table(change(table).replace_schema_metadata(table.schema.metadata), path)
    with pytest.raises(UserError, match=says):
        store.read(cell)


def test_every_fact_changes_the_key():
    fog = Condition("corruption", "fog", 3)
    cells = [Cell(fog, FACTS), Cell(CLEAN, FACTS), Cell(Condition("corruption", "fog", 2), FACTS)]
    cells += [Cell(fog, FACTS | {key: "other"}) for key in FACTS]
    assert len({cell.key for cell in cells}) == len(cells)
    assert Cell(fog, dict(reversed(FACTS.items()))).key == cells[0].key
    assert cells[0].file.startswith("corruption-fog-3.")


@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b"not parquet at all"]
)
def test_a_damaged_cell_says_so(tmp_path, damage):
    store, cell = Store(tmp_path), Cell(CLEAN, FACTS)
    store.write(cell, Predictions(np.arange(3), np.zeros(3, np.int64), np.zeros((3, 2), np.float32)))
    path = tmp_path / cell.file
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError, match="delete the file and run the evaluation again"):
        store.read(cell)


@pytest.fixture
def written(tmp_path):
    store, cell = Store(tmp_path), Cell(CLEAN, FACTS)
    draw = np.random.default_rng(0)
    store.write(cell, Predictions(np.arange(300), draw.integers(9, size=300), draw.normal(size=(300, 9))))
    return store, cell, tmp_path / cell.file


def test_no_flipped_bit_becomes_another_number(written):
    """By itself it gives no error. Bits that no number depends on, in the headers of pages, may be flipped."""
    store, cell, path = written
    told, content = store.read(cell), path.read_bytes()
    footer = int.from_bytes(content[-8:-4], "little") + 8
    refused = 0
    flips = range(4, len(content) - footer, 97)
    for at in flips:
        path.write_bytes(content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :])
        try:
            read = store.read(cell)
        except UserError:
            refused += 1
            continue
        assert np.array_equal(read.logits, told.logits) and np.array_equal(read.ids, told.ids)
        assert np.array_equal(read.labels, told.labels)
    assert refused > 0.9 * len(flips) > 50


def test_a_cell_under_another_name_is_not_that_cell(written):
    store, _, path = written
    other = Cell(Condition("corruption", "fog", 3), FACTS)
    path.rename(path.with_name(other.file))
    with pytest.raises(UserError, match="another cell than its name says"):
        store.read(other)


def test_cells_of_before_are_read(written):
    """They have no checksums."""
    store, cell, path = written
    table, told = pq.read_table(path), store.read(cell)
    facts = {b"withstand": table.schema.metadata[b"withstand"]}
    pq.write_table(table.replace_schema_metadata(facts), path, compression="zstd")
    assert np.array_equal(store.read(cell).logits, told.logits)
