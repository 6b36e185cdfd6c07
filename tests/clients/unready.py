"""Apps and people for whom something is not right yet, as a client meets them in the first days."""

from tests.clients.salesforce_house import SalesforceHouse, Service
from tests.conformance.running import Registered

from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import Dialect
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import Profile, User
from gatebridge.setup.assign_access import AssignAccess, assign_access
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.storage import profiles

ITSELF = frozenset({Flow.CLIENT_CREDENTIALS})


def without_approval(house: SalesforceHouse) -> Registered:
    """An app that acts for everybody who approved it, which nobody did."""
    app = house.service().app
    with house.house.database.transaction() as tx:
        edit_policies(tx, house.house.admin, EditPolicies(app.id, PermittedUsers.SELF_AUTHORIZE, confirmed=True))
    return app


def without_runner(house: SalesforceHouse) -> Registered:
    """An app that acts for itself, and nobody said as whom."""
    return house.house.app("Orphan", dialect=Dialect.SALESFORCE, flows=ITSELF, scopes=("api",))


def without_api_scope(house: SalesforceHouse) -> Registered:
    """An app that may learn who somebody is, and nothing more."""
    return house.house.app("Badge", run_as=house.admin, dialect=Dialect.SALESFORCE, flows=ITSELF, scopes=("id",))


def without_api_right(house: SalesforceHouse, service: Service) -> User:
    """Somebody whom the service may act for, but who may not use APIs."""
    with house.house.database.transaction() as tx:
        profile = Profile(tx.new_id(Prefix.PROFILE), house.house.admin.org_id, "Readers", "", frozenset(), tx.now)
        assert profiles.insert(tx, profile)
        assign_access(tx, house.house.admin, AssignAccess(service.app.id, profile.id))
    return house.house.person("reader", profile_id=profile.id)
