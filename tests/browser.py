"""A real Chromium for the tests: given, found, or installed on Debian as root; else one line that says what to do."""

import os
import shutil
import subprocess

from playwright.sync_api import expect

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
expect.set_options(timeout=30_000)  # of every `expect` of the page tests, in ms: the machine may be busy
WHAT_TO_DO = "the page tests need Chromium: set PARCOURS_TEST_CHROMIUM to its path, or install it (Debian: apt-get install chromium)"


def chromium():
    """Return the path of a Chromium. Raises RuntimeError with what to do."""
    for found in (
        os.environ.get("PARCOURS_TEST_CHROMIUM"),
        *map(shutil.which, ("chromium", "chromium-browser", "google-chrome")),
    ):
        if found:
            return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        command = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "install", "-yqq", "--no-install-recommends"]
        subprocess.run(["apt-get", "update", "-qq"], env=environment, capture_output=True, check=False)
        subprocess.run([*command, "chromium", "fonts-noto-core"], env=environment, capture_output=True, check=False)
        if shutil.which("chromium"):
            return shutil.which("chromium")
    raise RuntimeError(WHAT_TO_DO)


def press(button):
    """Press what leads to another page, and wait until that page stands: a click alone returns before it does."""
    with button.page.expect_navigation():
        button.click()
