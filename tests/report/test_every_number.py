"""Every number of the report of a small real study, against ``recompute``, which knows the files and nothing else.

What comes from a random draw or an approximation has a tolerance that says so; all else is exact.
"""

from __future__ import annotations

import csv
import re
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.report import sentences
from tests.report.read_page import read
from tests.report.recompute_rest import CLEAN, Report, keys

from withstand.cli import main
from withstand.datasets.shapes import CLASSES, draw

MODELS, SEEDS = ("small_cnn", "small_vit"), (42, 1)
SIZES = {
    "small_cnn": ["model.image_size=16"],
    "small_vit": ["model.image_size=16", "model.args.img_size=16", "model.args.embed_dim=64"],
}
ROUNDED = 1e-7  # values are kept in single precision
SMALL = 1e-5  # points of an ECE: its confidences too, and it is a small remainder of large sums
END = 0.01  # of an interval's width: the package approximates a tail to a per cent of it
DRAWN = 0.02  # the same where the level of the interval is drawn
WORDS = {"scope", "differs", "left_out"}  # of claims: no numbers of the predictions


pytestmark = pytest.mark.xdist_group("every number")  # what they share takes long to make

again = cache(Report)
"""The runs of a folder and, under ``tables``, what their report must say."""


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models, trained twice on photographs of drawn shapes; ``one`` has the first trainings alone, ``all`` all."""
    root = tmp_path_factory.mktemp("study")
    for part, n, first in (("train", 300, 0), ("test", 60, 10_000_000)):
        drawn = draw(first + np.arange(n), seed=5, size=16, correlation=1.0)
        for row, (image, label) in enumerate(zip(drawn.images, drawn.labels, strict=True)):
            path = root / "photos" / part / CLASSES[label] / f"{row:04d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)
    words = [f"dataset.folder={root / 'photos'}", f"dataset.num_classes={len(CLASSES)}", "dataset.size=16"]
    words += [
        "dataset=folder",
        f"paths.data={root}",
        "threads=1",
        "shift.corruptions=benchmark",
        "shift.severities=[1,3,5]",
        "shift.seed=42",
    ]
    assert main(["experiment=corrupt", *words]) == 0
    for seed in SEEDS:
        for model in MODELS:
            own = ["experiment=study", f"model={model}", *SIZES[model], "train.epochs=3", f"seed={seed}"]
            assert main([*own, *words, f"paths.checkpoints={root / f'seed{seed}'}"]) == 0
    shutil.copytree(root / f"seed{SEEDS[0]}", root / "one")
    shutil.copytree(root / "one", root / "all")
    for model in MODELS:
        shutil.copytree(root / f"seed{SEEDS[1]}/{model}_photos", root / f"all/{model}_photos-seed{SEEDS[1]}")
    for runs in ("one", "all"):
        where = [f"paths.checkpoints={root / runs}", f"paths.reports={root / 'reports' / runs}"]
        assert main(["experiment=report", "dataset=folder", words[0], *where]) == 0
    return root


@pytest.mark.parametrize("runs", ["one", "all"])
def test_every_number_of_the_tables(study: Path, runs: str) -> None:
    expected = again(study / runs).tables
    written = {path.stem: rows(path) for path in (study / "reports" / runs / "photos/tables").glob("*.csv")}
    assert written.keys() == expected.keys(), "a table is not known, or is gone"
    for name, found in written.items():
        keys = [row_key(name, row) for row in found]
        assert len(set(keys)) == len(keys) and set(keys) == set(expected[name]), f"{name}: other rows"
        for key, row in zip(keys, found, strict=True):
            compare(name, key, row, expected[name][key])


@pytest.mark.parametrize("runs", ["one", "all"])
def test_every_number_of_the_first_screen(study: Path, runs: str) -> None:
    page, report = read(study / "reports" / runs / "photos/report.html"), again(study / runs)
    expected = report.tables
    check_verdict(page.texts["h1"][0], page.texts["verdict"], expected, report)
    by_name = {key[0]: row for key, row in expected["corrupted"].items()}
    cards = list(zip(page.texts["card"], page.cards, strict=True))
    assert {name for name, _ in cards} == set(by_name)
    for name, numbers in cards:
        row = by_name[name]
        worst = expected["corruptions"][(row["worst"],)][name]
        for estimate in (row["corrupted_top1"], row["clean_top1"], row["drop"], worst):
            shown, numbers = numbers[:3], numbers[3:]
            for text, value in zip(shown, estimate, strict=True):
                assert abs(sentences.number(text) - value) <= 0.05 + END * (estimate[2] - estimate[1]), name
        assert not numbers


@pytest.mark.parametrize("runs", ["one", "all"])
def test_every_number_of_the_sentences_below(study: Path, runs: str) -> None:
    page, report = read(study / "reports" / runs / "photos/report.html"), again(study / runs)
    ((key, row),) = report.tables["hypotheses"].items()
    said = {one.kind: one for one in sentences.read_all(page.texts["finding"], sentences.FINDING)}
    assert said["effect"]["who"] == key[1] and int(said["effect"]["images"]) == report.n
    assert said["effect"].number("p") == pytest.approx(row["p_holm"], rel=0.05)
    near(said["effect"], row["top1"])
    near(said["beside"], row["clean"])
    near(said["beside"], row["drop"], "drop", "drop_low", "drop_high")
    leads = " ".join(page.texts["lead"])
    lost = sum(one["lost"] for one in report.tables["lost"].values())
    assert f"{lost:,} of {report.n * len(report.variants):,} pairs of an image and a corruption" in leads
    conditions = f"{len(report.variants)} corruptions × {len(report.severities)} severities"
    assert f"Means over {conditions}, on the same {report.n:,} source images" in leads


@pytest.mark.parametrize("runs", ["one", "all"])
def test_the_page_shows_the_numbers_of_the_tables(study: Path, runs: str) -> None:
    page = read(study / "reports" / runs / "photos/report.html")
    folder = study / "reports" / runs / "photos/tables"
    assert set(page.tables) == {path.stem for path in folder.glob("*.csv")} - {"conditions"}
    for name, shown in page.tables.items():
        written = rows(folder / f"{name}.csv")
        assert len(shown) == len(written)
        for cells, row in zip(shown, written, strict=True):
            columns = [c for c in row if not c.endswith(("_low", "_high")) and c != "origin"]
            assert len(cells) == len(columns), f"{name}: {cells}"
            for (text, interval), column in zip(cells, columns, strict=True):
                wanted = [row[column]]
                if interval:
                    wanted += [row[f"{column}_low"], row[f"{column}_high"]]
                said = [text, *re.split(" to |–(?=[−\\d∞])", interval)] if interval else [text]
                assert len(said) == len(wanted), f"{name}, {column}: {text} ({interval})"
                for one, number in zip(said, wanted, strict=True):
                    assert same(one, number), f"{name}, {column}: {one} for {number}"


def compare(table: str, key: tuple[str, ...], row: dict[str, str], expected: dict[str, Any]) -> None:
    """A row of a table, cell by cell; a column that is not known is an error."""
    for column, text in row.items():
        if column == "origin" or column in WORDS or (column in keys(table) and column not in expected):
            continue
        assert table != "conditions" or not text.startswith("-"), f"{column} is {text}: no metric is below 0"
        base = column if column in expected else re.sub("_(low|high)$", "", column)
        where = f"{table}, {key}, {column}"
        if not text:  # no mean-15 where frost could not be made
            assert base not in expected, where
            continue
        assert base in expected, f"{where}: nobody has worked this out again"
        wanted = expected[base]
        if isinstance(wanted, str):
            assert text == wanted, where
        elif base in ("p", "p_holm"):
            assert float(text) == pytest.approx(wanted, rel=0.02, abs=1e-6), where
        elif column in ("needed", "shows") or column.startswith(
            "at_"
        ):  # by the normal distribution, to two digits
            assert 0.9 * wanted <= float(text) <= 1.3 * wanted + 30, where
        elif column == base:
            value = wanted[0] if np.ndim(wanted) else wanted
            allowed = SMALL if "ece" in base else ROUNDED
            assert float(text) == pytest.approx(value, rel=ROUNDED, abs=allowed), where
        else:
            _, low, high = wanted
            allowed = (high - low) * (DRAWN if table == "pairs" else END)
            end = low if column.endswith("_low") else high
            assert float(text) == pytest.approx(end, abs=allowed + ROUNDED), where
    shown = {re.sub("_(low|high)$", "", column) for column in row} | set(row)
    assert set(expected) <= shown, f"{table}, {key}: {set(expected) - shown} are not written"


def check_verdict(headline: str, said: list[str], expected: dict[str, Any], report: Report) -> None:
    """The headline and each sentence under it, against the tables worked out again."""
    corrupted, pairs = expected["corrupted"], expected["pairs"]
    first = sentences.read(headline, sentences.HEADLINES)
    for one in sentences.read_all(said):
        if one.kind == "seeds":
            assert one["model"] == first["model"] and int(one["images"]) == report.n
            near(one, expected["seeds"][(one["model"],)]["corrupted"])
            pairs = expected["seeds-pairs"]
        elif one.kind == "mean":
            assert one["model"] == first["model"] and int(one["images"]) == report.n
            assert int(one["conditions"]) == len(report.shifted)
            near(one, corrupted[(one["model"],)]["corrupted_top1"])
        elif one.kind in ("above", "ahead"):
            near(one, pairs[one["model"], one["other"]]["difference"])
            assert (one.number("low") > 0) == (one.kind == "ahead")
            if one.words.get("needed"):
                assert one.number("needed") >= 0.9 * pairs[one["model"], one["other"]]["needed"]
        elif one.kind == "clean":
            a, b = (report.runs[one[who]].of([CLEAN]) for who in ("model", "other"))
            assert sentences.shown(one["value"], 100 * float((a - b).mean())) and one.number("low") > 0
        elif one.kind == "steadier":
            lost = [
                (r.of([CLEAN]) - r.of(report.shifted)).mean()
                for r in (report.runs[one[who]] for who in ("other", "model"))
            ]
            assert sentences.shown(one["value"], 100 * float(lost[0] - lost[1])) and one.number("low") > 0
        elif one.kind == "worst":
            assert all(row["worst"] == one["variant"] for row in corrupted.values())
            near(one, expected["corruptions"][(one["variant"],)][one["model"]])
        else:
            assert one.kind == "rest", one


def near(
    said: sentences.Said, wanted: Any, value: str = "value", low: str = "low", high: str = "high"
) -> None:
    allowed = 0.05 + DRAWN * (wanted[2] - wanted[1])
    assert sentences.shown(said[value], wanted[0])
    assert abs(said.number(low) - wanted[1]) <= allowed and abs(said.number(high) - wanted[2]) <= allowed


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def row_key(table: str, row: dict[str, str]) -> tuple[str, ...]:
    return tuple(row[column] for column in keys(table))


def same(text: str, written: str) -> bool:
    """Whether a cell shows what the CSV has, rounded."""
    if text == "–":
        return written in ("", "nan")
    if text.startswith("< "):
        return float(written) < sentences.number(text[2:])
    try:
        value = float(written)
    except ValueError:
        return text == written
    number, digits = sentences.number(text), len(text.partition(".")[2].partition("e")[0])
    return bool(np.isclose(number, value, atol=0.5001 * 10.0**-digits, rtol=0.05 if "e" in text else 0))
