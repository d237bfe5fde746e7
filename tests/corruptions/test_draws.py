"""The random numbers: of the right law, of nothing but their counter, and the same everywhere for ever."""

import hashlib

import numpy as np
import pytest
import torch
from scipy import stats

from withstand.corruptions.constants import PRESETS
from withstand.corruptions.noise import _alias_table, counted, shot_noise
from withstand.corruptions.random import Draws

N, M = 64, 4096


def draws(seed: int = 0, cell: str = "fog/1", first: int = 0, n: int = N) -> Draws:
    return Draws(seed, torch.arange(first, first + n), cell)


def test_uniforms_are_uniform() -> None:
    u = draws().uniform("u", (M,)).numpy().ravel()
    assert 0 <= u.min() < u.max() < 1
    assert stats.kstest(u, "uniform").pvalue > 0.001
    v = draws().uniform("u", (M,), -45, 45).numpy().ravel()
    assert np.allclose(v, u * 90 - 45, atol=1e-4)


def test_normals_are_normal() -> None:
    z = draws().normal("z", (M,)).numpy().ravel()
    assert np.isfinite(z).all()
    assert stats.kstest(z, "norm").pvalue > 0.001
    assert abs(stats.kurtosis(z)) < 0.05  # the tails too


@pytest.mark.parametrize(("low", "high"), [(-1, 1), (0, 5), (-4, 4)])
def test_integers_are_even_and_never_the_upper_bound(low: int, high: int) -> None:
    k = draws().integers("k", (M,), low, high).numpy().ravel()
    values, counts = np.unique(k, return_counts=True)
    assert values.tolist() == list(range(low, high))
    assert stats.chisquare(counts).pvalue > 0.001


def test_every_bit_is_fair() -> None:
    bits = draws().bits("b", (M,)).numpy().ravel()
    for bit in range(32):
        ones = int(((bits >> bit) & 1).sum())
        assert abs(ones - bits.size / 2) < 4.5 * np.sqrt(bits.size) / 2


def test_neighbours_have_nothing_in_common() -> None:
    """Of positions, ids, names, cells and seeds: no correlation beyond chance."""
    u = draws().uniform("u", (M,)).numpy()
    others = {
        "next position": (u[:, :-1], u[:, 1:]),
        "next id": (u[:-1], u[1:]),
        "name": (u, draws().uniform("v", (M,)).numpy()),
        "cell": (u, draws(cell="fog/2").uniform("u", (M,)).numpy()),
        "seed": (u, draws(seed=1).uniform("u", (M,)).numpy()),
        "seed and id": (u[1:], draws(seed=1).uniform("u", (M,)).numpy()[:-1]),
    }
    for what, (one, other) in others.items():
        correlation = np.corrcoef(one.ravel(), other.ravel())[0, 1]
        assert abs(correlation) < 4.5 / np.sqrt(one.size), what


def test_an_image_s_numbers_hang_on_its_id_alone() -> None:
    whole = draws().bits("b", (100,))
    part = Draws(0, torch.tensor([40, 3, 3]), "fog/1").bits("b", (100,))
    assert (part == whole[[40, 3, 3]]).all()
    assert (draws().bits("b", (10, 10)).flatten(1) == whole).all()


@pytest.mark.parametrize("ids", [[-1, -(2**63)], [2**63 - 1, 2**32, 2**32 + 1], [0, 10**12]])
def test_any_whole_number_is_an_id(ids: list[int]) -> None:
    bits = Draws(0, torch.tensor(ids), "fog/1").bits("b", (64,))
    assert len(torch.unique(bits, dim=0)) == len(ids)


def test_bits_are_what_they_always_were() -> None:
    """If this fails, every random corruption gives other images than before: raise the version and say so."""
    bits = Draws(42, torch.tensor([0, 1, 9_999, -5, 2**40]), "snow/3").bits("flakes", (32, 32))
    digest = hashlib.sha256(bits.numpy().astype("<i4").tobytes()).hexdigest()
    assert digest == "1a5d7658567ec82e4c142286bb9896f2de8ac1c78e2872b35f08be4c61315272"


@pytest.mark.parametrize("preset", PRESETS)
def test_shot_noise_follows_poisson_s_law(preset: str) -> None:
    """The chance of each level out for each level in, read off the table, is SciPy's."""
    for (photons,) in PRESETS[preset].rows["shot_noise"]:
        table = _alias_table(photons)
        keep, alias = (table >> 8).double() / 2**23, (table & 255).long()
        chance = torch.zeros(256, 256, dtype=torch.float64)
        columns = torch.arange(256).expand(256, 256)
        chance.scatter_add_(1, columns, keep / 256).scatter_add_(1, alias, (1 - keep) / 256)
        counts = np.arange(int(photons * 2 + 200))
        shown = counted(photons, torch.from_numpy(counts)).numpy()
        for level in (0, 1, 17, 128, 254, 255):
            law = np.bincount(shown, stats.poisson.pmf(counts, level / 255 * photons), 256)
            assert np.abs(chance[level].numpy() - law).max() < 2e-7


def test_shot_noise_is_drawn_from_its_table() -> None:
    photons, level = 25.0, 90
    grey = torch.full((N, 64, 64, 3), level, dtype=torch.uint8)
    levels = shot_noise(grey, draws(cell="shot_noise/2"), photons=photons).numpy().ravel()
    counts = np.arange(200)
    shown = counted(photons, torch.from_numpy(counts)).numpy()
    law = np.bincount(shown, stats.poisson.pmf(counts, level / 255 * photons), 256) * levels.size
    seen, often = np.bincount(levels, minlength=256), law >= 20
    assert seen[law == 0].sum() == 0
    observed, expected = (np.append(x[often], x[~often].sum()) for x in (seen, law))
    assert stats.chisquare(observed, expected * observed.sum() / expected.sum()).pvalue > 0.001
