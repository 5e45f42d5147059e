"""A real browser, without a screen: Debian's Chromium, driven through its own driver.

`Chromium` signs in through the pages as a person would. Where it is not installed a test is
skipped, but not in continuous integration, where it fails. CORRIDOR_SCREENSHOTS names a folder
for pictures of every page, for people to look at.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyotp
import pytest
from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
from selenium.webdriver import Chrome, ChromeOptions, Keys
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from support.pages import PASSWORD

AXE = Path(__file__).parents[1] / "vendor" / "axe" / "axe-4.14.1.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PATIENCE_SECONDS = 60
"""An import by a process of its own takes half of it on a machine with eight times its work."""


class Chromium:
    """One browser window at one console."""

    def __init__(self, driver: Chrome, address: str) -> None:
        self.driver, self.address = driver, address
        self._has_axe = False

    def open(self, path: str) -> None:
        self.driver.get(self.address + path)

    def find(self, css: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def fill(self, name: str, text: str) -> WebElement:
        """Type into a field, and give it."""
        field = self.find(f"[name='{name}']")
        field.clear()
        field.send_keys(text)
        return field

    def press(self, css: str) -> None:
        """Press a button, and wait until its page is there."""
        before = self.find("html")
        self.find(css).click()
        WebDriverWait(self.driver, PATIENCE_SECONDS).until(lambda _: _is_gone(before))

    def press_by_key(self, css: str) -> None:
        """Press a button as who has no mouse does, wherever the page has it just then."""
        before = self.find("html")
        self.find(css).send_keys(Keys.ENTER)
        WebDriverWait(self.driver, PATIENCE_SECONDS).until(lambda _: _is_gone(before))

    def wait_for(self, css: str) -> WebElement:
        return WebDriverWait(self.driver, PATIENCE_SECONDS).until(
            lambda driver: driver.find_element(By.CSS_SELECTOR, css)
        )

    def wait_for_text(self, css: str, pattern: str) -> str:
        """The text of an element, once it holds this; the page is not loaded again."""
        found = ""

        def is_there(driver: Chrome) -> bool:
            nonlocal found
            elements = driver.find_elements(By.CSS_SELECTOR, css)
            found = elements[0].text if elements else ""
            return re.search(pattern, found) is not None

        # While it is being replaced it is stale.
        wait = WebDriverWait(
            self.driver,
            PATIENCE_SECONDS,
            poll_frequency=0.1,
            ignored_exceptions=[StaleElementReferenceException],
        )
        try:
            wait.until(is_there)
        except TimeoutException as error:
            raise AssertionError(found) from error
        return found

    def enter(self, name: str, code: str) -> tuple[str, list[str]]:
        """Go through the first sign-in with a one-time code; gives secret and recovery codes."""
        self.open("/welcome")
        self.fill("name", name)
        self.fill("code", code)
        self.fill("password", PASSWORD)
        self.fill("again", PASSWORD)
        self.press("main form button")
        self.fill("name", name)
        self.fill("password", PASSWORD)
        self.press("main form button")
        secret = self.find("code.secret").text.replace(" ", "")
        self.fill("code", pyotp.TOTP(secret).at(datetime.now(UTC)))
        self.press("main form button")
        codes = [one.text for one in self.driver.find_elements(By.CSS_SELECTOR, ".codes code")]
        return secret, codes

    def come_back(self, name: str, recovery_code: str) -> None:
        """Sign in again, with a recovery code as the second step."""
        self.open("/sign-in")
        self.fill("name", name)
        self.fill("password", PASSWORD)
        self.press("main form button")
        self.fill("code", recovery_code).send_keys(Keys.ENTER)
        self.wait_for("nav a[aria-current]")

    def speak(self, language: str) -> None:
        """Choose a language by its button."""
        self.press(f"button[name=language][value={language}]")

    def resize(self, width: int, height: int = 900) -> None:
        """A window that is really so narrow; no window of a desktop is."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        # A click that is aimed before the page has taken its new shape misses.
        self.driver.execute_async_script(
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done));"
        )

    def prefer(self, scheme: str) -> None:
        """`light` or `dark`."""
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
        )

    def violations(self, *, rules: list[str] | None = None) -> list[str]:
        """What axe-core finds wrong with this page, for people who cannot see or point.

        Args:
            rules: these alone; all of RULES where None.
        """
        if not self._has_axe:  # once: half a megabyte for each page would take longer than axe
            source = {"source": AXE.read_text("utf-8")}
            self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", source)
            self.driver.execute_script(source["source"])
            self._has_axe = True
        found = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "axe.run(document, {runOnly: arguments[0], resultTypes: ['violations']}).then(done);",
            RULES if rules is None else {"type": "rule", "values": rules},
        )
        return [
            f"{one['id']}: {one['help']}: {json.dumps([n['html'][:160] for n in one['nodes']])}"
            for one in found["violations"]
        ]

    def is_wider_than_its_window(self) -> bool:
        script = "const r = document.documentElement; return r.scrollWidth > r.clientWidth;"
        return bool(self.driver.execute_script(script))

    def tables_that_lose_their_rows_names(self) -> list[str]:
        """Of tables that are wider than the window, those whose first column goes when scrolled."""
        script = """
            const lost = [];
            for (const box of document.querySelectorAll(".scroll")) {
              const first = box.querySelector("tbody tr > :first-child:not([colspan])");
              if (first === null || !box.checkVisibility()) continue;
              if (box.scrollWidth <= box.clientWidth) continue;
              const before = box.scrollLeft;
              box.scrollLeft = getComputedStyle(box).direction === "rtl" ? -1e6 : 1e6;
              const own = first.getBoundingClientRect(), seen = box.getBoundingClientRect();
              if (own.left < seen.left - 1 || own.right > seen.right + 1) lost.push(box.ariaLabel);
              box.scrollLeft = before;
            }
            return lost;"""
        found: list[str] = self.driver.execute_script(script)
        return found

    def complaints(self) -> list[str]:
        """What the browser's console says: scripts refused, files missing."""
        log: list[dict[str, Any]] = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [one["message"] for one in log]

    def picture(self, name: str) -> None:
        """Keep a picture of the whole page, where somebody wants them."""
        folder = os.environ.get("CORRIDOR_SCREENSHOTS")
        if folder is not None:
            Path(folder).mkdir(parents=True, exist_ok=True)
            size = "return [innerWidth, document.documentElement.scrollHeight]"
            width, height = self.driver.execute_script(size)
            self.resize(width, height)
            self.driver.save_screenshot(str(Path(folder) / f"{name}.png"))
            self.resize(width)


def _is_gone(element: WebElement) -> bool:
    try:
        element.is_enabled()
    except Exception:  # noqa: BLE001  # stale, or of a page that is being left: both are gone
        return True
    return False


@contextmanager
def chromium(address: str) -> Iterator[Chromium]:
    """A fresh browser, with no cookie; it may be told to trust a coordinator's own authority."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        if os.environ.get("CI"):
            pytest.fail("the console is tested in a real browser: apt-get install chromium-driver")
        pytest.skip("needs chromium and chromium-driver")
    options = ChromeOptions()
    options.binary_location = binary
    for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--lang=en-GB"):
        options.add_argument(word)
    options.add_argument("--window-size=1200,900")
    options.accept_insecure_certs = True  # a region's own authority; `login` pins it, browsers ask
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    opened = Chrome(options=options, service=Service(driver))
    try:
        opened.set_script_timeout(60)
        opened.implicitly_wait(10)
        browser = Chromium(opened, address)
        browser.resize(1200)
        yield browser
    finally:
        opened.quit()
