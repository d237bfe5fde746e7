"""The report's tables, each built from runs or a comparison of them; percentages in percent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any

import yaml
from rich import box
from rich import table as rich_table

from withstand.comparison import Comparison, compare
from withstand.conditions import CLEAN
from withstand.corruptions.names import BENCHMARK, CORRUPTIONS, FAMILIES, SEVERITIES
from withstand.report.table import Column, Row, Table, Value
from withstand.runs import Run, names
from withstand.statistics import Estimate, mean_over_conditions, wilson

_MODEL = Column("model", "model")
_IMAGES = Column("images", "images", ",d")


def terminal(runs: Sequence[Run]) -> rich_table.Table:
    """The table at the end of an evaluation: a row a model, the one that holds up best first."""
    together = compare(runs)
    source = corrupted(runs, together)
    columns = {column.key: replace(column, style=".1f") for column in source.columns}
    table = rich_table.Table(
        box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), title_justify="left", caption_justify="left"
    )
    datasets = ", ".join(dict.fromkeys(run.dataset for run in runs))
    images, conditions = len(together.ids), len(together.conditions)
    table.title = (
        f"{datasets}: top-1 (%) of {images:,} images, clean and under {conditions} corrupted conditions"
    )
    table.title_style = "bold"
    for heading in ("model", "clean", "corrupted", "drop", "worst"):
        left = heading in ("model", "worst")
        table.add_column(heading, justify="left" if left else "right", no_wrap=True)
    for row in source.rows:
        if row.origin == "published":
            continue
        model, clean, mean, drop, worst = (
            row.values.get(key) for key in ("model", "clean_top1", "corrupted_top1", "drop", "worst")
        )
        plus_minus = f" ± {clean.half_width:.1f}" if isinstance(clean, Estimate) else ""
        interval = f" ({columns['corrupted_top1'].interval(mean)})" if isinstance(mean, Estimate) else ""
        table.add_row(
            f"{model}{' *' if row.origin == 'apart' else ''}",
            columns["clean_top1"].text(clean) + plus_minus,
            columns["corrupted_top1"].text(mean) + interval,
            columns["drop"].text(drop),
            columns["worst"].text(worst),
            style="dim" if row.origin == "apart" else None,
        )
    apart = [f"* {one.what} does not compare with the others: {one.reason}" for one in together.left_out]
    table.caption = "\n".join(["± and brackets: 95% intervals over the source images", *apart])
    return table


def training(runs: Sequence[Run]) -> Table:
    """The study's first table: how training went, and the test on clean images."""
    rows = []
    for name, run in zip(names(runs), runs, strict=True):
        summary = run.summary
        values: dict[str, Value] = {
            "model": name,
            "val_top1": _share(summary.get("val_top1"), summary.get("n_val")),
            **{key: summary.get(key) for key in ("best_epoch", "epochs", "n_train", "n_val")},
            **_test(run),
        }
        rows += _with_published(run, Row(values))
    columns = [
        _MODEL,
        Column("val_top1", "validation top-1", ".2f"),
        Column("best_epoch", "best epoch", "d"),
        Column("epochs", "of epochs", "d"),
        Column("test_loss", "test loss", ".4f"),
        Column("test_top1", "test top-1", ".2f"),
        Column("test_top5", "test top-5", ".2f"),
        Column("n_train", "n train", ",d"),
        Column("n_val", "n validation", ",d"),
        Column("images", "n test", ",d"),
    ]
    return Table("training", "Training, and the test on clean images", columns, rows)


def corrupted(runs: Sequence[Run], together: Comparison) -> Table:
    """The study's second table: means over the corrupted conditions. Runs that do not compare stand apart, last."""
    called = dict(zip(names(runs), runs, strict=True))
    rows = []
    for name in (*together.ranking, *(name for name in called if name not in together.names)):
        run = called[name]
        origin = "ours" if name in together.names else "apart"
        comparison = together if origin == "ours" else compare([run])
        # A comparison of one run calls it by its model.
        own = name if origin == "ours" else run.model
        rows += _with_published(run, Row({**_means(comparison, own), "model": name}, origin))
    columns = [
        _MODEL,
        Column("clean_top1", "clean top-1", ".2f"),
        Column("corrupted_top1", "corrupted top-1", ".2f"),
        Column("corrupted_top5", "corrupted top-5", ".2f"),
        Column("benchmark_top1", "mean-15 top-1", ".2f"),
        Column("benchmark_top5", "mean-15 top-5", ".2f"),
        Column("drop", "drop", ".1f"),
        Column("worst", "worst"),
        Column("conditions", "conditions", "d"),
        _IMAGES,
    ]
    return Table("corrupted", "Accuracy under corruption", columns, rows)


def pairs(together: Comparison) -> Table:
    """Every two models on the same images; the intervals hold for all pairs at once."""
    rows = []
    for pair in together.pairs:
        values: dict[str, Value] = {
            "better": pair.better,
            "other": pair.other,
            "difference": pair.corrupted.times(100),
            "verdict": "ahead" if pair.corrupted.excludes_zero else "not told apart",
            "images": len(together.ids),
        }
        if pair.clean is not None:
            values |= {
                "clean_difference": pair.clean.difference.times(100),
                "only_better": pair.clean.only_a,
                "only_other": pair.clean.only_b,
                "p": pair.clean.p,
            }
        rows.append(Row(values))
    columns = [
        Column("better", "model"),
        Column("other", "compared with"),
        Column("difference", "corrupted top-1, points", "+.1f"),
        Column("verdict", "verdict"),
        Column("clean_difference", "clean top-1, points", "+.1f"),
        Column("only_better", "only the first right", ",d"),
        Column("only_other", "only the second right", ",d"),
        Column("p", "McNemar p, clean", "p"),
        _IMAGES,
    ]
    return Table("pairs", "Model against model, on the same images", columns, rows)


