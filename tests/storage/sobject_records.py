"""An org with a little of everything, in texts that tempt a comparison to go wrong; and another org that has as much."""

import itertools
from datetime import timedelta

import sqlalchemy as sa
from tests.records.seed import SmallOrg, add_grant, change, line, make_org

from gatebridge.rules.ids import Prefix
from gatebridge.storage import grants, login_history
from gatebridge.storage.apps import app_directory, apps
from gatebridge.storage.installations import installations, policies
from gatebridge.storage.people import permission_set_assignments, profiles, users
from gatebridge.storage.people import permission_sets as sets
from gatebridge.storage.sessions import sessions
from gatebridge.storage.tx import Tx

# Letters that some would call the same and some would not, what means something in a pattern, and a text that ends in what pads it.
TEXTS = ("", "ada", "Ada", "ADA", "adam", "Ärger", "ärger", "Straße", "STRASSE", "İstanbul", "istanbul", "50%", "5_0", "a\\b", "a'b", "z ")
AGENTS = ("", "probe/1", "Mozilla/5.0 (Windows NT 10.0) Chrome/131.0 Safari/537.36 Edg/131.0", "Mozilla/5.0 (iPhone) Firefox/146")


def two_orgs(tx: Tx) -> SmallOrg:
    """The org that is asked; the other has the same."""
    _fill(tx, make_org(tx, "other"))
    acme = make_org(tx)
    _fill(tx, acme)
    return acme


