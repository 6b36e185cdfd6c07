"""Pages to which no link leads: what one comes to by doing something, and pages that are empty, refused or not one's own."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urlencode

from bench.screenshots.door_scenes import DOOR_SCENES
from bench.screenshots.stage import Stage, looks
from gatebridge.demo.factors import code

STEP = timedelta(seconds=30)


def _form_refused(stage: Stage) -> None:
    stage.as_("dana", "/setup/profiles/new")
    stage.page.fill("#name", "Standard User")
    stage.press("#submit")


def _form_kept(stage: Stage) -> None:
    """The session ends while a form is filled in."""
    stage.as_("dana", "/setup/profiles/new")
    stage.page.fill("#name", "Night shift")
    stage.page.context.clear_cookies(name="gb_session")
    stage.press("#submit")


def _secret_made(stage: Stage) -> None:
    stage.as_("dana", f"/setup/apps/{stage.demo.app('Acme Portal')['app_id']}/credentials/secrets/new")
    stage.page.fill("#name", "Deployment of November")
    stage.press("#submit")


def _conflict(stage: Stage) -> None:
    stage.demo.sign_in(stage.page, "dana")
    stage.find("/setup/permission-sets?q=Portal", "main table tbody th a")
    stage.go(stage.page.url.removeprefix(stage.demo.base_url) + "/edit")
    other = stage.page.context.new_page()
    other.goto(stage.page.url)
    for page, words in ((other, "May sign in to the customer portal"), (stage.page, "May use the portal, and have expenses booked")):
        page.fill("#description", words)
        with page.expect_navigation():
            page.click("#submit")
    other.close()


def _contained(stage: Stage) -> None:
    stage.as_("dana", f"/setup/apps/{stage.demo.app('Helpdesk Connector')['app_id']}/contain")
    stage.page.fill("#reason", "Its vendor told us that tokens of their customers were taken")
    stage.page.fill("#confirm", "Helpdesk_Connector")
    stage.press("#submit")


def _new_app(stage: Stage, answers: int) -> None:
    """As far into the wizard for a new app as so many answers lead."""
    stage.as_("dana", "/setup/apps/new")
    name = {"#label": "Price List", "#purpose": "Shows dealers what things cost"}
    typed: tuple[dict[str, str], ...] = ({}, name, {"#callbacks": "https://prices.acme.example/callback"}, {})
    for each in typed[:answers]:
        for field, words in each.items():
            stage.page.fill(field, words)
        stage.press("#go-on")


def _name_taken(stage: Stage) -> None:
    _new_app(stage, 1)
    stage.page.fill("#label", "Acme Portal")
    stage.press("#go-on")


def _callback_read(stage: Stage) -> None:
    _new_app(stage, 2)
    stage.page.fill("#callbacks", "https://prices.acme.example/callback\nhttp://prices.acme.example/test")
    stage.press("#check")


def _receipt(wanted: str, stage: Stage) -> None:
    stage.demo.sign_in(stage.page, "dana")
    stage.find(f"/setup/login-history?{wanted}", "table tbody a[href*='/setup/login-history/']")


def _explained(stage: Stage) -> None:
    stage.demo.sign_in(stage.page, "dana")
    app = stage.demo.app("Acme Portal")["app_id"]
    stage.go("/setup/explain-access?" + urlencode({"app": app, "flow": "web_server", "user": "noa.levi@acme.example"}))


def _replayed(stage: Stage) -> None:
    stage.demo.sign_in(stage.page, "dana")
    stage.go(f"/setup/replay?app={stage.demo.app('Field App')['app_id']}")
    stage.page.select_option("#permitted_users", "admin_approved")
    stage.press("#submit")


def _tried(stage: Stage) -> None:
    stage.as_("dana", f"/setup/apps/{stage.demo.app('Ledger Sync')['app_id']}/try")
    stage.press("#submit")
    while stage.page.locator("#next #step").count():
        stage.press("#step")


def _by_a_code(path: str, stage: Stage, later: int = 0) -> None:
    """Ines signs in by her second factor, and goes there. A code is taken once, so each such page is shown one of another half minute."""
    stage.demo.sign_in(stage.page, "ines")
    stage.page.fill("#code", code(stage.demo.user("ines")["seed"], datetime.now(UTC) + later * STEP))
    stage.press("#code-submit")
    stage.go(path)


def _exposed(stage: Stage) -> None:
    stage.as_("dana", f"/setup/apps/{stage.demo.app('Helpdesk Connector')['app_id']}")


def _of_portal(tail: str, stage: Stage) -> None:
    stage.as_("dana", f"/setup/apps/{stage.demo.app('Acme Portal')['app_id']}{tail}")


def _locked_out(stage: Stage) -> None:
    stage.as_("dana", f"/setup/apps/{stage.demo.app('Field App')['app_id']}/policies/who")
    stage.page.check("input[name=permitted_users][value=admin_approved]")
    stage.press("#submit")


SCENES: dict[str, Callable[[Stage], None]] = DOOR_SCENES | {
    "me-security-app": partial(_by_a_code, "/me/security/app", later=-1),
    "me-security-passkey": partial(_by_a_code, "/me/security/passkey"),
    "me-security-with-a-factor": partial(_by_a_code, "/me/security", later=1),
    "me-apps-empty": partial(looks, "/me", name="noa"),
    "unknown-address": partial(looks, "/nothing-here"),
    "setup-not-theirs": partial(looks, "/setup", name="noa"),
    "setup-no-right": partial(looks, "/setup/login-history", name="lee"),
    "setup-seen-by-a-developer": partial(looks, "/setup", name="lee"),
    "setup-not-found": partial(looks, "/setup/apps/nonsense", name="dana"),
    "setup-unknown-address": partial(looks, "/setup/nothing-here", name="dana"),
    "setup-login-history-which": partial(looks, "/setup/login-history?q=Revenue", name="dana"),
    "setup-login-history-empty": partial(looks, "/setup/login-history?q=nobody", name="dana"),
    "setup-apps-empty": partial(looks, "/setup/apps?q=nothing", name="dana"),
    "setup-find-empty": partial(looks, "/setup/find?q=zzzz", name="dana"),
    "setup-apps-app-exposed": _exposed,
    "setup-login-history-refused": partial(looks, "/setup/login-history?outcome=refused", name="dana"),
    "setup-requests-all": partial(looks, "/setup/requests?state=any", name="dana"),
    "setup-apps-app-secrets-rotate": partial(_of_portal, "/credentials/secrets/rotate"),
    "setup-form-refused": _form_refused,
    "setup-form-kept": _form_kept,
    "setup-conflict": _conflict,
    "setup-new-app-name": partial(_new_app, answers=1),
    "setup-new-app-name-taken": _name_taken,
    "setup-new-app-callbacks": partial(_new_app, answers=2),
    "setup-new-app-callbacks-read": _callback_read,
    "setup-new-app-who": partial(_new_app, answers=3),
    "setup-new-app-made": partial(_new_app, answers=4),
    "setup-saved-view-new": partial(looks, "/setup/saved-views/new?view=/setup/login-history%3Foutcome%3Drefused", name="dana"),
    "setup-secret-made": _secret_made,
    "setup-locked-out": _locked_out,
    "setup-receipt-refused": partial(_receipt, "q=user_not_approved"),
    "setup-receipt-callback": partial(_receipt, "q=callback_not_registered"),
    "setup-receipt-hours": partial(_receipt, "q=outside_hours"),
    "setup-receipt-granted": partial(_receipt, "q=Ledger_Sync&outcome=success"),
    "setup-explained": _explained,
    "setup-replayed": _replayed,
    "setup-tried": _tried,
    "setup-contained": _contained,  # the last one, since the app is of no use to others after it
}
