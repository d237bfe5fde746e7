"""Images that all models lose: counted right, shown from whatever thumbnails there are."""

from __future__ import annotations

import numpy as np
import pytest
from tests.report.conftest import EVERY, MakeContext

from withstand.report.section import Context
from withstand.report.sections import lost
from withstand.results import thumbnails
from withstand.results.conditions import CLEAN, Condition
from withstand.results.metrics import correct

CONTRAST = Condition("corruption", "contrast", 3)


@pytest.fixture
def context(make_context: MakeContext) -> Context:
    return make_context({"small_cnn": {"skill": 3.0}, "small_vit": {"skill": 1.5}}, n=80)


def test_every_number_is_what_counting_gives(context: Context) -> None:
    section = lost.section(context)
    assert section is not None
    (table,) = section.tables
    (row,) = [row for row in table.rows if row.values["corruption"] == "contrast"]
    said = [[correct(run.predictions(one)) for one in (CLEAN, CONTRAST)] for run in context.runs.values()]
    expected = np.logical_and.reduce([clean & ~grey for clean, grey in said]).sum()
    assert row.values["lost"] == expected > 0
    assert row.values["images"] == 80
    counts = [row.values["lost"] for row in table.rows]
    assert counts == sorted(counts, key=lambda count: -int(str(count)))


def test_every_example_is_lost_by_all_and_says_what_each_model_answered(context: Context) -> None:
    section = lost.section(context)
    assert section is not None
    gallery, _ = section.galleries
    assert 0 < len(gallery.examples) <= 12
    for example in gallery.examples:
        assert [name for name, _ in example.said] == list(context.together.ranking)
        assert all(answer != example.title for _, answer in example.said)
    sheet = thumbnails.load(next(iter(context.runs.values())).folder / thumbnails.FILE)
    assert sheet is not None
    known = {sheet[one, CLEAN].tobytes() for one in sheet.ids}
    shown = [example.shots[0].image.tobytes() for example in gallery.examples]
    assert set(shown) <= known
    assert len(set(shown)) == len(shown)  # each of another image


def test_examples_to_choose_from_say_who_lost_them_and_how_sure(context: Context) -> None:
    section = lost.section(context)
    assert section is not None
    gallery = section.galleries[1]
    assert gallery.explored and 24 <= len(gallery.examples) <= 48
    assert sum(shot.image.nbytes for example in gallery.examples for shot in example.shots) <= 900_000
    names = context.together.ranking
    for example in gallery.examples:
        said = {name: answer.rpartition(", ")[0] for name, answer in example.said}
        assert list(said) == list(names)
        assert example.facts["right for"] == [name for name in names if said[name] == example.title]
        assert example.facts["lost by"]
        assert all(said[name] != example.title for name in example.facts["lost by"])
        sure = {name: float(answer.rpartition(", ")[2][:-1]) for name, answer in example.said}
        most = max(sure[name] for name in example.facts["lost by"])
        assert 100 * example.order["most confident mistake"] == pytest.approx(most, abs=0.51)
        if example.order["strongest disagreement"] > 0:
            right = max(sure[name] for name in example.facts["right for"])
            assert 100 * example.order["strongest disagreement"] == pytest.approx(min(most, right), abs=0.51)
    shown = {(example.shots[0].image.tobytes(), example.shots[1].label) for example in gallery.examples}
    assert len(shown) == len(gallery.examples)
    assert len({example.facts["class"][0] for example in gallery.examples}) >= 6


def test_without_thumbnails_it_says_so_and_still_counts(make_context: MakeContext) -> None:
    section = lost.section(make_context({"small_cnn": {}, "small_vit": {}}, n=80, sheet=False))
    assert section is not None
    assert not section.galleries
    assert "give its command again" in section.left_out[0].reason
    assert sum(int(str(row.values["lost"])) for row in section.tables[0].rows) > 0


def test_a_damaged_sheet_counts_as_none(context: Context) -> None:
    for run in context.runs.values():
        (run.folder / thumbnails.FILE).write_bytes(b"\x89PNG damaged")
    section = lost.section(context)
    assert section is not None
    assert not section.galleries


def test_nothing_at_severity_three_is_no_section(make_context: MakeContext) -> None:
    mild = [one for one in EVERY if one.severity == 1]
    assert lost.section(make_context({"small_cnn": {}}, conditions=[CLEAN, *mild])) is None
    assert lost.section(make_context({"small_cnn": {}}, conditions=EVERY)) is None  # no clean images
