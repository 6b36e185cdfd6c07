"""Somebody with certain rights, signed in at setup."""

from tests.oauth.browser import Browser
from tests.oauth.flows.visits import enrol, sign_in
from tests.oauth.tenants import Tenant

from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import PermissionSet, User
from gatebridge.rules.permissions import EVERY_POWER, Permission
from gatebridge.storage import permission_sets


def with_rights(acme: Tenant, name: str, *rights: Permission) -> User:
    """A user who holds these rights, by a permission set."""
    user = enrol(acme, name)
    if rights:
        with acme.standing.database.transaction() as tx:
            given = PermissionSet(
                tx.new_id(Prefix.PERMISSION_SET), acme.org.id, f"Rights of {name}", f"Rights_of_{name}", "", frozenset(rights), tx.now
            )
            assert permission_sets.insert(tx, given)
            permission_sets.assign(tx, acme.org.id, user.id, given.id, None)
    return user


def at_setup(acme: Tenant, user: User) -> Browser:
    """A browser in which the user is signed in."""
    browser = Browser(acme.door, acme.org.issuer)
    sign_in(browser, browser.open("/signin"), user)
    return browser


def admin(acme: Tenant) -> Browser:
    """A browser in which somebody with every right is signed in."""
    return at_setup(acme, with_rights(acme, "dana", *EVERY_POWER))
