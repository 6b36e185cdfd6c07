"""Sign-in Methods: with what people prove to be it, how surely they must, and who could not yet."""

from dataclasses import dataclass

from starlette.routing import Route

from gatebridge.rules.factors import MAILED_DIGITS, MOST_FACTORS, RECOVERY_CODES, FactorKind
from gatebridge.rules.levels import Level, LevelAction
from gatebridge.rules.orgs import Org
from gatebridge.storage import org_figures
from gatebridge.web.console import org_forms, places
from gatebridge.web.console.app_policies_parts import ACTIONS
from gatebridge.web.console.desk import Shown, Visit
from gatebridge.web.console.org_forms import Sheet
from gatebridge.web.console.questions import Option, Part, Question
from gatebridge.web.house import House

PLACE = places.named("sign-in-methods")
MOST_COUNTED = 5_000
LEVELS = (
    Option(Level.STANDARD, "One factor will do", "Unless the user's profile or the app requires more."),
    Option(Level.HIGH, "High assurance", "Two factors, or one that cannot be given away, such as a passkey. Of everybody, in every app."),
)
EDIT = Part(
    "edit",
    "How surely",
    (
        Question("one", "required_level", "How surely everybody signs in", options=LEVELS),
        Question("one", "level_action", "Where that is not reached", options=ACTIONS),
        Question(
            "yes",
            "verify_new_browsers",
            "Ask for more at a browser that is new",
            "Who has no second factor gets a code by mail at a browser at which one was not signed in before.",
            above="New browsers",
        ),
    ),
    means=(
        "It is in force at once, also for what was given out before: tokens of a sign-in that was less sure are refused at their next use.",
        "Who has no second factor yet sets one up at the next sign-in; where it is to be refused instead, they stand outside.",
        "Jobs: where nobody sits at a browser there is nobody who could show a factor, so a required level refuses them. "
        "Whom it hits is shown before it is saved.",
        "The highest level that the org, the profile or the app requires counts. Where one of them refuses, it is refused.",
    ),
)


@dataclass(frozen=True, slots=True)
class Method:
    """One way to prove to be it: what it is good for, and how many are set up; None where nobody counts."""

    name: str
    means: str
    counts: str
    tone: str
    number: int | None = None


def _values(org: Org) -> dict[str, str]:
    requirement = org.settings.requirement
    return {
        "required_level": requirement.level,
        "level_action": requirement.action,
        "verify_new_browsers": org_forms.box_typed(org.settings.verify_new_browsers),
    }


SHEET = Sheet(
    PLACE,
    EDIT,
    _values,
    {
        "required_level": org_forms.chosen(Level),
        "level_action": org_forms.chosen(LevelAction),
        "verify_new_browsers": org_forms.yes,
    },
)


def routes(house: House) -> list[Route]:
    return org_forms.routes_of(house, PLACE, show, SHEET)


def show(visit: Visit) -> Shown:
    """Every method, what is required, and by whom besides."""
    org_forms.let_in(visit)
    requirement = visit.org.settings.requirement
    values = {
        "sees_users": places.named("users").opens(visit.actor.permissions),
        "methods": _methods(org_figures.factors_by_kind(visit.tx, visit.org.id)),
        "without": org_figures.without_factor(visit.tx, visit.org.id, MOST_COUNTED),
        "most_counted": MOST_COUNTED,
        "level": next(each for each in LEVELS if each.value == requirement.level),
        "action": next(each for each in ACTIONS if each.value == requirement.action) if requirement.level is Level.HIGH else None,
        "others": org_forms.profiles_that(visit, lambda profile: profile.requirement.level is Level.HIGH),
        "actions": {each.value: each.words for each in ACTIONS},
    }
    return org_forms.shown(visit, PLACE, "sign_in_methods/page.html", values)


def _methods(held: dict[FactorKind, int]) -> tuple[Method, ...]:
    return (
        Method(
            "Passkey",
            f"A key in a device or a security key. It cannot be given away. Up to {MOST_FACTORS} factors of a user.",
            "High assurance",
            "good",
            held.get(FactorKind.PASSKEY, 0),
        ),
        Method(
            "Authenticator app",
            "Six digits that change every half minute, beside the password.",
            "High assurance",
            "good",
            held.get(FactorKind.TOTP, 0),
        ),
        Method(
            "Recovery code",
            f"{RECOVERY_CODES} codes for the day on which the telephone is lost. Each works once.",
            "High assurance",
            "good",
        ),
        Method("Password", "What everybody has. By itself it can be phished, guessed and passed on.", "One factor", ""),
        Method(
            "Code by mail",
            f"{MAILED_DIGITS} digits beside the password, which show that somebody reads the mailbox. No second factor.",
            "Activates a browser",
            "info",
        ),
    )
