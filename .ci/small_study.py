"""A small study by the withstand that is installed, and what came out as digests. No test: .ci/short has the numbers
of several environments compared.

    small_study.py make FOLDER [REFERENCE]    train, evaluate, report in FOLDER, then evaluate the weights of REFERENCE
    small_study.py compare REFERENCE FOLDER   1 where they do not agree
"""

import hashlib
import json
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

DATA = ("dataset=shapes", "dataset.n_train=1500", "dataset.n_test=100")
EVALUATED = ("evaluation.backend=eager", "evaluation.dtype=float32", "threads=1", "device=cpu")
TRAINED = ("train.epochs=3", "train.dtype=float32")
RUN, WEIGHTS, RECORD = "small_cnn_shapes", "best_model.pth", "record.json"
PACKAGES = ("torch", "numpy", "pillow", "scipy")


def digest(array: Any) -> str:
    return hashlib.sha256(repr((array.dtype.str, array.shape)).encode() + array.tobytes()).hexdigest()[:16]


def command(folder: Path, *words: str) -> None:
    from withstand.cli import main

    if code := main([*words, f"paths.checkpoints={folder}", f"paths.reports={folder}"]):
        sys.exit(f"{' '.join(words)} ended with {code}")


def predicted(run: Path) -> dict[str, Any]:
    """Condition → digest of the logits, of the classes, and top-1."""
    import withstand

    found = {}
    for condition in (read := withstand.load_run(run)).conditions:
        seen = read.predictions(condition)
        top = seen.logits.argmax(1)
        found[str(condition)] = [
            digest(seen.logits),
            digest(top),
            round(float((top == seen.labels).mean()), 6),
        ]
    return found


def images() -> dict[str, str]:
    """Digests of corrupted pictures, large and small, and of resized ones."""
    import numpy as np
    import torch

    from withstand import corrupt
    from withstand.corruptions import CORRUPTIONS
    from withstand.images.resize import resize

    noise = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), np.uint8)
    smooth = resize(torch.from_numpy(noise), 97, 50, "bicubic").numpy()
    made = {name: digest(corrupt(smooth[:, :50], name, 3)) for name in CORRUPTIONS}
    sizes = [(20, 150), (40, 90), (300, 20), (224, 224)]
    batch = torch.from_numpy(noise)
    return made | {f"resize {h}×{w}": digest(resize(batch, h, w, "bicubic").numpy()) for h, w in sizes}


def make(folder: Path, reference: Path | None) -> None:
    import torch

    command(folder / "own", "experiment=study", "model=small_cnn", *DATA, *TRAINED, *EVALUATED)
    command(folder / "own", "experiment=report", "dataset=shapes")
    given = (reference or folder) / "own" / RUN / WEIGHTS
    weighed = f"model.weights={given}"
    command(folder / "given", "experiment=robustness", "model=small_cnn", weighed, *DATA, *EVALUATED)
    weights = torch.load(folder / "own" / RUN / WEIGHTS, weights_only=True)
    (given_run,) = (file.parent for file in (folder / "given").glob("*/summary.json"))
    record = {
        "versions": {"python": platform.python_version()}
        | {name: metadata.version(name) for name in PACKAGES},
        "images": images(),
        "weights": digest(torch.cat([one.double().flatten() for one in weights.values()]).numpy()),
        "own": predicted(folder / "own" / RUN),
        "given": predicted(given_run),
        "report": any((folder / "own").rglob("report.html")),
    }
    (folder / RECORD).write_text(json.dumps(record, indent=1, ensure_ascii=False), encoding="utf-8")


def compare(reference: Path, folder: Path) -> int:
    """Images and classes must be equal; logits and trained weights, too, where torch is the same."""
    one, two = (json.loads((at / RECORD).read_text(encoding="utf-8")) for at in (reference, folder))
    print("  " + ", ".join(f"{name} {version}" for name, version in two["versions"].items()))
    images = [name for name in one["images"] if one["images"][name] != two["images"].get(name)]
    given = {name: (ours, two["given"].get(name)) for name, ours in one["given"].items()}
    logits = [name for name, (a, b) in given.items() if not b or a[0] != b[0]]
    classes = [name for name, (a, b) in given.items() if not b or a[1] != b[1]]
    shares = [name for name, (a, b) in given.items() if not b or a[2] != b[2]]
    weights, retrained = one["weights"] != two["weights"], one["own"] != two["own"]
    for what, differ in (("pictures", images), ("logits", logits), ("classes", classes), ("top-1", shares)):
        of = len(one["images"] if what == "pictures" else given)
        print(f"  {what} of equal weights: {of - len(differ)} of {of} equal {differ[:4] or ''}".rstrip())
    print(
        f"  trained anew: weights {'differ' if weights else 'equal'}, predictions {'differ' if retrained else 'equal'}"
    )
    same_torch = one["versions"]["torch"] == two["versions"]["torch"]
    wrong = (
        classes or shares or not two["report"] or (same_torch and (images or logits or weights or retrained))
    )
    return int(bool(wrong))


if __name__ == "__main__":
    what, *places = sys.argv[1:]
    folders = [Path(one).resolve() for one in places]
    if what == "compare":
        sys.exit(compare(*folders))
    make(folders[0], folders[1] if len(folders) > 1 else None)
