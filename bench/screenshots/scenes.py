"""Pages to which no link leads: what one comes to by doing something, and pages that are empty, refused or not one's own."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from playwright.sync_api import Page

from bench.screenshots.demo import Demo
from gatebridge.demo.clients import challenge_of
from gatebridge.oauth import authorize, device_authorization


@dataclass(frozen=True, slots=True)
class Stage:
    """A demo, and a browser in which nobody is signed in yet."""

    demo: Demo
    page: Page

    def go(self, path: str) -> None:
        """To an address of the demo."""
        self.page.goto(f"{self.demo.base_url}{path}")

    def as_(self, name: str, path: str) -> None:
        """Sign in as this person, and go there."""
        self.demo.sign_in(self.page, name)
        self.go(path)

    def press(self, selector: str) -> None:
        """Press a button or follow a link, and wait for the page behind it."""
        with self.page.expect_navigation():
            self.page.click(selector)

    def find(self, begin: str, link: str) -> None:
        """From the page at this address, follow the first link of this kind."""
        self.go(begin)
        self.press(link)

    def sent_by(self, name: str, **said: str) -> None:
        """Arrive at the door as the app of this name sends its users."""
        app = self.demo.app(name)
        challenge = challenge_of("a verifier that is long enough for every server")
        asked = {
            "response_type": "code",
            "client_id": app["key"],
            "redirect_uri": app["callback"],
            "state": "7Qx",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        self.go(f"{authorize.PATH}?{urlencode(asked | said)}")


def _looks(path: str, stage: Stage, name: str = "") -> None:
    if name:
        stage.as_(name, path)
    else:
        stage.go(path)


def _sign_in_for_an_app(stage: Stage) -> None:
    stage.sent_by("Acme Portal")


def _sign_in_refused(stage: Stage) -> None:
    stage.go("/signin")
    stage.page.fill("#signin input[name=username]", "kim.sato@acme.example")
    stage.page.fill("#signin input[name=password]", "Summer2026")
    stage.press("#signin-submit")


def _link_sent(stage: Stage) -> None:
    stage.go("/forgot-password")
    stage.page.fill("form input[name=username]", "kim.sato@acme.example")
    stage.press("main form button, .door-card button")


def _consent(name: str, who: str, stage: Stage) -> None:
    stage.sent_by(name)
    stage.demo.fill_in(stage.page, who)


def _not_let_in(stage: Stage) -> None:
    _consent("Acme Portal", "noa", stage)


def _not_installed(stage: Stage) -> None:
    stage.demo.sign_in(stage.page, "sam")
    stage.sent_by("Northwind Forecast")


def _asked(stage: Stage) -> None:
    _not_let_in(stage)
    stage.page.fill("textarea", "I look after the orders of our customers while Kim is away.")
    stage.press("#ask-submit")


def _callback_refused(stage: Stage) -> None:
    registered = stage.demo.app("Acme Portal")["callback"]
    stage.sent_by("Acme Portal", redirect_uri=registered.replace("success", "sucess"))


def _device(stage: Stage) -> None:
    asked = stage.page.request.post(
        f"{stage.demo.base_url}{device_authorization.PATH}",
        form={"client_id": stage.demo.app("Meeting Room Screen")["key"], "match_number": "true"},
    ).json()
    stage.as_("kim", "/connect")
    stage.page.fill("input[name=user_code]", asked["user_code"])
    stage.press("#connect button")


def _form_refused(stage: Stage) -> None:
    stage.as_("dana", "/setup/profiles/new")
    stage.page.fill("#name", "Standard User")
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


def _exposed(stage: Stage) -> None:
    stage.as_("dana", f"/setup/apps/{stage.demo.app('Helpdesk Connector')['app_id']}")


def _of_portal(tail: str, stage: Stage) -> None:
    stage.as_("dana", f"/setup/apps/{stage.demo.app('Acme Portal')['app_id']}{tail}")


def _verify(stage: Stage) -> None:
    stage.sent_by("Payroll")
    stage.demo.fill_in(stage.page, "ines")


def _mailed(stage: Stage) -> None:
    stage.sent_by("Payroll")
    stage.demo.fill_in(stage.page, "kim")


def _app_to_scan(stage: Stage) -> None:
    """As far as the code that is mailed, since a first factor takes an activated browser."""
    stage.as_("kim", "/me/security/app")
    stage.page.fill("#password-form input[type=password]", stage.demo.user("kim")["password"])
    stage.press("#password-submit")


def _locked_out(stage: Stage) -> None:
    stage.as_("dana", f"/setup/apps/{stage.demo.app('Field App')['app_id']}/policies/who")
    stage.page.check("input[name=permitted_users][value=admin_approved]")
    stage.press("#submit")


SCENES: dict[str, Callable[[Stage], None]] = {
    "door-sign-in": partial(_looks, "/signin"),
    "door-sign-in-for-an-app": _sign_in_for_an_app,
    "door-sign-in-refused": _sign_in_refused,
    "door-forgotten-password": partial(_looks, "/forgot-password"),
    "door-link-sent": _link_sent,
    "door-link-unknown": partial(_looks, "/reset-password?token=nonsense"),
    "door-consent": partial(_consent, "Revenue Insights", "sam"),
    "door-consent-native": partial(_consent, "Field App", "sam"),
    "door-consent-heavy": partial(_consent, "Helpdesk Connector", "sam"),
    "door-success": partial(_consent, "Acme Portal", "sam"),
    "door-not-let-in": _not_let_in,
    "door-asked": _asked,
    "door-callback-refused": _callback_refused,
    "door-connect": partial(_looks, "/connect", name="kim"),
    "door-connect-device": _device,
    "door-connect-reported": partial(_looks, "/connect/done?said=reported"),
    "door-report": partial(_looks, "/me/report", name="kim"),
    "door-report-signed-out": partial(_looks, "/me/report"),
    "door-verify": _verify,
    "door-verify-mail": _mailed,
    "door-verify-mail-for-a-factor": _app_to_scan,
    "door-not-installed": _not_installed,
    "door-signed-out": partial(_looks, "/signed-out"),
    "me-apps-empty": partial(_looks, "/me", name="noa"),
    "unknown-address": partial(_looks, "/nothing-here"),
    "setup-not-theirs": partial(_looks, "/setup", name="noa"),
    "setup-no-right": partial(_looks, "/setup/login-history", name="lee"),
    "setup-seen-by-a-developer": partial(_looks, "/setup", name="lee"),
    "setup-not-found": partial(_looks, "/setup/apps/nonsense", name="dana"),
    "setup-unknown-address": partial(_looks, "/setup/nothing-here", name="dana"),
    "setup-login-history-empty": partial(_looks, "/setup/login-history?q=nobody", name="dana"),
    "setup-apps-empty": partial(_looks, "/setup/apps?q=nothing", name="dana"),
    "setup-find-empty": partial(_looks, "/setup/find?q=zzzz", name="dana"),
    "setup-apps-app-exposed": _exposed,
    "setup-login-history-refused": partial(_looks, "/setup/login-history?outcome=refused", name="dana"),
    "setup-requests-all": partial(_looks, "/setup/requests?state=any", name="dana"),
    "setup-apps-app-secrets-rotate": partial(_of_portal, "/credentials/secrets/rotate"),
    "setup-form-refused": _form_refused,
    "setup-conflict": _conflict,
    "setup-secret-made": _secret_made,
    "setup-locked-out": _locked_out,
    "setup-receipt-refused": partial(_receipt, "q=user_not_approved"),
    "setup-receipt-callback": partial(_receipt, "q=callback_not_registered"),
    "setup-receipt-hours": partial(_receipt, "q=outside_hours"),
    "setup-receipt-granted": partial(_receipt, "q=Ledger_Sync&outcome=success"),
    "setup-explained": _explained,
    "setup-replayed": _replayed,
    "setup-tried": _tried,
}
