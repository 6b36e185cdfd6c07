"""Algorithm confusion, keys that travel along, and tokens of another purpose, at every place that takes a signed token."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from joserfc import jwk
from tests.attacks.listener import Listener, listening
from tests.attacks.signed import SLOTS, Slot, forger, hmac_signed, part, signed, slots
from tests.oauth.client_keys import client_key
from tests.oauth.houses import Standing
from tests.oauth.tenants import Tenant, make_tenant

from gatebridge.storage import signing_keys


@pytest.fixture(scope="module")
def org(house: Standing) -> Tenant:
    """The org whose tokens are forged; what is refused leaves nothing behind, so one does for the file."""
    return make_tenant(house)


@pytest.fixture(scope="module")
def every(org: Tenant) -> dict[str, Slot]:
    return slots(org)


@pytest.fixture(params=SLOTS)
def slot(request: pytest.FixtureRequest, every: dict[str, Slot]) -> Slot:
    found = every[request.param]
    assert found.taken(found.genuine()), "the genuine one is taken, or refusing the others would prove nothing"
    return found


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found


def test_X_TK_01_no_spelling_of_none_talks_the_signature_away(slot: Slot) -> None:
    genuine = slot.genuine().split(".")
    algorithms: list[Any] = ["none", "None", "NONE", "nOnE", "none ", "", None, 0, [], ["none"], {"alg": "none"}, True]
    forged = {}
    for alg in algorithms:
        head = part(slot.header | {"alg": alg})
        for label, signature in (("empty", ""), ("kept", genuine[2]), ("zeros", part(b"\0" * 64))):
            forged[f"{alg!r} with {label}"] = f"{head}.{part(slot.changed())}.{signature}"
    forged["no algorithm"] = f"{part({'typ': slot.typ})}.{part(slot.changed())}."
    forged["two segments"] = ".".join(genuine[:2])
    forged["two segments and a dot"] = ".".join(genuine[:2]) + "."
    assert slot.believed(forged) == []


def public_spellings(public: dict[str, Any]) -> dict[str, bytes]:
    """Every text under which a public key goes about."""
    key = jwk.import_key({name: str(value) for name, value in public.items() if name != "kid"})
    loaded: Any = key.public_key
    pem = loaded.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    der = loaded.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {
        "PEM": pem,
        "PEM without its last line end": pem.rstrip(b"\n"),
        "PEM behind a line end": b"\n" + pem,
        "PEM with CRLF": pem.replace(b"\n", b"\r\n"),
        "DER": der,
        "base64 of DER": base64.b64encode(der),
        "JWK": json.dumps(public).encode(),
        "JWK sorted and tight": json.dumps(public, sort_keys=True, separators=(",", ":")).encode(),
        "the largest member": max((str(value).encode() for value in public.values()), key=len),
    }


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_X_TK_02_a_public_key_is_no_secret(slot: Slot, alg: str) -> None:
    header = slot.header | {"alg": alg}
    forged = {name: hmac_signed(header, slot.changed(), alg, secret) for name, secret in public_spellings(slot.public).items()}
    without_name = {name: value for name, value in header.items() if name != "kid"}
    forged |= {
        f"{name}, no kid": hmac_signed(without_name, slot.changed(), alg, secret) for name, secret in public_spellings(slot.public).items()
    }
    assert slot.believed(forged) == []


def test_X_TK_03_an_empty_or_a_known_secret_signs_nothing(org: Tenant, slot: Slot) -> None:
    secrets = {"empty": b"", "NUL": b"\0", "none": b"none", "kid": (slot.kid or "").encode(), "issuer": org.org.issuer.encode()}
    forged = {name: hmac_signed(slot.header | {"alg": "HS256"}, slot.changed(), "HS256", secret) for name, secret in secrets.items()}
    assert slot.believed(forged) == []


def test_X_TK_04_X_SS_02_a_token_brings_no_key_of_its_own_and_nothing_is_fetched(slot: Slot, listener: Listener) -> None:
    thief = forger()
    public = thief.key.as_dict(private=False)
    offers: dict[str, dict[str, Any]] = {
        "jwk": {"jwk": public},
        "jwk under the genuine name": {"jwk": public | {"kid": slot.kid or "k"}, "kid": slot.kid or "k"},
        "x5c": {"x5c": [base64.b64encode(b"no certificate").decode()]},
        "an empty jwk": {"jwk": {}},
        **{f"jku {url}": {"jku": url} for url in listener.urls},
        **{f"x5u {url}": {"x5u": url} for url in listener.urls},
        "jku of a file": {"jku": "file:///etc/passwd"},
        "kid that is an address": {"kid": listener.url},
    }
    forged = {
        f"forged with {name}": signed({"alg": "ES256", "typ": slot.typ} | more, slot.changed(), "ES256", thief.key)
        for name, more in offers.items()
    }
    # Nor does the genuine key make them welcome: what is ignored today is trusted by mistake tomorrow.
    forged |= {f"genuine with {name}": slot.genuine(more) for name, more in offers.items()}
    assert slot.believed(forged) == []
    assert listener.calls == []


def test_X_TK_05_a_kid_is_an_exact_name_and_neither_path_nor_query(slot: Slot) -> None:
    known = slot.kid or "k"
    names: list[Any] = [
        *(
            "../../../../dev/null",
            "/dev/null",
            "' OR '1'='1",
            "x' UNION SELECT 'key",
            "",
            " ",
            f"{known} ",
            f" {known}",
            known.swapcase() + "x",
        ),
        *(f"{known}\0", "k" * 10_000, 0, True, [known], {"kid": known}, "%2e%2e%2f", "*", "%"),
    ]
    forged = {repr(name)[:40]: slot.genuine({"kid": name}) for name in names}
    assert slot.believed(forged) == []


@pytest.mark.parametrize("of", ["genuine", "forged"])
def test_X_TK_06_an_extension_that_must_be_understood_is_refused(slot: Slot, of: str) -> None:
    extensions: dict[str, dict[str, Any]] = {
        "unknown": {"crit": ["x"], "x": 1},
        "known as a claim": {"crit": ["exp"], "exp": 1},
        "empty": {"crit": []},
        "no list": {"crit": "b64"},
        "b64 false": {"b64": False, "crit": ["b64"]},
        "b64 false and silent": {"b64": False},
        "b64 true": {"b64": True, "crit": ["b64"]},
        "null": {"crit": None},
    }
    key = slot.key if of == "genuine" else forger().key
    alg = slot.alg if of == "genuine" else "ES256"
    forged = {name: signed(slot.header | {"alg": alg} | more, slot.changed(), alg, key) for name, more in extensions.items()}
    if of == "genuine":
        unencoded = f"{part(slot.header | {'b64': False, 'crit': ['b64']})}.{json.dumps(slot.changed())}"
        forged["its payload bare"] = f"{unencoded}.{slot.genuine().split('.')[2]}"
    assert slot.believed(forged) == []


def test_X_TK_07_what_is_too_large_packed_encrypted_or_nested_is_refused_at_once(slot: Slot) -> None:
    nested = b'{"a":' * 400 + b"1" + b"}" * 400
    forged = {
        "a long header": slot.genuine({"x": "x" * 9_000}),
        "a long claim": slot.genuine(x="x" * 9_000),
        "a long signature": slot.genuine() + "A" * 9_000,
        "packed": slot.genuine({"zip": "DEF"}),
        "encrypted by a password": ".".join(
            [
                part({"alg": "PBES2-HS512+A256KW", "enc": "A128GCM", "p2c": 2**31, "p2s": "AA"}),
                "",
                part(b"0" * 12),
                part(b"0"),
                part(b"0" * 16),
            ]
        ),
        "encrypted to itself": ".".join([part({"alg": "dir", "enc": "A128GCM"}), "", part(b"0" * 12), part(b"0"), part(b"0" * 16)]),
        "a token in a token": signed(slot.header | {"cty": "JWT"}, slot.genuine(), slot.alg, slot.key),
        "nested claims": signed(slot.header, nested, slot.alg, slot.key),
        "a thousand dots": "." * 1_000,
        "the general JSON form": json.dumps(
            {"payload": part(slot.changed()), "signatures": [{"protected": part(slot.header), "signature": ""}]}
        ),
    }
    assert slot.believed(forged) == []


def test_X_TK_10_a_token_has_one_spelling(slot: Slot) -> None:
    head, body, signature = slot.genuine().split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    flipped = alphabet[alphabet.index(signature[-1]) ^ 1]
    forged = {
        "padding": f"{head}.{body}.{signature}==",
        "padding in the middle": f"{head}==.{body}.{signature}",
        "unused bits": f"{head}.{body}.{signature[:-1]}{flipped}",
        "a line end": f"{head}.{body}.{signature}\n",
        "a line end in the middle": f"{head}.{body[:8]}\n{body[8:]}.{signature}",
        "the other alphabet": f"{head}.{body}.{signature}".replace("-", "+").replace("_", "/") + "+",
        "a fourth part": f"{head}.{body}.{signature}.",
        "quotes": f'"{head}.{body}.{signature}"',
        "cut short": f"{head}.{body}.{signature[:-4]}",
        "claims and header changed places": f"{body}.{head}.{signature}",
    }
    assert slot.believed(forged) == []


def test_X_TK_11_keys_of_others_sign_nothing_here(org: Tenant, house: Standing, slot: Slot) -> None:
    rival = make_tenant(house)
    with house.database.snapshot() as tx:
        theirs = house.house.keyring.key_for(signing_keys.published(tx, rival.org.id), "ES256", tx.now)
        ours = house.house.keyring.key_for(signing_keys.published(tx, org.org.id), "ES256", tx.now)
    of_clients = client_key("ES256", 12)
    strangers = {"another org": theirs, "nobody": None, "the org itself": ours, "a client": None}
    keys = {"another org": jwk.ECKey.import_key(theirs.private), "nobody": forger().key, "a client": of_clients.key}  # type: ignore[arg-type]
    if slot.dated:
        keys["the org itself"] = jwk.ECKey.import_key(ours.private)  # type: ignore[arg-type]
    if slot.name == "assertion":
        del keys["a client"]
    forged = {}
    for who, key in keys.items():
        found = strangers[who]
        kid = found.kid if found is not None else slot.kid
        for label, header in (("its own name", {"alg": "ES256", "kid": kid, "typ": slot.typ}), ("ours", slot.header | {"alg": "ES256"})):
            forged[f"{who} under {label}"] = signed(header, slot.changed(), "ES256", key)
    assert slot.believed(forged) == []


PURPOSES = (
    *(
        "at+jwt",
        "JWT",
        "logout+jwt",
        "dpop+jwt",
        "oauth-authz-req+jwt",
        "client-authentication+jwt",
        "secevent+jwt",
        "token-introspection+jwt",
    ),
    *("", "AT+JWT ", "application/", None, 7, ["at+jwt"]),
)
TAKEN = {
    "client assertion": ["JWT", "client-authentication+jwt"],
    "assertion": ["JWT"],
    "introspected": ["at+jwt"],
    "userinfo": ["at+jwt"],
    "admin API": ["at+jwt"],
    "id_token_hint": ["JWT"],
}


def test_X_TK_11_X_SE_11_a_token_made_for_another_purpose_is_refused(slot: Slot) -> None:
    forged = {repr(typ): slot.genuine({"typ": typ}) for typ in PURPOSES if typ is not None and typ not in TAKEN[slot.name]}
    assert slot.believed(forged) == []


def test_X_MX_05_no_slot_takes_what_another_slot_takes(every: dict[str, Slot], slot: Slot) -> None:
    same = {"introspected", "userinfo", "admin API"}
    forged = {name: other.genuine() for name, other in every.items() if name != slot.name and not {name, slot.name} <= same}
    assert slot.believed(forged) == []