def severities(together: Comparison) -> Table:
    """Top-1 by severity."""
    groups = {"clean": "clean"} if together.clean else {}
    groups |= {f"severity-{severity}": f"severity {severity}" for severity in together.severities}
    return _by_group(together, "severity", "Top-1 by severity", groups)


def families(together: Comparison) -> Table:
    """Top-1 by family of corruptions."""
    return _by_group(
        together,
        "families",
        "Top-1 by family of corruptions",
        {family: family for family in FAMILIES if family in together.groups},
    )


def corruptions(together: Comparison) -> Table:
    """Top-1 by corruption, a row a corruption and a column a model."""
    rows = []
    for variant in variants(together):
        family = next((name for name, members in FAMILIES.items() if variant in members), None)
        accuracies = {name: together.accuracy(name, variant).times(100) for name in together.ranking}
        rows.append(Row({"corruption": spaced(variant), "family": family, **accuracies}))
    columns = [Column("corruption", "corruption"), Column("family", "family")]
    columns += [Column(name, name, ".1f") for name in together.ranking]
    return Table("corruptions", "Top-1 by corruption, mean over severities", columns, rows)


def variants(together: Comparison) -> list[str]:
    """The corruptions that were evaluated: by family, others after them."""
    found = {condition.variant for condition in together.conditions}
    known = [name for members in FAMILIES.values() for name in members if name in found]
    return known + sorted(found - set(known))


def spaced(name: str) -> str:
    """A corruption's name as people write it."""
    return name.replace("jpeg", "JPEG").replace("_", " ")


@cache
def published() -> dict[str, Any]:
    """What the study published, by dataset and model."""
    content: dict[str, Any] = yaml.safe_load(
        resources.files("withstand.report").joinpath("published.yaml").read_text(encoding="utf-8")
    )
    return content


def _by_group(together: Comparison, name: str, title: str, groups: dict[str, str]) -> Table:
    rows = [
        Row(
            {
                "model": model,
                **{group: together.accuracy(model, group).times(100) for group in groups},
                "images": len(together.ids),
            }
        )
        for model in together.ranking
    ]
    columns = [_MODEL, *(Column(group, heading, ".1f") for group, heading in groups.items()), _IMAGES]
    return Table(name, title, columns, rows)


def _test(run: Run) -> dict[str, Value]:
    """The test on clean images: from the predictions, or as the summary has it where they are gone."""
    if CLEAN not in run.files:
        test = run.summary.get("test") or {}
        n = test.get("n")
        shares = {f"test_{key}": _share(test.get(key), n) for key in ("top1", "top5")}
        return {"test_loss": test.get("loss"), **shares, "images": n}
    n = len(run.scores.ids)
    right = {key: int(run.scores.of(key, [CLEAN]).sum()) for key in ("top1", "top5")}
    return {
        "test_loss": mean_over_conditions(run.scores.of("nll", [CLEAN])),
        **{f"test_{key}": wilson(count, n).times(100) for key, count in right.items()},
        "images": n,
    }


def _means(comparison: Comparison, name: str) -> dict[str, Value]:
    values: dict[str, Value] = {"conditions": len(comparison.conditions), "images": len(comparison.ids)}
    if comparison.clean:
        values["clean_top1"] = comparison.accuracy(name, "clean").times(100)
    if comparison.conditions:
        values["corrupted_top1"] = comparison.accuracy(name, "corrupted").times(100)
        values["corrupted_top5"] = comparison.accuracy(name, "corrupted", "top5").times(100)
        values["worst"] = spaced(comparison.worst(name))
    # A mean-15 over fewer than the 15 would be another number under the same name.
    if len(comparison.groups.get("benchmark", ())) == len(BENCHMARK) * len(SEVERITIES):
        values["benchmark_top1"] = comparison.accuracy(name, "benchmark").times(100)
        values["benchmark_top5"] = comparison.accuracy(name, "benchmark", "top5").times(100)
    if comparison.clean and comparison.conditions:
        values["drop"] = comparison.drop(name).times(100)
    return values


def _share(percent: float | None, n: int | None) -> Value:
    """A percentage with the interval that ``n`` images give it."""
    return wilson(round(percent / 100 * n), n).times(100) if percent is not None and n else percent


def _with_published(run: Run, row: Row) -> list[Row]:
    """The row, and what the study published for it directly under it."""
    theirs = published().get(run.dataset, {}).get(run.model)
    if theirs is None:
        return [row]
    values = {
        **theirs,
        "model": f"{run.model}, published",
        "clean_top1": theirs["test_top1"],
        "drop": theirs["test_top1"] - theirs["corrupted_top1"],
        "conditions": len(CORRUPTIONS) * len(SEVERITIES),
        "images": 10_000,
    }
    return [row, Row(values, "published")]
