"""Accuracy by class."""

from __future__ import annotations

import numpy as np
import pytest
from tests.report.conftest import MakeContext

from withstand.report.sections import classes
from withstand.results.conditions import CLEAN
from withstand.results.metrics import NO_NUMBER
from withstand.statistics import Estimate


def test_classes_add_up_to_the_whole_and_the_hardest_comes_first(make_context: MakeContext) -> None:
    context = make_context({"small_cnn": {"skill": 3.0}, "small_vit": {"skill": 1.0}}, n=120)
    section = classes.section(context)
    assert section is not None
    table, mistakes, *_ = section.tables
    assert sum(int(str(row.values["images"])) for row in table.rows) == 120
    for name in context.together.names:
        for group in ("clean", "corrupted"):
            total = 0.0
            for row in table.rows:
                value = row.values[f"{name}_{group}"]
                assert isinstance(value, Estimate)
                assert value.n == row.values["images"]
                total += value.value * value.n / 120
            assert total == pytest.approx(100 * context.together.accuracy(name, group).value, abs=1e-4)
    hardness = [
        sum(row.values[f"{name}_corrupted"].value for name in context.together.names)  # type: ignore[union-attr]
        for row in table.rows
    ]
    assert hardness == sorted(hardness)
    assert all(row.values["class"] != row.values["taken_for"] for row in mistakes.rows)


def test_a_confusion_matrix_has_what_each_class_was_taken_for(make_context: MakeContext) -> None:
    context = make_context({"small_cnn": {"skill": 1.0}, "small_vit": {"skill": 2.0}}, n=120)
    section = classes.section(context)
    assert section is not None
    matrices = section.tables[2:]
    assert [(one.name, one.model, one.shaded) for one in matrices] == [
        (f"confusion-{name}", name, True) for name in context.together.ranking
    ]
    labels = classes._labels(context)
    for matrix in matrices:
        chosen = context.answers[matrix.model].under(context.together.conditions).chosen
        for row in matrix.rows:
            truth = int(str(row.values["class"]).removeprefix("class "))
            for taken in range(10):
                expected = 100 * (chosen[labels == truth] == taken).mean()
                assert row.values[f"as_{taken}"] == pytest.approx(expected)


def test_answers_that_are_not_numbers_are_of_no_class(make_context: MakeContext) -> None:
    """They have a column of their own, and rows still add up."""
    context = make_context({"small_cnn": {"skill": 1.0}, "small_vit": {"skill": 2.0}}, n=120)
    said = context.answers["small_cnn"]
    labels = classes._labels(context)
    said.chosen[labels == 3] = NO_NUMBER
    section = classes.section(context)
    assert section is not None
    _, mistakes, *matrices = section.tables
    for matrix in matrices:
        assert "(no number)" in [column.heading for column in matrix.columns]
        for row in matrix.rows:
            shares = [value for key, value in row.values.items() if key.startswith("as_")]
            assert all(isinstance(share, float) for share in shares)
            assert np.sum(np.array(shares, float)) == pytest.approx(100)
            gone = matrix.model == "small_cnn" and row.values["class"] == context.class_name(3)
            assert row.values["as_none"] == (100 if gone else 0)
    first = next(row for row in mistakes.rows if row.values["model"] == "small_cnn")
    share = first.values["share"]
    assert first.values["taken_for"] == "(no number)" and isinstance(share, Estimate) and share.value == 100


def test_of_many_classes_there_is_no_matrix(make_context: MakeContext) -> None:
    section = classes.section(make_context({"small_cnn": {}}, n=60, classes=21, sheet=False))
    assert section is not None
    assert [table.name for table in section.tables] == ["classes", "confusions"]


def test_the_most_frequent_mistake_is_the_one_that_counting_finds(make_context: MakeContext) -> None:
    context = make_context({"small_cnn": {"skill": 1.0}}, n=120)
    section = classes.section(context)
    assert section is not None
    first = section.tables[1].rows[0].values
    truth, taken = (int(str(first[key]).removeprefix("class ")) for key in ("class", "taken_for"))
    (run,) = context.runs.values()
    answers = [run.predictions(condition) for condition in run.conditions if condition != CLEAN]
    chosen = np.concatenate([one.logits.argmax(axis=1) for one in answers])
    labels = np.concatenate([one.labels for one in answers])
    share = (chosen[labels == truth] == taken).mean()
    assert first["share"].value == pytest.approx(100 * share)
    for other in range(10):
        for wrong in set(range(10)) - {other}:
            assert (chosen[labels == other] == wrong).mean() <= share + 1e-12
