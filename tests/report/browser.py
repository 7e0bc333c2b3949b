"""A headless Chromium, asked by the WebDriver protocol (w3.org/TR/webdriver2) and Chromium's additions to it."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

_ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"]
_LOCAL = ("file:", "data:", "about:", "chrome:")


def is_there() -> bool:
    """Whether this machine has the browser and its driver."""
    return bool(shutil.which("chromedriver")) and bool(shutil.which("chromium") or shutil.which("google-chrome"))


class Browser:
    """One browser; `close` ends it."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL)
        self._address = f"http://127.0.0.1:{port}"
        self._wait()
        logs = {"browser": "ALL", "performance": "ALL"}
        wanted = {"goog:chromeOptions": {"args": _ARGUMENTS}, "goog:loggingPrefs": logs}
        made = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._address += f"/session/{made['sessionId']}"

    def open(self, page: Path, *, width: int, height: int, is_dark: bool) -> None:
        """Opens a page at a size in CSS pixels, as a phone where it is narrow, under light or dark preference."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self._chromium("Emulation.setDeviceMetricsOverride", size)
        self._chromium("Emulation.setEmulatedMedia", {"features": [scheme]})
        self._log("browser"), self._log("performance")
        self._ask("POST", "/url", {"url": page.as_uri()})

    def said(self) -> list[str]:
        """What stands in the console since the page was opened."""
        return [entry["message"] for entry in self._log("browser")]

    def asked_for(self) -> list[str]:
        """Addresses on other machines that the page asked for since it was opened."""
        events = [json.loads(entry["message"])["message"] for entry in self._log("performance")]
        urls = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith(_LOCAL)]

    def run(self, script: str) -> Any:
        """What a script in the page returns."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": []})

    def alert(self) -> str | None:
        """The text of a dialogue that is open; None where there is none."""
        try:
            return str(self._ask("GET", "/alert/text"))
        except urllib.error.HTTPError:
            return None

    def picture(self, path: Path) -> None:
        """Writes the whole page as PNG."""
        shot = self._chromium("Page.captureScreenshot", {"captureBeyondViewport": True, "format": "png"})
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self) -> None:
        """Ends the browser and its driver."""
        try:
            self._ask("DELETE", "")
        finally:
            self._driver.terminate()
            self._driver.wait(timeout=30)

    def _chromium(self, command: str, parameters: dict[str, Any]) -> Any:
        return self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def _log(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._ask("POST", "/se/log", {"type": kind})
        return found

    def _wait(self, *, timeout_s: float = 60.0) -> None:
        ends = time.monotonic() + timeout_s
        while True:
            try:
                self._ask("GET", "/status")
                return
            except OSError:
                if time.monotonic() > ends:
                    raise
                time.sleep(0.1)

    def _ask(self, method: str, path: str, content: dict[str, Any] | None = None) -> Any:
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(
            self._address + path, body, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=300) as answer:
            return json.load(answer)["value"]
