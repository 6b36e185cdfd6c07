"""The door of the resource surface: an access token in the header, and what its user may then read (docs/decisions/0028).

It is the API's door, with another scope and for other clients: these call the scheme `OAuth` as well, and hear a refusal in other words.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gatebridge.oauth import bearer
from gatebridge.oauth.bearer import Surface
from gatebridge.rules.actors import Actor
from gatebridge.rules.network import Address
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import User
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import bearer as reasons
from gatebridge.storage.tx import Tx

DATA = Surface(event="data", scope="api", header=re.compile(r"(?:Bearer|OAuth) ([A-Za-z0-9\-._~+/!]+=*)", re.IGNORECASE))

# The parameters that carry a token in an address, where it stays in logs and histories on the way.
IN_ADDRESS = frozenset({"access_token", "oauth_token"})


@dataclass(frozen=True, slots=True)
class Guest:
    """Who reads: with which rights, in which org, and as which user, whose time zone says when a day begins."""

    actor: Actor
    org: Org
    user: User


def admit(
    tx: Tx,
    authorization: Sequence[str],
    named: frozenset[str],
    *,
    org: Org,
    address: Address | None,
    operation_id: str,
    user_agent: str,
) -> Guest:
    """The guest whom the token lets in. `authorization` are all headers of that name, `named` the parameters in the address.

    Raises Refused, or BearerRefused with the line that is still to be written.
    """
    if len(authorization) > 1 or (authorization and named & IN_ADDRESS):
        raise Refused(reasons.BEARER_TWO_WAYS)
    if named & IN_ADDRESS:
        raise Refused(reasons.BEARER_IN_QUERY)
    only = authorization[0] if authorization else None
    holder = bearer.judge(tx, only, surface=DATA, org=org, address=address, operation_id=operation_id, user_agent=user_agent)
    return Guest(holder.actor, org, holder.user)
