"""Files that hold secrets of the command line: readable by their owner alone, from their first byte on."""

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gatebridge.cli.exits import Exit, Stop


def directory(environ: Mapping[str, str]) -> Path:
    """Where they are when nobody says otherwise."""
    config = environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME", "~")).expanduser() / ".config"
    return Path(config) / "gatebridge"


def read(path: Path) -> dict[str, Any]:
    """What a file says. Raises Stop when others can read it, or when it is no JSON object."""
    try:
        mode = path.stat().st_mode
        kept = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise Stop(Exit.NO_CREDENTIALS, f"The credentials file {path} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise Stop(Exit.NO_CREDENTIALS, f"The credentials file {path} is not JSON.") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Stop(Exit.NO_CREDENTIALS, f"Others can read {path}, and it holds a secret. Close it first: chmod 600 {path}")
    if not isinstance(kept, dict):
        raise Stop(Exit.NO_CREDENTIALS, f"The credentials file {path} holds no JSON object.")
    return kept


def write(path: Path, content: Mapping[str, object]) -> None:
    """Write a file whole and put it in place at once: a reader sees the old one or the new one, also when the power fails."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(json.dumps(content, indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
