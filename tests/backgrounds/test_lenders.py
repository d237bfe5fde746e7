"""Whose background a picture shows: by manifest, by names, and by pixels where names cannot be trusted."""

import numpy as np

from withstand.backgrounds.layout import read
from withstand.datasets import worlds

from .test_layout import configured


def test_the_manifest_says_it(challenge):
    found = worlds.load(configured(challenge))
    names = read(challenge, None, 3)
    labels, ids = found.labels, found.ids
    assert np.array_equal(found.variants["original"].background, labels)
    assert (found.variants["only_fg"].background == -1).all()
    assert np.array_equal(found.variants["mixed_same"].background, labels)
    assert np.array_equal(found.variants["mixed_next"].background, (labels + 1) % 3)
    at = {name: row for row, name in enumerate(names.names)}
    for variant in ("mixed_same", "mixed_rand", "mixed_next"):
        world = found.variants[variant]
        for row, file in enumerate(names.files[variant]):
            lender = at[file.stem.split("_bg_")[1]]
            assert world.lenders[row] == ids[lender] and world.background[row] == labels[lender]


def test_without_a_manifest_names_say_the_same(challenge):
    said = worlds.load(configured(challenge))
    (challenge / "manifest.json").unlink()
    read_ = worlds.load(configured(challenge))
    for variant in said.variants:
        assert np.array_equal(said.variants[variant].background, read_.variants[variant].background), variant
        assert np.array_equal(said.variants[variant].lenders, read_.variants[variant].lenders), variant


def test_names_of_mixed_next_on_mixed_rand_are_not_believed(challenge):
    """As in the release: the pixels tell whose background it is, and a note says so."""
    said = worlds.load(configured(challenge))
    (challenge / "manifest.json").unlink()
    names = read(challenge, None, 3)
    for rand, following in zip(names.files["mixed_rand"], names.files["mixed_next"], strict=True):
        rand.rename(rand.with_name(following.name))
    found = worlds.load(configured(challenge))
    truth, seen = said.variants["mixed_rand"], found.variants["mixed_rand"]
    known = seen.background >= 0
    assert known.mean() > 0.9
    assert np.array_equal(seen.background[known], truth.background[known])
    assert np.array_equal(seen.lenders[known], truth.lenders[known])
    assert any("recognised by their pixels" in note for note in found.notes)


def test_without_tiled_backgrounds_it_is_not_known(challenge):
    (challenge / "manifest.json").unlink()
    names = read(challenge, None, 3)
    for rand, following in zip(names.files["mixed_rand"], names.files["mixed_next"], strict=True):
        rand.rename(rand.with_name(following.name))
    wanted = "background.variants=[original,mixed_same,mixed_rand,only_fg]"
    found = worlds.load(configured(challenge, wanted))
    assert (found.variants["mixed_rand"].background == -1).all()
