"""An app at setup: its pages, what stands in its records, and its forms filled in."""

import re

from tests.oauth.browser import Browser, Page
from tests.oauth.tenants import Client, Tenant

from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.app_settings import AppSettings
from gatebridge.rules.apps import App
from gatebridge.rules.ids import long
from gatebridge.rules.people import Assignment
from gatebridge.storage import apps, installations


def at(app: Client, ending: str = "") -> str:
    return f"/setup/apps/{long(app.id)}{ending}"


def settings_of(acme: Tenant, app: Client) -> AppSettings:
    with acme.standing.database.snapshot() as tx:
        found = apps.settings_of(tx, acme.org.id, app.id)
    assert found is not None
    return found


def policies_of(acme: Tenant, app: Client) -> AppPolicies:
    with acme.standing.database.snapshot() as tx:
        found = installations.policies_of(tx, acme.org.id, app.installation_id)
    assert found is not None
    return found


def record_of(acme: Tenant, app: Client) -> App:
    with acme.standing.database.snapshot() as tx:
        found = apps.by_id(tx, acme.org.id, app.id)
    assert found is not None
    return found


def holders_of(acme: Tenant, app: Client) -> dict[str, Assignment]:
    """The profiles and permission sets that may use the app, by id."""
    with acme.standing.database.snapshot() as tx:
        return {each.holder_id: each for each in installations.permits_of(tx, acme.org.id, app.installation_id)}


def saved(browser: Browser, page: Page, form_id: str, **typed: str | None) -> Page:
    """The form sent with these entries; None: a box that is not ticked."""
    form = page.forms[form_id]
    fields = {name: text for name, text in (form.fields | typed).items() if text is not None}
    return browser.post(form.action, fields)


def problem_at(page: Page, name: str) -> str:
    """What stands at a field between its label and its input."""
    found = re.search(rf'id="{name}-problem"[^>]*>([^<]+)<', page.text)
    return found[1] if found is not None else ""
