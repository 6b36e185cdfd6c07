"""What only an app hears whose user is at the authorization endpoint: it goes through the browser, to the proven callback URL."""

from gatebridge.rules.reasons import consent, flow, level, pkce, session

# RFC 6749 section 4.1.2.1. Other reasons may come so too, such as a scope that the app lacks; these are about that request alone.
REDIRECTED = frozenset(
    reason.code
    for reason in (
        *(flow.RESPONSE_TYPE_MISSING, flow.RESPONSE_TYPE_UNKNOWN, flow.RESPONSE_MODE_UNKNOWN, flow.PROMPT_CONFLICT),
        *(flow.STATE_TOO_LONG, flow.AUTHORIZATION_MALFORMED, flow.NONCE_MISSING, flow.OPENID_MISSING),
        *(flow.REQUEST_OBJECT_UNSUPPORTED, flow.REQUEST_URI_UNSUPPORTED, flow.REGISTRATION_UNSUPPORTED),
        *(pkce.CHALLENGE_MISSING, pkce.CHALLENGE_METHOD_UNSUPPORTED, pkce.CHALLENGE_MALFORMED),
        *(session.LOGIN_REQUIRED, session.LOGIN_TOO_OLD, session.LOGIN_OF_ANOTHER, session.ACR_UNMET),
        *(consent.CONSENT_REQUIRED, consent.CONSENT_DENIED),
        level.LEVEL_BLOCKED,
    )
)
