"""``history.csv`` as columns of numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from withstand.base.errors import UserError
from withstand.results import history

CONTENT = "epoch,train_loss,val_top1,seconds\n1,2.5,10,3\n2,1.5e-3,20.125,\n"


def test_its_columns_are_those_that_pandas_reads(tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    file.write_text(CONTENT)
    found, pandas = history.read(file), pd.read_csv(file)
    assert list(found) == list(pandas) and len(found["epoch"]) == 2
    for name, values in found.items():
        assert values.dtype == pandas[name].dtype
        assert np.array_equal(values, pandas[name].to_numpy(), equal_nan=True)


def test_a_training_at_hand_has_the_same(tmp_path: Path) -> None:
    rows = [{"epoch": 1, "val_top1": 10.0}, {"epoch": 2, "val_top1": 20.5}]
    found = history.columns(rows)
    assert found["epoch"].tolist() == [1, 2] and found["val_top1"].tolist() == [10.0, 20.5]


def test_without_a_file_there_are_no_epochs(tmp_path: Path) -> None:
    assert len(history.read(tmp_path / "history.csv")["epoch"]) == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no epochs"),
        ("\n\n", "no epochs"),
        ("epoch,val_top1\n", "no epochs"),
        ("val_top1\n1\n", "no epochs"),
        ("epoch,val_top1\n1,ten\n", "column val_top1 holds what is no number"),
        ("epoch,val_top1\n2,10\n", "not 1, 2, 3"),
        ("epoch,val_top1\nnan,10\n", "not 1, 2, 3"),
        ("epoch,val_top1\n1,101\n", "no percentage"),
        ("epoch,train_loss\n1,-1e308\n", "column train_loss holds a number that no training gives"),
        ("epoch,val_top1\n1,10,7\n", "not as long"),
        ("epoch,val_top1\n1\n", "not as long"),
        ("epoch,epoch\n1,1\n", "twice"),
        ("epoch,epoch,loss\n1,2\n", "twice"),
        ('epoch,val_top1\n1,"10\n', "unexpected end"),
    ],
)
def test_what_is_no_history_is_one_line(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "history.csv").write_text(content)
    with pytest.raises(UserError, match=said) as raised:
        history.read(tmp_path / "history.csv")
    assert "history.csv" in str(raised.value) and "\n" not in str(raised.value)
