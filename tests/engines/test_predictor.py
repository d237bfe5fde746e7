"""Every fast way to predict says what plain float32 says."""

import shutil
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch

from withstand import datasets, models
from withstand.base.errors import UserError
from withstand.config.composing import compose
from withstand.config.schema import EvaluationConfig
from withstand.engines import openvino_engine, planning, predictor, trials
from withstand.engines.engine import Plan
from withstand.engines.exactness import recompute_borderline
from withstand.engines.predictor import Predictor
from withstand.images.blocks import Blocks
from withstand.images.imageset import ImageSet
from withstand.images.preprocessing import Preprocessing

CPU = torch.device("cpu")
CONFIG = compose(["model=small_cnn", "dataset=shapes", "dataset.n_train=1", "dataset.n_test=70"])


@pytest.fixture(scope="module")
def classifier():
    made = models.build(CONFIG)
    made.network.train()
    test = datasets.load(CONFIG).test
    with torch.no_grad():  # statistics of BatchNorm that are not the first ones
        made.network(made.preprocessing(torch.from_numpy(test.images)))
    return made


@pytest.fixture(scope="module")
def test_set():
    return datasets.load(CONFIG).test


@pytest.fixture(scope="module")
def expected(classifier, test_set):
    """The plain way: one float32 network, one image at a time."""
    network = classifier.network.eval()
    with torch.inference_mode():
        rows = [network(classifier.preprocessing(torch.from_numpy(i[None].copy()))) for i in test_set.images]
    return torch.cat(rows).numpy()


def planned(classifier, test_set, **settings):
    return Predictor.planned(classifier, CPU, EvaluationConfig(**settings), test_set, 0)


@pytest.mark.parametrize("batch_size", [1, 32, 70, 100])
def test_float32_differs_by_rounding_alone(classifier, test_set, expected, batch_size):
    predictions = Predictor.of(classifier, CPU, torch.float32, batch_size)(test_set)
    np.testing.assert_allclose(predictions.logits, expected, rtol=1e-3, atol=1e-5)
    assert np.array_equal(predictions.ids, test_set.ids) and predictions.logits.dtype == np.float32


def test_many_chunks_give_what_one_gives(classifier, test_set, monkeypatch):
    whole = Predictor.of(classifier, CPU, torch.float32, 8)(test_set).logits
    monkeypatch.setitem(predictor._CHUNK, "cpu", 20 * test_set.images[0].nbytes)  # two batches of 8
    assert np.array_equal(Predictor.of(classifier, CPU, torch.float32, 8)(test_set).logits, whole)


def test_reading_ahead_gives_what_reading_in_turn_gives(classifier, test_set, monkeypatch):
    """As on a GPU; here on the processor."""
    in_turn = Predictor.of(classifier, CPU, torch.float32, 8)(test_set)
    monkeypatch.setitem(predictor._CHUNK, "cpu", 20 * test_set.images[0].nbytes)
    monkeypatch.setattr(Predictor, "overlaps", True)
    blocks, read_by = Blocks.of(test_set), []

    def read(rows, device):
        read_by.append(threading.current_thread().name)
        return blocks.read(rows, device)

    found = Predictor.of(classifier, CPU, torch.float32, 8)(replace(blocks, read=read))
    assert np.array_equal(found.logits, in_turn.logits) and np.array_equal(found.ids, in_turn.ids)
    assert len(read_by) == 5 and all(name.startswith("ahead") for name in read_by)


def test_a_memory_mapped_image_set_is_read_as_it_is(classifier, test_set, tmp_path):
    np.save(tmp_path / "images.npy", test_set.images)
    mapped = replace(test_set, images=np.load(tmp_path / "images.npy", mmap_mode="r"))
    predictor = Predictor.of(classifier, CPU, torch.float32, 32)
    assert np.array_equal(predictor(mapped).logits, predictor(test_set).logits)


def test_no_images_give_no_rows(classifier, test_set):
    empty = test_set.take(np.arange(0))
    assert Predictor.of(classifier, CPU, torch.float32, 32)(empty).logits.shape == (0, 10)


FAST = [("eager", "bfloat16", 0.05), ("eager", "float16", 0.01)]
if openvino_engine.available():
    FAST += [("openvino", "float32", 1e-4), ("openvino", "bfloat16", 0.05)]
if openvino_engine.available("int8"):
    FAST += [("openvino", "int8", 0.5)]


