"""Finding the master key when the server starts, and in development making one."""

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from gatebridge.crypto.sealing import MasterKey, MasterKeyRefused, MasterKeys
from gatebridge.crypto.secrets import Randomness


def find(*, given: str | None, older: Sequence[str], file: Path | None, make_at: Path | None, random: Randomness) -> MasterKeys:
    """The master keys of this process: the key that was `given`, else that in `file`, else that in `make_at`, made when it is missing.

    `make_at` is None in production, where a key that nobody chose and nobody keeps a copy of would be a loss in waiting. Raises
    MasterKeyRefused, in a sentence without any key, where no key is found, or its file is open to others than its owner.
    """
    formers = tuple(map(MasterKey.parse, older))
    if given is not None:
        return MasterKeys(MasterKey.parse(given), formers)
    if file is None and make_at is not None and not make_at.exists():
        _make(make_at, random)
    path = file or make_at
    if path is None:
        raise MasterKeyRefused("There is no master key, and in production none is made: set GATEBRIDGE_MASTER_KEY_FILE.")
    return MasterKeys(_read(path), formers)


def _read(path: Path) -> MasterKey:
    try:
        if path.stat().st_mode & 0o077:
            raise MasterKeyRefused(f"The master key file {path} is open to others than its owner: chmod 600 {path}")
        return MasterKey.parse(path.read_text("ascii"))
    except OSError as error:
        raise MasterKeyRefused(f"The master key file {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise MasterKeyRefused(f"The master key file {path} holds no master key.") from None  # the error itself quotes the content


def _make(path: Path, random: Randomness) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, whole = tempfile.mkstemp(dir=path.parent)  # made with mode 0600, and linked only once it is whole
    try:
        with os.fdopen(handle, "w") as file:
            file.write(MasterKey.generate(random).text() + "\n")
        with suppress(FileExistsError):  # another process was first, and its key is the one
            os.link(whole, path)
    finally:
        Path(whole).unlink()
