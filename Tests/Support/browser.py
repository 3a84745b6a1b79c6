"""A headless Chromium, driven over a pipe: no port, no driver, nothing but the browser itself.

The DevTools protocol is JSON with a zero byte behind each message, on the descriptors 3 (to the
browser) and 4 (from it). Console messages, exceptions and violations of the content security
policy are kept: a test says that there are none.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

WAIT_SECONDS_MAX = 30
NAMES = ("chromium", "chromium-browser", "google-chrome")


def browser_path():
    """The browser's program, or None."""
    named = os.environ.get("CHROMIUM")
    return named or next((path for path in map(shutil.which, NAMES) if path), None)


class BrowserError(Exception):
    """What a page's script threw, or what the browser refused."""


class Browser:
    """One process; pages are opened in it one beside the other."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="pulsegate-browser-")
        to_browser, self._to = os.pipe()
        self._from, from_browser = os.pipe()
        for place, descriptor in ((3, to_browser), (4, from_browser)):
            assert descriptor not in (3, 4) or descriptor == place, "descriptors 3 and 4 are taken"
        self.process = subprocess.Popen(
            [browser_path(), "--headless=new", "--remote-debugging-pipe", "--no-first-run",
             "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--no-default-browser-check",
             "--hide-scrollbars", "--force-color-profile=srgb",
             f"--user-data-dir={self._folder.name}",
             *(["--no-sandbox"] if os.geteuid() == 0 else []), "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "TZ": "UTC", "LC_ALL": "C.UTF-8"},
            preexec_fn=lambda: (os.dup2(to_browser, 3), os.dup2(from_browser, 4)),
            pass_fds=(3, 4))
        os.close(to_browser)
        os.close(from_browser)
        self._number = 0
        self._buffer = b""
        self._answers = {}
        self._pages = {}

    def call(self, method, session=None, **parameters):
        """Calls a method of the protocol and returns its result."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._to, data):]
        end = time.monotonic() + WAIT_SECONDS_MAX
        while number not in self._answers:
            self.read(end - time.monotonic(), method)
        answer = self._answers.pop(number)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def read(self, seconds, what="the browser"):
        """Reads what the browser says, for so long at most."""
        if not select.select([self._from], [], [], max(0, seconds))[0]:
            raise TimeoutError(f"{what}: no answer from the browser")
        data = os.read(self._from, 1 << 20)
        if not data:
            raise BrowserError("the browser has ended")
        self._buffer += data
        *messages, self._buffer = self._buffer.split(b"\0")
        for message in map(json.loads, messages):
            if "id" in message:
                self._answers[message["id"]] = message
            elif message.get("sessionId") in self._pages:
                self._pages[message["sessionId"]].hear(message)

    def open(self, url, **options):
        page = Page(self, **options)
        self._pages[page.session] = page
        page.start(url)
        return page

    def forget(self, page):
        self._pages.pop(page.session, None)

    def stop(self):
        os.close(self._to)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self._from)
        try:
            self._folder.cleanup()
        except OSError:
            pass  # A process of the browser's may still be writing its last file.


