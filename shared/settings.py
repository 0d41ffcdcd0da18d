"""Settings: read once from the environment, frozen; one error names all that lacks."""

__all__ = ["FICTION", "SERVED", "SERVICES", "CommonSettings", "Environment", "common_from", "mode_of"]

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shared.errors import SettingsError

KEY_BYTES = 32
SERVICES = ("scheduler", "attendance", "notifications")
MODES = ("embedded", "compose", "production")
FICTION = "01 99 00 12 34"  # a block that ARCEP keeps for fiction: never a real office
SERVED = "http://127.0.0.1:8000"  # what `parcours serve` and docker-compose.yml open
# Who seals for whom beside itself: scheduler for everybody; the others what a person says of their own contact.
SEALS_FOR = {
    "scheduler": SERVICES,
    "attendance": ("attendance", "scheduler"),
    "notifications": ("notifications", "scheduler"),
}


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
        """Read a secret of 32 bytes in base64, such as `openssl rand -base64 32` prints."""
        value = self._environ.get(name, "")
        if not value and default is not None:
            return default
        try:
            key = base64.b64decode(value, validate=True)
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            self._faults.append(f"{name} must be 32 bytes in base64")
        return key

    def fault(self, words: str) -> None:
        """Keep that something is wrong that only the service itself can judge."""
        self._faults.append(words)

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
    link_key: bytes = field(repr=False)  # the same of signatories' sessions and links: notifications only
    link_public: bytes = field(repr=False)
    seal_keys: Mapping[str, bytes] = field(repr=False)  # recipient service -> its current key
    public_url: str = "http://127.0.0.1:8000"  # where people's phones find the pages; without a slash at its end
    call_back: str = ""  # the number that people may call, on their own pages and in notices
    demo: bool = False  # every person is invented: words that no translator signed may be read
    behind_proxy: bool = False  # the caller's address is what one reverse proxy says

    @property
    def production(self) -> bool:
        return self.mode == "production"


def mode_of(environment: Environment) -> str:
    """Return PARCOURS_MODE: embedded (default), compose or production."""
    mode = environment.text("PARCOURS_MODE", "embedded")
    if mode not in MODES:
        raise SettingsError(f"PARCOURS_MODE must be one of {', '.join(MODES)}, not {mode!r}")
    return mode


def common_from(environment: Environment, service: str) -> CommonSettings:
    """
    Read what every service needs.

    Embedded mode makes its own keys under `PARCOURS_VAR` at the first start and keeps its databases there; the other
    modes take everything from the environment. Only scheduler gets the private half of the token key, only
    notifications that of the key of links.
    """
    mode = mode_of(environment)
    var = environment.path("PARCOURS_VAR") or Path("var")
    embedded = mode == "embedded"
    names = ("token", "link", *(f"seal-{recipient}" for recipient in SERVICES))
    made = _local_keys(var, names) if embedded else {}
    seed = environment.key("PARCOURS_TOKEN_KEY", made.get("token")) if service == "scheduler" or embedded else b""
    public = public_half(seed) if seed else environment.key("PARCOURS_TOKEN_PUBLIC")
    own = service == "notifications" or embedded
    link = environment.key("PARCOURS_LINK_KEY", made.get("link")) if own else b""
    link_public = public_half(link) if link else environment.key("PARCOURS_LINK_PUBLIC")
    seals = {
        recipient: environment.key(f"PARCOURS_SEAL_{recipient.upper()}", made.get(f"seal-{recipient}"))
        for recipient in SERVICES
        if embedded or recipient in SEALS_FOR.get(service, (service,))
    }
    default_url = f"sqlite:///{var / service}.db" if embedded else None
    return CommonSettings(
        mode=mode,
        database_url=environment.text(f"PARCOURS_{service.upper()}_DATABASE_URL", default_url),
        amqp_url=environment.text("PARCOURS_AMQP_URL", "" if embedded else None),
        clock_file=environment.path("PARCOURS_CLOCK_FILE"),
        var=var,
        token_key=seed,
        token_public=public,
        link_key=link,
        link_public=link_public,
        seal_keys=seals,
        public_url=environment.text("PARCOURS_PUBLIC_URL", None if mode == "production" else SERVED).rstrip("/"),
        call_back=environment.text("PARCOURS_CALL_BACK", None if mode == "production" else FICTION),
        demo=environment.text("PARCOURS_DEMO", "no") == "yes" and mode != "production",
        behind_proxy=environment.text("PARCOURS_BEHIND_PROXY", "no") == "yes",
    )


def _local_keys(var: Path, names: Sequence[str]) -> dict[str, bytes]:
    """Return this machine's own keys, made at the first start, readable by their owner only."""
    folder = var / "keys"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys = {}
    for name in names:
        path = folder / name
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(handle, "wb") as file:
                file.write(os.urandom(32))
        keys[name] = path.read_bytes()
    return keys


def public_half(seed: bytes) -> bytes:
    """Return the public key (32 bytes) of an Ed25519 seed, or nothing for a seed that was refused."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if len(seed) != KEY_BYTES:
        return b""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
