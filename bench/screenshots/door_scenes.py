"""Pages at the door: signing in, being asked, being warned, and what there is to say to it."""

from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode

from bench.screenshots.stage import Stage, looks
from gatebridge.demo.partner import FORECAST, LOOK_ALIKE, QUOTES, SLIDES
from gatebridge.oauth import end_session

HERE, ELSEWHERE = "127.0.0.1", "127.0.1.7"  # two networks of one machine


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


def _alone(name: str, stage: Stage, **said: str) -> None:
    """Come from an app that nobody here vouches for. A stranger is not told which it is, so Kim, who may use it, signs in first."""
    stage.demo.sign_in(stage.page, "kim")
    stage.sent_by(name, **said)


def _yes_in_spite_of_it(stage: Stage) -> None:
    """As far as the publisher that has to be typed."""
    _alone(LOOK_ALIKE, stage)
    stage.press("#approve")
    stage.page.fill("#password", stage.demo.user("kim")["password"])
    stage.press("#password-submit")


def _wrong_publisher(stage: Stage) -> None:
    _yes_in_spite_of_it(stage)
    stage.page.fill("#publisher", "Acme")
    stage.press("#approve")


def _to_report(stage: Stage) -> None:
    _alone(LOOK_ALIKE, stage)
    stage.press("#consent a[href^='/me/report']")


def _reported(stage: Stage) -> None:
    stage.as_("kim", "/me/report")
    stage.page.fill("textarea", "Somebody on the telephone asked me for the code on a screen that I do not see.")
    stage.press("#report-submit")


def _to_review(stage: Stage) -> None:
    stage.as_("kim", "/setup/install?" + urlencode({"key": stage.demo.app(FORECAST)["key"]}))


def _device(stage: Stage, address: str = HERE) -> None:
    code = stage.device_asks(address)
    stage.as_("kim", "/connect")
    stage.page.fill("input[name=user_code]", code)
    stage.press("#connect button")


def _device_by_link(stage: Stage) -> None:
    """The code came with the address, so it has to be typed once more."""
    stage.as_("kim", "/connect?" + urlencode({"user_code": stage.device_asks(match_number="false")}))
    stage.press("#connect button")


def _device_refused(stage: Stage, address: str = HERE) -> None:
    _device(stage, address)
    stage.press("#deny")


def _talked_into(stage: Stage) -> None:
    _device(stage)
    stage.page.check("input[name=told][value=yes]")
    stage.page.check("input[name=number] >> nth=0")
    stage.press("#approve")


DOOR_SCENES: dict[str, Callable[[Stage], None]] = {
    "door-sign-in": partial(looks, "/signin"),
    "door-sign-in-for-an-app": _sign_in_for_an_app,
    "door-sign-in-refused": _sign_in_refused,
    "door-forgotten-password": partial(looks, "/forgot-password"),
    "door-link-sent": _link_sent,
    "door-link-unknown": partial(looks, "/reset-password?token=nonsense"),
    "door-consent": partial(_consent, "Revenue Insights", "sam"),
    "door-consent-native": partial(_consent, "Field App", "sam"),
    "door-consent-heavy": partial(_consent, "Helpdesk Connector", "sam"),
    "door-success": partial(_consent, "Acme Portal", "sam"),
    "door-not-let-in": _not_let_in,
    "door-asked": _asked,
    "door-callback-refused": _callback_refused,
    "door-connect": partial(looks, "/connect", name="kim"),
    "door-connect-device": _device,
    "door-connect-reported": partial(_device_refused, address=ELSEWHERE),
    "door-report": partial(looks, "/me/report", name="kim"),
    "door-report-signed-out": partial(looks, "/me/report"),
    "door-verify": _verify,
    "door-verify-mail": _mailed,
    "door-verify-mail-for-a-factor": _app_to_scan,
    "door-not-installed": _not_installed,
    "door-signed-out": partial(looks, "/signed-out"),
    "door-sign-in-first": partial(looks, "/setup/install?key=somebody"),
    "door-sign-out": partial(looks, end_session.PATH, name="sam"),
    "door-sign-out-nobody": partial(looks, end_session.PATH),
    "door-sign-out-wrong": partial(looks, f"{end_session.PATH}?post_logout_redirect_uri=https://elsewhere.example/", name="sam"),
    "door-consent-look-alike": partial(_alone, LOOK_ALIKE),
    "door-consent-hurdle": _yes_in_spite_of_it,
    "door-consent-hurdle-refused": _wrong_publisher,
    "door-consent-stranger": partial(_alone, SLIDES),
    "door-consent-unverified": partial(_alone, QUOTES, prompt="consent"),
    "door-install": _to_review,
    "door-connect-elsewhere": partial(_device, address=ELSEWHERE),
    "door-connect-by-link": _device_by_link,
    "door-connect-denied": _device_refused,
    "door-connect-asked-for": _talked_into,
    "door-report-about-an-app": _to_report,
    "door-reported": _reported,
}
