"""Views of lists that somebody keeps: saved from the list, shown above it to nobody else, and deleted again."""

import re

import pytest
from tests.console.visitors import admin, at_setup, with_rights
from tests.oauth.conftest import acme, house, loop
from tests.oauth.tenants import Tenant

from gatebridge.rules import saved_views
from gatebridge.rules.permissions import Permission

__all__ = ["acme", "house", "loop"]

AUDIT, SAVED = "/setup/audit", "/setup/saved-views"
VIEW = f"{AUDIT}?since=7d&sort=time"


def chips(text: str) -> list[str]:
    shown = re.search(r'class="filter-now saved-views".*?</nav>', text)
    return re.findall(r"<bdi>(.*?)</bdi>", shown[0]) if shown else []


@pytest.mark.parametrize("house", ["sqlite"], indirect=True)
class TestOwnViews:
    def test_one_is_saved_from_its_list_and_stands_above_it(self, acme: Tenant) -> None:
        browser = admin(acme)
        offered = re.search(r'id="keep" href="([^"]+)"', browser.open(VIEW).text)
        assert offered is not None
        back = browser.submit(browser.open(offered[1]), "view", name="<b>Lately")
        assert (back.url.removeprefix(acme.org.issuer), chips(back.text), 'id="keep"' in back.text) == (VIEW, ["&lt;b&gt;Lately"], False)
        assert chips(browser.open(AUDIT).text) == ["&lt;b&gt;Lately"]
        assert chips(browser.open("/setup/usage").text) == []

    def test_a_list_as_it_is_is_not_offered(self, acme: Tenant) -> None:
        browser = admin(acme)
        assert 'id="keep"' not in browser.open(AUDIT).text
        assert browser.open(f"{SAVED}/new?view=https://elsewhere.example/").status == 422

    def test_a_name_that_is_taken_or_none_is_told_at_the_field(self, acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
        browser = admin(acme)
        new = browser.open(f"{SAVED}/new?view={VIEW.replace('&', '%26')}")
        assert browser.submit(new, "view", name="Lately").status == 200
        again = browser.submit(new, "view", name="Lately")
        assert (again.status, again.forms["view"].fields["view"], 'id="name-problem"' in again.text) == (409, VIEW, True)
        assert browser.submit(new, "view", name="").status == 422
        for bound in ("MOST", "MOST_IN_ALL"):
            with monkeypatch.context() as patch:
                patch.setattr(saved_views, bound, 1)
                assert browser.submit(new, "view", name="Another").status == 409

    def test_one_is_deleted_by_whose_it_is_and_by_nobody_else(self, acme: Tenant) -> None:
        browser = admin(acme)
        browser.submit(browser.open(f"{SAVED}/new?view={AUDIT}?since=7d"), "view", name="Lately")
        other = at_setup(acme, with_rights(acme, "olga", Permission.VIEW_AUDIT_TRAIL))
        page = browser.open(SAVED)
        assert (chips(other.open(AUDIT).text), "No view is saved" in other.open(SAVED).text) == ([], True)
        delete = page.forms["delete-1"].action
        stranger = other.open(f"{SAVED}/new?view={AUDIT}?since=7d").forms["view"].fields["form_token"]
        assert other.post(delete, {"form_token": stranger}).status == 404
        assert "No view is saved" in browser.submit(page, "delete-1").text
