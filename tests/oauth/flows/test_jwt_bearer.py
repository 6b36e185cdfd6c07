"""The JWT bearer flow (RFC 7523 section 2.1): an app acts for a user whom its signed assertion names, without the user."""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from tests.attacks.signed import signed
from tests.oauth.client_keys import ClientKey, client_key
from tests.oauth.door import basic
from tests.oauth.flows.job import Job
from tests.oauth.tenants import Tenant
from tests.oauth.test_statements import counted

from gatebridge.oauth.flows.jwt_bearer import GRANT_TYPE
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import ClientAuthMethod, Flow, TokenFormat
from gatebridge.rules.apps import Dialect
from gatebridge.setup.add_certificate import RetireCertificate, retire_certificate
from gatebridge.setup.block_app import BlockApp, block_app
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.stop_users import DeactivateUser, FreezeUser, deactivate_user, freeze_user
from gatebridge.storage import approvals, credentials, permission_sets
from gatebridge.storage.grants import grants
from gatebridge.storage.refresh_tokens import refresh_tokens


@pytest.fixture
def job(acme: Tenant) -> Job:
    return Job(acme)


@pytest.fixture
def salesforce(acme: Tenant) -> Job:
    return Job(acme, "Salesforce Job", dialect=Dialect.SALESFORCE)


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


# --- The success ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", list(Dialect), ids=str)
def test_std_JB_01_an_assertion_buys_a_token_for_its_user_and_never_a_refresh_token(acme: Tenant, dialect: Dialect) -> None:
    job = Job(acme, dialect=dialect)
    answer = job.ask()
    body = answer.json()
    assert answer.status_code == 200, answer.text
    assert {"access_token", "scope", "instance_url", "id", "token_type"} <= set(body)
    assert (body["scope"], "refresh_token" in body, "id_token" in body, "signature" in body) == ("api id", False, False, False)
    line = acme.receipt(answer)
    assert (line.flow, line.user_id, line.app_id) == ("jwt_bearer", acme.runner.id, job.app.id)
    assert line.credential_id is not None
    assert job.app.introspect(body["access_token"]).json()["username"] == acme.runner.username
    with acme.standing.database.snapshot() as tx:
        assert tx.connection.execute(sa.select(refresh_tokens).where(refresh_tokens.c.app_id == job.app.id)).all() == []


def test_all_tokens_of_one_user_hang_from_one_grant(acme: Tenant, job: Job) -> None:
    assert {job.ask().status_code for _ in range(3)} == {200}
    with acme.standing.database.snapshot() as tx:
        made = tx.connection.execute(sa.select(grants.c.flow).where(grants.c.app_id == job.app.id)).scalars().all()
    assert made == ["jwt_bearer"]


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # by the client's library, which prefers the newer name
@pytest.mark.parametrize("alg", ["RS256", "PS256", "EdDSA", "Ed25519"])
def test_std_JB_03_asymmetric_algorithms_are_taken(acme: Tenant, alg: str) -> None:
    assert Job(acme, alg=alg).ask().status_code == 200


def test_X_JB_08_several_keys_may_be_live(acme: Tenant, job: Job) -> None:
    second = client_key("ES256", 2, clock=acme.standing.clock)
    job.add_key(second)
    assert [job.ask(key=key).status_code for key in (job.key, second)] == [200, 200]


def test_the_scope_may_be_narrowed(job: Job) -> None:
    assert job.ask(None, {"scope": "api"}).json()["scope"] == "api"
    assert refused(job.ask(None, {"scope": "api web"})) == (400, "invalid_scope")


def test_a_jwt_access_token_is_given_where_the_app_wants_one(acme: Tenant) -> None:
    assert Job(acme, access_token_format=TokenFormat.JWT).ask().json()["token_format"] == "jwt"


