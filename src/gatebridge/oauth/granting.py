"""What a yes becomes: the tokens, what is redeemed for them, and the line."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from gatebridge.crypto import secrets
from gatebridge.crypto.signing import SigningKey
from gatebridge.oauth import authorization_checks, endpoint, families, issue, origins, subjects
from gatebridge.oauth.families import Given
from gatebridge.oauth.flows import refresh_token
from gatebridge.oauth.formats import id_token
from gatebridge.oauth.issue import Issued
from gatebridge.oauth.keyring import Keyring
from gatebridge.oauth.outcome import Answer, CodeRedemption, DeviceRedemption, Exchange, Outcome, Use
from gatebridge.oauth.redeeming import Redeeming
from gatebridge.oauth.request import OAuthRequest
from gatebridge.records import history
from gatebridge.records.history import HistoryEntry
from gatebridge.rules import refresh_families
from gatebridge.rules.apps import Dialect
from gatebridge.rules.device_codes import DeviceCode
from gatebridge.rules.facts import Facts
from gatebridge.rules.gates import Door, Gate
from gatebridge.rules.grants import AuthorizationCode, Grant, RefreshToken
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons import grant as grant_reasons
from gatebridge.rules.scopes import render
from gatebridge.rules.verdict import Verdict
from gatebridge.storage import grants
from gatebridge.storage.facts import FactsReader

# Decides the same request once more, on facts that somebody else has changed in the meantime.
Anew = Callable[[FactsReader, Redeeming], Outcome]


def granted(
    reader: FactsReader, org: Org, request: OAuthRequest, event: str, redeeming: Redeeming, verdict: Verdict, keyring: Keyring, anew: Anew
) -> Outcome:
    """The outcome of a verdict without refusal. Raises NoSigningKey."""
    caller, attempt = redeeming.caller, redeeming.attempt
    if attempt.flow is None:
        raise ValueError("A verdict without refusal was given to an attempt without a flow")

    def signing_key(algorithm: str) -> SigningKey:
        return keyring.key_for(reader.signing_keys(org), algorithm, reader.now)

    issued = issue.issue(
        reader.tx,
        caller.facts,
        verdict,
        flow=attempt.flow,
        token_id=request.operation_id,
        address=endpoint.address_text(request),
        secret=caller.secret,
        signing_key=signing_key,
        approved=attempt.approved,
    )
    given = _refresh_token(reader, redeeming, verdict, issued)
    body = issued.body
    if attempt.door in (Door.CODE, Door.DEVICE, Door.REFRESH):
        body |= _ends(caller.facts, issued.grant, attempt.door, given, reader.now)
        if "openid" in verdict.scopes:
            body["id_token"] = _id_token(reader, org, redeeming, verdict, issued, signing_key)
    if caller.dialect is Dialect.SALESFORCE and (state := authorization_checks.state(request.parameters)) is not None:
        body["state"] = state  # as Salesforce does; in the standard dialect it is one of the parameters that nobody knows
    certificate_id = attempt.assertion.certificate_id if attempt.assertion is not None else None
    line = endpoint.line_of(
        org,
        request,
        event,
        caller.facts,
        reason=None,
        status=200,
        flow=attempt.flow,
        grant_id=issued.grant.id,
        scopes_given=render(verdict.scopes),
        auth_method=caller.proof.method,
        credential_id=caller.credential_id or certificate_id,
        receipt=history.receipt(verdict.findings, endpoint.said(request)),
    )
    return Outcome(
        Answer(200, body, origins.headers(request, caller.facts.settings), form=request.form_in(caller.dialect)),
        HistoryEntry(line),
        uses=_uses(org, request, event, redeeming, verdict),
        redeems=_redemption(org, redeeming, anew),
        redeems_device=_device_redemption(org, redeeming, anew),
        exchanges=_exchange(request, redeeming, anew),
        new_grant=issued.grant if issued.grant_is_new else None,
        grant_limit=refresh_families.most_grants(caller.facts) if attempt.approved is not None else None,
        new_token=issued.new,
        new_refresh=given.record if given is not None else None,
        touches=issued.grant if attempt.door is Door.REFRESH else None,
    )


def _refresh_token(reader: FactsReader, redeeming: Redeeming, verdict: Verdict, issued: Issued) -> Given | None:
    refresh = redeeming.attempt.refresh
    if redeeming.attempt.approved is not None:
        return families.first(reader.tx, redeeming.caller.facts, verdict, issued.grant, issued.new.token.epochs)
    if refresh is None:
        return None
    if refresh.used_at is not None:
        return families.again(reader.tx, refresh, redeeming.value)
    return families.successor(reader.tx, refresh, redeeming.value) if redeeming.attempt.rotates else None


def _ends(facts: Facts, grant: Grant, door: Door, given: Given | None, now: datetime) -> dict[str, object]:
    """The refresh token, and in how many seconds it ends for lack of use and in any case (standards RT-06)."""
    said: dict[str, object] = {"refresh_token": given.value} if given is not None else {}
    if facts.app is None or facts.app.dialect is not Dialect.STANDARD or (door is not Door.REFRESH and given is None):
        return said
    ends = refresh_families.ends(facts, grant, now)
    named = {"refresh_token_timeout": ends.idle, "authorization_expires_in": ends.absolute}
    return said | {name: int((end - now).total_seconds()) for name, end in named.items() if end is not None}


def _id_token(
    reader: FactsReader, org: Org, redeeming: Redeeming, verdict: Verdict, issued: Issued, signing_key: Callable[[str], SigningKey]
) -> str:
    facts, code, grant = redeeming.caller.facts, redeeming.attempt.code, issued.grant
    if facts.settings is None or facts.standing is None or grant.authenticated_at is None:
        raise ValueError("An ID token was asked for, and nobody has signed in")
    custom = reader.custom_permissions(org, facts.standing) if "custom_permissions" in verdict.scopes else ()
    return id_token.make(
        facts,
        scopes=verdict.scopes,
        access_token=issued.value,
        # A nonce belongs to the authorization request, so a refreshed ID token has none (OpenID Connect Core section 12.2).
        nonce=code.nonce if code is not None else None,
        authenticated_at=grant.authenticated_at,
        level=grant.level,
        methods=grant.methods,
        sid=subjects.sid(reader.tx, org.id, grant.session_id) if grant.session_id is not None else None,
        # Whether it was asked for at first is not kept, and a refreshed one may always say it.
        tells_auth_time=code.tells_auth_time if code is not None else True,
        now=reader.now,
        key=signing_key(facts.settings.signing_algorithm),
        custom=custom,
        requested=grant.id_token_claims,
    )


def _uses(org: Org, request: OAuthRequest, event: str, redeeming: Redeeming, verdict: Verdict) -> tuple[Use, ...]:
    caller, flow = redeeming.caller, redeeming.attempt.flow
    uses = endpoint.uses(org, request, event, caller, verdict, flow=flow)
    if redeeming.used is None:
        return uses
    replay = endpoint.replayed(
        org, request, event, replace(caller, signed=False), verdict, grant_reasons.GRANT_ASSERTION_REPLAYED, flow=flow, gate=Gate.PROOF
    )
    return (*uses, Use(redeeming.used, replay))


def _redemption(org: Org, redeeming: Redeeming, anew: Anew) -> CodeRedemption | None:
    code = redeeming.attempt.code
    if code is None:
        return None

    def if_lost(reader: FactsReader, code: AuthorizationCode | None) -> Outcome:
        bought = grants.by_id(reader.tx, org.id, code.grant_id) if code is not None and code.grant_id is not None else None
        return anew(reader, redeeming.with_code(code, bought))

    return CodeRedemption(code, secrets.digest(redeeming.value), if_lost)


def _device_redemption(org: Org, redeeming: Redeeming, anew: Anew) -> DeviceRedemption | None:
    device = redeeming.attempt.device
    if device is None:
        return None

    def if_lost(reader: FactsReader, device: DeviceCode | None) -> Outcome:
        bought = grants.by_id(reader.tx, org.id, device.grant_id) if device is not None and device.grant_id is not None else None
        return anew(reader, redeeming.with_device(device, bought))

    return DeviceRedemption(device, secrets.digest(redeeming.value), if_lost)


def _exchange(request: OAuthRequest, redeeming: Redeeming, anew: Anew) -> Exchange | None:
    refresh = redeeming.attempt.refresh
    if refresh is None or refresh.used_at is not None or not redeeming.attempt.rotates:
        return None

    def if_lost(reader: FactsReader, refresh: RefreshToken | None) -> Outcome:
        return anew(reader, refresh_token.overtaken(redeeming, refresh))

    return Exchange(refresh, secrets.digest(redeeming.value), endpoint.address_text(request), if_lost)
