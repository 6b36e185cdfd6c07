"""What a receipt keeps of a text is what both databases can keep: at most 512 bytes, no NUL, no half of a pair."""

import json

import pytest

from gatebridge.records.history import LONGEST, receipt


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("", ""),
        ("a" * LONGEST, "a" * LONGEST),
        ("a" * (LONGEST + 1), "a" * (LONGEST - 3) + "…"),
        ("é" * 256, "é" * 256),
        ("é" * 257, "é" * 254 + "…"),
        ("a\0b", "a�b"),
        ("a" * 200 + "\0", "a" * 200 + "�"),
        ("\0" * LONGEST, "�" * 169 + "…"),
        ("a\ud800b", "a?b"),
    ],
)
def test_a_text_is_kept_as_it_can_be(sent: str, kept: str) -> None:
    found = receipt((), {"state": sent})["request"]
    assert found == {"state": kept}
    assert len(json.dumps(kept, ensure_ascii=False).encode()) <= LONGEST + 2
