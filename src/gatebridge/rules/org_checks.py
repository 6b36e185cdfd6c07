"""What may be saved of an org. Every problem is told at once, at the field that has it."""

from gatebridge.rules import attributes, hours, lifetimes, scopes, typed_text
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons.reason import FieldProblem

MOST_CUSTOM_SCOPES = 200
LONGEST_SCOPE_NAME = 128
LONGEST_CONSENT_SENTENCE = 200
MOST_SESSION_HOURS = 30 * 24
MOST_SESSIONS_PER_USER = 100
MOST_REAUTHENTICATE_MINUTES = 24 * 60


def org_problems(org: Org) -> list[FieldProblem]:
    """What is wrong with an org and its settings, its ranges apart, which are read from text."""
    host = typed_text.host_problem(org.host)
    settings = org.settings
    minutes = settings.session_minutes
    checked = [
        ("name", typed_text.line_problem(org.name)),
        ("host", host),
        ("issuer", typed_text.issuer_problem(org.issuer, org.host) if host is None else None),
        ("session_minutes", lifetimes.access_token_problem("opaque", minutes) if minutes is not None else None),
        ("session_absolute_hours", _count_problem("A session", settings.session_absolute_hours, MOST_SESSION_HOURS, "lives", "hours")),
        (
            "max_sessions_per_user",
            _count_problem("A user", settings.max_sessions_per_user, MOST_SESSIONS_PER_USER, "has", "sessions at once"),
        ),
        (
            "reauthenticate_minutes",
            _count_problem("A sign-in", settings.reauthenticate_minutes, MOST_REAUTHENTICATE_MINUTES, "counts as fresh for", "minutes"),
        ),
        ("timezone", hours.timezone_problem(settings.timezone)),
        *_custom_scopes_checked(settings.custom_scopes),
    ]
    return [*(FieldProblem(field, problem) for field, problem in checked if problem is not None), *attributes.scope_claim_problems(org)]


def _count_problem(what: str, number: int | None, most: int, verb: str, unit: str) -> str | None:
    return None if number is None or 1 <= number <= most else f"{what} {verb} 1 to {most:,} {unit}, not {number:,}."


def _custom_scopes_checked(custom: tuple[tuple[str, str], ...]) -> list[tuple[str, str | None]]:
    if len(custom) > MOST_CUSTOM_SCOPES:
        return [("custom_scopes", f"There are {len(custom)} custom scopes; at most {MOST_CUSTOM_SCOPES} are allowed.")]
    names = [name for name, _ in custom]
    checked: list[tuple[str, str | None]] = []
    for place, (name, sentence) in enumerate(custom):
        twice = f"The scope {name} is there twice." if name in names[:place] else None
        long = f"A scope's name has at most {LONGEST_SCOPE_NAME} characters." if len(name) > LONGEST_SCOPE_NAME else None
        checked.append((f"custom_scopes.{place}", scopes.custom_name_problem(name) or twice or long))
        # People decide by this sentence, so a scope without one cannot be asked for.
        checked.append((f"custom_scopes.{place}", typed_text.line_problem(sentence, LONGEST_CONSENT_SENTENCE)))
    return checked
