"""The pictures: each against a plain loop over pixels or a case worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from withstand.backgrounds import variants


def some(n=6, height=9, width=12, seed=0):
    draw = np.random.default_rng(seed)
    images = draw.integers(1, 256, (n, height, width, 3), dtype=np.uint8)
    masks = np.zeros((n, height, width), bool)
    for row in range(n):
        top, left = draw.integers(0, height - 3), draw.integers(0, width - 3)
        masks[row, top : top + 3, left : left + 3] = True
    return images, masks


def test_the_box_of_a_mask_holds_it_and_no_more():
    masks = np.zeros((2, 5, 7), bool)
    masks[0, 1:3, 2:6] = True
    assert variants.boxes_of(masks).tolist() == [[2, 1, 6, 3], [0, 0, 0, 0]]
    assert np.array_equal(variants.inside(np.array([[2, 1, 6, 3]]), 5, 7), masks[:1])


@pytest.mark.parametrize(
    ("box", "strip"),
    [
        ([4, 0, 10, 10], [0, 0, 4, 10]),  # left
        ([0, 0, 6, 10], [6, 0, 10, 10]),  # right
        ([0, 7, 10, 10], [0, 0, 10, 7]),  # above
        ([0, 0, 10, 3], [0, 3, 10, 10]),  # below
        ([3, 1, 9, 9], [0, 0, 3, 10]),  # the widest of four
    ],
)
def test_the_strip_is_the_largest_rectangle_beside_the_box(box, strip):
    assert variants.strips(np.array([box]), 10, 10).tolist() == [strip]


@given(st.integers(0, 10_000))
def test_tiles_are_the_strip_again_and_again(seed):
    images, masks = some(seed=seed)
    boxes = variants.boxes_of(masks)
    tiles = variants.tiled(images, boxes)
    for picture, tile, (left, top, right, bottom) in zip(
        images, tiles, variants.strips(boxes, 9, 12), strict=True
    ):
        strip = picture[top:bottom, left:right]
        plain = np.tile(strip, (9, 12, 1))[:9, :12]
        assert np.array_equal(tile, plain)


def test_a_box_that_fills_its_picture_cannot_be_tiled():
    images, _ = some(1)
    with pytest.raises(ValueError, match="fills"):
        variants.tiled(images, np.array([[0, 0, 12, 9]]))


def test_cut_out_and_hole_are_the_picture_together():
    images, masks = some()
    made = variants.plain_variants(images, masks, variants.boxes_of(masks))
    assert np.array_equal(made["only_fg"] + made["no_fg"], images)
    assert np.array_equal(made["no_fg"], made["only_bg_b"])  # these masks are boxes
    assert not made["only_bg_b"][masks].any()
    assert np.array_equal(
        variants.pasted(images, masks, made["only_bg_t"])[~masks], made["only_bg_t"][~masks]
    )


@given(st.lists(st.integers(2, 9), min_size=2, max_size=9), st.integers(0, 99))
def test_backgrounds_come_from_where_the_variant_says(counts, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    chosen = variants.choose_backgrounds(labels, len(counts), seed)
    own = np.arange(len(labels))
    assert all((rows != own).all() for rows in chosen.values())
    assert np.array_equal(labels[chosen["mixed_same"]], labels)
    assert sorted(chosen["mixed_same"]) == own.tolist()  # each lends once
    assert np.array_equal(labels[chosen["mixed_next"]], (labels + 1) % len(counts))


def test_random_backgrounds_are_even_over_the_classes():
    labels = np.repeat(np.arange(3), [10, 100, 1000])  # however many images the classes have
    rand = labels[variants.choose_backgrounds(labels, 3, 0)["mixed_rand"]]
    assert np.abs(np.bincount(rand) / len(rand) - 1 / 3).max() < 0.06
