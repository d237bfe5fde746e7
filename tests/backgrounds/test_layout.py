"""The release's layout is read as it is, in both trees, and whatever is wrong with it is one clear line."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from withstand.backgrounds import layout
from withstand.base.errors import UserError
from withstand.config.composing import compose
from withstand.datasets import load, worlds

from .conftest import CLASSES, PER_CLASS


def configured(root, *more):
    return compose(
        [
            "dataset=imagenet9",
            "model=small_cnn",
            f"dataset.folder={root}",
            "dataset.num_classes=3",
            "dataset.size=32",
            *more,
        ]
    )


def message(call):
    with pytest.raises(UserError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_variant_shows_the_same_foregrounds_in_the_same_order(challenge):
    found = layout.read(challenge, None, 3)
    assert found.classes == ("dog", "fish", "wheeled vehicle")  # folders are numbered by name
    assert len(found.names) == len(CLASSES) * PER_CLASS and len(found.files) == 8
    for variant, files in found.files.items():
        for label, name, file in zip(found.labels, found.names, files, strict=True):
            assert file.parent.name == found.folders[label] and name in file.name and variant in file.parts
            assert file.name.startswith("fg_") == variant.startswith("mixed")


def test_with_and_without_val_it_is_the_same(challenge):
    before = worlds.load(configured(challenge))
    for variant in before.variants:
        for folder in (challenge / variant / "val").iterdir():
            shutil.move(folder, challenge / variant)
        (challenge / variant / "val").rmdir()
    after = worlds.load(configured(challenge))
    assert np.array_equal(before.ids, after.ids)
    assert {v: w.digest for v, w in before.variants.items()} == {
        v: w.digest for v, w in after.variants.items()
    }


def test_ids_are_of_the_name_alone(challenge):
    everything = layout.read(challenge, None, 3).ids
    first = next((challenge / "original" / "val" / "00_dog").iterdir())
    first.unlink()
    # A set with one foreground fewer keeps the ids of the others.
    assert set(layout.read(challenge, ("original",), 3).ids) < set(everything)
    assert layout.identity("00_dog", "a") != layout.identity("01_bird", "a")


def test_a_missing_folder_says_what_to_put_there(tmp_path):
    said = message(lambda: layout.read(tmp_path / "nothing", None, 9))
    assert "bg_challenge" in said and "dataset.folder=" in said


def test_a_missing_variant_is_named(challenge):
    shutil.rmtree(challenge / "mixed_rand")
    said = message(lambda: layout.read(challenge, None, 3))
    assert "variant 'mixed_rand' is missing" in said and "mixed_same" in said
    assert set(layout.read(challenge, ("original", "only_fg"), 3).files) == {"original", "only_fg"}


def test_a_variant_beyond_the_four_may_be_absent(challenge):
    shutil.rmtree(challenge / "no_fg")
    assert "no_fg" not in layout.read(challenge, None, 3).files
    assert "'no_fg' is missing" in message(lambda: layout.read(challenge, ("original", "no_fg"), 3))


def test_a_class_folder_too_many(challenge):
    (challenge / "original" / "val" / "03_ghost").mkdir()
    said = message(lambda: layout.read(challenge, None, 3))
    assert "has 4 class folders" in said and "03_ghost" in said and "not 3" in said


def test_a_class_folder_too_many_in_one_variant(challenge):
    (challenge / "only_fg" / "val" / "03_ghost").mkdir()
    assert "'03_ghost' is not in original" in message(lambda: layout.read(challenge, None, 3))


def test_other_files_than_the_original(challenge):
    gone = next((challenge / "only_fg" / "val" / "01_fish").iterdir())
    gone.rename(gone.with_name("stranger.JPEG"))
    said = message(lambda: layout.read(challenge, None, 3))
    assert "lacks 1 of 24" in said and gone.stem in said and "has 1 that original lacks (stranger)" in said


def test_a_foreground_shown_twice(challenge):
    one = next((challenge / "mixed_same" / "val" / "00_dog").iterdir())
    shutil.copy(one, one.with_name(one.name.split("_bg_")[0] + "_bg_other_1.JPEG"))
    assert "twice" in message(lambda: layout.read(challenge, None, 3))


def test_damaged_images_are_counted_and_left_out_only_if_asked(challenge):
    for variant, name in (("only_fg", "00_dog"), ("mixed_rand", "01_fish")):
        file = sorted((challenge / variant / "val" / name).iterdir())[2]
        file.write_bytes(file.read_bytes()[:300])
    said = message(lambda: worlds.load(configured(challenge)))
    assert said.startswith("2 of 192 images cannot be decoded") and "dataset.skip_damaged=true" in said
    assert "only_fg" in said and "mixed_rand" in said
    left = worlds.load(configured(challenge, "dataset.skip_damaged=true"))
    assert len(left) == 22 and any("2 of 24 foregrounds are left out" in note for note in left.notes)
    whole = np.array(Image.open(layout.read(challenge, None, 3).files["original"][0]).convert("RGB"))
    assert np.array_equal(left.of("original").images[0], whole)
    # Every variant still shows the same foreground at the same place.
    for variant in left.variants:
        assert np.array_equal(left.of(variant).ids, left.ids)


def test_as_a_plain_data_set_its_sides_share_no_foreground(challenge):
    found = load(configured(challenge))
    assert not set(found.train.ids.tolist()) & set(found.test.ids.tolist())
    assert len(found.train) + len(found.test) == 24
    held_out = worlds.load(configured(challenge))
    assert set(held_out.ids[held_out.held_out]) == set(found.test.ids)


def test_training_images_of_ones_own_are_used_and_may_hold_no_test_image(challenge):
    for folder in (challenge / "original" / "val").iterdir():
        own = challenge / "original" / "train" / folder.name
        own.mkdir(parents=True)
        for number in range(3):
            Image.new("RGB", (50, 40), "blue").save(own / f"mine_{number}.JPEG")
    found = load(configured(challenge))
    assert (len(found.train), len(found.test)) == (9, 24)
    assert worlds.load(configured(challenge)).held_out.all()
    shared = next((challenge / "original" / "val" / "00_dog").iterdir())
    shutil.copy(shared, challenge / "original" / "train" / "00_dog")
    assert "holds 1 of the test images" in message(lambda: load(configured(challenge)))


def test_limits_take_the_same_foregrounds_from_every_variant(challenge):
    found = worlds.load(configured(challenge, "dataset.test_limit=10"))
    assert len(found) == 10
    assert all(np.array_equal(found.of(v).ids, found.ids) for v in found.variants)
    assert "more than the 24" in message(lambda: worlds.load(configured(challenge, "dataset.test_limit=25")))


def test_settings_that_do_not_exist(challenge):
    assert "did you mean 'mixed_rand'" in message(
        lambda: worlds.load(configured(challenge, "background.variants=[mixed_random]"))
    )
    assert "known apart" in message(lambda: worlds.load(compose(["dataset=cifar10", "model=small_cnn"])))


def test_a_damaged_manifest(challenge):
    (challenge / "manifest.json").write_text(json.dumps({"backgrounds": 3}))
    assert "is damaged" in message(lambda: worlds.load(configured(challenge)))
