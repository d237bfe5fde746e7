"""Leaderboards over runs on disk: who is ranked, who is left out and why, what is merged, and who is worth the cost."""

from __future__ import annotations

import base64
import json
import zlib
from itertools import combinations

import numpy as np
import pytest
from tests.report.conftest import SOME, write_run

import withstand
from withstand.analysis.leaderboard import BEATEN, FRONT, LEVEL_WITH
from withstand.base.errors import UserError

FEW = tuple(one for one in SOME if one.variant in ("clean", "fog", "snow", "contrast"))
SKILLS = {"able": 3.5, "middling": 2.0, "alike": 2.02, "poor": 0.5}


@pytest.fixture
def root(tmp_path):
    for place, (name, skill) in enumerate(SKILLS.items()):
        write_run(
            tmp_path / "runs",
            name,
            skill=skill,
            n=400,
            conditions=FEW,
            made={"parameters": 1000 * (4 - place), "images_per_second": {"evaluate": 100.0 * (1 + place)}},
        )
    return tmp_path / "runs"


def test_ranks_agree_with_the_comparison_of_the_same_runs(root):
    board, compared = withstand.leaderboard(root), withstand.compare(withstand.load_runs(root))
    assert board.by == "corruption" and board.images == 400 and not board.left_out
    names = [one.name for one in board.placed]
    assert names == list(compared.ranking) and [one.rank for one in board.placed] == [1, 2, 3, 4]
    for place, one in enumerate(board.placed):
        assert vars(one.means["corruption"]) == pytest.approx(vars(compared.accuracy(one.name, "corrupted")))
        assert vars(one.means["clean"]) == pytest.approx(vars(compared.accuracy(one.name, "clean")))
        others = [other for other in names if other != one.name]
        expected = compared.effective_robustness(one.name, others)
        assert vars(one.effective) == pytest.approx(vars(expected), abs=1e-6)
        pairs = [compared.standing.between(one.name, other) for other in others]
        surely = sum(pair.ahead and pair.better == one.name for pair in pairs)
        behind = sum(pair.ahead and pair.better != one.name for pair in pairs)
        assert (one.low, one.high) == (1 + behind, 4 - surely), place
    assert {one.name: (one.low, one.high) for one in board.placed}["poor"] == (4, 4)


def test_a_file_of_another_group_is_merged_and_ranked_as_its_folder_would_be(root, tmp_path):
    theirs = withstand.leaderboard([withstand.load_run(root / f"{name}_shapes") for name in ("able", "poor")])
    file = theirs.save(tmp_path / "theirs.json")
    ours = [withstand.load_run(root / f"{name}_shapes") for name in ("middling", "alike")]
    merged, whole = withstand.leaderboard(ours, str(file)), withstand.leaderboard(root)
    assert merged.frame().equals(whole.frame())
    again = withstand.leaderboard(root, file)
    assert again.frame().equals(whole.frame()) and len(again.left_out) == 2
    assert all("is the same run" in one.reason for one in again.left_out)
    assert file.stat().st_size < 20_000


def test_what_does_not_compare_is_left_out_with_the_reason(root, tmp_path):
    odd = {
        "fewer": {"n": 300},
        "lacking": {"conditions": FEW[:-1]},
        "elsewhere": {"source": "read from other files"},
        "sampled": {"sample": 40},
        "other_data": {"dataset": "photos"},
        "unshifted": {"conditions": FEW[:1]},
    }
    for name, settings in odd.items():
        write_run(tmp_path / "odd", name, **({"n": 400, "conditions": FEW} | settings))
    board = withstand.leaderboard(root, tmp_path / "odd")
    said = {one.what: one.reason for one in board.left_out}
    assert len(board.placed) == 4 and set(said) == set(odd)
    assert "other images: 300, where most have 400" in said["fewer"]
    assert "lacks 1 of 6 conditions" in said["lacking"] and "other settings" in said["elsewhere"]
    assert "a sample" in said["sampled"] and said["other_data"] == "it is on photos, not on shapes"
    assert said["unshifted"] == "it was not evaluated under corruption"


def test_a_run_that_has_more_is_cut_and_a_file_that_has_more_cannot_be(root, tmp_path):
    write_run(tmp_path / "more", "rich", n=400, conditions=SOME)
    board = withstand.leaderboard(root, tmp_path / "more")
    assert "rich" in board.frame()["model"].tolist() and not board.left_out
    file = withstand.leaderboard(tmp_path / "more").save(tmp_path / "rich.json")
    [left] = withstand.leaderboard(root, file).left_out
    assert left.what == "rich" and "give its run folder instead" in left.reason


def test_two_models_of_one_name_are_told_apart(root, tmp_path):
    write_run(tmp_path / "b", "able", n=400, conditions=FEW, skill=3.0, seed=43)
    names = [one.name for one in withstand.leaderboard(root, tmp_path / "b").placed]
    assert {"able (able_shapes)", "able (able_shapes) 2"} <= set(names)


