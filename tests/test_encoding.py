"""Text is UTF-8, whatever the locale: in files, on the screen and in the names of files."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from withstand.session.usage import used

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [ROOT / "main.py", *(ROOT / "src").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]


def in_the_locales_encoding(call: ast.Call) -> bool:
    """Whether a call opens text without saying how it is written; ruff's PLW1514 sees only what it can infer."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    owner = getattr(getattr(call.func, "value", None), "id", "")
    if "encoding" in given or owner in ("Image", "tarfile", "os", "folder", "archive"):
        return False
    if name in ("read_text", "write_text") and owner != "atomic":
        return len(call.args) < (1 if name == "read_text" else 2)
    if name == "open":
        modes = [*call.args[0 if isinstance(call.func, ast.Attribute) else 1 :], *given.values()]
        return not any("b" in ast.unparse(mode) for mode in modes)
    return name in ("run", "Popen", "check_output") and bool({"text", "universal_newlines"} & given.keys())


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_text_file_is_opened_as_utf8(file: Path) -> None:
    calls = [
        one for one in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(one, ast.Call)
    ]
    assert [f"line {one.lineno}" for one in calls if in_the_locales_encoding(one)] == []


@pytest.fixture
def plain(environment: dict[str, str]) -> dict[str, str]:
    """The environment of a machine without a locale: ASCII, and nothing that makes it UTF-8."""
    kept = {key: value for key, value in environment.items() if not key.startswith("LC_") and key != "LANG"}
    return kept | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "OMP_NUM_THREADS": "1"}


SEVERAL = """
import sys
from withstand import cli

cli._speak_utf8()  # as main does that is given no words
words, asked = sys.argv[1:], [[]]
for word in words:
    if word == "--":
        asked.append([])
    else:
        asked[-1].append(word)
print([cli.main(one) for one in asked])
"""


def run(folder: Path, plain: dict[str, str], program: Path, *words: str) -> tuple[int, str, str]:
    command = [sys.executable, str(program), *words]
    done = subprocess.run(command, cwd=folder, env=plain, capture_output=True, timeout=300, check=False)
    return done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8")


def test_everything_works_without_a_locale(tmp_path: Path, plain: dict[str, str]) -> None:
    """Configs, class names and paths with letters that are not ASCII, from the command line to the report."""
    own = tmp_path / "configs" / "model"
    own.mkdir(parents=True)
    shipped = (ROOT / "configs" / "model" / "small_cnn.yaml").read_text(encoding="utf-8")
    titled = shipped.replace("small_cnn", "klein").replace(
        "a residual network", "ein kleines Netz – größer als nötig"
    )
    (own / "klein.yaml").write_text(titled, encoding="utf-8")
    for split, name in ((s, n) for s in ("train", "test") for n in ("Bär", "猫")):
        (tmp_path / "Größe" / split / name).mkdir(parents=True)
        for number in range(4):
            Image.new("RGB", (16, 16), (60 * number, 9, 200)).save(
                tmp_path / "Größe" / split / name / f"é{number}.png"
            )
    words = [
        "dataset=folder",
        "dataset.folder=Größe",
        "dataset.num_classes=2",
        "dataset.size=16",
        "model=klein",
    ]
    more = [
        "train.epochs=1",
        "model.image_size=16",
        "shift.corruptions=[contrast]",
        "shift.severities=[1]",
        "threads=1",
    ]
    code, out, err = run(tmp_path, plain, ROOT / "main.py", *words, *more)
    assert code == 0, err
    assert "klein_Größe" in out and "×" in out
    folder = tmp_path / "checkpoints" / "klein_Größe"
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["classes"] == ["Bär", "猫"] and summary["dataset"] == "Größe"
    several = tmp_path / "several.py"
    several.write_text(SEVERAL, encoding="utf-8")
    report, missing = (
        ["experiment=report", *used("report", words)],
        [*words, "dataset.folder=gibt-es-nicht-ß"],
    )
    code, out, err = run(tmp_path, plain, several, *report, "--", *missing, "--", "--help")
    assert code == 0 and out.rstrip().endswith("[0, 2, 0]"), err
    page = (tmp_path / "reports" / "Größe" / "report.html").read_text(encoding="utf-8")
    assert "Größe" in page and "ein kleines Netz – größer als nötig" in page
    assert "experiment=report dataset=folder &#39;dataset.title=Größe&#39;" in page
    assert err.splitlines()[-1] == (  # after what Matplotlib says of letters that its font lacks
        "error: there is no folder gibt-es-nicht-ß; put images there, one folder per class, or set dataset.folder"
    )
    assert "größer als nötig" in out


def test_the_same_words_mean_the_same_with_and_without_a_locale(
    tmp_path: Path, plain: dict[str, str]
) -> None:
    """Ids are made of names: cells that were made in one are found in the other."""
    for name in ("Bär", "猫"):
        (tmp_path / "Größe" / name).mkdir(parents=True)
        Image.new("RGB", (16, 16)).save(tmp_path / "Größe" / name / "é.png")
    program = (
        "from withstand import datasets\nfrom withstand.config.composing import compose\n"
        "words = ['dataset=folder', 'dataset.num_classes=2', 'dataset.size=16']\n"
        "read = datasets.load(compose([*words, 'dataset.folder=' + __import__('sys').argv[1]]))\n"
        "print(read.test.ids.tolist(), ascii(read.classes), read.content)"
    )
    answers = [
        subprocess.run(
            [sys.executable, "-c", program, "Größe"], cwd=tmp_path, env=env, capture_output=True, check=True
        ).stdout.splitlines()[-1]
        for env in (plain, plain | {"PYTHONUTF8": "1"})
    ]
    assert answers[0] == answers[1] and b"B\\xe4r" in answers[0]
