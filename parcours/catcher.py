"""The SMTP catcher of docker-compose.yml: every mail becomes a file under `$PARCOURS_VAR/mail`; nothing is sent on."""

__all__ = ["main"]

import os
import signal
import threading
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from shared.ids import new_id

PORT = 2525


class _ToFiles:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / f"{new_id()}.eml").write_bytes(envelope.original_content)
        return "250 kept"


def main() -> None:
    """Catch mails until stopped."""
    folder = Path(os.environ.get("PARCOURS_VAR") or "var") / "mail"
    controller = Controller(_ToFiles(folder), hostname="0.0.0.0", port=PORT)  # noqa: S104 - inside its container
    controller.start()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    stop.wait()
    controller.stop()


if __name__ == "__main__":
    main()