def test_the_front_is_of_those_that_nothing_cheaper_beats(root):
    board = withstand.leaderboard(root)
    by_cost = {one.name: one.front for one in board.placed}
    assert by_cost["able"] == {"parameters": FRONT, "seconds": FRONT}, "the best, whatever it costs"
    assert by_cost["poor"] == {"parameters": FRONT, "seconds": FRONT}, "the cheapest of both"
    worse = board.placed[2]
    assert worse.name in ("middling", "alike") and set(worse.front.values()) <= {FRONT, LEVEL_WITH}
    flipped = withstand.leaderboard(root, by="clean")
    assert flipped.by == "clean" and all(one.effective is None for one in flipped.placed)
    assert BEATEN not in by_cost["able"].values()


def test_times_of_two_devices_are_not_set_against_each_other(root, tmp_path):
    rate = {"evaluate": 1e6}
    write_run(
        tmp_path / "b",
        "far",
        n=400,
        conditions=FEW,
        skill=4.0,
        made={"images_per_second": rate, "device": "gpu"},
    )
    board = withstand.leaderboard(root, tmp_path / "b")
    assert {one.name: one.front["seconds"] for one in board.placed}["able"] == FRONT


@pytest.mark.parametrize("metric", ["top1", "top5"])
def test_every_pair_of_equal_counts_shares_a_rank(tmp_path, metric):
    for name in ("one", "two"):
        folder = write_run(tmp_path / "runs", "same", n=60, conditions=FEW, folder=name)
        record = folder / "provenance.json"
        record.write_text(json.dumps(json.loads(record.read_text()) | {"weights_digest": name}))
    board = withstand.leaderboard(tmp_path / "runs", metric=metric)
    assert [(one.rank, one.low, one.high) for one in board.placed] == [(1, 1, 2), (1, 1, 2)]
    assert all(a.name != b.name for a, b in combinations(board.placed, 2))


def _packed(numbers, kind):
    return base64.b64encode(zlib.compress(np.array(numbers, kind).tobytes())).decode()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda said: said.update(kind="other"), "is a other of version 1"),
        (lambda said: said.update(version=9), "of version 9"),
        (lambda said: said.pop("entries"), "entries is missing"),
        (lambda said: said["shifts"][0].update(n=0), "n"),
        (lambda said: said["shifts"][0].update(n=1 << 40), "n"),
        (lambda said: said["entries"][0]["counts"].update(corruption="%%"), "damaged"),
        (lambda said: said["entries"][0]["counts"].update(corruption=_packed([1] * 9, "<u2")), "400 numbers"),
        (
            lambda said: said["entries"][0]["counts"].update(corruption=_packed([0] * 10**6, "<u2")),
            "400 numbers",
        ),
        (
            lambda said: said["entries"][0]["counts"].update(corruption=_packed([7] * 400, "<u2")),
            "contradict",
        ),
        (
            lambda said: (
                said["entries"][0]["counts"].update(corruption=_packed([len(FEW) - 1] * 400, "<u2")),
                said["entries"][0]["right"].update(
                    corruption=_packed([401, *[400] * (len(FEW) - 3), 399], "<u4")
                ),
            ),
            "contradict",
        ),
        (lambda said: said["entries"][0]["counts"].update(fog="x"), "damaged"),
        (lambda said: said["entries"][0]["right"].clear(), "damaged"),
    ],
)
def test_a_file_that_is_none_is_refused_in_one_line(root, tmp_path, change, says):
    file = withstand.leaderboard(root / "able_shapes").save(tmp_path / "b.json")
    said = json.loads(file.read_text())
    change(said)
    file.write_text(json.dumps(said))
    with pytest.raises(UserError, match=says) as error:
        withstand.leaderboard(file)
    assert "\n" not in str(error.value) and "b.json" in str(error.value)


def test_what_cannot_be_ranked_is_said(root, tmp_path):
    (tmp_path / "empty").mkdir()
    for words, says in (
        (lambda: withstand.leaderboard(tmp_path / "empty"), "no finished run to rank"),
        (lambda: withstand.leaderboard(root, by="corruptoin"), "did you mean 'corruption'"),
        (lambda: withstand.leaderboard(root, metric="nll"), "not counted by image"),
        (lambda: withstand.leaderboard(root, dataset="cifar10"), "nothing on cifar10"),
        (lambda: withstand.leaderboard(3), "is no run"),
    ):
        with pytest.raises(UserError, match=says):
            words()


def test_the_frame_and_the_text_have_a_row_for_each_model(root):
    board = withstand.leaderboard(root)
    frame = board.frame()
    assert len(frame) == 4 and {"rank_low", "corruption_high", "front_parameters"} <= set(frame)
    assert "leaderboard of 4 models on shapes" in repr(board)
