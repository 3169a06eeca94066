"""A browser for tests: Chromium without a window, told what to do over a pipe (the DevTools protocol, no network).

Browser ── {"id": 1, "method": …}\\0 ──▶ fd 3        fd 4 ──▶ {"id": 1, "result": …}\\0
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)

TIMEOUT_S = 60.0

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--mute-audio",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
    "--remote-debugging-pipe",
)


_WIRED = """
import os, sys
to_it, from_it = (os.dup(os.dup(os.dup(int(number)))) for number in sys.argv[1:3])
os.dup2(to_it, 3)
os.dup2(from_it, 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""
"""Chromium listens at descriptor 3 and answers at 4, and no others."""


class Browser:
    """One tab. `events` are all that it said by itself: requests, what was written to its console, what it refused."""

    def __init__(self, process: subprocess.Popen[bytes], told: int, heard: int) -> None:
        self._process, self._told, self._heard = process, told, heard
        self._buffer = b""
        self._count = 0
        self._session = ""
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    @classmethod
    @contextmanager
    def started(cls, folder: Path, width: int = 1400, height: int = 1000) -> Iterator[Self]:
        """A browser whose profile is `folder`; gone when the block ends."""
        to_it, told = os.pipe()
        heard, from_it = os.pipe()
        command = [CHROMIUM, *_FLAGS, f"--user-data-dir={folder}", f"--window-size={width},{height}"]
        wired = [sys.executable, "-c", _WIRED, str(to_it), str(from_it), *command]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(wired, pass_fds=(to_it, from_it), stdout=quiet, stderr=quiet)
        os.close(to_it)
        os.close(from_it)
        try:
            yield cls(process, told, heard)
        finally:
            process.kill()
            process.wait()
            os.close(told)
            os.close(heard)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Raises RuntimeError for what the browser refuses, TimeoutError when it says nothing."""
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._told, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            answer = self._next(deadline)
            if answer.get("id") == self._count:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, url: str) -> None:
        """Go there, and wait until it is loaded."""
        self.call("Page.navigate", url="about:blank")  # until it has left, the page before goes on asking
        self.wait_for("location.href === 'about:blank'")
        self.events.clear()
        self.call("Page.navigate", url=url)
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")

    def run(self, script: str) -> Any:
        """The value of an expression; of a promise, what it comes to."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"])[:2000])
        return answer["result"].get("value")

    def wait_for(self, condition: str) -> Any:
        """Until an expression is true, asked for at every frame that is drawn, or a tenth of a second."""
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            if value := self.run(f"({condition})"):
                return value
            if time.monotonic() > deadline:
                raise TimeoutError(condition)
            self.run("new Promise(done => setTimeout(done, 50))")

    def press(self, key: str, **more: Any) -> None:
        """A key, as a person presses it."""
        printed = {"text": key} if len(key) == 1 else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, **(printed if kind == "keyDown" else {}), **more)

    def picture(self, path: Path, *, whole: bool = False) -> None:
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(answer["data"]))

    def prefer(self, scheme: str) -> None:
        """ "dark" or "light"."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def complaints(self) -> list[str]:
        """What the page was refused, and what went wrong in its script."""
        told = [event["params"] for event in self.events if event.get("method") == "Log.entryAdded"]
        thrown = [event["params"] for event in self.events if event.get("method") == "Runtime.exceptionThrown"]
        return [said["entry"]["text"] for said in told] + [json.dumps(each["exceptionDetails"]) for each in thrown]

    def asked_for(self) -> list[str]:
        """The URLs that it asked for, in order."""
        sent = (event["params"] for event in self.events if event.get("method") == "Network.requestWillBeSent")
        return [said["request"]["url"] for said in sent]

    def _next(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._heard], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError("the browser says nothing")
            if not (read := os.read(self._heard, 1 << 20)):
                raise RuntimeError("the browser has ended")
            self._buffer += read
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)
