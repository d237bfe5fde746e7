"""Ways in which a file can be bad, of every kind that is read; each is drawn from a seeded generator."""

from __future__ import annotations

import io
import json
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch

Mutation = Callable[[Path, random.Random, list[Path]], str]
"""Damages a file and says how; the files are others, of which one may take its place."""

VALUES: list[Any] = [
    None,
    True,
    3,
    -1,
    2.5,
    1e308,
    "text",
    "",
    [],
    {},
    [[1]],
    {"a": {"b": []}},
    ["x", 1, None],
]


def empty(file: Path, draw: random.Random, others: list[Path]) -> str:
    file.write_bytes(b"")
    return "emptied"


def truncated(file: Path, draw: random.Random, others: list[Path]) -> str:
    content = file.read_bytes()
    at = draw.randrange(len(content))
    file.write_bytes(content[:at])
    return f"cut at {at} of {len(content)}"


def flipped(file: Path, draw: random.Random, others: list[Path]) -> str:
    content, said = bytearray(file.read_bytes()), []
    for _ in range(draw.choice((1, 1, 8))):
        at, bit = draw.randrange(len(content)), draw.randrange(8)
        content[at] ^= 1 << bit
        said.append(f"{at}.{bit}")
    file.write_bytes(content)
    return f"bits flipped: {', '.join(said)}"


def binary(file: Path, draw: random.Random, others: list[Path]) -> str:
    file.write_bytes(draw.randbytes(draw.choice((3, 300, 5000))))
    return "noise"


def another(file: Path, draw: random.Random, others: list[Path]) -> str:
    other = draw.choice([one for one in others if one.suffix != file.suffix])
    file.write_bytes(other.read_bytes())
    return f"in its place {other.name}"


def folder(file: Path, draw: random.Random, others: list[Path]) -> str:
    file.unlink()
    file.mkdir()
    return "a folder in its place"


def _places(node: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [at, *(place for key, value in inner for place in _places(value, (*at, key)))]


def _parent(content: Any, place: tuple[Any, ...]) -> Any:
    for key in place[:-1]:
        content = content[key]
    return content


_AT = "@@HERE@@"


def _with(file: Path, draw: random.Random, text: str) -> str:
    """JSON text in the place of a value."""
    content = json.loads(file.read_text("utf-8"))
    place = draw.choice(_places(content))
    if not place:
        file.write_text(text, "utf-8")
    else:
        _parent(content, place)[place[-1]] = _AT
        file.write_text(json.dumps(content).replace(json.dumps(_AT), text), "utf-8")
    return "/".join(map(str, place)) or "the whole"


def typed(file: Path, draw: random.Random, others: list[Path]) -> str:
    value = draw.choice(VALUES)
    return f"{_with(file, draw, json.dumps(value))} is {value!r}"


def odd(file: Path, draw: random.Random, others: list[Path]) -> str:
    name, text = draw.choice(
        [
            ("nested deeply", "[" * 100_000 + "]" * 100_000),
            ("objects nested deeply", '{"a":' * 50_000 + "1" + "}" * 50_000),
            ("a huge number", "9" * 5000),
            ("beyond all numbers", "1e999"),
            ("NaN", "NaN"),
            ("infinite", "-Infinity"),
            ("half a character", '"\\udcff"'),
            ("control signs", '"\\u0000\\u001b[31m"'),
            ("long", json.dumps("x" * 100_000)),
        ]
    )
    return f"{_with(file, draw, text)} is {name}"


def lacking(file: Path, draw: random.Random, others: list[Path]) -> str:
    content = json.loads(file.read_text("utf-8"))
    place = draw.choice([one for one in _places(content) if one])
    del _parent(content, place)[place[-1]]
    file.write_text(json.dumps(content), "utf-8")
    return f"{'/'.join(map(str, place))} is missing"


def twice(file: Path, draw: random.Random, others: list[Path]) -> str:
    text = file.read_text("utf-8")
    keys = re.findall(r'"(\w+)":', text)
    key, value = draw.choice(keys), draw.choice(VALUES)
    file.write_text(text.rstrip()[:-1] + f', "{key}": {json.dumps(value)}}}', "utf-8")
    return f"{key} twice, then {value!r}"


def encoded(file: Path, draw: random.Random, others: list[Path]) -> str:
    content = file.read_bytes()
    at = draw.randrange(len(content))
    file.write_bytes(content[:at] + draw.choice((b"\xff\xfe", b"\xc3", b"\x00")) + content[at:])
    return f"no UTF-8 at {at}"


def yaml_odd(file: Path, draw: random.Random, others: list[Path]) -> str:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(12)
    )
    name, text = draw.choice(
        [
            ("an anchor bomb", bomb),
            ("an alias of itself", "model: &a {cfg_name: own, args: *a}\nclaim: &b [*b]\nshifts: &c [*c]\n"),
            ("nested deeply", "a: " + "[" * 20_000 + "]" * 20_000),
            ("a tag of Python", "model: !!python/object/apply:os.system ['touch ESCAPED']\n"),
            ("a list", "- a\n- b\n"),
            ("a value", "42\n"),
            ("numbers as keys", "1: a\n2: b\n"),
            ("an interpolation of nothing", file.read_text("utf-8") + "about: ${oops.nothing}\n"),
            ("an unclosed bracket", file.read_text("utf-8") + "about: [\n"),
            ("tabs", "\ta: b\n"),
            ("two documents", "a: 1\n---\nb: 2\n"),
        ]
    )
    file.write_text(text, "utf-8")
    return name


