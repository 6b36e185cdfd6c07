"""An app of former days, which reads its tokens from the address of a page: the legacy user-agent flow, switched on for it and its org."""

from dataclasses import dataclass, replace

from joserfc import jwt
from joserfc.jwk import KeySet
from tests.oauth.browser import Page
from tests.oauth.flows.visits import STATE, Asking, chooser
from tests.oauth.tenants import Tenant

from gatebridge.rules.app_settings import Flow
from gatebridge.setup.manage_orgs import EditOrg, edit_org

ASKED = {"response_type": "token", "code_challenge": None, "code_challenge_method": None}
WITH_ID_TOKEN = ASKED | {"response_type": "id_token token", "nonce": "n-0S6", "scope": "openid api"}


@dataclass(frozen=True)
class Legacy(Asking):
    """An app of former days, which reads its tokens from the address."""

    def granted(self, page: Page) -> dict[str, str]:
        """The tokens that the app got. They are behind the `#` of its callback, and nothing of them is before it."""
        answer = self.arrived(page)
        assert (page.went_to or "").startswith(f"{self.callback}#")
        assert "access_token" in answer, answer
        return answer

    def told_no(self, page: Page) -> str:
        """The error that the app got, where it looks for it."""
        answer = self.arrived(page)
        assert (page.went_to or "").startswith(f"{self.callback}#error=")
        assert (answer["state"], "access_token" in answer) == (STATE, False)
        return answer["error"]


def switch(acme: Tenant, *, on: bool) -> None:
    with acme.standing.database.transaction() as tx:
        edit_org(tx, acme.admin, EditOrg(user_agent_flow=on, confirmed=True))


def legacy(acme: Tenant, *, on: bool = True, **said: object) -> Legacy:
    """An app of each user's own choice, with the flow switched on for it and, unless said otherwise, for the org."""
    if on:
        switch(acme, on=True)
    app = chooser(acme, "Old Widget", **{"flows": frozenset({Flow.USER_AGENT})} | said)
    guard = acme.app("Guard of the widget", flows=frozenset(), introspect_all_tokens=True, open_for_use=False)
    return Legacy(replace(app.portal, guard=guard), app.callback, ASKED)  # type: ignore[arg-type]


def id_token_of(app: Legacy, answer: dict[str, str]) -> dict[str, object]:
    published = KeySet.import_key_set(app.acme.door.get(f"{app.issuer}/id/keys").json())
    return dict(jwt.decode(answer["id_token"], published, algorithms=["ES256"]).claims)
