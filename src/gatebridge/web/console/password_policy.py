"""Password Policy: what holds of every password, and what wrong ones come to. The same for all orgs, so there is nothing to set."""

from starlette.routing import Route

from gatebridge.rules import lockouts, password_checks
from gatebridge.setup import invite_users, reset_password
from gatebridge.web.console import org_forms, places
from gatebridge.web.console.desk import Shown, Visit, shows
from gatebridge.web.house import House

PLACE = places.named("password-policy")


def routes(house: House) -> list[Route]:
    return [shows(house, PLACE, PLACE.path, show)]


def show(visit: Visit) -> Shown:
    """The rules as they are checked."""
    org_forms.let_in(visit)
    values = {
        "shortest": password_checks.SHORTEST,
        "longest": password_checks.LONGEST_BYTES,
        "commonest": len(password_checks.COMMONEST),
        "wrong": lockouts.MOST_FOR_USER,
        "wrong_network": lockouts.MOST_FOR_ADDRESS,
        "window": lockouts.WINDOW.seconds // 60,
        "lock": lockouts.LOCK.seconds // 60,
        "reset_hours": int(reset_password.LIFE.total_seconds()) // 3600,
        "invitation_days": invite_users.LIFE.days,
    }
    return org_forms.shown(visit, PLACE, "password_policy/page.html", values)