@pytest.mark.parametrize(("backend", "dtype", "largest"), FAST)
def test_fast_paths_are_near_and_exact_ones_agree(classifier, test_set, expected, backend, dtype, largest):
    fast = planned(classifier, test_set, backend=backend, dtype=dtype)
    error = np.abs(fast(test_set).logits - expected).max() / expected.std()
    assert error < largest, (backend, dtype)
    sure = planned(classifier, test_set, backend=backend, dtype=dtype, exact=True)
    assert np.array_equal(sure(test_set).logits.argmax(1), expected.argmax(1))
    assert sure.precision != fast.precision, "a cell of the one is not a cell of the other"


def test_exact_is_nothing_more_in_plain_float32(classifier, test_set):
    predictor = planned(classifier, test_set, backend="eager", dtype="float32", exact=True)
    assert predictor.plain is None and predictor.precision == "float32"


def test_exact_widens_its_bound_until_no_near_call_is_left():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(4000, 10)).astype(np.float32)
    fast = (truth + rng.uniform(-0.05, 0.05, truth.shape)).astype(np.float32)
    assert (fast.argmax(1) != truth.argmax(1)).any()
    best, done = recompute_borderline(fast, lambda rows: truth[rows])
    assert np.array_equal(best.argmax(1), truth.argmax(1))
    assert np.array_equal(best[done], truth[done]) and np.array_equal(best[~done], fast[~done])
    assert 64 < done.sum() < 2000, "some, not all"


def test_exact_guards_the_fifth_place_too():
    rng = np.random.default_rng(3)
    truth = rng.normal(size=(4000, 10)).astype(np.float32)
    truth[:, 0] += 4  # the first place is never in doubt
    fast = (truth + rng.uniform(-0.05, 0.05, truth.shape)).astype(np.float32)

    def five(logits: np.ndarray) -> np.ndarray:
        return np.sort(np.argsort(-logits, axis=1)[:, :5], axis=1)

    assert not np.array_equal(five(fast), five(truth))
    best, done = recompute_borderline(fast, lambda rows: truth[rows])
    assert np.array_equal(five(best), five(truth))
    assert 64 < done.sum() < 2000, "some, not all"


def test_a_row_that_is_no_number_hides_no_error():
    rng = np.random.default_rng(4)
    truth = rng.normal(size=(4000, 10)).astype(np.float32)
    fast = (truth + rng.uniform(-0.05, 0.05, truth.shape)).astype(np.float32)
    fast[::97] = np.nan
    best, _ = recompute_borderline(fast, lambda rows: truth[rows])
    assert np.array_equal(best.argmax(1), truth.argmax(1))


def test_exact_computes_again_what_is_not_a_number():
    truth = np.tile(np.float32([[5, 0]]), (200, 1))
    fast = truth.copy()
    fast[150] = np.nan
    best, done = recompute_borderline(fast, lambda rows: truth[rows])
    assert done[150] and np.array_equal(best, truth)


def test_exact_of_one_class_has_nothing_to_do():
    logits = np.zeros((3, 1), np.float32)
    assert np.array_equal(recompute_borderline(logits, lambda rows: logits[rows])[0], logits)


def test_nonsense_is_refused(classifier, test_set, monkeypatch):
    with pytest.raises(UserError, match=r"int8 needs evaluation\.backend=openvino"):
        planned(classifier, test_set, dtype="int8", backend="eager")
    monkeypatch.setattr("withstand.engines.openvino_engine.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install .withstand\[openvino\]"):
        planned(classifier, test_set, backend="openvino")


def test_images_are_never_written_to(classifier, test_set):
    before = test_set.images.copy()
    Predictor.of(classifier, CPU, torch.float32, 16)(test_set)
    assert np.array_equal(test_set.images, before)
    assert isinstance(test_set, ImageSet)


def test_the_compiled_engine_predicts_what_the_eager_one_does(test_set, monkeypatch, tmp_path):
    """Also the images of a last batch that is filled up, since another shape would be compiled anew."""
    if shutil.which("c++") is None and shutil.which("g++") is None:
        pytest.skip("needs a C++ compiler: torch.compile writes C++ for the CPU")
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3, stride=4),
        torch.nn.BatchNorm2d(4),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(256, 10),
    )
    tiny = models.Classifier(network, Preprocessing(32, "bilinear", (0.5,) * 3, (0.2,) * 3), None)
    with torch.no_grad():
        network.train()(tiny.preprocessing(torch.from_numpy(test_set.images.copy())))
    network.eval()
    eager, compiled = (
        planned(tiny, test_set, backend=name, dtype="float32", batch_size=32) for name in ("eager", "compile")
    )
    expected, got = eager(test_set).logits, compiled(test_set).logits
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)
    assert np.array_equal(got.argmax(1), expected.argmax(1)) and len(got) == 70
    assert compiled.precision == "float32 (compile)"


