"""A real browser, driven over a pipe: pages at any width, what scripts on them say, pictures."""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any


BROWSER = next(
    (
        path
        for name in ("chromium", "chromium-browser", "google-chrome", "chrome")
        if (path := shutil.which(name))
    ),
    "",
)
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
FLAGS += ("--disable-component-update", "--no-first-run")
# Pages of a site load others from their folder.
_FILES = "--allow-file-access-from-files"


class Browser:
    """Chromium without a window; to be used as a context.

    Messages are those of its debugging protocol, JSON ended by a zero byte, on the descriptors 3
    and 4 of the process.
    """

    def __init__(self, folder: Path) -> None:
        """Start it, with its profile in a folder."""
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        # The shell puts both ends where the browser looks for them.
        script = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
        command = [BROWSER, *FLAGS, _FILES, f"--user-data-dir={folder}", "--remote-debugging-pipe"]
        self._process = subprocess.Popen(
            ["bash", "-c", script, "bash", *command, "about:blank"],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._bytes, self._count, self._session, self.asked = b"", 0, "", list[str]()
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network"):
            self.send(f"{domain}.enable")

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.wait(20)
        os.close(self._write)
        os.close(self._read)

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self._bytes:
            more = os.read(self._read, 1 << 16)
            if not more:
                raise RuntimeError("the browser has ended")
            self._bytes += more
        text, self._bytes = self._bytes.split(b"\0", 1)
        message = json.loads(text)
        if message.get("method") == "Network.requestWillBeSent":
            self.asked.append(message["params"]["request"]["url"])
        return message

    def send(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Return the answer to a call of the protocol."""
        self._count += 1
        call: dict[str, Any] = {"id": self._count, "method": method, "params": arguments}
        if self._session:
            call["sessionId"] = self._session
        os.write(self._write, json.dumps(call).encode() + b"\0")
        while (message := self._message()).get("id") != self._count:
            pass
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']}")
        return message["result"]

    def wait(self, event: str) -> None:
        """Return when something has happened."""
        while self._message().get("method") != event:
            pass

    def open(self, address: str, width: int, height: int = 900) -> None:
        """Load a page, as wide as a window or telephone of so many pixels."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.send("Page.navigate", url=address)
        self.wait("Page.loadEventFired")

    def ask(self, script: str) -> Any:
        """Return what an expression on the page is worth; promises are waited for."""
        answer = self.send(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    def shoot(self, file: Path, height: int | None = None) -> None:
        """Write a picture of the page from its top, as high as it is or as told."""
        size = self.send("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "scale": 1}
        clip["height"] = min(size["height"], height or 16_000)
        shot = self.send("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shot["data"]))