def _fill(tx: Tx, org: SmallOrg) -> None:
    here = {"org_id": org.id, "created_at": tx.now}
    people = _people(tx, org)
    app_ids = _apps(tx, org)
    _sets(tx, org, people)
    for number, (person, app_id) in enumerate(itertools.product(people[:4], app_ids)):
        values = {"app_id": app_id, "flow": "web_server", "address": "" if number % 3 else "192.0.2.1", "scopes": "api"}
        used = {"last_used_at": tx.now - timedelta(hours=number) if number % 2 else None}
        ended = {"ended_at": tx.now if number % 5 == 4 else None}
        tx.connection.execute(
            sa.insert(grants.grants).values(
                **here, id=tx.new_id(Prefix.GRANT), installation_id=org.installation_id, user_id=person, **values, **used, **ended
            )
        )
    add_grant(tx, org)
    _history(tx, org, people, app_ids)
    for number, person in enumerate(people[:6]):
        moments = {"authenticated_at": tx.now - timedelta(hours=number * 8), "last_seen_at": tx.now - timedelta(minutes=number * 30)}
        tx.connection.execute(
            sa.insert(sessions).values(
                **here,
                **moments,
                **{"id": tx.new_id(Prefix.SESSION), "user_id": person, "digest": person.encode().ljust(32), "methods": "pwd"},
                **{"level": "high" if number % 2 else "standard", "address": "192.0.2.1", "org_epoch": 0, "user_epoch": number // 5},
            )
        )
    for number in range(5):
        change(tx, org, number)


def _people(tx: Tx, org: SmallOrg) -> list[str]:
    profile_id = tx.new_id(Prefix.PROFILE)
    held = {"permissions": ["api_enabled", "manage_users"], "login_ranges": [], "session_minutes": 15}
    tx.connection.execute(sa.insert(profiles).values(org_id=org.id, created_at=tx.now, id=profile_id, name="Ärger", **held))
    people = []
    for number, (first, last) in enumerate(zip(TEXTS, reversed(TEXTS), strict=True)):
        person = tx.new_id(Prefix.USER)
        people.append(person)
        values: dict[str, object] = {
            "username": f"{first}{number}",
            "email": f"{last}@acme.example",
            "first_name": first,
            "last_name": last,
        }
        values |= {"external_id": (None, "", "ada", "ADA")[number % 4], "city": TEXTS[number * 5 % len(TEXTS)], "timezone": "UTC"}
        state = {"state": ("active", "invited", "deactivated")[number % 3], "frozen": number % 4 == 0, "profile_id": profile_id}
        moments: dict[str, object] = {"created_at": tx.now - timedelta(days=number, microseconds=number * 377)}
        moments |= {"updated_at": tx.now if number % 2 else None, "password_changed_at": tx.now if number % 3 else None}
        tx.connection.execute(sa.insert(users).values(org_id=org.id, id=person, **values, **state, **moments))
    return [org.user_id, org.owner_id, *people]


def _apps(tx: Tx, org: SmallOrg) -> list[str]:
    """Two more apps that are installed, one of them blocked, and one that was here and is gone."""
    app_ids = [org.app_id]
    for number, label in enumerate(("ada", "ADA", "Ärger")):
        app_id, installation_id, key = tx.new_id(Prefix.APP), tx.new_id(Prefix.INSTALLATION), f"gbk_{org.id}_{number}"
        named = {
            "label": label,
            "api_name": f"app_{number}",
            "consumer_key": key,
            "dialect": "standard",
            "info_url": label if number else "",
        }
        mine = {"org_id": org.id, "created_at": tx.now, "contact_email": "dev@acme.example", "owner_id": org.owner_id}
        tx.connection.execute(sa.insert(apps).values(**mine, **named, id=app_id))
        tx.connection.execute(sa.insert(app_directory).values(consumer_key=key, org_id=org.id, app_id=app_id))
        ends = {"uninstalled_at": tx.now if number == 2 else None, "blocked_at": tx.now if number == 1 else None}
        row = {"org_id": org.id, "id": installation_id, "app_id": app_id, "installed_at": tx.now, **ends}
        tx.connection.execute(sa.insert(installations).values(row))
        app_ids.append(app_id)
    for installation_id in tx.connection.execute(sa.select(installations.c.id).where(installations.c.org_id == org.id)).scalars().all():
        said = {"permitted_users": "admin_approved" if installation_id[-1] in "AEIOU02468" else "self_authorize", "may_administer": False}
        tx.connection.execute(sa.insert(policies).values(org_id=org.id, installation_id=installation_id, ip_relaxation="enforce", **said))
    return app_ids


def _sets(tx: Tx, org: SmallOrg, people: list[str]) -> None:
    for number, label in enumerate(("Ada", "Ärger", "5_0")):
        set_id = tx.new_id(Prefix.PERMISSION_SET)
        held = {"permissions": ["api_only"] if number else ["api_enabled"], "api_name": f"set_{number}", "label": label}
        tx.connection.execute(sa.insert(sets).values(org_id=org.id, created_at=tx.now, id=set_id, **held))
        for place, person in enumerate(people[: 5 + number]):
            ends = None if place % 3 == 0 else tx.now + timedelta(days=place - 3)
            values = {"org_id": org.id, "user_id": person, "permission_set_id": set_id, "expires_at": ends}
            tx.connection.execute(sa.insert(permission_set_assignments).values(values))


def _history(tx: Tx, org: SmallOrg, people: list[str], app_ids: list[str]) -> None:
    flows = ("web_server", "refresh_token", "jwt_bearer", None)
    made = []
    for number in range(40):
        at = tx.now - timedelta(minutes=40 - number)
        refused = number % 3 == 0
        made.append(
            line(
                org,
                at,
                event="sign_in" if number % 4 == 3 else "token",
                flow=flows[number % 4],
                outcome="refused" if refused else "success",
                reason=("secret_wrong", "user_frozen")[number % 2] if refused else None,
                app_id="" if number % 4 == 3 else app_ids[number % len(app_ids)],
                user_id=None if number % 5 == 0 else people[number % 7],
                user_agent=AGENTS[number % len(AGENTS)],
                address=f"192.0.2.{number % 6}",
            )
        )
    # An app that is another org's alone: a stranger named its key here, and nothing of it is known here but that.
    made.append(line(org, tx.now, app_id="0H4000000000001", outcome="refused", reason="app_not_installed", user_id=None))
    login_history.insert_many(tx, made)