class Page:
    """One page: what it shows, and what it complained about (`complaints`)."""

    def __init__(self, browser, width=1280, height=800, scale=1, dark=False, touch=False,
                 reduced_motion=True):
        self.browser = browser
        self.complaints = []
        self.error = None
        context = browser.call("Target.createBrowserContext")["browserContextId"]
        self._target = browser.call(
            "Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        self.session = browser.call(
            "Target.attachToTarget", targetId=self._target, flatten=True)["sessionId"]
        self._size = {"width": width, "height": height, "deviceScaleFactor": scale,
                      "mobile": touch}
        self._features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion",
             "value": "reduce" if reduced_motion else "no-preference"}]
        self._touch = touch

    def start(self, url):
        for domain in ("Runtime", "Log", "Page", "Audits", "Network"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", **self._size)
        self.call("Emulation.setEmulatedMedia", features=self._features)
        if self._touch:
            self.call("Emulation.setTouchEmulationEnabled", enabled=True)
        self.call("Page.navigate", url=url)

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def hear(self, message):
        method, said = message["method"], message.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = said["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description")
                                   or details["text"])
        elif method == "Runtime.consoleAPICalled" and said["type"] in ("error", "warning"):
            self.complaints.append(" ".join(str(one.get("value")) for one in said["args"]))
        elif method == "Log.entryAdded" and said["entry"]["level"] in ("error", "warning"):
            entry = said["entry"]
            self.complaints.append(f"{entry['text']} ({entry.get('url', '')})")
        elif method == "Audits.issueAdded" and "ContentSecurityPolicy" in said["issue"]["code"]:
            self.complaints.append(json.dumps(said["issue"]))

    def evaluate(self, expression):
        """The value of a script's expression; promises are waited for."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise BrowserError(details.get("exception", {}).get("description", details["text"]))
        return answer["result"].get("value")

    def wait(self, expression, seconds=WAIT_SECONDS_MAX):
        """Waits until an expression is true."""
        end = time.monotonic() + seconds
        while True:
            try:
                value = self.evaluate(f"!!({expression})")
            except BrowserError as error:
                value, self.error = None, error  # The page may not be there yet.
            if value:
                return
            assert time.monotonic() < end, (
                f"waited {seconds} s in vain for {expression}; complaints: {self.complaints}; "
                f"last error: {self.error}; "
                f"it says: {self.text()[:600]}")
            time.sleep(0.02)

    def text(self, selector="body"):
        """What an element says to who sees it; nothing while it is hidden."""
        return self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "return e?.checkVisibility() ? e.innerText : ''; })()")

    def click(self, selector):
        x, y = self.middle(selector)
        self.mouse("mousePressed", x, y, button="left", clickCount=1)
        self.mouse("mouseReleased", x, y, button="left", clickCount=1)

    def middle(self, selector):
        """Where the middle of an element is; it is scrolled into sight when it can be seen."""
        self.wait(f"document.querySelector({json.dumps(selector)})?.checkVisibility()")
        place = self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            "e.scrollIntoView({block: 'nearest'}); const b = e.getBoundingClientRect();"
            "return [b.x + b.width / 2, b.y + b.height / 2]; })()")
        return place

    def mouse(self, kind, x, y, **more):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def drag(self, selector, pixels):
        """Drags from the middle of an element to the side."""
        x, y = self.middle(selector)
        self.mouse("mousePressed", x, y, button="left", clickCount=1)
        for step in range(1, 6):
            self.mouse("mouseMoved", x + pixels * step / 5, y, button="left", buttons=1)
        self.mouse("mouseReleased", x + pixels, y, button="left", clickCount=1)

    def pinch(self, selector, before, after):
        """Two fingers, so many pixels apart before and after."""
        x, y = self.middle(selector)

        def points(apart):
            return [{"x": x - apart / 2, "y": y, "id": 0}, {"x": x + apart / 2, "y": y, "id": 1}]

        self.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=points(before))
        for step in range(1, 6):
            apart = before + (after - before) * step / 5
            self.call("Input.dispatchTouchEvent", type="touchMove", touchPoints=points(apart))
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def key(self, key, text=None, shift=False):
        parameters = {"key": key, "code": key, "modifiers": 8 if shift else 0}
        if text or len(key) == 1:
            parameters["text"] = text or key
        virtual = {"Tab": 9, "Enter": 13, "Escape": 27, "PageUp": 33, "PageDown": 34, "End": 35,
                   "Home": 36, "ArrowLeft": 37, "ArrowRight": 39}.get(key)
        if virtual:
            parameters["windowsVirtualKeyCode"] = virtual
        if key == "Enter":
            parameters["text"] = "\r"
        self.call("Input.dispatchKeyEvent", type="keyDown", **parameters)
        self.call("Input.dispatchKeyEvent", type="keyUp", **{
            name: value for name, value in parameters.items() if name != "text"})

    def type(self, text):
        self.call("Input.insertText", text=text)

    def picture(self, path=None, full=False):
        """A picture of what is in sight (or of the whole page), as PNG."""
        data = base64.b64decode(self.call(
            "Page.captureScreenshot", format="png", captureBeyondViewport=full)["data"])
        if path:
            Path(path).write_bytes(data)
        return data

    def close(self):
        self.browser.forget(self)
        self.browser.call("Target.closeTarget", targetId=self._target)

