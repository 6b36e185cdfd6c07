"""What may be saved of an org. Every problem is told at once, at the field that has it."""

from gatebridge.rules import lifetimes, scopes, typed_text
from gatebridge.rules.orgs import Org
from gatebridge.rules.reasons.reason import FieldProblem

MOST_CUSTOM_SCOPES = 200
LONGEST_SCOPE_NAME = 128
LONGEST_CONSENT_SENTENCE = 200


def org_problems(org: Org) -> list[FieldProblem]:
    """What is wrong with an org and its settings, its ranges apart, which are read from text."""
    host = typed_text.host_problem(org.host)
    minutes = org.settings.session_minutes
    checked = [
        ("name", typed_text.line_problem(org.name)),
        ("host", host),
        ("issuer", typed_text.issuer_problem(org.issuer, org.host) if host is None else None),
        ("session_minutes", lifetimes.access_token_problem("opaque", minutes) if minutes is not None else None),
        *_custom_scopes_checked(org.settings.custom_scopes),
    ]
    return [FieldProblem(field, problem) for field, problem in checked if problem is not None]


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