def yaml_typed(file: Path, draw: random.Random, others: list[Path]) -> str:
    lines = file.read_text("utf-8").splitlines()
    rows = [at for at, line in enumerate(lines) if re.match(r"\s*\w+:", line)]
    at, value = draw.choice(rows), draw.choice(VALUES)
    lines[at] = f"{lines[at].partition(':')[0]}: {json.dumps(value)}"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return f"line {at + 1}: {lines[at].strip()}"


def _npy(content: bytes, draw: random.Random) -> tuple[bytes, str]:
    """A header that lies, before the same values."""
    start = 10 + int.from_bytes(content[8:10], "little")
    header = content[10:start].decode("latin-1")
    name, changed = draw.choice(
        [
            ("a longer shape", re.sub(r"\((\d+)", lambda f: f"({int(f[1]) * 1000}", header)),
            ("a shorter shape", re.sub(r"\((\d+)", "(2", header)),
            ("a negative shape", re.sub(r"\((\d+)", "(-3", header)),
            ("a huge shape", re.sub(r"\((\d+)", f"({2**70}", header)),
            ("objects", re.sub(r"'descr': '[^']*'", "'descr': '|O'", header)),
            ("other numbers", re.sub(r"'descr': '[^']*'", "'descr': '<f8'", header)),
            ("text", re.sub(r"'descr': '[^']*'", "'descr': '<U4'", header)),
            ("fields", re.sub(r"'descr': '[^']*'", "'descr': [('a', '<i4')]", header)),
            ("Fortran's order", header.replace("False", "True")),
            ("no shape", header.replace("shape", "shapf")),
            ("code", "__import__('os').system('touch ESCAPED')\n"),
            ("nesting", "(" * 5000 + ")" * 5000),
        ]
    )
    made = changed.encode("latin-1")
    return content[:8] + len(made).to_bytes(2, "little") + made + content[start:], f"its header says {name}"


def npy_header(file: Path, draw: random.Random, others: list[Path]) -> str:
    content, said = _npy(file.read_bytes(), draw)
    file.write_bytes(content)
    return said


def npz_member(file: Path, draw: random.Random, others: list[Path]) -> str:
    with zipfile.ZipFile(file) as archive:
        parts = {one: archive.read(one) for one in archive.namelist()}
    name = draw.choice(list(parts))
    if draw.random() < 0.2:
        del parts[name]
        said = "is missing"
    else:
        parts[name], said = _npy(parts[name], draw)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for one, content in parts.items():
            archive.writestr(one, content)
    file.write_bytes(made.getvalue())
    return f"{name} {said}"


