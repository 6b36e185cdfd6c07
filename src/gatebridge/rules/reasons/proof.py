"""Gate 7, Proof: is the token that was presented alive? At introspection all of these are `active: false` and nothing else (IN-02)."""

from gatebridge.rules.reasons.strangers import dead_token

TOKEN_UNKNOWN = dead_token(
    code="token_unknown",
    sentence="No such token was ever issued here, or its record was cleared away after it had expired.",
    hint="Look for a token that was cut off, changed or taken from another environment; send it whole and unencoded.",
    remedy="Nothing to change here: let the client get a new token.",
)
TOKEN_EXPIRED = dead_token(
    code="token_expired",
    sentence="The token is past its end.",
    hint="Get a new token shortly before expires_in has run out, and once more whenever an API answers 401.",
    remedy="The app's policies set the life of access tokens; a longer life makes every stolen token worth more.",
)
TOKEN_REVOKED = dead_token(
    code="token_revoked",
    sentence="This very token was revoked.",
    hint="Find the part of the client that revokes on shutdown or sign-out while another part still uses the token.",
    remedy="Login History shows who revoked it, the client itself or an admin; a revoked token never lives again.",
)
TOKEN_ENDED = dead_token(
    code="token_ended",
    follows=True,
    sentence="Everything of its kind was ended after the token was issued.",
    hint="Get a new token; if that is refused too, its reason tells what has changed.",
    remedy="The Setup Audit Trail shows which revoke, block, freeze or restore ended it, who did it and why.",
)
TOKEN_OF_OTHER_APP = dead_token(
    code="token_of_other_app",
    sentence="The token was issued to another app, and the asking app may only ask about its own.",
    hint="Authenticate as the app that the token belongs to, or as a resource server that may ask about all tokens.",
    remedy="For a resource server, switch on Introspect all tokens in the app's Settings.",
)
