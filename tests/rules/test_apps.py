"""An app's look, whether it is public, and when its secrets and certificates count."""

from datetime import datetime, timedelta

import pytest
from tests.rules.facts_builder import A_MOMENT, APP, BEFORE, NOW, SETTINGS, but

from gatebridge.rules.app_settings import AppSettings, ClientAuthMethod
from gatebridge.rules.apps import AppCertificate, ConsumerSecret

SECRET = ConsumerSecret("0SK000000000001", APP.id, "first", "gbs_...x7Qe", BEFORE, "005000000000009")
CERTIFICATE = AppCertificate(
    id="0P1000000000001",
    app_id=APP.id,
    name="first",
    fingerprint="ab" * 32,
    subject="CN=sync",
    key_type="EC P-256",
    algorithms=("ES256",),
    public_pem="",
    not_before=BEFORE,
    not_after=NOW + timedelta(days=300),
    created_at=BEFORE,
    created_by="005000000000009",
)


@pytest.mark.parametrize(
    ("label", "initials"),
    [
        ("Nightly Sync", "NS"),
        ("nightly sync job", "NS"),
        ("Billing", "B"),
        ("order-export_daily", "OE"),
        ("Billing (old)", "B"),
        ("42 Things", "4T"),
        ("Über Äpfel", "ÜÄ"),
        ("(*)", "?"),
        ("", "?"),
    ],
)
def test_initials_stand_in_for_a_logo(label: str, initials: str) -> None:
    assert but(APP, label=label).initials == initials


@pytest.mark.parametrize(
    ("expires_at", "retired_at", "live"),
    [
        pytest.param(None, None, True, id="a secret without an end lives"),
        pytest.param(NOW + A_MOMENT, None, True, id="one with an end lives until its last moment"),
        pytest.param(NOW, None, False, id="and not at its end"),
        pytest.param(None, NOW, False, id="a retired secret is dead at once"),
        pytest.param(NOW + A_MOMENT, NOW - A_MOMENT, False, id="also when its end is still to come"),
    ],
)
def test_X_CA_11_when_a_consumer_secret_lives(expires_at: datetime | None, retired_at: datetime | None, live: bool) -> None:
    assert but(SECRET, expires_at=expires_at, retired_at=retired_at).live(NOW) is live


@pytest.mark.parametrize(
    ("not_before", "not_after", "retired_at", "live"),
    [
        pytest.param(BEFORE, NOW + A_MOMENT, None, True, id="a certificate lives until its last moment"),
        pytest.param(BEFORE, NOW, None, False, id="and not at its end"),
        pytest.param(NOW, NOW + A_MOMENT, None, True, id="it lives from its beginning on"),
        pytest.param(NOW + A_MOMENT, NOW + timedelta(days=1), None, False, id="and not before, though it may be registered ahead"),
        pytest.param(BEFORE, NOW + A_MOMENT, NOW, False, id="a retired certificate is dead at once"),
    ],
)
def test_when_a_certificate_lives(not_before: datetime, not_after: datetime, retired_at: datetime | None, live: bool) -> None:
    assert but(CERTIFICATE, not_before=not_before, not_after=not_after, retired_at=retired_at).live(NOW) is live


NONE, BASIC = ClientAuthMethod.NONE, ClientAuthMethod.SECRET_BASIC


@pytest.mark.parametrize(
    ("methods", "public"),
    [
        pytest.param({NONE}, True, id="an app that proves itself by nothing is public"),
        pytest.param({BASIC}, False, id="an app with a secret is not"),
        pytest.param({NONE, BASIC}, False, id="nor one that may bring a secret"),
        pytest.param(set(), False, id="nor one that has no way at all"),
    ],
)
def test_X_CA_04_an_app_is_public_only_when_it_is_stored_so(methods: set[ClientAuthMethod], public: bool) -> None:
    assert but(SETTINGS, auth_methods=frozenset(methods)).public is public


def test_a_new_app_may_nothing_and_must_prove_itself() -> None:
    fresh = AppSettings(APP.id)
    assert (fresh.flows, fresh.scopes, fresh.callbacks) == (frozenset(), (), ())
    assert (fresh.public, fresh.pkce_required, fresh.native) == (False, True, False)
    assert not fresh.introspect_all_tokens
    assert not fresh.legacy_audience
