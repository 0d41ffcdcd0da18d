"""Settings: read once from the environment, frozen; one error names all that lacks."""

__all__ = ["CommonSettings", "Environment", "mode_of"]

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from shared.errors import SettingsError

MODES = ("embedded", "compose", "production")


class Environment:
    """Reads variables and keeps the list of what is missing or malformed until `check` is called."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._faults: list[str] = []

    def text(self, name: str, default: str | None = None) -> str:
        value = self._environ.get(name, "") or default
        if value is None:
            self._faults.append(f"{name} is not set")
            return ""
        return value

    def number(self, name: str, default: int) -> int:
        value = self.text(name, str(default))
        if not value.isdecimal():
            self._faults.append(f"{name} must be a whole number, not {value!r}")
            return default
        return int(value)

    def path(self, name: str) -> Path | None:
        value = self.text(name, "")
        return Path(value) if value else None

    def key(self, name: str, default: bytes | None = None) -> bytes:
        """Read 32 bytes in base64 (a secret): `python -c 'import os,base64;print(base64.b64encode(os.urandom(32)))'`."""
        value = self._environ.get(name, "")
        if not value and default is not None:
            return default
        try:
            key = base64.b64decode(value, validate=True)
        except ValueError:
            key = b""
        if len(key) != 32:
            self._faults.append(f"{name} must be 32 bytes in base64")
        return key

    def check(self) -> None:
        """Raise SettingsError with everything that was wrong so far."""
        if self._faults:
            raise SettingsError("; ".join(self._faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonSettings:
    """What every service needs to know. Secrets stay out of `repr`."""

    mode: str
    database_url: str = field(repr=False)
    amqp_url: str = field(repr=False, default="")
    clock_file: Path | None = None
    var: Path = Path("var")
    token_key: bytes = field(repr=False)  # Ed25519 private seed: scheduler only; the others hold the public half
    token_public: bytes = field(repr=False)
    seal_keys: Mapping[str, bytes] = field(repr=False)  # recipient service -> its current key
    public_url: str = "http://127.0.0.1:8000"

    @property
    def production(self) -> bool:
        return self.mode == "production"


def mode_of(environment: Environment) -> str:
    """Return PARCOURS_MODE: embedded (default), compose or production."""
    mode = environment.text("PARCOURS_MODE", "embedded")
    if mode not in MODES:
        raise SettingsError(f"PARCOURS_MODE must be one of {', '.join(MODES)}, not {mode!r}")
    return mode
