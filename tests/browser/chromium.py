"""A headless Chromium that opens local files, driven over the pipe of its DevTools protocol.

A pipe needs no library and no port: messages are JSON, ended by a zero byte.
https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import atexit
import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections import defaultdict
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

COMMAND = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_SECONDS = 60.0
"""The longest wait for an answer. A loaded machine takes its time; one that hangs is told so."""
_OPTIONS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
)
_WIDTH, _HEIGHT = 1280, 900


class Chromium:
    """A running browser, with a profile of its own."""

    def __init__(self) -> None:
        assert COMMAND
        self._profile = tempfile.mkdtemp(prefix="sde-chromium-")
        its_input, self._to = (_high(end) for end in os.pipe())
        self._from, its_output = (_high(end) for end in os.pipe())
        sandbox = () if os.getuid() else ("--no-sandbox",)  # root has none
        command = [COMMAND, *_OPTIONS, *sandbox, f"--user-data-dir={self._profile}", "about:blank"]
        # The protocol's own numbers of the handles.
        shell = ["bash", "-c", f'exec "$0" "$@" 3<&{its_input} 4>&{its_output}', *command]
        self._process = subprocess.Popen(
            shell, pass_fds=(its_input, its_output), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        os.close(its_input)
        os.close(its_output)
        self._number, self._read = 0, b""
        self.events: dict[str, list[tuple[str, dict[str, Any]]]] = defaultdict(list)
        """What each session was told, by its id: methods with their parameters."""

    def close(self) -> None:
        """End the browser, and remove its profile."""
        for end in (self._to, self._from):
            os.close(end)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._profile, ignore_errors=True)

    def call(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """Call a method and return its result."""
        number = self._send(method, session, parameters)
        until = time.monotonic() + _SECONDS
        while True:
            answer = self._next(until, method)
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer["error"])
                result: dict[str, Any] = answer["result"]
                return result

    def _send(self, method: str, session: str, parameters: dict[str, Any]) -> int:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        written = json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0"
        while written:
            written = written[os.write(self._to, written) :]
        return self._number

    def wait(self, method: str, session: str) -> None:
        """Wait until a session has been told of an event."""
        until = time.monotonic() + _SECONDS
        while all(told != method for told, _ in self.events[session]):
            self._next(until, method)

    def _next(self, until: float, awaited: str) -> dict[str, Any]:
        while b"\0" not in self._read:
            ready, _, _ = select.select([self._from], [], [], max(0.0, until - time.monotonic()))
            assert ready, f"Chromium said nothing for {_SECONDS} s: {awaited}"
            read = os.read(self._from, 1 << 20)
            assert read, f"Chromium ended: {awaited}"
            self._read += read
        one, _, self._read = self._read.partition(b"\0")
        message: dict[str, Any] = json.loads(one)
        if "method" in message:
            session = message.get("sessionId", "")
            self.events[session].append((message["method"], message["params"]))
            if message["method"] == "Page.javascriptDialogOpening":  # the page waits for an answer
                self._send("Page.handleJavaScriptDialog", session, {"accept": False})
        return message


def _high(end: int) -> int:
    """Return a handle whose number is none that the protocol has."""
    try:
        return fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10)
    finally:
        os.close(end)


@cache
def chromium() -> Chromium:
    """Return the browser of this process."""
    browser = Chromium()
    atexit.register(browser.close)
    return browser


@cache
def _tab() -> str:
    """Return the session of the one tab, which all pages are opened in: another would be another process."""
    browser = chromium()
    made = browser.call("Target.createTarget", url="about:blank")
    session: str = browser.call("Target.attachToTarget", targetId=made["targetId"], flatten=True)["sessionId"]
    for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
        browser.call(f"{domain}.enable", session)
    browser.call("Emulation.setFocusEmulationEnabled", session, enabled=True)
    return session


class Page:
    """A local file, opened until the next one is."""

    def __init__(self, file: Path) -> None:
        self._file, self._browser, self._session = file, chromium(), _tab()
        self._world, self._scripts = 0, True
        self.show()
        self.resize()
        self.open()

    def open(self, *, scripts: bool = True) -> None:
        """Open the file, again if it is open, with or without its scripts."""
        self._scripts = scripts
        self._call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self._go("about:blank")  # the page before ends, and what it did is told, before the file is opened
        frame = self._go(self._file.absolute().as_uri())
        # A world of our own sees the same document, whatever its policy allows and its scripts have changed.
        world = self._call("Page.createIsolatedWorld", frameId=frame, worldName="tests")
        self._world = world["executionContextId"]

    def _go(self, url: str) -> str:
        self._browser.events[self._session].clear()
        gone = self._call("Page.navigate", url=url)
        assert "errorText" not in gone, gone
        self._browser.wait("Page.loadEventFired", self._session)
        frame: str = gone["frameId"]
        return frame

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._browser.events[self._session].clear()

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **parameters)

    def show(self, *, scheme: str = "light", media: str = "screen") -> None:
        """Have the page shown for a colour scheme and a medium, without motion."""
        features = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        asked = [{"name": name, "value": value} for name, value in features.items()]
        self._call("Emulation.setEmulatedMedia", media=media, features=asked)

    def resize(self, width: int = _WIDTH) -> None:
        """Give the page a width, in CSS pixels."""
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=_HEIGHT, deviceScaleFactor=1, mobile=False)

    def evaluate(self, expression: str, *, in_page: bool = False) -> Any:
        """Return the value of an expression, or of its promise. `in_page`: in the world of the page's scripts."""
        where = {} if in_page else {"contextId": self._world}
        said = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, **where)
        assert "exceptionDetails" not in said, said["exceptionDetails"]
        return said["result"].get("value")

    def press(self, key: str, code: int, *, shift: bool = False) -> None:
        """Press and release a key."""
        text = {"text": "\r"} if key == "Enter" else {}
        named = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        self._call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **named, **text)
        self._call("Input.dispatchKeyEvent", type="keyUp", **named)

    def type(self, text: str) -> None:
        """Enter text into what has the focus."""
        self._call("Input.insertText", text=text)

    def pdf(self) -> bytes:
        """Return the page as printed on A4."""
        said = self._call("Page.printToPDF", paperWidth=8.27, paperHeight=11.69, preferCSSPageSize=True)
        return base64.b64decode(said["data"])

    def picture(self, *, whole: bool = True) -> bytes:
        """Return a picture of the page (PNG)."""
        said = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(said["data"])

    def told(self, *methods: str) -> list[dict[str, Any]]:
        """Return what the browser has told of these events since the file was opened."""
        # What waits is told first. Without scripts nothing waits, and no callback runs.
        self.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))" if self._scripts else "0")
        return [parameters for method, parameters in self._browser.events[self._session] if method in methods]
