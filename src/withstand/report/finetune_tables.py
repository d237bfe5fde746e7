"""The tables of experiment 3, and sentences about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from withstand.analysis.changes import Change, Price, leak_price
from withstand.corruptions.names import FAMILIES
from withstand.report import published
from withstand.report.table import IMAGES, MODEL, Column, Row, Table, Value
from withstand.report.wording import between, family, points, several, spaced
from withstand.statistics import Estimate

Done = Mapping[str, Sequence[Change]]
"""Model → its fine-tunings."""

_PROTOCOL = Column("name", "protocol")


def tables(done: Done) -> list[Table]:
    """Every table that the fine-tunings have something for."""
    made = [summary(done), unseen(done), leak(done), by_corruption(done)]
    return [table for table in made if table.rows]


def summary(done: Done) -> Table:
    """Before and after, a row for each fine-tuning, with what was published under it."""
    rows = []
    for name, tuned in done.items():
        rows += [Row({"model": name, **_summary(one)}) for one in tuned]
        theirs = published.of(tuned[0].after)
        if theirs is not None and "finetuned_top1" in theirs:
            rows.append(Row(_published(name, theirs), "published"))
    columns = [
        MODEL,
        _PROTOCOL,
        Column("before", "corrupted, before", ".1f"),
        Column("after", "after", ".1f"),
        Column("gain", "gain", "+.1f"),
        Column("after_top5", "top-5 after", ".1f"),
        Column("clean_before", "clean, before", ".1f"),
        Column("clean_gain", "clean, change", "+.1f"),
        Column("seen_images", "images seen, %", ".0f"),
        Column("seen_rows", "rows seen, %", ".0f"),
        IMAGES,
    ]
    notes = [
        "Seen: the share of the tested source images, and of the exact corrupted images (rows), that were in training"
        " or validation."
    ]
    if any(row.origin == "published" for row in rows):
        notes.append(
            "The published model was tested on images that it was trained on; its “before” is over all 10,000 images."
        )
    return Table(
        "finetune", "Before and after fine-tuning on corrupted images (top-1, %)", columns, rows, notes
    )


def unseen(done: Done) -> Table:
    """Whether the gain carries over to corruptions that were left out of training."""
    rows = []
    for name, one in _each(done):
        if "unseen" not in one.groups or "seen" not in one.groups:
            continue
        values: dict[str, Value] = {"model": name, "name": one.name, "images": len(one.ids)}
        for group in ("seen", "unseen"):
            gain = one.gain(group)
            values |= {
                f"{group}_conditions": len(one.groups[group]),
                f"{group}_before": gain.before.times(100),
                f"{group}_after": gain.after.times(100),
                f"{group}_gain": gain.difference.times(100),
            }
        rows.append(Row(values))
    columns = [MODEL, _PROTOCOL]
    for group, called in (("seen", "trained on"), ("unseen", "left out")):
        columns += [
            Column(f"{group}_conditions", f"conditions {called}", "d"),
            Column(f"{group}_before", "before", ".1f"),
            Column(f"{group}_after", "after", ".1f"),
            Column(f"{group}_gain", "gain", "+.1f"),
        ]
    return Table(
        "finetune-unseen", "Corruptions trained on, and left out of training", [*columns, IMAGES], rows
    )


def leak(done: Done) -> Table:
    """How much the leak of the published protocol inflates accuracy, on the source images that both protocols test."""
    rows = []
    for name, tuned in done.items():
        worth = worth_of_leak(tuned)
        if worth is None or isinstance(worth, str):
            continue
        rows.append(
            Row(
                {
                    "model": name,
                    "before": worth.before.times(100),
                    "grouped": worth.honest.times(100),
                    "published": worth.leaking.times(100),
                    "difference": worth.difference.times(100),
                    "images": worth.difference.n,
                }
            )
        )
    columns = [
        MODEL,
        Column("before", "before", ".1f"),
        Column("grouped", "grouped: none seen", ".1f"),
        Column("published", "published: all seen", ".1f"),
        Column("difference", "inflated by, points", "+.1f"),
        IMAGES,
    ]
    notes = (
        "Both trainings start from the same weights and see the same number of images. Top-1 is in percent, under"
        " corruption, on the source images that both test. Two other trainings would differ by another amount.",
    )
    return Table("finetune-leak", "How much the leak inflates accuracy", columns, rows, notes)


def by_corruption(done: Done) -> Table:
    """Points gained, a row for each corruption and a column for each fine-tuning."""
    every = _each(done)
    found = {variant for _, one in every for variant in one.variants}
    order = [v for members in FAMILIES.values() for v in members if v in found]
    rows = []
    for variant in order + sorted(found - set(order)):
        values: dict[str, Value] = {"corruption": spaced(variant), "family": family(variant) or None}
        for name, one in every:
            if variant in one.groups:
                values[f"{name}, {one.name}"] = one.gain(variant).difference.times(100)
        rows.append(Row(values))
    columns = [Column("corruption", "corruption"), Column("family", "family")]
    columns += [Column(f"{name}, {one.name}", f"{name}, {one.name}", "+.1f") for name, one in every]
    return Table("finetune-corruptions", "Points of top-1 gained, mean over severities", columns, rows)


def sentences(tuned: Sequence[Change]) -> list[str]:
    """Seen against unseen, and how much the leak inflates accuracy, for one model's fine-tunings."""
    said = []
    for one in tuned:
        if "unseen" in one.groups and "seen" in one.groups:
            parts = [
                (one.gain(group).difference.times(100), len(one.groups[group]))
                for group in ("seen", "unseen")
            ]
            (seen, n_seen), (other, n_other) = parts
            said.append(
                f"{one.name}: top-1 changes by {_points(seen)} under the {several(n_seen, 'condition')} trained on and"
                f" by {_points(other)} under the {n_other} left out"
            )
    worth = worth_of_leak(tuned)
    if isinstance(worth, str):
        said.append(f"how much the leak inflates accuracy cannot be computed: {worth}")
    elif worth is not None:
        leaking, honest, difference = (
            one.times(100) for one in (worth.leaking, worth.honest, worth.difference)
        )
        said.append(
            f"the leak inflates accuracy by {_points(difference)}{_perhaps(difference)}: published"
            f" {leaking.value:.1f}%, grouped {honest.value:.1f}%, on the {difference.n:,} images that both test"
        )
    return said