# --- The claims ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"aud": None}, "grant_audience_wrong"),
        ({"aud": "https://login.salesforce.com"}, "grant_audience_wrong"),
        ({"aud": ["{issuer}"]}, "grant_audience_wrong"),
        ({"aud": ["{issuer}", "https://other.example"]}, "grant_audience_wrong"),
        ({"aud": "{issuer}/"}, "grant_audience_wrong"),
        ({"aud": "{issuer}/services/oauth2/token"}, "grant_audience_wrong"),
        ({"aud": 7}, "grant_audience_wrong"),
        ({"sub": None}, "grant_subject_missing"),
        ({"sub": ""}, "grant_subject_missing"),
        ({"sub": 7}, "grant_subject_missing"),
        ({"exp": None}, "grant_assertion_expired"),
        ({"exp": -61}, "grant_assertion_expired"),
        ({"exp": "text"}, "grant_assertion_expired"),
        ({"exp": 301}, "grant_assertion_too_long"),
        ({"nbf": 61}, "grant_assertion_early"),
        ({"iat": 61}, "grant_assertion_early"),
        ({"iat": "text"}, "grant_assertion_early"),
        ({"jti": None}, "grant_jti_missing"),
        ({"jti": ""}, "grant_jti_missing"),
        ({"jti": 7}, "grant_jti_missing"),
        ({"jti": "j" * 257}, "grant_jti_missing"),
    ],
)
def test_X_JB_01_X_JB_04_X_TK_08_std_JB_02_JB_04_a_claim_that_is_wrong_is_invalid_grant(
    acme: Tenant, job: Job, changed: dict[str, Any], cause: str
) -> None:
    (name, value) = next(iter(changed.items()))
    if name in ("exp", "nbf", "iat") and value is not None:
        value = job.key.now + value if isinstance(value, int) else str(job.key.now)
    if name == "aud":
        value = json.loads(json.dumps(value).replace("{issuer}", acme.org.issuer))
    answer = job.ask(job.claims(**{name: value}))
    assert (refused(answer), acme.true_cause(answer)) == ((400, "invalid_grant"), cause)


@pytest.mark.parametrize("changed", [{"exp": 300}, {"exp": -59}, {"nbf": 59}, {"iat": 59}])
def test_std_JB_04_a_minute_between_the_clocks_is_forgiven(job: Job, changed: dict[str, int]) -> None:
    assert job.ask(job.claims(**{name: job.key.now + offset for name, offset in changed.items()})).status_code == 200


def test_X_JB_04_an_assertion_buys_one_answer(acme: Tenant, job: Job) -> None:
    assertion = job.key.sign(job.claims())
    assert job.present(assertion).status_code == 200
    again = job.present(assertion)
    assert (refused(again), acme.true_cause(again)) == ((400, "invalid_grant"), "grant_assertion_replayed")
    assert acme.receipt(again).user_id is None
    same_jti = job.claims(jti="the same")
    assert [job.ask(same_jti | {"exp": job.key.now + exp}).status_code for exp in (60, 90)] == [200, 400]


def test_std_JB_01_without_an_assertion_nobody_is_named(acme: Tenant, job: Job) -> None:
    answer = job.app.ask({"grant_type": GRANT_TYPE})
    assert (refused(answer), acme.true_cause(answer)) == ((400, "invalid_request"), "assertion_missing")


# --- The signature -------------------------------------------------------------------------------------------------------


def test_X_JB_05_the_key_must_be_the_issuers_own(acme: Tenant, job: Job) -> None:
    other = Job(acme, "Other", number=3)
    answer = job.ask(key=other.key)
    assert (refused(answer), acme.true_cause(answer)) == ((400, "invalid_grant"), "grant_signature_wrong")
    by_name = other.key.sign(job.claims(), {"kid": _fingerprint(acme, other)})
    assert acme.true_cause(job.present(by_name)) == "grant_key_unknown"


def _fingerprint(acme: Tenant, job: Job) -> str:
    with acme.standing.database.snapshot() as tx:
        return credentials.certificates_of(tx, acme.org.id, job.app.id)[0].fingerprint


def _segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _forged(job: Job, header: Mapping[str, Any]) -> str:
    return f"{_segment(header)}.{_segment(job.claims())}.{_segment('x')}"


def _by_hmac(job: Job, key: bytes) -> str:
    signed = f"{_segment({'alg': 'HS256'})}.{_segment(job.claims())}"
    return f"{signed}.{base64.urlsafe_b64encode(hmac.digest(key, signed.encode(), 'sha256')).rstrip(b'=').decode()}"


