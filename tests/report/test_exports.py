"""Runs in other people's forms, read by what reads them: pandas as timm's script does, and the Hub's model card."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from tests.report.conftest import SOME, write_run

from withstand.analysis.comparison import compare
from withstand.base.errors import UserError
from withstand.corruptions.names import BENCHMARK, SEVERITIES
from withstand.report import exports
from withstand.results.conditions import CLEAN, Condition
from withstand.results.reading import load_run

FEW = tuple(one for one in SOME if one.variant in ("clean", "fog", "snow"))
WHOLE = (CLEAN, *(Condition("corruption", name, severity) for name in BENCHMARK for severity in SEVERITIES))


def run(root, name, **settings):
    return load_run(write_run(root, name, sheet=False, **({"conditions": FEW, "n": 80} | settings)))


def test_timms_script_reads_sorts_and_compares_the_tables(tmp_path):
    config = {"crop": 0.875, "interpolation": "bicubic"}
    runs = [run(tmp_path, "poor", skill=1.0), run(tmp_path, "able", skill=3.0, model_config=config)]
    files, left_out = exports.write(runs, ["timm"], tmp_path / "to")
    assert [one.name for one in files] == ["results-shapes.csv", "results-shapes-corruption.csv"] or [
        one.name for one in files
    ] == ["results-shapes-corruption.csv", "results-shapes.csv"]
    assert not left_out
    base, test = (
        pd.read_csv(tmp_path / "to" / name)
        for name in ("results-shapes.csv", "results-shapes-corruption.csv")
    )
    for table in (base, test):
        assert tuple(table.columns) == exports.TIMM and table["model"].tolist() == ["able", "poor"]
        assert table["param_count"].map("{:,.2f}".format).tolist() == ["1.23", "1.23"]
        assert (table["top1"] + table["top1_err"] - 100).abs().max() < 1e-9
        assert table.sort_values(
            ["top1", "top5", "model"], ascending=[False, False, True]
        ).index.tolist() == [0, 1]
    assert (base["crop_pct"][0], base["interpolation"][0], base["img_size"][0]) == (0.875, "bicubic", 32)
    together = compare(runs)
    for table, group in ((base, "clean"), (test, "corrupted")):
        for metric in ("top1", "top5"):
            expected = 100 * together.accuracy("able", group, metric).value
            assert table[metric][0] == pytest.approx(expected, abs=6e-4)


def test_robustbenchs_record_is_over_the_15_corruptions_of_its_data_sets(tmp_path):
    whole = run(
        tmp_path, "whole", dataset="cifar10", conditions=WHOLE, model_config={"corpus": "ImageNet-1k"}
    )
    some = run(tmp_path, "some", dataset="cifar10")
    [file], [left] = exports.write([whole, some], ["robustbench"], tmp_path / "to")
    assert file.relative_to(tmp_path / "to").as_posix() == "model_info/cifar10/corruptions/whole.json"
    said = json.loads(file.read_text())
    assert {"link", "name", "authors", "additional_data", "number_forward_passes", "dataset", "venue"} <= set(
        said
    )
    assert {"architecture", "eps", "clean_acc", "reported", "corruptions_acc", "footnote"} <= set(said)
    shares = [compare(whole).accuracy("whole", group).value for group in ("clean", "benchmark")]
    assert [said["clean_acc"], said["corruptions_acc"]] == [f"{100 * one:.2f}" for one in shares]
    assert (said["additional_data"], said["authors"], said["number_forward_passes"]) == (True, None, 1)
    assert left.what == "some for RobustBench" and "71 are missing" in left.reason
    [sampled] = exports.write(
        [run(tmp_path, "s", dataset="cifar10", conditions=WHOLE, sample=30)], ["robustbench"], tmp_path
    )[1]
    assert "a sample" in sampled.reason
    [other] = exports.write([run(tmp_path, "o")], ["robustbench"], tmp_path)[1]
    assert "no data set shapes" in other.reason


@pytest.mark.parametrize("dataset", ["cifar10", "photos of mine"])
def test_the_hubs_card_reads_the_index_and_gives_every_number_back(tmp_path, dataset):
    hub = pytest.importorskip("huggingface_hub")
    found = run(tmp_path, "vit", dataset=dataset, folder="vit")
    [file], _ = exports.write([found], ["model_index"], tmp_path / "to")
    card = hub.ModelCard.load(file)
    assert card.data.model_name == "vit"
    results = {(one.dataset_config, one.metric_type): one for one in card.data.eval_results}
    assert len(results) == len(card.data.eval_results) == 4
    together = compare(found)
    for part, group in ((None, "clean"), ("corruption", "corrupted")):
        for metric, kind in (("top1", "accuracy"), ("top5", "top-5-accuracy")):
            one = results[part, kind]
            assert one.metric_value == pytest.approx(together.accuracy("vit", group, metric).value, abs=1e-6)
            assert (one.task_type, one.dataset_split) == ("image-classification", "test")
            assert "95% interval" in one.metric_name
    again = hub.ModelCardData(model_name="vit", eval_results=card.data.eval_results)
    assert again.to_dict()["model-index"] == exports.model_index(exports.Exported("vit", found))


def test_a_form_that_is_none_is_refused():
    with pytest.raises(UserError, match="did you mean 'timm'"):
        exports.check(["tim"])
    with pytest.raises(UserError, match="names no form"):
        exports.check([])
