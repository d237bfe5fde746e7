"""The claims in the report: what is said of each, in every form, and what is not answered."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from tests.report.conftest import SOME, MakeContext, MakeRun

from withstand import report
from withstand.analysis.hypotheses import answer, load
from withstand.report.sections import hypotheses
from withstand.results.reading import load_runs

CLAIM = "Transformers withstand corruption better than CNNs, pretraining equal"
CNN, VIT = "resnet50", "vit_small"


@pytest.mark.parametrize(("skill", "verdict"), [(4.0, "supported"), (0.5, "refuted"), (2.0, "not decided")])
def test_a_claim_has_its_verdict_effect_n_and_p(
    make_context: MakeContext, skill: float, verdict: str
) -> None:
    context = make_context({VIT: {"skill": skill, "made": {"image_size": 224}}, CNN: {"skill": 2.0}}, n=200)
    section = hypotheses.section(context)
    assert section is not None
    (found,) = section.findings
    assert (found.claim, found.verdict) == (CLAIM, verdict)
    (one,) = (a for a in answer(list(context.runs.values()), load()) if a.effect)
    assert one.effect is not None and one.p_holm is not None
    effect = f"{100 * one.effect.value:+.1f}".replace("-", "−")
    assert found.sentences[0].startswith(f"Top-1 under corruption, vit_small − resnet50: {effect} points (")
    assert "on 200 images; p" in found.sentences[0]
    said = " ".join(found.sentences)
    assert "Possible confounders: resolution (224 against 32)" in said
    assert ("may be chance" in said) == (verdict == "not decided")
    (row,) = section.tables[0].rows
    assert row.values["top1"] == one.effect.times(100)
    assert (row.values["p_holm"], row.values["images"], row.values["verdict"]) == (one.p_holm, 200, verdict)


def test_claims_without_data_take_a_line_each_among_what_was_left_out(make_context: MakeContext) -> None:
    section = hypotheses.section(make_context({VIT: {}, CNN: {}}))
    assert section is not None
    assert f"There are no data here for {len(load()) - 1} claims" in section.lead
    assert len(section.left_out) == len(load()) - 1
    assert all(len(f"{one.what}: {one.reason}") < 160 for one in section.left_out)
    assert "no run was fine-tuned" in {one.reason for one in section.left_out}
    alone = hypotheses.section(make_context({CNN: {}}, root="alone"))
    assert alone is not None and not alone.shows
    assert len(alone.left_out) == len(load())


def test_several_pairs_have_a_row_each_and_who_is_left_out_is_named(make_context: MakeContext) -> None:
    pretrained: dict[str, Any] = {"pretrained": True, "tag": "a1_in1k"}
    models = {
        VIT: {"skill": 4.0},
        "vit_tiny": {"skill": 4.0},
        CNN: {},
        "resnet18": {"model_config": pretrained},
    }
    section = hypotheses.section(make_context(models))
    assert section is not None
    (found,) = (one for one in section.findings if one.claim == CLAIM)
    assert "mean of 2 pairs" in found.sentences[0]
    assert any(
        s.startswith("Left out: resnet18: the other side has no") and "ImageNet-1k" in s
        for s in found.sentences
    )
    rows = [row for row in section.tables[0].rows if row.values["claim"] == CLAIM]
    assert {row.values["pair"] for row in rows} == {"mean of 2 pairs", f"{VIT} − {CNN}", f"vit_tiny − {CNN}"}
    assert "simultaneous" in section.tables[0].notes[0]


def test_a_claim_that_rests_on_a_sample_is_marked(make_context: MakeContext) -> None:
    section = hypotheses.section(make_context({VIT: {"sample": 20}, CNN: {}}))
    assert section is not None
    assert section.findings[0].verdict.endswith(" †")
    assert "sample" in section.findings[0].sentences[-1]
    assert str(section.tables[0].rows[0].values["verdict"]).endswith(" †")
    assert any("sample" in note for note in section.tables[0].notes)


def test_html_markdown_latex_and_csv_all_have_it(make_run: MakeRun, tmp_path: Path) -> None:
    folder = make_run(VIT, skill=4.0, conditions=SOME, sheet=False)
    make_run(CNN, conditions=SOME, sheet=False)
    page = report.write(load_runs(folder.parent), tmp_path / "report")
    html, text = page.read_text(), page.with_name("report.md").read_text()
    assert '<dt class="supported">supported<small>for these two trainings</small></dt>' in html
    start = f"- **supported (for these two trainings): {CLAIM}**. Top-1 under corruption, {VIT} − {CNN}: +"
    assert start in text
    assert html.index('<section id="hypotheses">') < html.index('<section id="results">')
    latex = (page.parent / "tables" / "hypotheses.tex").read_text()
    assert CLAIM in latex and r"vit\_small $-$ resnet50" in latex
    with (page.parent / "tables" / "hypotheses.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["claim"], row["verdict"], row["images"]) == (CLAIM, "supported", "60")
    assert float(row["top1_low"]) < float(row["top1"]) < float(row["top1_high"])


def test_a_setting_that_only_looks_like_a_number_is_said_as_it_is() -> None:
    assert [hypotheses._number(one) for one in ("²", "1200", "None")] == ["²", "1,200", "not on record"]