def _with_header(**header: Any) -> Callable[[Job], str]:
    """With a true signature, so that this header is all that is wrong."""
    return lambda job: signed({"alg": "ES256"} | header, job.claims(), "ES256", job.key.key)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda job: _forged(job, {"alg": "none"}), id="X_TK_01 none"),
        pytest.param(lambda job: _forged(job, {"alg": "None"}), id="X_TK_01 None"),
        pytest.param(lambda job: _forged(job, {"alg": ""}), id="X_TK_01 empty"),
        pytest.param(lambda job: _forged(job, {}), id="X_TK_01 missing"),
        pytest.param(lambda job: _by_hmac(job, job.key.upload), id="X_TK_02 HMAC with the public key"),
        pytest.param(lambda job: _by_hmac(job, b"\n" + job.key.upload), id="X_TK_02 HMAC with the public key after a line end"),
        pytest.param(lambda job: _by_hmac(job, b""), id="X_TK_02 HMAC with an empty key"),
        pytest.param(_with_header(jwk={"kty": "EC"}), id="X_TK_04 jwk"),
        pytest.param(_with_header(jku="http://127.0.0.1/keys"), id="X_TK_04 jku"),
        pytest.param(_with_header(x5u="http://127.0.0.1/x"), id="X_TK_04 x5u"),
        pytest.param(_with_header(kid="../../etc/passwd"), id="X_TK_05 path"),
        pytest.param(_with_header(kid="' OR 1=1 --"), id="X_TK_05 SQL"),
        pytest.param(_with_header(kid=["a"]), id="X_TK_05 list"),
        pytest.param(_with_header(crit=["x"]), id="X_TK_06 crit"),
        pytest.param(_with_header(crit=["exp"]), id="X_TK_06 crit of a claim"),
        pytest.param(_with_header(b64=False), id="X_TK_06 b64"),
        pytest.param(_with_header(zip="DEF"), id="X_TK_07 zip"),
        pytest.param(_with_header(typ="at+jwt"), id="X_TK_10 an access token"),
        pytest.param(_with_header(typ="client-authentication+jwt"), id="a client assertion"),
        pytest.param(lambda job: "x" * 9000, id="X_TK_07 too long"),
        pytest.param(lambda job: "nonsense", id="no JWT"),
        pytest.param(lambda job: job.key.sign(job.claims()) + "=", id="X_TK_10 padding"),
        pytest.param(lambda job: signed({"alg": "ES256"}, _twice(job), "ES256", job.key.key), id="X_TK_09 a name twice"),
    ],
)
def test_X_TK_01_to_10_std_JB_03_odd_tokens_are_one_refusal(acme: Tenant, job: Job, make: Callable[[Job], str]) -> None:
    assert job.present(_with_header()(job)).status_code == 200, "what is odd about the others is all that is wrong with them"
    answer = job.present(make(job))
    assert refused(answer) == (400, "invalid_grant")
    assert answer.json()["error_uri"].partition("?")[0].endswith("/assertion_refused")
    assert acme.receipt(answer).user_id is None


def _twice(job: Job) -> str:
    return json.dumps(job.claims())[:-1] + f', "iss": "{job.app.consumer_key}"}}'


def test_an_unknown_issuer_hears_what_a_wrong_key_hears(acme: Tenant, job: Job) -> None:
    unknown, wrong = job.ask(job.claims(iss="gbk_nobody")), job.ask(key=client_key("ES256", 9))
    assert refused(unknown) == refused(wrong) == (400, "invalid_grant")
    assert unknown.json()["error_description"] == wrong.json()["error_description"]
    assert acme.true_cause(unknown) == "grant_issuer_unknown"


def test_X_TK_11_an_app_of_another_org_is_unknown_until_it_is_installed_to_all_but_who_signs_with_its_key(
    acme: Tenant, rival: Tenant
) -> None:
    theirs = Job(rival)
    claims = theirs.claims(sub=acme.runner.username, aud=acme.org.issuer)

    def here(key: ClientKey) -> httpx.Response:
        form = {"grant_type": GRANT_TYPE, "assertion": key.sign(claims)}
        return theirs.app.door.post(acme.org.issuer + "/services/oauth2/token", form)

    forged = here(client_key(number=2, clock=acme.standing.clock))
    assert (refused(forged), acme.true_cause(forged)) == ((400, "invalid_grant"), "grant_issuer_unknown")
    signed = here(theirs.key)
    assert (refused(signed), acme.true_cause(signed)) == ((400, "unauthorized_client"), "app_not_installed")
    client = acme.install(theirs.app)
    claims = theirs.claims(sub=acme.runner.username, aud=acme.org.issuer)
    answer = client.ask({"grant_type": GRANT_TYPE, "assertion": theirs.key.sign(claims)})
    assert acme.receipt(answer).org_id == acme.org.id
    assert answer.status_code == 200


