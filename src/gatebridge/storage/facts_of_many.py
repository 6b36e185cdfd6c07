"""Facts about many apps and users at once, in a few statements however many there are: for what looks at the whole org."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

import sqlalchemy as sa

from gatebridge.rules.facts import Facts
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Assignment, PermissionSet, Standing
from gatebridge.storage import apps, installations, people, rows
from gatebridge.storage.app_in_org import BY_APP_IDS, Part
from gatebridge.storage.tx import Tx

AT_ONCE = 500  # ids in one statement

Item = TypeVar("Item")


def of_apps(tx: Tx, org: Org, app_ids: Collection[str]) -> dict[str, Facts]:
    """What is recorded about each app as it is in this org, by its id; nobody stands in these facts. Unknown apps are not there."""
    found: dict[str, Facts] = {}
    for some in _slices(app_ids):
        for row in tx.connection.execute(BY_APP_IDS, {"org_id": org.id, "app_ids": some}):
            facts = Facts(tx.now, org, rows.app(Part(row, apps.apps)), rows.settings(Part(row, apps.app_settings)))
            if row.installations_id is not None:
                installed = rows.installation(Part(row, installations.installations))
                policies = rows.policies(Part(row, installations.policies)) if row.policies_installation_id is not None else None
                facts = replace(facts, installation=installed, policies=policies)
            found[row.apps_id] = facts
    return _with_permits(tx, org, found)


def _with_permits(tx: Tx, org: Org, found: Mapping[str, Facts]) -> dict[str, Facts]:
    permits: dict[str, list[Assignment]] = {}
    table = installations.permits
    for some in _slices({facts.installation.id for facts in found.values() if facts.installation is not None}):
        wanted = sa.select(table).where(table.c.org_id == org.id, table.c.installation_id.in_(some)).order_by(table.c.holder_id)
        for row in tx.connection.execute(wanted):
            permits.setdefault(row.installation_id, []).append(rows.permit(row))
    return {
        app_id: replace(facts, permits=tuple(permits.get(facts.installation.id, ()))) if facts.installation is not None else facts
        for app_id, facts in found.items()
    }


def of_users(tx: Tx, org_id: str, user_ids: Collection[str]) -> dict[str, Standing]:
    """Each of these users of the org with profile and permission sets, by id. Unknown users are not there."""
    found: dict[str, Standing] = {}
    held = people.permission_set_assignments
    for some in _slices(user_ids):
        sets: dict[str, list[tuple[PermissionSet, Assignment]]] = {}
        of_sets = sa.select(people.permission_sets, held.c.user_id, held.c.expires_at).join_from(held, people.permission_sets)
        for row in tx.connection.execute(of_sets.where(held.c.org_id == org_id, held.c.user_id.in_(some))):
            sets.setdefault(row.user_id, []).append((rows.permission_set(row), Assignment(row.id, row.expires_at)))
        wanted = (
            sa.select(people.users, people.profiles)
            .set_label_style(sa.LABEL_STYLE_TABLENAME_PLUS_COL)
            .join_from(people.users, people.profiles)
            .where(people.users.c.org_id == org_id, people.users.c.id.in_(some))
        )
        for row in tx.connection.execute(wanted):
            user, profile = rows.user(Part(row, people.users)), rows.profile(Part(row, people.profiles))
            found[user.id] = Standing(user, profile, tuple(sets.get(user.id, ())))
    return found


def _slices(ids: Collection[str]) -> Iterator[list[str]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), AT_ONCE):
        yield ordered[start : start + AT_ONCE]
