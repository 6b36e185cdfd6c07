"""The applications whose libraries are tried: one for each way in which a client proves itself, with every flow."""

from tests.conformance.running import Registered, RunningHouse
from tests.oauth.client_keys import ClientKey

from gatebridge.rules.app_settings import ClientAuthMethod, Flow
from gatebridge.setup.add_certificate import AddCertificate, add_certificate
from gatebridge.setup.manage_orgs import EditOrg, edit_org

METHODS = tuple(ClientAuthMethod)
CALLBACK, AFTER_LOGOUT = "https://rp.example/callback", "https://rp.example/bye"
SCOPES = ("openid", "profile", "email", "api", "refresh_token")
ASKED = "openid profile email offline_access"
EVERY_FLOW = frozenset({Flow.WEB_SERVER, Flow.REFRESH_TOKEN, Flow.DEVICE})


def algorithm_of(method: ClientAuthMethod) -> str:
    """How the ID tokens of this client are signed: each algorithm is some client's."""
    return "RS256" if method is ClientAuthMethod.SECRET_POST else "ES256"


def registered(house: RunningHouse, method: ClientAuthMethod, key: ClientKey) -> Registered:
    """An app that proves itself in this way. All but a public one also act for themselves."""
    public = method is ClientAuthMethod.NONE
    with house.database.transaction() as tx:
        edit_org(tx, house.admin, EditOrg(device_flow=True))
    app = house.app(
        method.value,
        auth_methods=frozenset({method}),
        callbacks=(CALLBACK,),
        post_logout_redirect_uris=(AFTER_LOGOUT,),
        scopes=SCOPES,
        flows=EVERY_FLOW if public else EVERY_FLOW | {Flow.CLIENT_CREDENTIALS},
        signing_algorithm=algorithm_of(method),
        run_as=None if public else house.person("robot"),
    )
    if method is ClientAuthMethod.PRIVATE_KEY_JWT:
        with house.database.transaction() as tx:
            add_certificate(tx, house.admin, AddCertificate(app.id, "Key", key.upload))
    return app