def test_X_JB_02_a_certificate_that_was_retired_signs_no_more_and_the_receipt_says_so(acme: Tenant, job: Job) -> None:
    with acme.standing.database.transaction() as tx:
        (certificate,) = credentials.certificates_of(tx, acme.org.id, job.app.id)
        retire_certificate(tx, acme.admin, RetireCertificate(job.app.id, certificate.id))
    answer = job.ask()
    assert (refused(answer), acme.true_cause(answer)) == ((400, "invalid_grant"), "grant_certificate_retired")


# --- The client ----------------------------------------------------------------------------------------------------------


def test_std_JB_06_client_authentication_may_be_left_out_and_if_it_is_sent_it_counts(acme: Tenant, job: Job) -> None:
    right = {"client_id": job.app.consumer_key, "client_secret": job.app.secret}
    assert job.ask(None, right).status_code == 200
    assert "signature" in job.ask(None, right).json()
    assert job.present(job.key.sign(job.claims()), headers=basic(job.app.consumer_key, job.app.secret)).status_code == 200
    assert refused(job.ask(None, right | {"client_secret": "wrong"})) == (401, "invalid_client")
    assert refused(job.present(job.key.sign(job.claims()), headers=basic(job.app.consumer_key, "wrong"))) == (401, "invalid_client")
    assert job.ask(None, {"client_id": job.app.consumer_key}).status_code == 200


def test_X_JB_05_std_JB_06_the_client_of_the_request_must_be_the_issuer(acme: Tenant, job: Job) -> None:
    other = Job(acme, "Other", number=3)
    for form in ({"client_id": other.app.consumer_key}, other.app.credentials):
        answer = job.ask(None, form)
        assert (refused(answer), acme.true_cause(answer)) == ((400, "invalid_grant"), "grant_issuer_differs")


def test_X_JB_02_a_blocked_app_gets_nothing(acme: Tenant, job: Job) -> None:
    with acme.standing.database.transaction() as tx:
        block_app(tx, acme.admin, BlockApp(job.app.id, "It leaks."))
    answer = job.ask()
    assert (refused(answer), acme.true_cause(answer)) == ((401, "invalid_client"), "app_blocked")


def test_std_TK_03_the_flow_must_be_enabled(acme: Tenant) -> None:
    job = Job(acme, flows=frozenset({Flow.CLIENT_CREDENTIALS}))
    assert refused(job.ask()) == (400, "unauthorized_client")


# --- The user ------------------------------------------------------------------------------------------------------------


def _freeze(acme: Tenant) -> None:
    with acme.standing.database.transaction() as tx:
        freeze_user(tx, acme.admin, FreezeUser(acme.runner.id, "It looks odd."))


def _deactivate(acme: Tenant) -> None:
    with acme.standing.database.transaction() as tx:
        deactivate_user(tx, acme.admin, DeactivateUser(acme.runner.id, "Has left."))


def _unassign(acme: Tenant) -> None:
    with acme.standing.database.transaction() as tx:
        permission_sets.unassign(tx, acme.org.id, acme.runner.id, acme.approved.id)


def test_X_JB_02_X_JB_06_std_JB_05_unknown_frozen_inactive_and_unapproved_are_one_answer(acme: Tenant, job: Job) -> None:
    def told(answer: httpx.Response, cause: str) -> tuple[object, ...]:
        assert acme.true_cause(answer) == cause
        body = answer.json()
        return answer.status_code, body["error"], body["error_description"], body["error_uri"].partition("?")[0]

    heard = {told(job.ask(job.claims(sub="nobody@example.com")), "user_unknown")}
    _unassign(acme)
    heard.add(told(job.ask(), "user_not_approved"))
    _freeze(acme)
    heard.add(told(job.ask(), "user_frozen"))
    _deactivate(acme)
    heard.add(told(job.ask(), "user_inactive"))
    assert len(heard) == 1


def test_X_JB_06_as_much_is_read_for_somebody_who_does_not_exist(acme: Tenant, job: Job) -> None:
    """Else an app that may name users learns from a clock who is one."""
    with counted(acme) as unknown:
        assert acme.true_cause(job.ask(job.claims(sub="nobody@example.com"))) == "user_unknown"
    with counted(acme) as unapproved:
        assert acme.true_cause(job.ask(job.claims(sub=acme.admin.name))) == "user_not_approved"
    assert unknown == unapproved


@pytest.mark.parametrize("change", [str.upper, lambda name: f" {name}", lambda name: f"{name} ", lambda name: name.replace("r", "ｒ")])
def test_X_JB_06_the_subject_is_the_username_letter_by_letter(acme: Tenant, job: Job, change: Callable[[str], str]) -> None:
    answer = job.ask(job.claims(sub=change(acme.runner.username)))
    assert (refused(answer), acme.true_cause(answer)) == ((400, "invalid_grant"), "user_unknown")


