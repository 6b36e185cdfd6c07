"""`id_token_hint` at the end session endpoint (RP-Initiated Logout 1.0 section 2): which app sends the browser, and whose session it is."""

from dataclasses import dataclass

from gatebridge.crypto import signing
from gatebridge.oauth import subjects
from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.rules.orgs import Org
from gatebridge.rules.sessions import Session
from gatebridge.storage import sessions
from gatebridge.storage.facts import FactsReader

# Only an ID token tells an app who signed in to it. A logout token, an access token or an assertion has another type.
_TYPES = frozenset({"jwt"})


@dataclass(frozen=True, slots=True)
class Hint:
    """What a verified ID token of ours says. That it has run out does not matter: that is what hints are for (LO-01)."""

    consumer_key: str
    user_id: str
    sid: str | None


def read(reader: FactsReader, org: Org, text: str) -> Hint | None:
    """The hint, if this is an ID token that this org has signed, for one app and about one of its users; None for anything else."""
    keys = reader.verifying_keys(org)
    try:
        claims = signing.verify(text, keys, algs=frozenset(alg for key in keys for alg in key.algs), typ=_TYPES).claims
    except signing.BadToken:
        return None
    audience, sid = claims.get("aud"), claims.get("sid")
    # In the salesforce dialect the subject is the identity URL, which ends in the user's id.
    user_id = ids.parse(str(claims.get("sub", "")).rpartition("/")[2], Prefix.USER)
    if claims.get("iss") != org.issuer or not isinstance(audience, str) or user_id is None:
        return None
    return Hint(audience, user_id, sid if isinstance(sid, str) else None)


def means(reader: FactsReader, hint: Hint, session: Session) -> bool:
    """Whether the hint is about this very session, or about one that it continues: then nobody has to be asked (LO-02)."""
    if hint.sid is None or hint.user_id != session.user_id:
        return False
    line = sessions.ids_in_line(reader.tx, session.org_id, session.id)
    return any(subjects.sid(reader.tx, session.org_id, each) == hint.sid for each in line)
