"""What the audit trail says about a change, and what it never says."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, IntEnum, StrEnum
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebridge.rules.audit import LONGEST_TEXT, WITHHELD, Change, diff, is_secret, sentence
from gatebridge.rules.lifetimes import DEFAULT_REFRESH_POLICIES


class Users(StrEnum):
    SELF = "self_authorize"
    APPROVED = "admin_approved"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Policy:
    kind: str
    days: int


PRIVATE_KEY = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----"
BODY = "4hJ2kPq8" * 6
OUR_SECRET = f"gbs_{BODY}"
LONG = "x" * 600


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        pytest.param({"label": "A"}, {"label": "A"}, [], id="what is equal is no change"),
        pytest.param({"label": "A"}, {"label": "B"}, [Change("label", "A", "B")], id="a value that differs is one"),
        pytest.param({"b": 1, "a": 1}, {"b": 2, "a": 2}, [Change("b", 1, 2), Change("a", 1, 2)], id="in the order of the record"),
        pytest.param({}, {"label": "B"}, [Change("label", None, "B")], id="a field that was not there before"),
        pytest.param({"label": "A"}, {}, [Change("label", "A", None)], id="a field that is not there after"),
        pytest.param(None, {"label": "B", "url": ""}, [Change("label", None, "B")], id="a new record tells what it was given"),
        pytest.param({"label": "A"}, None, [Change("label", "A", None)], id="a deleted record tells what it had"),
        pytest.param(None, None, [], id="nothing and nothing is no change"),
        pytest.param({"url": None, "tags": []}, {"url": "", "tags": None}, [], id="absent, empty text and empty list are the same"),
        pytest.param({"on": None}, {"on": False}, [Change("on", None, False)], id="off is a value"),
        pytest.param({"count": 0}, {"count": None}, [Change("count", 0, None)], id="nought is a value"),
        pytest.param(
            {"users": Users.SELF},
            {"users": Users.APPROVED},
            [Change("users", "self_authorize", "admin_approved")],
            id="a choice by its value",
        ),
        pytest.param({"users": Users.SELF}, {"users": "self_authorize"}, [], id="a choice and its value are the same"),
        pytest.param({"level": Level.LOW}, {"level": Level.HIGH}, [Change("level", 1, 2)], id="a choice of numbers too"),
        pytest.param({"colour": None}, {"colour": Colour.RED}, [Change("colour", None, "red")], id="whatever kind of choice it is"),
        pytest.param({"scopes": ("b", "a")}, {"scopes": ["b", "a"]}, [], id="a tuple and a list are the same"),
        pytest.param({"scopes": ("b", "a")}, {"scopes": ("a", "b")}, [Change("scopes", ["b", "a"], ["a", "b"])], id="a list has an order"),
        pytest.param({"flows": frozenset("ba")}, {"flows": {"a"}}, [Change("flows", ["a", "b"], ["a"])], id="a set is kept in order"),
        pytest.param({"flows": None}, {"flows": {1, "a"}}, [Change("flows", None, ["a", 1])], id="whatever is in it"),
        pytest.param({"days": None}, {"days": {1: "open"}}, [Change("days.1", None, "open")], id="a part may be called by a number"),
        pytest.param(
            {"at": None},
            {"at": datetime(2026, 1, 2, 3, 4, 5, 6, UTC)},
            [Change("at", None, "2026-01-02T03:04:05.000006+00:00")],
            id="a moment in ISO 8601",
        ),
        pytest.param(
            {"refresh_policies": ()},
            {"refresh_policies": DEFAULT_REFRESH_POLICIES},
            [Change("refresh_policies", [], ["idle:30:days", "absolute:365:days"])],
            id="a refresh token policy as admins write it",
        ),
        pytest.param({"rate": 1.0}, {"rate": 1.5}, [Change("rate", "1.0", "1.5")], id="a number with a point as text"),
        pytest.param({"from": None}, {"from": ip_address("::1")}, [Change("from", None, "::1")], id="anything else as its text"),
        pytest.param({"kind": None}, {"kind": Policy}, [Change("kind", None, str(Policy))], id="a class is not taken for its values"),
        pytest.param(
            {"logo": b"a"},
            {"logo": b""},
            [
                Change(
                    "logo",
                    "1 bytes with the SHA-256 ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb",
                    "0 bytes with the SHA-256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                )
            ],
            id="bytes by their fingerprint",
        ),
        pytest.param(
            {"idle": Policy("idle", 30)}, {"idle": Policy("idle", 60)}, [Change("idle.days", 30, 60)], id="a part is compared by its fields"
        ),
        pytest.param({"a": {"b": {"c": 1}}}, {"a": {"b": {}}}, [Change("a.b.c", 1, None)], id="also a part of a part"),
        pytest.param(
            {"ranges": []},
            {"ranges": [Policy("idle", 30)]},
            [Change("ranges", [], [{"kind": "idle", "days": 30}])],
            id="parts in a list are kept whole",
        ),
        pytest.param({"text": None}, {"text": "a\0b\ud800"}, [Change("text", None, "a\ufffdb?")], id="what no database keeps is replaced"),
        pytest.param({"text": ""}, {"text": "x" * 512}, [Change("text", "", "x" * 512)], id="text of 512 characters is kept whole"),
        pytest.param({"text": ""}, {"text": LONG}, [Change("text", "", "x" * 511 + "…")], id="long text is cut"),
        pytest.param(
            {"text": LONG + "a"}, {"text": LONG + "b"}, [Change("text", "x" * 511 + "…", "x" * 511 + "…")], id="but compared whole"
        ),
    ],
)
def test_two_versions_become_the_fields_that_differ(
    before: dict[str, object] | None, after: dict[str, object] | None, changes: list[Change]
) -> None:
    assert list(diff(before, after)) == changes


ABOUT = [
    *("algorithm", "at", "count", "days", "format", "hint", "hours", "id", "ids", "kind", "limit", "method", "methods", "minutes"),
    *("name", "policies", "policy", "seconds", "unit"),
]


@pytest.mark.parametrize(
    ("field", "secret"),
    [
        ("consumer_secret", True),
        ("newPassword", True),
        ("password", True),
        ("token_hashes", True),
        ("signing.private_key", True),
        ("totp_seed", True),
        ("secrets.0.value", True),
        ("key_passphrase", True),
        ("argon_hash", True),
        ("secret_id2", True),
        ("secret_id0", True),
        ("PASSWORD", True),
        ("refresh-token", True),
        ("pem", True),
        ("key_pem", True),
        ("public_private_pem", True),
        ("public_pem", False),
        ("certificate_pem", False),
        ("access_token_minutes", False),
        ("accessTokenMinutes", False),
        ("ACCESS_TOKEN_MINUTES", False),
        *((f"token_{about}", False) for about in ABOUT),
        ("refresh_token_policy.amount", True),
        ("refresh_token_policy.days", False),
        ("secret_name", False),
        ("secret_hint", False),
        ("label", False),
        ("", False),
    ],
)
def test_a_fields_name_tells_whether_it_holds_a_secret(field: str, secret: bool) -> None:
    assert is_secret(field) is secret


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        pytest.param({"secret": None}, {"secret": "s3"}, [Change("secret", None, "set")], id="set"),
        pytest.param({"secret": "s2"}, {"secret": "s3"}, [Change("secret", None, "changed")], id="changed"),
        pytest.param({"secret": "s2"}, {"secret": ""}, [Change("secret", None, "removed")], id="removed"),
        pytest.param({"secret": "s2"}, {"secret": "s2"}, [], id="left alone"),
        pytest.param({"secret": 12}, {"secret": 13}, [Change("secret", None, "changed")], id="a number can be a secret"),
        pytest.param({"a": {"token": "x"}}, {"a": {"token": "y"}}, [Change("a.token", None, "changed")], id="in a part"),
        pytest.param(
            {"secret_required": True}, {"secret_required": False}, [Change("secret_required", True, False)], id="a yes or no is no secret"
        ),
        pytest.param(
            {"secret_required": None}, {"secret_required": True}, [Change("secret_required", None, True)], id="nor one that is new"
        ),
        pytest.param({"secret_required": True}, {}, [Change("secret_required", True, None)], id="nor one that is gone"),
        pytest.param(
            {"keys": []}, {"keys": [{"kid": "1", "seed": "x"}]}, [Change("keys", [], [{"kid": "1", "seed": WITHHELD}])], id="in a list"
        ),
        pytest.param({"note": ""}, {"note": PRIVATE_KEY}, [Change("note", "", WITHHELD)], id="a private key in an innocent field"),
        pytest.param({"note": ""}, {"note": f"use {OUR_SECRET}"}, [Change("note", "", WITHHELD)], id="our secret in an innocent field"),
        pytest.param(
            {"note": ""},
            {"note": "00DSG000009FYVd!AQ" + "abc.DEF_0123456789"},
            [Change("note", "", WITHHELD)],
            id="an access token in Salesforce's form",
        ),
        *(
            pytest.param({"note": ""}, {"note": f"gb{kind}_{BODY}"}, [Change("note", "", WITHHELD)], id=f"what begins with gb{kind}_")
            for kind in "abcdinprsvx"
        ),
        pytest.param({"note": ""}, {"note": f"gbk_{BODY}"}, [Change("note", "", f"gbk_{BODY}")], id="a consumer key is no secret"),
    ],
)
def test_a_secret_is_told_by_what_happened_to_it_and_never_by_its_value(
    before: dict[str, object], after: dict[str, object], changes: list[Change]
) -> None:
    assert list(diff(before, after)) == changes


@pytest.mark.parametrize(
    "text",
    [
        *(f"-----BEGIN {kind}PRIVATE KEY-----" for kind in ("", "RSA ", "ENCRYPTED ", "OPENSSH ", "X25519 ", "P160 ")),
        "gbs_0123_5678_abcdEF",
        "00D5g000004AbcD!AR" + "abcdefgh.0123_56",
    ],
)
def test_what_is_recognisably_a_secret_is_withheld_under_any_name(text: str) -> None:
    assert diff({}, {"note": f"see {text} here"}) == (Change("note", None, WITHHELD),)


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----",
        "gbs_abcdefghijklmno",
        "gbsabcdefghijklmnopqrst",
        "bs_abcdefghijklmnopqrst",
        "00D5g000004AbcD!AX" + "a" * 16,
        "00D5g000004AbcD!AQ" + "a" * 15,
        "5g000004AbcD!AQ" + "a" * 16,
    ],
)
def test_what_only_looks_a_little_like_a_secret_is_kept(text: str) -> None:
    assert diff({}, {"note": text}) == (Change("note", None, text),)


def test_the_words_that_make_a_field_secret_can_be_given() -> None:
    assert diff({"pin": "1"}, {"pin": "2"}, secret_fields=frozenset({"pin"})) == (Change("pin", None, "changed"),)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary() | st.sampled_from(Users),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
records = st.dictionaries(st.sampled_from(["label", "scopes", "secret", "policy"]), values, max_size=4)


@given(records, records)
def test_changes_are_json_that_comes_back_as_it_was_and_sentences_of_one_line(before: dict[str, object], after: dict[str, object]) -> None:
    for change in diff(before, after):
        kept = [change.before, change.after]
        assert json.loads(json.dumps(kept)) == kept
        assert sentence(change).isprintable()


@given(records)
def test_a_record_does_not_differ_from_itself(record: dict[str, object]) -> None:
    assert diff(record, dict(record)) == ()


@given(st.text(st.characters(categories=["L", "N"]), min_size=20), st.sampled_from(["secret", "new_password", "tokens", "private_key"]))
def test_no_secret_value_is_in_any_change(value: str, field: str) -> None:
    kept = diff({field: None, "nested": [{field: None}]}, {field: value, "nested": [{field: value}]})
    assert len(kept) == 2
    assert value not in str(kept)


@given(st.text(min_size=LONGEST_TEXT + 1))
def test_no_text_is_kept_longer_than_its_limit(text: str) -> None:
    assert all(len(str(change.after)) <= LONGEST_TEXT for change in diff({}, {"note": text}))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change("permitted_users", "self_authorize", "admin_approved"), "Permitted users: self authorize became admin approved"),
        (Change("label", None, "Nightly"), "Label: set to Nightly"),
        (Change("label", None, "AZaz0459._:/@+-"), "Label: set to AZaz0459._:/@+-"),
        (Change("relaxation", None, "enforce_relax_refresh"), "Relaxation: set to enforce relax refresh"),
        (Change("label", None, "nightly_job 2"), "Label: set to “nightly_job 2”"),
        (Change("label", "Nightly job", None), "Label: “Nightly job” was removed"),
        (Change("label", "Nightly", "Night ly\n\u202eX"), "Label: Nightly became “Night ly\\n\\u202eX”"),
        (Change("pkce_required", True, False), "Pkce required: on became off"),
        (Change("access_token_minutes", 120, 1440), "Access token minutes: 120 became 1,440"),
        (Change("idle.days", 30, 60), "Idle, days: 30 became 60"),
        (Change("scopes", ["api", "full"], ["api", "refresh_token", "web"]), "Scopes: added refresh_token, web; removed full"),
        (Change("scopes", ["api"], ["api", "web"]), "Scopes: added web"),
        (Change("scopes", ["api", "web"], ["api"]), "Scopes: removed web"),
        (Change("scopes", ["api", "id", "web"], ["web"]), "Scopes: removed api, id"),
        (Change("scopes", ["api", "web"], ["web", "api"]), "Scopes: now in this order: web, api"),
        (Change("scopes", [], ["api", "web"]), "Scopes: set to api, web"),
        (Change("ranges", None, [{"last": "b", "first": "a"}]), 'Ranges: set to {"first": "a", "last": "b"}'),
        (Change("rule", "a", {"b": 1}), 'Rule: a became {"b": 1}'),
        (Change("text", "xxx…", "xxx…"), "Text was changed beyond what is kept of it: “xxx…”"),
        (Change("note", "old", WITHHELD), "Note: old became (a secret, not kept)"),
        (Change("consumer_secret", None, "set"), "Consumer secret was set"),
        (Change("consumer_secret", None, "changed"), "Consumer secret was changed"),
        (Change("consumer_secret", None, "removed"), "Consumer secret was removed"),
        (Change("status", None, "set"), "Status: set to set"),
        (Change("note", None, None), "Note: set to nothing"),
    ],
)
def test_a_change_reads_as_a_sentence(change: Change, words: str) -> None:
    assert sentence(change) == words
