"""A headless Chromium driven over its DevTools pipe: no driver, no port, no package.

What the page logs and what it asks the network for is recorded from before it is opened, so that neither can be missed.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from select import select
from typing import Any, BinaryIO

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
# Chromium talks over file descriptors 3 and 4.
_LAUNCH = "import os, sys; os.dup2({0}, 3); os.dup2({1}, 4); os.execv(sys.argv[1], sys.argv[1:])"
_PATIENCE = 60.0  # seconds without an answer


def find() -> str | None:
    """The path of a Chromium or Chrome on this machine, or None."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome", "chrome"))
    return next((path for path in found if path), None)


@dataclass
class Page:
    """One tab, and what was heard from it since before its first page.

    Attributes:
        console: errors, warnings, uncaught exceptions and what the browser itself logged.
        requests: addresses that the page asked for, inline data apart.
    """

    to: BinaryIO
    back: BinaryIO
    session: str = ""
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    _sent: int = 0
    _loaded: set[str] = field(default_factory=set)  # documents, by the loader's id

    def open(self, page: Path) -> None:
        """Open a file, and wait until it is loaded and nothing more comes."""
        self.visit(page.resolve().as_uri())

    def visit(self, address: str) -> None:
        """The same of an address; another page must be open, or a part after # alone would load nothing."""
        loader = self.call("Page.navigate", url=address)["loaderId"]
        while loader not in self._loaded:  # the document before it may tell late that it is loaded
            self._hear()
        self.settle()

    def settle(self) -> None:
        """Wait two frames: then everything that something set off has been drawn and reported."""
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def press(self, key: str) -> None:
        """A key of the keyboard, by its name: ``Tab``, ``Enter``, ``ArrowRight``."""
        codes = {"Tab": 9, "Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowRight": 39}
        known = {"key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
        self.call(
            "Input.dispatchKeyEvent", type="keyDown", **known, **({"text": "\r"} if key == "Enter" else {})
        )
        self.call("Input.dispatchKeyEvent", type="keyUp", **known)

    def look(self, width: int, height: int, scheme: str = "light", media: str = "") -> None:
        """Set the window (CSS pixels), ``light`` or ``dark``, and optionally ``print``."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        preferred = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media=media, features=preferred)

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression; an exception in it is an error here."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def screenshot(self, path: Path, whole: bool = True) -> None:
        """A PNG of the whole page, or of its first screen."""
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(answer["data"]))

    def pdf(self, path: Path) -> None:
        """The page as it prints on A4."""
        answer = self.call("Page.printToPDF", preferCSSPageSize=True, paperWidth=8.27, paperHeight=11.69)
        path.write_bytes(base64.b64decode(answer["data"]))

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._sent += 1
        message: dict[str, Any] = {"id": self._sent, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.to.write(json.dumps(message).encode() + b"\0")
        self.to.flush()
        while True:
            answer = self._hear()
            if answer.get("id") == self._sent:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def _hear(self) -> dict[str, Any]:
        read, until = bytearray(), time.monotonic() + _PATIENCE
        while not read.endswith(b"\0"):
            if not select([self.back], [], [], max(0.0, until - time.monotonic()))[0]:
                raise TimeoutError(f"Chromium said nothing for {_PATIENCE:.0f} s")
            byte = self.back.read(1)
            if not byte:
                raise RuntimeError("Chromium ended")
            read += byte
        message: dict[str, Any] = json.loads(read[:-1])
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, method: str, said: dict[str, Any]) -> None:
        if method == "Page.lifecycleEvent" and said["name"] == "load":
            self._loaded.add(said["loaderId"])
        elif method == "Runtime.consoleAPICalled" and said["type"] in ("error", "warning", "assert"):
            self.console.append(" ".join(str(one.get("value", "")) for one in said["args"]))
        elif method == "Runtime.exceptionThrown":
            self.console.append(str(said["exceptionDetails"]))
        elif method == "Log.entryAdded":
            self.console.append(f"{said['entry']['source']}: {said['entry']['text']}")
        elif method == "Network.requestWillBeSent" and not said["request"]["url"].startswith("data:"):
            self.requests.append(said["request"]["url"])


@contextmanager
def browsing(chromium: str) -> Iterator[Page]:
    """A page in a Chromium of its own, with an empty profile, ended on leaving."""
    read_there, to = os.pipe()
    back, write_there = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        launch = _LAUNCH.format(read_there, write_there)
        process = subprocess.Popen(
            [sys.executable, "-c", launch, chromium, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(read_there, write_there),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read_there)
        os.close(write_there)
        with open(to, "wb") as sending, open(back, "rb", buffering=0) as hearing:
            try:
                page = Page(sending, hearing)
                target = page.call("Target.createTarget", url="about:blank")["targetId"]
                page.session = page.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
                for domain in ("Page", "Runtime", "Log", "Network"):
                    page.call(f"{domain}.enable")
                page.call("Page.setLifecycleEventsEnabled", enabled=True)
                yield page
                page.session = ""
                page.call("Browser.close")
            finally:
                try:
                    process.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
