"""
Which words each version stands for: `ledger.yaml` keeps, for every file, its version and a digest of its texts.

A notice says which version it was written with (`convocation/ar@1`), so a text never changes under its version.
"""

__all__ = ["accept", "faults"]

import hashlib
import json
from pathlib import Path

import yaml

from services.notifications.wording.files import FOLDER, WordingError, names, read

LEDGER = "ledger.yaml"
HEADING = "# Written by `parcours notices wording --accept`: each file's version and the SHA-256 of its texts.\n"


def faults(folder: Path = FOLDER) -> list[str]:
    """Return, in words, each file whose texts are not those that its version stands for."""
    return [words for words, _refused in _changes(folder).values()]


def accept(folder: Path = FOLDER) -> list[str]:
    """
    Write the ledger anew; return what changed, in words.

    Raises WordingError, and writes nothing, where a text changed and its version was not raised by one.
    """
    changes = _changes(folder)
    refused = [words for words, is_refused in changes.values() if is_refused]
    if refused:
        raise WordingError("; ".join(refused))
    lines = [f"{name}: {version} {digest}\n" for name, (version, digest) in _written(folder).items()]
    (folder / LEDGER).write_text(HEADING + "".join(lines), encoding="utf-8")
    return [words for words, _refused in changes.values()]


def _changes(folder: Path) -> dict[str, tuple[str, bool]]:
    """Return, by file, what is not as the ledger says, and whether that cannot be accepted."""
    known, written = _known(folder), _written(folder)
    found: dict[str, tuple[str, bool]] = {name: (f"{name} is gone", False) for name in known if name not in written}
    for name, (version, digest) in written.items():
        if name not in known:
            found[name] = (f"{name} is new", version != 1)
            continue
        before, digest_before = known[name]
        if digest == digest_before:
            if version != before:
                found[name] = (f"{name} says version {version}, and its texts are those of version {before}", True)
        elif version == before + 1:
            found[name] = (f"{name} changed: version {version}{_still_signed(folder, name)}", False)
        else:
            found[name] = (f"{name} changed: raise its version to {before + 1}", True)
    return found


def _still_signed(folder: Path, name: str) -> str:
    return ", and still says that a translator signed it" if read(folder, name)["reviewed"] else ""


def _known(folder: Path) -> dict[str, tuple[int, str]]:
    path = folder / LEDGER
    lines: dict[str, str] = yaml.safe_load(path.read_bytes()) if path.exists() else {}
    return {name: (int(line.split()[0]), line.split()[1]) for name, line in (lines or {}).items()}


def _written(folder: Path) -> dict[str, tuple[int, str]]:
    found = {}
    for name in names():
        raw = read(folder, name)
        texts = {key: value for key, value in raw.items() if key not in {"version", "reviewed"}}
        canonical = json.dumps(texts, ensure_ascii=False, sort_keys=True).encode()
        found[name] = (raw["version"], hashlib.sha256(canonical).hexdigest())
    return found
