"""Before and after from stored predictions, against counts made by hand."""

import json

import numpy as np
import pytest

from withstand.analysis.changes import changes, gone, leak_price
from withstand.base.errors import UserError
from withstand.report import finetune_tables
from withstand.results.conditions import CLEAN, Condition
from withstand.results.store import Cell, Predictions, Store

CONDITIONS = (CLEAN, Condition("corruption", "fog", 1), Condition("corruption", "shot_noise", 1))
ALL = [["fog", 1], ["shot_noise", 1]]


def write(root, name, ids, before, after, *, trained, leak=(0.0, 0.0), start="a", settings=None):
    """A fine-tuning with given answers: right or wrong, condition × image."""
    folder = root / "m_shapes" / "finetune" / name
    store, listed = Store(folder / "predictions"), {}
    for when, answers in (("before", before), ("cells", after)):
        listed[when] = []
        for condition, right in zip(CONDITIONS, answers, strict=True):
            logits = np.zeros((len(ids), 10), np.float32)
            logits[np.arange(len(ids)), np.where(right, 3, 4)] = 1
            cell = Cell(condition, {"when": when})
            store.write(cell, Predictions(np.asarray(ids), np.full(len(ids), 3), logits))
            listed[when].append({**vars(condition), "file": cell.file})
    facts = {
        "name": name,
        "protocol": name,
        "trained": trained,
        "start": start,
        "settings": settings or {"seed": 1},
    }
    facts["leak"] = dict(zip(("rows", "images"), leak, strict=True))
    summary = {"model": "m", "dataset": "shapes", "finetune": facts, **listed}
    (folder / "summary.json").write_text(json.dumps(summary))


def answers(draw, n, chances):
    return [draw.random(n) < chance for chance in chances]


def test_gains_are_paired_and_seen_and_unseen_apart(tmp_path):
    draw, n = np.random.default_rng(0), 80
    before, after = answers(draw, n, (0.9, 0.3, 0.3)), answers(draw, n, (0.8, 0.9, 0.4))
    write(tmp_path, "held_out-noise", range(n), before, after, trained=[["fog", 1]])
    [one] = changes(tmp_path / "m_shapes")
    expected = {"clean": [0], "corrupted": [1, 2], "seen": [1], "unseen": [2]}
    for group, columns in expected.items():
        gain = one.gain(group)
        means = [np.mean([part[k] for k in columns]) for part in (before, after)]
        assert (gain.before.value, gain.after.value) == pytest.approx(tuple(means))
        assert gain.difference.value == pytest.approx(means[1] - means[0])
        assert gain.difference.low < gain.difference.value < gain.difference.high
        assert gain.difference.n == n
    # Any metric, also one that has no bounds; a misspelt one is a line.
    loss = one.gain("corrupted", "nll")
    assert loss.difference.value == pytest.approx(loss.after.value - loss.before.value)
    assert loss.difference.low < loss.difference.value < loss.difference.high
    with pytest.raises(UserError, match="unknown metric"):
        one.gain("corrupted", "nil")
    with pytest.raises(UserError, match="there is no group 'noise2'"):
        one.gain("noise2")
    assert all(row["mcnemar_p"] <= row["mcnemar_p_holm"] <= 1 for row in one.rows())
    [row] = finetune_tables.unseen({"m": [one]}).rows
    assert row.values["unseen_gain"].value == pytest.approx(100 * (after[2].mean() - before[2].mean()))
    assert [row["trained_on"] for row in one.rows()] == [True, False]
    both = (before[1] & ~after[1]).sum(), (after[1] & ~before[1]).sum()
    exact = one.mcnemar(CONDITIONS[1])
    assert (exact.only_b, exact.only_a) == both


def test_a_fine_tuning_whose_predictions_are_gone_is_no_change_and_is_named(tmp_path):
    """As where results are kept and the larger files are not."""
    right = np.ones((3, 12), bool)
    for name in ("grouped", "published"):
        write(tmp_path, name, range(12), right, right, trained=ALL)
    for file in (tmp_path / "m_shapes" / "finetune" / "published" / "predictions").iterdir():
        file.unlink()
    assert [one.name for one in changes(tmp_path / "m_shapes")] == ["grouped"]
    assert gone(tmp_path / "m_shapes") == ["published"]


def test_the_price_of_the_leak_is_on_the_images_that_both_test(tmp_path):
    draw, n = np.random.default_rng(1), 60
    before, honest, leaking = (answers(draw, n, (c, c, c)) for c in (0.4, 0.6, 1.1))
    write(tmp_path, "grouped", range(n), before, honest, trained=ALL)
    write(tmp_path, "published", range(20, 20 + n), before, leaking, trained=ALL, leak=(0.8, 1.0))
    grouped, published = changes(tmp_path / "m_shapes")
    worth = leak_price(published, grouped)
    assert worth.difference.n == 40
    assert worth.honest.value == pytest.approx(np.mean([part[20:] for part in honest[1:]]))
    assert worth.leaking.value == 1.0
    assert worth.difference.value == pytest.approx(1 - worth.honest.value)
    assert "the leak inflates accuracy by" in finetune_tables.sentences([grouped, published])[-1]


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"start": "b"}, "they did not start from the same weights"),
        ({"settings": {"seed": 2}}, "trained with other settings (seed)"),
    ],
)
def test_what_does_not_compare_has_no_price_and_says_why(tmp_path, other, reason):
    draw = np.random.default_rng(2)
    for name, more in (("grouped", {}), ("published", other)):
        write(tmp_path, name, range(30), answers(draw, 30, (0.5,) * 3), answers(draw, 30, (0.5,) * 3),
              trained=ALL, **more)  # fmt: skip
    grouped, published = changes(tmp_path / "m_shapes")
    said = leak_price(published, grouped)
    assert isinstance(said, str) and reason in said
    assert finetune_tables.leak({"m": [grouped, published]}).rows == []


def test_a_fine_tuning_whose_clean_predictions_are_gone_keeps_its_other_numbers(tmp_path):
    right = np.ones((3, 12), bool)
    write(tmp_path, "grouped", range(12), right, right, trained=ALL)
    record = tmp_path / "m_shapes" / "finetune" / "grouped" / "summary.json"
    said = json.loads(record.read_text())
    said["cells"] = said["cells"][1:]
    record.write_text(json.dumps(said))
    [one] = changes(tmp_path / "m_shapes")
    row = finetune_tables._summary(one)
    assert row["clean_before"] is None and row["clean_gain"] is None and row["after"].value == 100