def cell(file: Path, draw: random.Random, others: list[Path]) -> str:
    table = pq.read_table(file)
    n, kind = len(table), table["logits"].type
    columns: dict[str, tuple[Any, bool]] = {
        "fewer rows": (lambda: table.slice(0, n // 2), False),
        "no rows": (lambda: table.slice(0, 0), True),
        "rows twice": (lambda: pa.concat_tables([table, table]), True),
        "no labels": (lambda: table.drop_columns(["label"]), True),
        "negative labels": (lambda: _put(table, "label", pa.array([-1] * n, pa.int64())), True),
        "labels beyond": (lambda: _put(table, "label", pa.array([10**6] * n, pa.int64())), True),
        "labels of real numbers": (lambda: _put(table, "label", pa.array([0.5] * n)), True),
        "labels as text": (lambda: _put(table, "label", pa.array(["a"] * n)), True),
        "gaps": (lambda: _put(table, "id", pa.array([None] * n, pa.int64())), True),
        "one image": (lambda: _put(table, "id", pa.array([1] * n, pa.int64())), True),
        "NaN": (lambda: _put(table, "logits", pa.array([[float("nan")] * kind.list_size] * n, kind)), False),
        "other logits": (lambda: _put(table, "logits", pa.array([[1.0] * kind.list_size] * n, kind)), False),
        "lists of any length": (lambda: _put(table, "logits", pa.array([[0.5] * 10] * n)), True),
        "logits of no class": (
            lambda: _put(table, "logits", pa.array([[]] * n, pa.list_(pa.float32(), 0))),
            True,
        ),
        "null logits": (lambda: _put(table, "logits", pa.array([None] * n, kind)), True),
        "logits as text": (lambda: _put(table, "logits", pa.array(["x"] * n)), True),
        "nothing": (lambda: pa.table({}), True),
    }
    name = draw.choice(list(columns))
    build, also_before = columns[name]
    known = dict(table.schema.metadata or {})
    if also_before and draw.random() < 0.5:  # as a cell of before there were checksums
        known.pop(b"checksum", None)
    pq.write_table(build().replace_schema_metadata(known), file)
    return f"{name}{'' if b'checksum' in known else ', without a checksum'}"


def _put(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return table.set_column(table.schema.get_field_index(name), name, column)


def rows(file: Path, draw: random.Random, others: list[Path]) -> str:
    sign = "\t" if file.suffix == ".tsv" else ","
    lines = file.read_text("utf-8").splitlines()
    cells = [line.split(sign) for line in lines]
    at, column = draw.randrange(1, len(cells)), draw.randrange(len(cells[0]))
    how = draw.randrange(6)
    if how == 0:
        cells = [row[:column] + row[column + 1 :] for row in cells]
        said = f"column {column} is missing"
    elif how == 1:
        cells[at][column] = draw.choice(
            ("x", "", "nan", "inf", "1e999", "-5", "\x00", '"', "../../x", "=1+1")
        )
        said = f"line {at + 1}, column {column} is {cells[at][column]!r}"
    elif how == 2:
        cells[at] = cells[at][:column]
        said = f"line {at + 1} is cut"
    elif how == 3:
        cells = cells[:1]
        said = "the header alone"
    elif how == 4:
        cells[at] += ["more"]
        said = f"line {at + 1} is longer"
    else:
        cells[0][column] = cells[0][0]
        said = f"column {column} is called as the first"
    file.write_text("\n".join(sign.join(row) for row in cells) + "\n", "utf-8")
    return said


def picture(file: Path, draw: random.Random, others: list[Path]) -> str:
    content = bytearray(file.read_bytes())
    if content[:4] == b"\x89PNG":
        side = draw.choice((0, 1, 2**31 - 1, 50_000))
        content[16:20] = side.to_bytes(4, "big")
        file.write_bytes(content)
        return f"its width says {side}"
    side = draw.choice((b"\xff\xff", b"\x00\x00"))
    at = draw.randrange(16, max(17, min(200, len(content) - 2)))
    content[at : at + 2] = side
    file.write_bytes(content)
    return f"{side.hex()} at {at}"


def tensors(file: Path, draw: random.Random, others: list[Path]) -> str:
    content = torch.load(file, weights_only=True)
    inner = content.get("network", content.get("state_dict", content))
    name = draw.choice(list(inner))
    whole = inner[name]
    how = draw.choice(
        (
            "sparse",
            "meta",
            "quantised",
            "int",
            "bool",
            "nan",
            "shape",
            "scalar",
            "missing",
            "text",
            "more",
            "complex",
        )
    )
    if how == "missing":
        del inner[name]
    elif how == "more":
        inner["more.weight"] = torch.zeros(3)
    else:
        made = {
            "sparse": lambda: whole.to_sparse() if whole.ndim else whole.reshape(1).to_sparse(),
            "meta": lambda: whole.to("meta"),
            "quantised": lambda: torch.quantize_per_tensor(whole.float(), 0.1, 0, torch.qint8),
            "int": lambda: whole.to(torch.int32),
            "bool": lambda: whole.bool(),
            "nan": lambda: torch.full_like(whole.float(), float("nan")),
            "shape": lambda: torch.zeros(*whole.shape, 2),
            "scalar": lambda: torch.tensor(1.0),
            "text": lambda: "weights",
            "complex": lambda: whole.to(torch.complex64),
        }
        inner[name] = made[how]()
    torch.save(content, file)
    return f"{name}: {how}"


def state(file: Path, draw: random.Random, others: list[Path]) -> str:
    """A training's state; its optimiser reads past the end of what is too short."""
    content = torch.load(file, weights_only=True)
    moments = content["optimizer"]["state"]
    how = draw.choice(
        (
            "exp_avg",
            "exp_avg int",
            "step",
            "no state",
            "no groups",
            "part",
            "epoch",
            "history",
            "row",
            "dtype",
        )
        + ("group", "text", "sgd", "sparse")
    )
    one = moments[draw.choice(list(moments))]
    match how:
        case "exp_avg":
            one["exp_avg"] = torch.zeros(1)
        case "exp_avg int":
            one["exp_avg_sq"] = one["exp_avg_sq"].int()
        case "step":
            one["step"] = "three"
        case "no state":
            content["optimizer"]["state"] = None
        case "no groups":
            del content["optimizer"]["param_groups"]
        case "part":
            moments.pop(next(iter(moments)))
        case "epoch":
            content["epoch"] = draw.choice((0, -1, 99, "2", None))
        case "history":
            content["history"] = draw.choice(([], None, "x", [1, 2]))
        case "row":
            content["history"][0].pop("val_top1")
        case "dtype":
            content["dtype"] = draw.choice((3, "float64", "oops"))
        case "group":
            content["optimizer"]["param_groups"][0]["betas"] = "x"
        case "text":
            content["optimizer"] = "adamw"
        case "sgd":
            content["optimizer"]["state"] = {
                key: {"momentum_buffer": v["exp_avg"]} for key, v in moments.items()
            }
        case "sparse":
            one["exp_avg"] = one["exp_avg"].to_sparse()
    torch.save(content, file)
    return how


BYTES = (empty, truncated, truncated, flipped, flipped, binary, another, folder)
JSON = (typed,) * 8 + (odd, odd, lacking, lacking, twice, encoded)
KINDS: dict[str, tuple[Mutation, ...]] = {
    ".json": JSON,
    ".yaml": (yaml_odd, yaml_odd, yaml_typed, yaml_typed, yaml_typed, encoded),
    ".npy": (npy_header,) * 6,
    ".npz": (npz_member,) * 6,
    ".parquet": (cell,) * 8,
    ".csv": (rows,) * 5 + (encoded,),
    ".tsv": (rows,) * 5 + (encoded,),
    ".pth": (tensors,) * 6,
}
PICTURES = (".png", ".jpg", ".webp", ".bmp")


def of(file: Path) -> tuple[Mutation, ...]:
    """All ways for a file."""
    if file.name == "checkpoint.pth":
        return (*BYTES, *(tensors, tensors, *(state,) * 8))
    own: tuple[Mutation, ...] = (picture,) * 3 if file.suffix in PICTURES else KINDS.get(file.suffix, ())
    return (*BYTES, *own)