def _self_authorize(acme: Tenant, job: Job) -> None:
    with acme.standing.database.transaction() as tx:
        edit_policies(tx, acme.admin, EditPolicies(job.app.id, permitted_users=PermittedUsers.SELF_AUTHORIZE))


def test_X_JB_03_a_user_who_authorizes_for_oneself_must_have_approved_these_scopes_before(acme: Tenant, salesforce: Job) -> None:
    _self_authorize(acme, salesforce)
    first = salesforce.ask()
    assert (refused(first), first.json()["error_description"]) == ((400, "invalid_grant"), "user hasn't approved this consumer")
    assert acme.true_cause(first) == "consent_missing"
    with acme.standing.database.transaction() as tx:
        approvals.remember(tx, acme.org.id, salesforce.app.installation_id, acme.runner.id, frozenset({"api"}), "https://portal.example/")
    assert salesforce.ask().json()["scope"] == "api"
    assert acme.true_cause(salesforce.ask(None, {"scope": "api id"})) == "consent_missing"


# --- The salesforce dialect ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "exp",
    [
        pytest.param(lambda now: str(now + 180), id="simple-salesforce: seconds as a text"),
        pytest.param(lambda now: now * 1000 + 300, id="sfdx-core: milliseconds"),
        pytest.param(lambda now: str(now * 1000 + 300), id="milliseconds as a text"),
        pytest.param(lambda now: now, id="CumulusCI: this very moment"),
        pytest.param(lambda now: now - 179, id="three minutes between the clocks"),
    ],
)
def test_what_salesforces_clients_send_as_exp_is_taken_in_their_dialect_only(
    acme: Tenant, job: Job, salesforce: Job, exp: Callable[[int], object]
) -> None:
    assert salesforce.ask(salesforce.claims(exp=exp(salesforce.key.now))).status_code == 200
    if exp(0) != 0:
        assert job.ask(job.claims(exp=exp(job.key.now))).status_code == 400


def test_five_minutes_ahead_is_the_most_in_the_salesforce_dialect_too(acme: Tenant, salesforce: Job) -> None:
    for exp in (salesforce.key.now + 301, (salesforce.key.now + 301) * 1000, 10**30, True, "9" * 17, -5, "-5", "٣"):
        assert refused(salesforce.ask(salesforce.claims(exp=exp))) == (400, "invalid_grant")


def test_the_salesforce_dialect_takes_an_assertion_without_jti_and_refuses_a_replayed_one(acme: Tenant, salesforce: Job) -> None:
    bare = salesforce.key.sign(salesforce.claims(jti=None))
    assert [salesforce.present(bare).status_code for _ in range(2)] == [200, 200]
    once = salesforce.key.sign(salesforce.claims())
    assert salesforce.present(once).status_code == 200
    assert refused(salesforce.present(once)) == (400, "bad_jti_claim")


def test_the_salesforce_dialect_reads_prn_before_sub(acme: Tenant, salesforce: Job) -> None:
    assert salesforce.ask(salesforce.claims(sub=None, prn=acme.runner.username)).status_code == 200
    assert salesforce.ask(salesforce.claims(sub="nobody", prn=acme.runner.username)).status_code == 200


def test_X_JB_01_other_audiences_are_taken_where_the_app_lists_them(acme: Tenant) -> None:
    job = Job(acme, dialect=Dialect.SALESFORCE, assertion_audiences=("https://login.salesforce.com",))
    for audience in (acme.org.issuer, f"{acme.org.issuer}/", "https://login.salesforce.com"):
        assert job.ask(job.claims(aud=audience)).status_code == 200
    wrong = job.ask(job.claims(aud="https://test.salesforce.com"))
    assert (refused(wrong), wrong.json()["error_description"]) == ((400, "invalid_grant"), "audience is invalid")


def test_a_client_that_proves_itself_by_key_may_do_both(acme: Tenant) -> None:
    job = Job(acme, auth_methods=frozenset({ClientAuthMethod.PRIVATE_KEY_JWT}))
    from tests.oauth.client_keys import assertion_form

    form = assertion_form(job.key, job.app.consumer_key, acme.org.issuer)
    assert job.ask(None, form).status_code == 200
    again = job.ask(None, form)
    assert (refused(again), acme.true_cause(again)) == ((401, "invalid_client"), "assertion_replayed")
