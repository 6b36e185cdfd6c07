"""Where the master key comes from when the server starts."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from gatebridge.crypto.master_key import find
from gatebridge.crypto.sealing import MasterKey, MasterKeyRefused, MasterKeys
from gatebridge.crypto.secrets import Randomness

FIRST = MasterKey(bytes.fromhex("8b1f0c5de2a94730b6d8417f93ce2a05f4610b7d3c98e5522a7e19c6d40f8ab3"))
SECOND = MasterKey(bytes.fromhex("17d2e8a40b5c69f3318e7ad60c94bf2250e3c7198df64ba2761f05bd3ac8e94c"))


def no_random(size: int) -> bytes:
    raise AssertionError("no key may be made here")


def found(
    given: str | None = None,
    older: Sequence[str] = (),
    file: Path | None = None,
    make_at: Path | None = None,
    random: Randomness = no_random,
) -> MasterKeys:
    return find(given=given, older=older, file=file, make_at=make_at, random=random)


def key_file(directory: Path, text: str, mode: int = 0o600) -> Path:
    path = directory / "named.key"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_key_that_is_given_stands_over_one_that_could_be_made(tmp_path: Path) -> None:
    assert found(given=FIRST.text(), make_at=tmp_path / "master.key").current == FIRST
    assert list(tmp_path.iterdir()) == []


def test_former_keys_come_along() -> None:
    assert found(given=FIRST.text(), older=[SECOND.text()]) == MasterKeys(FIRST, (SECOND,))


def test_a_named_file_is_read(tmp_path: Path) -> None:
    assert found(file=key_file(tmp_path, FIRST.text() + "\n")).current == FIRST


def test_development_makes_a_key_for_its_owner_alone_and_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "var" / "master.key"
    assert found(make_at=path, random=lambda size: FIRST.raw[:size]).current == FIRST
    assert found(make_at=path).current == FIRST
    assert [(file.name, file.stat().st_mode & 0o777) for file in path.parent.iterdir()] == [("master.key", 0o600)]


def test_of_two_processes_that_make_a_key_at_once_both_get_the_first(tmp_path: Path) -> None:
    path = tmp_path / "master.key"

    def slower_process(size: int) -> bytes:
        found(make_at=path, random=lambda size: FIRST.raw[:size])
        return SECOND.raw[:size]

    assert found(make_at=path, random=slower_process).current == FIRST
    assert [file.name for file in tmp_path.iterdir()] == ["master.key"]


def test_production_makes_no_key() -> None:
    with pytest.raises(MasterKeyRefused, match="in production none is made: set GATEBRIDGE_MASTER_KEY_FILE"):
        found()


def test_a_named_file_that_is_missing_is_refused_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyRefused, match="cannot be read: No such file"):
        found(file=tmp_path / "named.key", make_at=tmp_path / "master.key")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_key_file_that_others_can_open_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(MasterKeyRefused, match="open to others than its owner: chmod 600"):
        found(file=key_file(tmp_path, FIRST.text(), mode))


@pytest.mark.parametrize("text", ["Sup3rSecretValue", "ключ", FIRST.text() * 2])
def test_a_file_without_a_key_is_refused_and_not_quoted(tmp_path: Path, text: str) -> None:
    with pytest.raises(MasterKeyRefused) as refused:
        found(file=key_file(tmp_path, text))
    assert text not in str(refused.value)
