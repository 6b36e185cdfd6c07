"""What the policies of an app ask, in four forms. Questions that are judged together stand together."""

from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.levels import Level, LevelAction
from gatebridge.rules.network import Relaxation
from gatebridge.web.console.questions import Option, Part, Question

PERMITTED = (
    Option(
        PermittedUsers.ADMIN_APPROVED,
        "Admin approved users are pre-authorized",
        "Only holders of a profile or permission set that stands under Access. Nobody is asked for consent.",
    ),
    Option(PermittedUsers.SELF_AUTHORIZE, "All users may self-authorize", "Anybody of the org, after a consent page."),
)
RELAXATIONS = (
    Option(Relaxation.ENFORCE, "Enforce IP restrictions", "Whatever the app's ranges and those of the user refuse is refused."),
    Option(
        Relaxation.RELAX_REFRESH,
        "Enforce, but relax for refresh tokens",
        "A refresh token is taken from anywhere. Whoever steals one needs no address of yours.",
    ),
    Option(
        Relaxation.RELAX_ACTIVATED,
        "Relax for activated devices",
        "Outside the user's ranges, from a device that the user has activated by a second step. The app's own ranges hold.",
    ),
    Option(Relaxation.RELAX, "Relax IP restrictions", "Any address is let in."),
)
LEVELS = (
    Option(Level.STANDARD, "One factor will do", "What the org and the user's profile require counts all the same."),
    Option(Level.HIGH, "High assurance", "Two factors, or one that cannot be given away, such as a passkey."),
)
ACTIONS = (
    Option(LevelAction.RAISE, "Ask for another factor", "Where somebody sits at a browser; elsewhere the request is refused."),
    Option(LevelAction.BLOCK, "Refuse the request"),
)
LIMITS, IMMEDIATELY, FOR_EVER = "limits", "immediately", "until_revoked"
REFRESH = (
    Option(LIMITS, "It dies unused, and it dies of age", "Whichever of the two limits below comes first."),
    Option(IMMEDIATELY, "It dies at once", "A refresh token is of no use to the app."),
    Option(FOR_EVER, "It lives until it is revoked", "An exception, with a written reason and an end of its own."),
)

WHO = Part(
    "who",
    "Who may use it",
    (
        Question("one", "permitted_users", "Permitted users", options=PERMITTED),
        Question(
            "line",
            "run_as_user_id",
            "Run-as user",
            "The username of whom client credentials act for; empty for nobody. You must hold every right of that user.",
            mono=True,
        ),
        Question(
            "number",
            "max_grants_per_user",
            "Grants of a user at once",
            "1 to 100; one more ends the oldest. Empty: the default.",
            unit="grants",
        ),
        Question(
            "yes",
            "may_administer",
            "It may administer this org",
            "It may be given the scope setup_api, as far as the rights of its user go. This takes Manage Security beside.",
        ),
    ),
    means=(
        "A tighter policy counts from the moment it is saved, also for tokens that are out: every use of one is decided anew.",
        "Whom a change would shut out is shown before it is saved.",
    ),
)
NETWORK = Part(
    "network",
    "From where",
    (
        Question("one", "ip_relaxation", "IP relaxation", options=RELAXATIONS),
        Question(
            "lines",
            "ip_ranges",
            "Ranges of the app",
            "From where it may be used at all. One on each line: an address, a network or first-last, then what you call it.",
        ),
        Question(
            "lines",
            "refresh_ranges",
            "Ranges for refresh tokens",
            "From where alone they are taken, whatever is relaxed. At most 256 addresses.",
        ),
        Question(
            "lines",
            "monitored_ranges",
            "Monitored ranges",
            "Tried out in the place of the ranges of the app: what they would refuse goes through and is recorded.",
        ),
    ),
    means=(
        "Beside the app's ranges those of the user's profile count; where it has none, the org's trusted ranges.",
        "What holds in the end stands on the Policies page, for each profile.",
    ),
)
LEVEL = Part(
    "level",
    "How surely signed in",
    (
        Question("one", "required_level", "Session level", options=LEVELS),
        Question("one", "level_action", "Where the level is not reached", options=ACTIONS),
    ),
    means=("The highest level that the org, the profile or the app requires counts. Where one of them refuses, it is refused.",),
)
LIFETIMES = Part(
    "lifetimes",
    "For how long",
    (
        Question(
            "number",
            "access_token_minutes",
            "An opaque access token lives",
            "15 to 1,440. Empty: the profile, the org or the default of 2 hours.",
            unit="minutes",
        ),
        Question(
            "number",
            "jwt_access_token_minutes",
            "A JWT access token lives",
            "1 to 720. Empty: 15. Nobody can end one before.",
            unit="minutes",
        ),
        Question(
            "number", "authorization_code_seconds", "An authorization code lives", "Up to 600. Empty: 60. It is used once.", unit="seconds"
        ),
        Question("one", "refresh_policies", "When a refresh token dies", options=REFRESH, above="Refresh tokens"),
        Question("line", "refresh_idle", "Unused, it dies after", "A number and hours, days or months."),
        Question("line", "refresh_absolute", "However much it is used, it dies after", "Counted from the grant; rotation never moves it."),
        Question(
            "number",
            "refresh_grace_seconds",
            "A lost answer may be asked for again",
            "0 to 60. So long a retry gets the same refresh token.",
            unit="seconds",
        ),
        Question(
            "text", "refresh_exception_reason", "Why it may live until it is revoked", "Only for that exception.", above="The exception"
        ),
        Question("moment", "refresh_exception_until", "Until when it may", "Within two years; after it the default limits apply again."),
    ),
)
PARTS = (WHO, NETWORK, LEVEL, LIFETIMES)