def _points(one: Estimate) -> str:
    return f"{points(one.value, signed=True)} ({between(one)})"


def _perhaps(one: Estimate) -> str:
    return "" if one.excludes_zero else ", which may be chance"


def _summary(one: Change) -> dict[str, Value]:
    corrupted, seen = one.gain("corrupted"), one.facts["leak"]
    clean = one.gain("clean") if "clean" in one.groups else None
    return {
        "name": one.name,
        "before": corrupted.before.times(100),
        "after": corrupted.after.times(100),
        "gain": corrupted.difference.times(100),
        "after_top5": one.gain("corrupted", "top5").after.times(100),
        "clean_before": clean.before.times(100) if clean else None,
        "clean_gain": clean.difference.times(100) if clean else None,
        "seen_images": 100 * seen["images"],
        "seen_rows": 100 * seen["rows"],
        "images": len(one.ids),
    }


def _published(name: str, theirs: Mapping[str, float]) -> dict[str, Value]:
    """The study's row, with the leak that its rows have: 4 of 5 rows, and every source image."""
    return {
        "model": f"{name}, published",
        "name": "published",
        "before": theirs["corrupted_top1"],
        "after": theirs["finetuned_top1"],
        "gain": theirs["finetuned_top1"] - theirs["corrupted_top1"],
        "after_top5": theirs["finetuned_top5"],
        "clean_before": theirs["test_top1"],
        "seen_images": 100.0,
        "seen_rows": 80.0,
        "images": 1000,
    }


def worth_of_leak(tuned: Sequence[Change]) -> Price | str | None:
    """The effect of the leak; why it cannot be computed; None unless both protocols were run."""
    named = {one.name: one for one in tuned}
    if not {"grouped", "published"} <= named.keys():
        return None
    return leak_price(leaking=named["published"], honest=named["grouped"])


def _each(done: Done) -> list[tuple[str, Change]]:
    return [(name, one) for name, tuned in done.items() for one in tuned]