@pytest.fixture
def fixed(monkeypatch):
    """A stand-in for a compiled engine: eager torch that refuses batches of another size; what it was shown."""
    build, shapes = predictor.build, []

    def strict(network, plan, device, size, calibration=None):
        engine = build(network, replace(plan, backend="eager"), device, size, calibration)
        if not plan.fixed_shape:
            return engine

        def checked(images):
            assert len(images) == plan.batch_size, "another shape would be compiled anew"
            shapes.append(tuple(images.shape))
            return engine(images)

        return checked

    monkeypatch.setattr(predictor, "build", strict)
    return shapes


@pytest.mark.parametrize("few", [1, 5, 64, 70])
def test_a_compiled_engine_takes_fewer_images_than_a_batch(classifier, test_set, expected, fixed, few):
    predictor = planned(classifier, test_set, backend="compile", dtype="float32", batch_size=64)
    got = predictor(test_set.take(np.arange(few))).logits
    np.testing.assert_allclose(got, expected[:few], rtol=1e-3, atol=1e-5)
    assert set(fixed) == {(64, 3, 32, 32)}


def test_a_compiled_engine_is_exact_about_few_images(classifier, test_set, expected, fixed):
    """The plain engine beside it is shown the borderline images, of which there are fewer than a batch."""
    words = {"backend": "compile", "dtype": "bfloat16", "batch_size": 70, "exact": True}
    assert np.array_equal(
        planned(classifier, test_set, **words)(test_set).logits.argmax(1), expected.argmax(1)
    )


def test_a_sorted_folder_is_tried_and_calibrated_on_all_its_classes(classifier, test_set, monkeypatch):
    images = np.repeat(np.arange(10, dtype=np.uint8), 100)[:, None, None, None].repeat(3, 3)
    ordered = replace(test_set.take(np.arange(0)), images=images, labels=images[:, 0, 0, 0].astype(np.int64),
                      ids=np.arange(1000))  # fmt: skip
    seen = []

    def choose(classifier, device, settings, sample, total):
        seen.append(sample[:, 0, 0, 0].numpy())
        return planning.default(device, settings, 32), None

    monkeypatch.setattr(planning, "choose", choose)
    Predictor.planned(classifier, CPU, EvaluationConfig(dtype="float32"), ordered, 10_000)
    assert len(seen[0]) == planning.SAMPLE and np.bincount(seen[0], minlength=10).min() > 10
    assert len(set(seen[0][:16])) > 5, "nor are the first few, which large images are tried on, of one class"


@pytest.mark.skipif(not openvino_engine.available("int8"), reason="needs OpenVINO and NNCF")
def test_the_key_of_an_eight_bit_cell_says_what_its_ranges_come_from(classifier, test_set):
    assert planned(classifier, test_set, dtype="int8").precision == "int8 (openvino), ranges of 70 images"


def test_a_trial_runs_an_engine_as_it_is_used(classifier):
    modes = []

    def engine(images):
        modes.append(torch.is_inference_mode_enabled())
        return torch.zeros(len(images), 10)

    images = torch.zeros(8, 3, 32, 32)
    trials._try(engine, Plan("compile", "float32", 16), images, torch.zeros(8, 10), CPU)
    assert len(modes) > 1 and all(modes)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_outputs_that_are_no_numbers_are_never_scored(classifier, test_set, value):
    predictor = Predictor.of(classifier, CPU, torch.float32, 70)
    whole = predictor(test_set).logits
    broken, masked = whole.copy(), whole.copy()
    broken[3, 1], masked[:, 9] = value, -np.inf
    spoilt = replace(predictor, engine=lambda images: torch.from_numpy(broken))
    with pytest.raises(UserError, match=r"not finite .* for 1 of 70 images in float32"):
        spoilt(test_set)
    spoilt = replace(predictor, engine=lambda images: torch.from_numpy(masked))
    assert np.array_equal(spoilt(test_set).logits, masked)


@pytest.mark.parametrize("given", [(1, 10), (70,), (70, 10, 1), (69, 10)])
def test_outputs_that_are_not_a_row_an_image_are_refused(classifier, test_set, given):
    spoilt = replace(
        Predictor.of(classifier, CPU, torch.float32, 70), engine=lambda images: torch.zeros(given)
    )
    with pytest.raises(UserError, match=r"outputs of shape .* for 70 images; what is read is a row"):
        spoilt(test_set)
