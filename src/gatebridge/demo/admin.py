"""What the admin of the demo does in its month, each in the night before a day, by the verbs and under the own name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from gatebridge.demo.cast import Cast
from gatebridge.demo.partner import TRACKING
from gatebridge.demo.people import DANA, MAX
from gatebridge.rules.access_requests import RequestKind, RequestState
from gatebridge.rules.actors import Actor, ActorKind
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.permissions import EVERY_POWER
from gatebridge.rules.typed_ranges import TypedRange
from gatebridge.setup.access_requests import ApproveRequest, RefuseRequest, approve_request, refuse_request
from gatebridge.setup.edit_policies import EditPolicies, edit_policies
from gatebridge.setup.install_app import InstallApp, UninstallApp, install_app, uninstall_app
from gatebridge.setup.manage_orgs import EditOrg, edit_org
from gatebridge.setup.rotate_secret import AddSecret, add_secret
from gatebridge.setup.signing_keys import AddSigningKey, RetireSigningKey, add_signing_key, retire_signing_key
from gatebridge.setup.stop_users import FreezeUser, freeze_user
from gatebridge.storage import access_requests, orgs, people, signing_keys
from gatebridge.storage.database import Database
from gatebridge.storage.tx import Tx

OFFICES = (
    TypedRange("127.0.0.0/24", "Berlin office"),
    TypedRange("::1", "Berlin office"),
    TypedRange("10.20.0.0/16", "Warehouse Gera"),
    TypedRange("198.51.100.0/24", "People at home"),
)
INVOICES = ("invoices", "See the invoices that you may see in the portal")
LET_IN_FOR = timedelta(days=60)
SECRET_ENDS_AFTER = timedelta(days=16)  # from the day on which it is made: a week after the demo opens


@dataclass(frozen=True, slots=True)
class Admin:
    """Dana, at the database of this demo."""

    database: Database
    cast: Cast

    @property
    def nights(self) -> Mapping[int, Callable[[], None]]:
        """What is done before which day."""
        does = {
            2: self._names_networks,
            5: self._tries_a_partner,
            9: self._rotates_a_key,
            11: self._retires_the_old_key,
            14: self._freezes,
            18: self._leaves_the_partner,
            21: self._adds_a_secret,
            23: self._shortens_tokens,
            26: self._decides,
        }
        return {day: self._within(act) for day, act in does.items()}

    def _within(self, act: Callable[[Tx, Actor], object]) -> Callable[[], None]:
        def done() -> None:
            with self.database.transaction() as tx:
                org = orgs.first(tx)
                dana = people.by_username(tx, org.id, DANA) if org is not None else None
                if org is not None and dana is not None:
                    act(tx, Actor(ActorKind.USER, org.id, dana.username, EVERY_POWER, user_id=dana.id))

        return done

    def _app_id(self, name: str) -> str:
        return next(app.app_id for app in self.cast.apps if app.name == name)

    def _names_networks(self, tx: Tx, dana: Actor) -> None:
        edit_org(tx, dana, EditOrg(monitored_ranges=OFFICES, custom_scopes=(INVOICES,)))

    def _tries_a_partner(self, tx: Tx, dana: Actor) -> None:
        installed = install_app(tx, dana, InstallApp(next(app.key for app in self.cast.apps if app.name == TRACKING)))
        edit_policies(tx, dana, EditPolicies(installed.app.id, permitted_users=PermittedUsers.SELF_AUTHORIZE))

    def _rotates_a_key(self, tx: Tx, dana: Actor) -> None:
        add_signing_key(tx, dana, AddSigningKey("ES256"))

    def _retires_the_old_key(self, tx: Tx, dana: Actor) -> None:
        newest_first = [key for key in signing_keys.published(tx, dana.org_id) if key.algorithm == "ES256"]
        retire_signing_key(tx, dana, RetireSigningKey(newest_first[-1].id))

    def _freezes(self, tx: Tx, dana: Actor) -> None:
        user = people.by_username(tx, dana.org_id, MAX)
        if user is not None:
            freeze_user(tx, dana, FreezeUser(user.id, "Left his laptop on a train."))

    def _leaves_the_partner(self, tx: Tx, dana: Actor) -> None:
        uninstall_app(tx, dana, UninstallApp(self._app_id(TRACKING), "The trial is over, and nobody wants to pay for it."))

    def _adds_a_secret(self, tx: Tx, dana: Actor) -> None:
        add_secret(tx, dana, AddSecret(self._app_id("Data Loader"), "For the move to the new host", tx.now + SECRET_ENDS_AFTER))

    def _shortens_tokens(self, tx: Tx, dana: Actor) -> None:
        edit_policies(tx, dana, EditPolicies(self._app_id("Revenue Insights"), access_token_minutes=30, max_grants_per_user=2))

    def _decides(self, tx: Tx, dana: Actor) -> None:
        """The requests of the days before: one user is let in for a while, and no app is installed."""
        for asked in access_requests.page(tx, dana.org_id, limit=10, state=RequestState.OPEN):
            if asked.request.kind is RequestKind.USER:
                approve_request(tx, dana, ApproveRequest(asked.request.id, tx.now + LET_IN_FOR, reason="While Kim is away."))
            else:
                refuse_request(tx, dana, RefuseRequest(asked.request.id, "We have something of our own for that."))
