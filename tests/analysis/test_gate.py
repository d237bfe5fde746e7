"""Gates and plans over runs on disk: parts, verdicts, Holm, what is refused, and what is written of it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import withstand
from withstand.analysis.plan import assumed
from withstand.base.errors import UserError
from withstand.report import gate as written
from withstand.report import plan as planned
from withstand.results.store import Cell, Predictions, Store

N = 3000
SHIFTED = tuple(withstand.Condition("corruption", v, s) for v in ("fog", "gaussian_noise") for s in (1, 5))
EVERY = (withstand.CLEAN, *SHIFTED)
KIND = np.random.default_rng(5).random(N)


def run(
    root: Path, model: str, worse: float, shifted: float | None = None, dataset: str = "d"
) -> withstand.Run:
    """80% right, less ``worse`` on clean images and ``shifted`` under fog; of every two runs, on the same images."""
    store, cells = Store(root / model / "predictions"), []
    for condition in EVERY:
        less = worse if condition.variant != "fog" or shifted is None else shifted
        good = (KIND < 0.8) & ~((KIND > 0.3) & (0.3 + less > KIND))
        cell = Cell(condition, {"weights": model})
        logits = np.stack([good, ~good], axis=1).astype(np.float32)
        store.write(cell, Predictions(np.arange(N), np.zeros(N, np.int64), logits))
        cells.append({**vars(condition), "file": cell.file})
    summary = {"model": model, "dataset": dataset, "cells": cells, "corruption_source": "made"}
    (root / model / "summary.json").write_text(json.dumps(summary))
    return withstand.load_run(root / model)


@pytest.fixture
def old(tmp_path: Path) -> withstand.Run:
    return run(tmp_path, "old", 0.0)


def test_a_little_worse_passes_far_worse_fails_and_between_the_two_nobody_can_tell(tmp_path, old):
    said = {}
    for name, worse in (("little", 0.003), ("far", 0.03), ("between", 0.011)):
        found = withstand.gate(run(tmp_path, name, worse), old, margin=1.0)
        assert [part.name for part in found.parts] == ["clean", "corruption"]
        said[name] = (found.verdict, found.exit_code)
        assert (found.more is not None) == (found.verdict == "cannot tell")
    assert said == {"little": ("passes", 0), "far": ("fails", 1), "between": ("cannot tell", 3)}


def test_one_part_that_fails_fails_it_and_a_margin_of_its_own_saves_it(tmp_path, old):
    new = run(tmp_path, "foggy", 0.0, shifted=0.05)
    found = withstand.gate(new, old, by="variant")
    assert {part.name: part.verdict for part in found.parts} == {
        "clean": "passes",
        "fog": "fails",
        "gaussian_noise": "passes",
    }
    assert found.verdict == "fails"
    assert withstand.gate(new, old, by="variant", margins={"fog": 8.0}).verdict == "passes"
    assert [part.name for part in withstand.gate(new, old, by="family").parts] == [
        "clean",
        "noise",
        "weather",
    ]
    assert [part.name for part in withstand.gate(new, old, by="all").parts] == ["clean and corruption"]
    assert [part.name for part in withstand.gate(new, old, by="clean").parts] == ["clean"]


def test_superior_is_the_reverse_and_equivalent_is_both(tmp_path, old):
    worse = run(tmp_path, "worse", 0.03)
    assert withstand.gate(old, worse, margin=0, test="superiority").verdict == "passes"
    assert withstand.gate(worse, old, margin=0, test="superiority").verdict == "fails"
    assert withstand.gate(worse, old, margin=5, test="equivalence").verdict == "passes"
    assert withstand.gate(worse, old, margin=1, test="equivalence").verdict == "fails"
    open_ = withstand.gate(worse, old, margin=3.1, test="equivalence")
    assert open_.verdict == "cannot tell" and open_.more is not None and open_.more > N


def test_holm_is_over_the_parts(tmp_path, old):
    new = run(tmp_path, "new", 0.006)
    alone = withstand.gate(new, old, by="clean").parts[0]
    among = {part.name: part for part in withstand.gate(new, old, by="variant").parts}["clean"]
    assert among.p == pytest.approx(3 * alone.p)
    assert among.difference == alone.difference


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"margin": 0.0}, "give one above 0"),
        ({"margin": float("nan")}, "give one above 0"),
        ({"test": "inferior"}, "did you mean 'non-inferiority'"),
        ({"by": "families"}, "did you mean 'family'"),
        ({"alpha": 0.7}, "below 0.5"),
        ({"metric": "nll"}, "no share of images"),
        ({"margins": {"frog": 1.0}}, "no part 'frog'"),
        ({"clusters": "camera"}, "no shift of groups"),
    ],
)
def test_what_cannot_be_asked_is_refused(tmp_path, old, words, says):
    with pytest.raises(UserError, match=says):
        withstand.gate(run(tmp_path, "new", 0.0), old, **words)


def test_two_that_do_not_compare_are_refused(tmp_path, old):
    with pytest.raises(UserError, match="one run"):
        withstand.gate(old, old)
    with pytest.raises(UserError, match="take one data set"):
        withstand.gate(run(tmp_path, "elsewhere", 0.0, dataset="e"), old)
    with pytest.raises(UserError, match="two runs"):
        withstand.gate("new", old)


def test_what_is_written_agrees(tmp_path, old):
    found = withstand.gate(run(tmp_path, "a|b_*", 0.0, shifted=0.05), old, by="variant")
    place = written.write(found, tmp_path / "out")
    said = json.loads((place / "gate.json").read_text())
    assert (said["verdict"], said["exit_code"]) == ("fails", 1) and len(said["parts"]) == 3
    suite = ElementTree.parse(place / "junit.xml").getroot()
    assert suite.attrib["failures"] == "1" and suite.attrib["tests"] == "3" and suite.attrib["errors"] == "0"
    assert [case.attrib["name"] for case in suite if case.find("failure") is not None] == ["fog"]
    text = (place / "gate.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 5 and len({line.replace("\\|", "").count("|") for line in rows}) == 1
    line = written.line(found)
    assert line.startswith(
        "gate fails: a|b_* is more than 1 point below old in 1 of 3 parts; worst: fog, −4.6"
    )
    assert "\n" not in line


def test_a_pilot_plans_and_rates_do(tmp_path, old):
    new = run(tmp_path, "new", 0.02)
    found = withstand.plan(new, old)
    need = found.needed(1.0)
    assert set(need) == {"clean", "corruption"}
    n = need["clean"]
    assert n is not None and found.chance(n, 1.0)["clean"] == pytest.approx(0.8, abs=0.01)
    assert found.detectable(N)["clean"] == pytest.approx(100 * 2.8 * 0.14 / N**0.5, rel=0.2)
    place = planned.write(found, tmp_path / "out")
    assert {one.name for one in place.iterdir()} == {"plan.csv", "plan.png", "plan.svg"}
    rates = assumed(0.02)
    assert rates.needed(1.0)["assumed"] == pytest.approx(n, rel=0.1)
    assert "about" in planned.line(rates, 1.0, None) and "1,000 images" in planned.line(rates, 1.0, 1000)
    with pytest.raises(UserError, match="between 0 and 1"):
        assumed(2.0)
    with pytest.raises(UserError, match="power"):
        withstand.plan(new, old, power=1.0)


SITE = withstand.Condition("site", "site")
SITES = 60
OF = np.random.default_rng(3).integers(0, SITES, N)


def by_site(root: Path, model: str, moved: np.ndarray, known: int = N) -> withstand.Run:
    """80% right, more or less of them in each site; the first ``known`` images have a site on record."""
    store, cells = Store(root / model / "predictions"), []
    good = KIND + moved[OF] < 0.8
    march = withstand.Condition("march", "march")
    for condition, n in ((withstand.CLEAN, N), (SITE, known), (march, 50)):
        cell = Cell(condition, {"weights": model})
        logits = np.stack([good, ~good], axis=1).astype(np.float32)[:n]
        ids = np.arange(n) + (10**6 if condition == march else 0)
        store.write(cell, Predictions(ids, np.zeros(n, np.int64), logits))
        cells.append({**vars(condition), "file": cell.file})
    about = {"kind": "groups", "groups": [f"s{i}" for i in range(SITES)], "members": OF[:known].tolist()}
    summary = {"model": model, "dataset": "d", "cells": cells}
    summary["shifts"] = {"site": about, "march": {"kind": "collection"}}
    (root / model / "summary.json").write_text(json.dumps(summary))
    return withstand.load_run(root / model)


def test_clusters_are_what_is_drawn_and_images_what_would_do(tmp_path):
    moved = np.random.default_rng(1).normal(0, 0.1, SITES)
    new, old = by_site(tmp_path, "new", moved), by_site(tmp_path, "old", np.zeros(SITES))
    by_image, by_cluster = (withstand.gate(new, old, by="clean", clusters=one) for one in (None, "site"))
    part, plain = by_cluster.parts[0], by_image.parts[0]
    assert (part.difference.n, plain.difference.n) == (SITES, N)
    assert part.difference.value == pytest.approx(plain.difference.value)
    right = {run.model: run.predictions(withstand.CLEAN).logits.argmax(1) == 0 for run in (new, old)}
    less = right["new"].astype(float) - right["old"]
    each = [(less[site == OF] - less.mean()).sum() * SITES / N for site in range(SITES)]
    error = np.std(each, ddof=1) / np.sqrt(SITES)
    width, normal = part.difference.high - part.difference.low, 2 * 1.645 * error
    assert normal < width < normal + 5 / SITES, "few clusters may leave out a bad one"
    assert width > 2 * (plain.difference.high - plain.difference.low)
    assert part.new.high - part.new.low > plain.new.high - plain.new.low
    assert part.more is not None and part.more > N, "images, and not clusters"
    assert "groups by site" in written.markdown(by_cluster)
    assert [one.name for one in withstand.gate(new, old, clusters="site").parts] == ["clean"], (
        "march has no sites"
    )
    assert set(withstand.plan(new, old, clusters="site").parts) == {"clean"}
    found = withstand.plan(new, old, clusters="site").parts["clean"]
    assert found.images == N and found.pilot.images == N / SITES


def test_images_without_a_cluster_are_left_out_of_all_there_is(tmp_path):
    new, old = (
        by_site(tmp_path, name, np.full(SITES, moved), 2000) for name, moved in (("n", 0.01), ("o", 0))
    )
    part = withstand.gate(new, old, by="clean", clusters="site").parts[0]
    right = (KIND + 0.01 < 0.8)[:2000].mean(), (KIND < 0.8)[:2000].mean()
    assert (part.new.value, part.old.value) == pytest.approx(right)
    assert part.difference.value == pytest.approx(right[0] - right[1])
    assert withstand.plan(new, old, clusters="site").parts["clean"].images == 2000


def test_a_group_that_fails_is_a_part_of_its_own(tmp_path):
    moved = np.where(np.arange(SITES) == 7, 0.6, 0)
    new, old = by_site(tmp_path, "new", moved), by_site(tmp_path, "old", np.zeros(SITES))
    found = {one.name: one for one in withstand.gate(new, old, margin=5, by="group").parts}
    assert set(found) == {"clean", *(f"s{site}" for site in range(SITES))}
    assert found["s7"].verdict == "fails" and found["s7"].difference.n == (OF == 7).sum()
    assert {one.verdict for name, one in found.items() if name != "s7"} <= {"passes", "cannot tell"}
    assert withstand.gate(new, old, margin=5, by="group", margins={"s7": 99}).verdict != "fails"
    other = by_site(tmp_path, "other", moved)
    other.summary["shifts"]["site"]["members"] = OF[::-1].tolist()
    with pytest.raises(UserError, match="other images in the groups of site"):
        withstand.gate(other, old, by="group")


def test_the_line_says_the_margin_that_it_is_about(tmp_path, old):
    new = run(tmp_path, "foggy", 0.015, shifted=0.1)
    said = written.line(withstand.gate(new, old, by="variant", margins={"fog": 8.0, "clean": 0.5}))
    assert (
        "foggy is more than the margin below old in 2 of 3 parts; worst: fog (margin 8 points), −9.6" in said
    )
    passed = withstand.gate(run(tmp_path, "n", 0.004, shifted=0), old, by="variant", margins={"fog": 8.25})
    assert "least sure: clean (margin 1 point), −0.3" in written.line(passed)
    assert "8.25" in written.markdown(passed)
