"""The pages of one's own account, and those at the door that somebody who is signed in can be led to."""

from urllib.parse import urlencode

from tests.conformance.running import RunningHouse

from gatebridge.storage import apps

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # the one of RFC 7636, appendix B


def own_paths(house: RunningHouse, app_id: str) -> list[str]:
    """One address of each. The app, whose users approve it themselves, asks for approval, and for a new sign-in."""
    with house.database.snapshot() as tx:
        app, settings = apps.by_id(tx, house.admin.org_id, app_id), apps.settings_of(tx, house.admin.org_id, app_id)
    assert app is not None
    assert settings is not None
    asked = {"response_type": "code", "client_id": app.consumer_key, "redirect_uri": settings.callbacks[0], "code_challenge": CHALLENGE}
    asking = f"/services/oauth2/authorize?{urlencode(asked | {'code_challenge_method': 'S256'})}"
    return [
        asking,
        f"{asking}&prompt=login",
        *(f"/me{each}" for each in ("", "/apps/end-all", "/sessions", "/security", "/password", "/clocks")),
        *("/connect", "/connect/done?said=approved", "/connect/done?said=reported", "/me/report", "/forgot-password", "/signed-out"),
    ]
