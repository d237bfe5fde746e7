"""What withstand needs, a requirement a line.

needs.py lowest       the lower bounds of pyproject.toml, exactly
needs.py installed    what is installed here of it and of what that needs, but for NVIDIA's libraries
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

LEFT_OUT = re.compile(
    r"nvidia|cuda|triton|setuptools"
)  # gigabytes that are of no Python; and what Pythons bring


def lowest() -> list[str]:
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [re.sub(r">=([^,]+).*", r"==\1", one) for one in project["dependencies"]]


def installed() -> Iterator[str]:
    from packaging.requirements import Requirement

    seen, ahead = set(), ["withstand"]
    while ahead:
        name = ahead.pop()
        for text in metadata.requires(name) or []:
            need = Requirement(text)
            called = re.sub(r"[-_.]+", "-", need.name.lower())
            if (
                called in seen
                or LEFT_OUT.match(called)
                or not (need.marker is None or need.marker.evaluate({"extra": ""}))
            ):
                continue
            seen.add(called)
            ahead.append(need.name)
            yield f"{need.name}=={metadata.version(need.name)}"


if __name__ == "__main__":
    print(*(lowest() if sys.argv[1] == "lowest" else installed()), sep="\n")
