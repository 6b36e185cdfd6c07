"""The legacy user-agent flow (Salesforce: "User-Agent Flow"; RFC 6749 section 4.2, OpenID Connect Core section 3.2).

For an app of former days that cannot redeem a code, and for no new one: what it gets stands in the address of a page, where history and
scripts read it. A new app in a browser or on a phone uses the web server flow with PKCE and no secret (docs/decisions/0022). It is off
until org and app both switch it on. There is no token request: the tokens are the answer of the authorization endpoint, in the fragment
and nowhere else, and there is never a refresh token.
"""

from collections.abc import Callable

from gatebridge.crypto.signing import SigningKey
from gatebridge.oauth import authorization_lines, endpoint, issue, record, subjects
from gatebridge.oauth.authorization_case import Case
from gatebridge.oauth.formats import id_token
from gatebridge.oauth.issue import Issued
from gatebridge.oauth.keyring import Keyring
from gatebridge.oauth.outcome import Answer, Outcome
from gatebridge.records.history import HistoryEntry
from gatebridge.rules import refresh_families
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.grants import Approved
from gatebridge.rules.scopes import render
from gatebridge.storage.facts import FactsReader
from gatebridge.storage.tx import Tx

FLOW = Flow.USER_AGENT
GRANT_TYPE = "implicit"  # what metadata call it (RFC 8414 section 2); no token request names it

# A token was given out, as at the token endpoint: whoever counts, lists or revokes tokens finds it by this name.
EVENT = "token"


def answer(tx: Tx, case: Case, keyring: Keyring) -> tuple[dict[str, str], str]:
    """What the app is told, by parameter, and the id of the receipt; the grant and the token are recorded with it.

    The case holds a verdict without refusal. Raises NoSigningKey where the org has no key that signs for this app.
    """
    reader, approved = FactsReader(tx), case.approval()

    def signing_key(algorithm: str) -> SigningKey:
        return keyring.key_for(reader.signing_keys(case.org), algorithm, tx.now)

    issued = issue.issue(
        tx,
        case.facts,
        case.verdict,
        flow=FLOW,
        token_id=case.request.operation_id,
        address=endpoint.address_text(case.request),
        secret=None,
        signing_key=signing_key,
        approved=approved,
    )
    said = {name: str(value) for name, value in issued.body.items()}
    if case.wanted.response_type is not None and case.wanted.response_type.id_token:
        said["id_token"] = _id_token(reader, case, approved, issued, signing_key)
    line = authorization_lines.line(
        case,
        None,
        authorization_lines.SENT_BACK,
        event=EVENT,
        scopes_given=render(case.verdict.scopes),
        grant_id=issued.grant.id,
    )
    outcome = Outcome(
        Answer(authorization_lines.SENT_BACK, said),
        HistoryEntry(line),
        new_grant=issued.grant,
        grant_limit=refresh_families.most_grants(case.facts),
        new_token=issued.new,
    )
    (answered,) = record.record(tx, [outcome])
    return said, answered.receipt_id or line.id


def _id_token(reader: FactsReader, case: Case, approved: Approved, issued: Issued, signing_key: Callable[[str], SigningKey]) -> str:
    facts, org = case.facts, case.org
    if facts.settings is None or facts.standing is None:
        raise ValueError("An ID token was asked for without app or user")
    return id_token.make(
        facts,
        scopes=case.verdict.scopes,
        access_token=issued.value,
        nonce=approved.nonce,
        authenticated_at=approved.authenticated_at,
        level=approved.level,
        methods=approved.methods,
        sid=subjects.sid(reader.tx, org.id, approved.session_id),
        tells_auth_time=True,
        now=reader.now,
        key=signing_key(facts.settings.signing_algorithm),
        custom=reader.custom_permissions(org, facts.standing) if "custom_permissions" in case.verdict.scopes else (),
        requested=approved.id_token_claims,
    )
