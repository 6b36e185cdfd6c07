"""Where a setting that decided something is changed in setup: the page of what an explanation names (`rules.settable`)."""

import re

from gatebridge.rules.settable import Setting
from gatebridge.web.console import app_tabs, places

_APP = re.compile(r"\S+ /api/v1/apps/(\w{18})(?:/(\w+))?")
_OTHER = re.compile(r"\S+ /api/v1/(users|profiles|permission-sets)/(\w{18})")
# The tab of an app by the part of the API that changes the same.
_TABS = {"settings": "settings", "policies": "policies", "access": "access", "secrets": "credentials", "certificates": "credentials"}
# The page of an org's setting.
_OF_ORG = {
    "Trusted IP ranges": "Network Access",
    "Session": "Session Settings",
    "Required level": "Sign-in Methods",
    "Custom scopes": "OAuth Settings",
    "Device flow": "OAuth Settings",
    "User-agent flow": "OAuth Settings",
    "Setup Audit Trail": "Setup Audit Trail",
}


def address_of(setting: Setting) -> str:
    """The page on which it is changed; empty where there is none, or where the reader is not told the way."""
    app = _APP.match(setting.api)
    if app is not None:
        tab = next((each for each in app_tabs.TABS if each.word == _TABS.get(app[2] or "")), None)
        return f"{app_tabs.PLACE.path}/{app[1]}{tab.ending if tab is not None else ''}"
    other = _OTHER.match(setting.api)
    if other is not None:
        return f"/setup/{other[1]}/{other[2]}"
    page = _OF_ORG.get(setting.name.removeprefix("Org: ")) if setting.api else None
    return next((place.path for place in places.PLACES if place.name == page), "")
