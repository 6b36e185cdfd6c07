"""What each of Salesforce's clients needs of its app, and what an app still lacks for it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.rules.facts_builder import BARE_FACTS, BEFORE, FACTS, NOW, but

from gatebridge.rules import app_checks, client_gaps, client_guides, reasons
from gatebridge.rules.app_settings import ClientAuthMethod, Flow
from gatebridge.rules.apps import AppCertificate, Dialect
from gatebridge.rules.client_differences import DIFFERENCES, TROUBLES
from gatebridge.rules.client_guides import WAYS, GuidedClient, Speaks, Way
from gatebridge.rules.facts import Facts
from gatebridge.rules.ids import long
from gatebridge.rules.lifetimes import RefreshPolicy

APP_ID = long(FACTS.app.id) if FACTS.app is not None else ""
SETTINGS, POLICIES = f"gatebridge apps settings {APP_ID}", f"gatebridge apps policies {APP_ID}"
EVERY_WAY = [pytest.param(client, way, id=f"{client}-{way.name}") for client, ways in WAYS.items() for way in ways]
RSA = AppCertificate(
    id="0CR000000000001",
    app_id="0H4000000000001",
    name="server",
    fingerprint="00",
    subject="CN=acme",
    key_type="RSA 3072",
    algorithms=("RS256", "PS256"),
    public_pem="",
    not_before=BEFORE,
    not_after=NOW + timedelta(days=300),
    created_at=BEFORE,
    created_by="005000000000009",
)
EC = replace(RSA, key_type="EC P-256", algorithms=("ES256",))


def way_of(client: GuidedClient, name: str) -> Way:
    return next(way for way in WAYS[client] if way.name == name)


def fitting(way: Way) -> Facts:
    """An app that has all that the way needs, in an org to which the client can speak."""
    return but(
        replace(
            FACTS,
            org=replace(FACTS.org, issuer="https://acme.my.salesforce.com"),
            app=replace(FACTS.app, dialect=Dialect.SALESFORCE),  # type: ignore[type-var]
        ),
        "settings",
        flows=frozenset(way.flows),
        scopes=way.scopes,
        callbacks=("https://portal.example/callback",) if way.callback is None else (way.callback,),
        pkce_required=way.challenge,
    )


SF_WEB, SF_AUTH_URL, SF_JWT = WAYS[GuidedClient.SF]
JSFORCE_WEB = way_of(GuidedClient.JSFORCE, "web")
SIMPLE, SIMPLE_SESSION = way_of(GuidedClient.SIMPLE_SALESFORCE, "client-credentials"), way_of(GuidedClient.SIMPLE_SALESFORCE, "session")
CUMULUSCI = way_of(GuidedClient.CUMULUSCI, "web")


@pytest.mark.parametrize(("client", "way"), EVERY_WAY)
def test_an_app_with_all_that_a_way_needs_lacks_nothing(client: GuidedClient, way: Way) -> None:
    assert client_gaps.gaps(fitting(way), way, (RSA,)) == ()


@pytest.mark.parametrize(("client", "way"), EVERY_WAY)
def test_what_a_way_needs_is_what_an_app_may_be(client: GuidedClient, way: Way) -> None:
    settings = fitting(way).settings
    assert settings is not None
    explained = replace(settings, full_scope_reason="The client asks for it by name.")
    assert app_checks.settings_problems(explained, frozenset(), Dialect.SALESFORCE) == []


@pytest.mark.parametrize(
    ("way", "changed", "words", "command"),
    [
        pytest.param(
            SF_WEB, {"flows": frozenset({Flow.WEB_SERVER})}, "It needs refresh_token, which is off.",
            f"{SETTINGS} --flow web_server --flow refresh_token", id="a flow",
        ),
        pytest.param(
            SF_WEB, {"flows": frozenset({Flow.DEVICE})}, "It needs web_server, refresh_token.",
            f"{SETTINGS} --flow web_server --flow refresh_token --flow device", id="what is on stays on",
        ),
        pytest.param(
            SF_WEB, {"scopes": ("api", "id")}, "It asks for refresh_token web api, and the app has not refresh_token, web.",
            f"{SETTINGS} --scope refresh_token --scope web --scope api --scope id", id="scopes",
        ),
        pytest.param(
            CUMULUSCI, {"scopes": ("web", "refresh_token")}, "It asks for full refresh_token web, and the app has not full.",
            f'{SETTINGS} --scope full --scope refresh_token --scope web --full-scope-reason "The client asks for it by name."',
            id="full takes a written reason",
        ),
        pytest.param(
            SF_WEB, {"callbacks": ("https://portal.example/callback",)},
            "It listens at http://localhost:1717/OauthRedirect, which is not registered.",
            f"{SETTINGS} --callback https://portal.example/callback --callback http://localhost:1717/OauthRedirect", id="fixed callback",
        ),
        pytest.param(
            JSFORCE_WEB, {"callbacks": ()}, "It has no callback URL to come back to.", f"{SETTINGS} --callback CALLBACK", id="any callback"
        ),
        pytest.param(
            CUMULUSCI, {"pkce_required": True},
            "It sends no PKCE challenge, which the app demands. Waive it for this app alone; it stands among the exposures from then on.",
            f"{SETTINGS} --no-pkce", id="no challenge",
        ),
        pytest.param(
            SIMPLE, {"auth_methods": frozenset({ClientAuthMethod.PRIVATE_KEY_JWT})},
            "It proves itself with a consumer secret, and the app takes none.",
            f"{SETTINGS} --auth-method client_secret_basic --auth-method client_secret_post", id="a secret",
        ),
    ],
)  # fmt: skip
def test_what_is_missing_is_told_with_the_command_that_mends_it(way: Way, changed: dict[str, object], words: str, command: str) -> None:
    (gap,) = client_gaps.gaps(but(fitting(way), "settings", **changed), way, ())
    assert gap.setting is not None
    assert (gap.words, gap.setting.cli, gap.reason) == (words, command, None)


def test_an_app_of_the_standard_dialect_is_told_to_speak_salesforces() -> None:
    (gap,) = client_gaps.gaps(but(fitting(SF_WEB), "app", dialect=Dialect.STANDARD), SF_WEB, ())
    assert gap.setting is not None
    assert gap.setting.cli == f"gatebridge apps edit {APP_ID} --dialect salesforce"
    (gap,) = client_gaps.gaps(but(fitting(SF_WEB), "app", dialect=Dialect.STANDARD, org_id="00D000000000002"), SF_WEB, ())
    assert gap.setting is not None
    assert (gap.setting.cli, gap.setting.by) == ("", "The app's publisher, in its own org")


def test_a_client_that_can_listen_elsewhere_on_the_same_machine_may_have_another_port() -> None:
    moved = but(fitting(CUMULUSCI), "settings", callbacks=("https://portal.example/callback", "http://localhost:8090/callback"))
    assert client_gaps.gaps(moved, CUMULUSCI, ()) == ()
    assert moved.settings is not None
    assert client_guides.callback_of(moved.settings, CUMULUSCI) == "http://localhost:8090/callback"
    (gap,) = client_gaps.gaps(but(moved, "settings", callbacks=("https://portal.example/callback",)), CUMULUSCI, ())
    assert gap.words == "It listens at http://localhost:8080/callback, which is not registered."
    assert client_guides.callback_of(moved.settings, SF_WEB) == SF_WEB.callback, "it has no choice"
    assert client_guides.callback_of(moved.settings, JSFORCE_WEB) == "https://portal.example/callback"


def test_who_stays_signed_in_needs_a_policy_that_gives_refresh_tokens() -> None:
    (gap,) = client_gaps.gaps(but(fitting(SF_WEB), "policies", refresh_policies=(RefreshPolicy("immediately"),)), SF_WEB, ())
    assert gap.setting is not None
    assert gap.setting.cli == f"{POLICIES} --refresh-policy idle:30:days --refresh-policy absolute:365:days"
    assert client_gaps.gaps(replace(fitting(SF_WEB), policies=None), SF_WEB, ()) == (), "it is not installed, which is told elsewhere"


@pytest.mark.parametrize(
    ("certificates", "words"),
    [
        pytest.param((), "It signs RS256, and the app has no certificate.", id="none"),
        pytest.param((EC,), "It signs RS256, and the app has only certificates of other keys.", id="of another kind of key"),
        pytest.param((replace(RSA, retired_at=NOW),), "It signs RS256, and the app has no certificate.", id="retired"),
        pytest.param((replace(RSA, try_id="0TR000000000001"),), "It signs RS256, and the app has no certificate.", id="of a run of Try it"),
    ],
)
def test_who_signs_needs_a_live_certificate_of_an_rsa_key(certificates: tuple[AppCertificate, ...], words: str) -> None:
    (gap,) = client_gaps.gaps(fitting(SF_JWT), SF_JWT, certificates)
    assert gap.setting is not None
    assert (gap.words, gap.setting.cli) == (words, f"gatebridge certs add {APP_ID} server.crt")


@pytest.mark.parametrize(
    ("way", "keeps"), [pytest.param(SF_JWT, "key to sign with", id="a key"), pytest.param(SIMPLE, "secret", id="a secret")]
)
def test_of_a_public_app_only_that_it_is_one_is_told(way: Way, keeps: str) -> None:
    public = but(fitting(way), "settings", auth_methods=frozenset({ClientAuthMethod.NONE}), scopes=())
    (gap,) = client_gaps.gaps(public, way, ())
    assert gap.setting is None
    assert gap.words == f"Nightly Sync is a public app, which keeps no {keeps}: register one of your own for this way."
    elsewhere = replace(public, org=replace(public.org, issuer="http://localhost:8080"))
    assert len(client_gaps.gaps(elsewhere, way, ())) == (2 if way.speaks is not Speaks.ANY else 1)


@pytest.mark.parametrize(
    ("way", "issuer", "words"),
    [
        pytest.param(SIMPLE, "https://id.acme.example", "asks at https://<domain>.salesforce.com and nowhere else", id="another host"),
        pytest.param(SIMPLE, "http://acme.my.salesforce.com", "asks at https://<domain>.salesforce.com", id="no https"),
        pytest.param(SIMPLE, "https://.salesforce.com", "asks at https://<domain>.salesforce.com", id="no domain"),
        pytest.param(SIMPLE_SESSION, "http://localhost:8080", "speaks https whatever it is told", id="https only"),
        pytest.param(SF_AUTH_URL, "http://localhost:8080", "for development only", id="an auth URL is for https"),
        pytest.param(CUMULUSCI, "http://localhost:8080", "speaks https", id="its commands ask through another client"),
    ],
)
def test_to_whom_a_client_cannot_speak_no_setting_of_the_app_helps(way: Way, issuer: str, words: str) -> None:
    facts = replace(fitting(way), org=replace(FACTS.org, issuer=issuer))
    for known in (facts, replace(BARE_FACTS, org=facts.org)):
        (gap,) = client_gaps.gaps(known, way, (RSA,))
        assert words in gap.words
        assert gap.setting is None


@pytest.mark.parametrize("issuer", ["http://localhost:8080", "https://id.acme.example", "https://acme.my.salesforce.com:8443"])
def test_the_others_speak_to_any_issuer(issuer: str) -> None:
    for way in (SF_WEB, SF_JWT, JSFORCE_WEB):
        assert client_gaps.gaps(replace(fitting(way), org=replace(FACTS.org, issuer=issuer)), way, (RSA,)) == ()


def test_of_an_app_that_nobody_knows_nothing_is_asked() -> None:
    assert client_gaps.gaps(BARE_FACTS, SF_WEB, ()) == ()


@pytest.mark.parametrize(
    ("issuer", "domain"),
    [
        ("https://acme.my.salesforce.com", "acme.my"),
        ("https://acme--test.sandbox.my.salesforce.com", "acme--test.sandbox.my"),
        ("https://acme.my.salesforce.com.evil.example", None),
        ("https://salesforce.com", None),
    ],
)
def test_a_domain_is_what_stands_before_salesforce_com(issuer: str, domain: str | None) -> None:
    assert client_guides.domain_of(issuer) == domain


@pytest.mark.parametrize("client", GuidedClient)
def test_every_client_has_ways_of_its_own_names_and_both_tables(client: GuidedClient) -> None:
    assert client.called
    names = [way.name for way in WAYS[client]]
    assert len(names) == len(set(names)) > 1
    assert [way.names_a_user for way in WAYS[client]] == [way.flow is not Flow.CLIENT_CREDENTIALS for way in WAYS[client]]
    whats = [difference.what for difference in DIFFERENCES[client]]
    assert len(whats) == len(set(whats)) > 5
    codes = [trouble.code for trouble in TROUBLES[client]]
    assert len(codes) == len(set(codes)) > 5
    assert all(trouble.shown == reasons.REASONS[trouble.code].salesforce_text != "" for trouble in TROUBLES[client])
