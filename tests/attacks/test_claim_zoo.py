"""Claims left out, retyped and written oddly, under a true signature, at every place that takes a signed token."""

import json
from typing import Any

import pytest
from tests.attacks.signed import SLOTS, Slot, signed, slots
from tests.oauth.houses import Standing
from tests.oauth.tenants import make_tenant


@pytest.fixture(scope="module")
def every(house: Standing) -> dict[str, Slot]:
    return slots(make_tenant(house))


@pytest.fixture(params=SLOTS)
def slot(request: pytest.FixtureRequest, every: dict[str, Slot]) -> Slot:
    found = every[request.param]
    assert found.taken(found.genuine()), "the genuine one is taken, or refusing the others would prove nothing"
    return found


ODD: tuple[Any, ...] = (True, False, 0, -1, 1.5, "", " ", "x", [], {}, [None], {"": ""}, "x" * 4_000, "\u202e", "NaN")


def test_X_TK_08_a_required_claim_that_is_missing_or_of_another_kind_is_no_claim(slot: Slot) -> None:
    forged = {f"no {name}": slot.genuine(**{name: None}) for name in slot.required}
    for name in slot.required:
        good = slot.claims()[name]
        for odd in (*ODD, [good], {"value": good}, str(good) + " ", f" {good}", [good, good]):
            if name == "jti" and isinstance(odd, str) and 0 < len(odd) <= 256 and slot.dated:
                continue  # any text is a name for an assertion
            forged[f"{name} is {odd!r}"[:60]] = slot.genuine(**{name: odd})
        forged[f"{name} is null"] = signed(slot.header, slot.claims() | {name: None}, slot.alg, slot.key)
    assert slot.believed(forged) == []


@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
def test_X_TK_08_X_TK_09_a_date_is_a_whole_number_within_reason(every: dict[str, Slot], name: str) -> None:
    for slot in every.values():
        if not slot.dated:
            continue
        now = slot.claims()["exp"] - 60
        dates: list[Any] = [str(now), f"{now}.0", True, [now], {"at": now}, "soon", -1, 2**63, 10**30, 4_102_444_801, now * 1000]
        if name == "exp":
            dates += [0, now - 10_000, now + 10_000]
        assert slot.believed({f"{name} is {date!r}": slot.genuine(**{name: date}) for date in dates}) == []


def test_X_TK_09_odd_json_is_refused_in_header_and_claims(slot: Slot) -> None:
    claims, header = json.dumps(slot.claims()), json.dumps(slot.header)
    odd_claims = {
        "a name twice": claims[:-1] + ',"iss":"' + str(slot.claims()["iss"]) + '"}',
        "a name twice, first another": '{"iss":"https://evil.example",' + claims[1:],
        "NaN": claims[:-1] + ',"x":NaN}',
        "Infinity": claims[:-1] + ',"x":-Infinity}',
        "a number beyond all numbers": claims[:-1] + ',"x":1e400}',
        "a NUL": claims[:-1] + ',"x":"\\u0000"}',
        "half a surrogate pair": claims[:-1] + ',"x":"\\ud800"}',
        "a comma too many": claims[:-1] + ",}",
        "single quotes": claims.replace('"', "'"),
        "a comment": claims + "/* */",
        "a list": f"[{claims}]",
        "a text": json.dumps(claims),
        "two objects": claims + claims,
        "nothing": "",
        "null": "null",
        "a byte order mark": "\ufeff" + claims,
    }
    forged = {f"claims with {name}": signed(slot.header, text, slot.alg, slot.key) for name, text in odd_claims.items()}
    forged |= {f"claims in {name}": signed(slot.header, claims.encode(name), slot.alg, slot.key) for name in ("utf-16", "utf-32")}
    forged |= {"claims that are no text": signed(slot.header, b"\xff\xfe{", slot.alg, slot.key)}
    odd_headers = {
        "alg twice": '{"alg":"none",' + header[1:],
        "alg twice, the other way": header[:-1] + ',"alg":"none"}',
        "NaN": header[:-1] + ',"x":NaN}',
        "a list": f"[{header}]",
        "nothing": "",
    }
    forged |= {f"header with {name}": signed(text, slot.claims(), slot.alg, slot.key) for name, text in odd_headers.items()}
    assert slot.believed(forged) == []


def test_X_CA_07_X_JB_01_an_audience_is_the_issuer_alone(every: dict[str, Slot]) -> None:
    for slot in every.values():
        if "aud" not in slot.required:
            continue
        issuer = str(slot.claims()["aud"])
        audiences: list[Any] = [
            *(
                [issuer],
                [issuer, "https://evil.example"],
                issuer + "/",
                issuer.upper(),
                issuer + "/services/oauth2/token",
                issuer + ".evil.example",
            ),
            *(
                issuer.replace("https", "http"),
                issuer + "?",
                issuer + "#",
                issuer + ":443",
                f" {issuer}",
                issuer + "\u200b",
                "*",
                {"": issuer},
            ),
        ]
        assert slot.believed({repr(audience): slot.genuine(aud=audience) for audience in audiences}) == []
