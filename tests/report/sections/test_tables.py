"""The study's tables, the pairs and the training table: what stands in them, and what stands apart."""

from __future__ import annotations

import re

import pytest
from tests.report.conftest import EVERY, MakeContext

from withstand.report.sections import corruptions, cost, other_shifts, pairs, results, severity, training
from withstand.report.style import looks
from withstand.report.table import Column
from withstand.results.conditions import CLEAN, Condition
from withstand.statistics import Estimate

STUDY = {"resnet50": {"skill": 2.5}, "vit_small": {"skill": 2.0}}


def test_the_published_row_stands_under_ours_with_why_ours_differ(make_context: MakeContext) -> None:
    context = make_context(STUDY, dataset="cifar10")
    for section in (results.section(context), training.section(context)):
        assert section is not None
        table = section.tables[0]
        assert [row.origin for row in table.rows] == ["ours", "published"] * 2
        for ours, theirs in zip(table.rows[::2], table.rows[1::2], strict=True):
            assert theirs.values["model"] == f"{ours.values['model']}, published"
        said = " ".join(table.notes)
        assert "4 epochs instead of 50" in said
        assert "60 test images instead of 10,000" in said
        assert "corruptions made here instead of the official files" in said
    table = results.table(context.runs, context.together)
    (row,) = [row for row in table.rows if row.values["model"] == "resnet50, published"]
    assert (row.values["clean_top1"], row.values["corrupted_top1"]) == (71.51, 62.45)


def test_a_note_counts_the_images_of_its_table(make_context: MakeContext) -> None:
    context = make_context(STUDY, dataset="cifar10")
    for run in context.runs.values():
        run.summary["test"]["n"] = 20  # experiment 1 tested on fewer than were looked at since
    for section in (results.section(context), training.section(context)):
        assert section is not None
        (row, *_), notes = section.tables[0].rows, " ".join(section.tables[0].notes)
        assert row.values["images"] == 60
        assert "60 test images instead of 10,000" in notes and "20 test images" not in notes


def test_what_was_not_published_has_no_published_row(make_context: MakeContext) -> None:
    table = results.table(*_of(make_context({"small_cnn": {}})))
    assert [row.origin for row in table.rows] == ["ours"]
    assert not any("ublished" in note for note in table.notes)


def test_of_clean_images_alone_nothing_else_is_a_column(make_context: MakeContext) -> None:
    table = results.table(*_of(make_context({"small_cnn": {}, "small_vit": {}}, conditions=[CLEAN])))
    assert [column.key for column in table.columns] == ["model", "clean_top1", "images"]
    assert table.title == "Accuracy on clean images"


def test_a_run_that_does_not_compare_stands_apart_under_its_own_numbers(make_context: MakeContext) -> None:
    context = make_context(
        {"small_cnn": {}, "small_vit": {}, "resnet50": {"conditions": [CLEAN, *EVERY[:5]]}},
        conditions=[CLEAN, *EVERY],
    )
    table = results.table(*_of(context))
    assert [row.origin for row in table.rows] == ["ours", "ours", "apart"]
    apart = table.rows[-1].values
    assert (apart["model"], apart["conditions"]) == ("resnet50", 5)
    assert "benchmark_top1" not in apart
    assert all("benchmark_top1" in row.values for row in table.rows[:2])
    assert "lacks 90 of 96 conditions" in context.together.left_out[0].reason


def test_a_matrix_only_where_there_are_more_than_two(make_context: MakeContext) -> None:
    two = pairs.section(make_context({"small_cnn": {}, "small_vit": {}}))
    assert two is not None
    assert [picture.name for picture in two.pictures] == ["pairs"]
    three = pairs.section(make_context({"small_cnn": {}, "small_vit": {}, "resnet50": {"skill": 4.0}}))
    assert three is not None
    assert [picture.name for picture in three.pictures] == ["matrix", "pairs"]
    assert len(three.tables[0].rows) == 3
    assert pairs.section(make_context({"vit_small": {}}, root="one")) is None


def test_the_matrix_says_the_same_from_both_sides(make_context: MakeContext) -> None:
    context = make_context({"small_cnn": {"skill": 4.0}, "small_vit": {}, "resnet50": {"skill": 1.0}})
    figure = pairs.draw_matrix(context.together, context.looks)
    said = [text.get_text() for text in figure.axes[0].texts]
    for pair in context.together.pairs:
        ahead = f"{100 * pair.difference.value:+.1f}"
        assert ahead in said
        assert ahead.replace("+", "−") in said


def test_the_gap_is_training_minus_validation(make_context: MakeContext) -> None:
    context = make_context({"small_cnn": {"epochs": 8}})
    row = training.gaps(context.runs).rows[0].values
    history = context.runs["small_cnn"].history.set_index("epoch")
    assert (row["best_epoch"], row["last_epoch"]) == (7, 8)
    for when, epoch in (("best", 7), ("last", 8)):
        expected = history.loc[epoch, "train_top1"] - history.loc[epoch, "val_top1"]
        gap = row[f"{when}_gap"]
        assert isinstance(gap, Estimate) and gap.value == pytest.approx(expected)
        assert gap.low < gap.value < gap.high
    assert row["last_gap"].value > row["best_gap"].value  # type: ignore[union-attr]


def test_groups_average_what_they_name(make_context: MakeContext) -> None:
    context = make_context({"small_cnn": {}})
    (run,) = context.runs.values()
    frame = run.frame().query("shift == 'corruption'")
    third = frame[frame["severity"] == 3]["top1"].mean()
    section = severity.section(context)
    assert section is not None
    assert section.tables[0].rows[0].values["severity-3"].value == pytest.approx(100 * third)  # type: ignore[union-attr]
    table = corruptions.table(context.together)
    fog = frame[frame["variant"] == "fog"]["top1"].mean()
    (row,) = [row for row in table.rows if row.values["corruption"] == "fog"]
    assert row.values["small_cnn"].value == pytest.approx(100 * fog)  # type: ignore[union-attr]
    assert row.values["family"] == "weather"


def test_what_it_took_is_what_the_provenance_says(make_context: MakeContext) -> None:
    section = cost.section(make_context({"small_cnn": {}}))
    assert section is not None
    values = section.tables[0].rows[0].values
    assert (values["train_seconds"], values["evaluate_rate"]) == (71.3, 1300.0)
    assert values["device"] == "cpu (2 cores)"


def test_one_look_a_model_in_every_figure(make_context: MakeContext) -> None:
    context = make_context({"small_cnn": {}, "small_vit": {"skill": 3.0}})
    figure = severity.draw(context.together, context.looks)
    for line in figure.axes[0].get_lines():
        look = context.looks[str(line.get_label())]
        assert (line.get_color(), line.get_marker()) == (look.colour, look.marker)


def test_eight_models_look_different() -> None:
    eight = looks([f"model{number}" for number in range(8)]).values()
    assert len({look.colour for look in eight}) == len({look.marker for look in eight}) == 8


def _of(context):  # type: ignore[no-untyped-def]
    return context.runs, context.together


def test_a_number_in_a_column_of_text_is_short() -> None:
    column = Column("x", "x")
    assert column.text(27.195784956079187) == "27.2" and column.text(12345) == "12,345"
    assert column.interval(Estimate(0.5, 1 / 3, 2 / 3, 10)) == "0.3333–0.6667"


def test_other_shifts_are_in_percent_with_a_digit(make_context: MakeContext) -> None:
    shift = [Condition("fade", "25"), Condition("fade", "100")]
    section = other_shifts.section(make_context({"small_cnn": {}}, conditions=[CLEAN, *shift]))
    assert section is not None
    (table,) = section.tables
    assert table.name == "shift-fade"
    for column in table.columns[1:]:
        assert column.numeric and re.fullmatch(
            r"[−+]?\d+(\.\d)?", column.text(table.rows[0].values[column.key])
        )
