"""A large org: ten thousand apps, a hundred thousand people, and five million lines of history, with all that hangs from them.

What is there once is made through the verbs (`bench.seed`); here it is copied row by row. The numbers of use are summed by the database.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from bench import copies, large_records, soql
from bench.seed import Seeded
from gatebridge.crypto import secrets as values
from gatebridge.monitoring import exposures
from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.storage import app_weights, apps, credentials, installations, orgs, people, schema
from gatebridge.storage.custom_permissions import custom_permission_holders, custom_permissions
from gatebridge.storage.database import Database
from gatebridge.storage.grants import grants
from gatebridge.storage.login_history import login_history
from gatebridge.storage.sessions import sessions
from gatebridge.storage.tokens import access_tokens
from gatebridge.storage.tx import Tx
from gatebridge.web.browser import BROWSER, SESSION

LINES_PER_APP, LINES_PER_USER = 500, 50  # of the history
WORDS = ("Ledger", "Payroll", "Élan", "Invoice", "Nightly", "Portal", "Warehouse", "Billing", "Support", "archive", "Quote", "Mobile")
KINDS = ("Sync", "Export", "Dashboard", "Bot", "Gateway", "Reader", "Importer", "App")
FIRST = ("Ada", "Béla", "Chen", "Dana", "Eve", "Farid", "Grace", "Hana", "Ivo", "Jo", "Kofi", "Lin", "Mara")
LAST = ("Abel", "Brandt", "Costa", "Dvořák", "Eriksen", "Faye", "García", "Haas", "Ito", "Jensen", "Khan", "de Vries", "Lopez", "Moreau")
LATELY = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class LargeOrg:
    """The org, the app that half of its history is about, a user of it, two profiles, and the cookies of somebody with every right."""

    org_id: str
    busy: str
    app: str
    user: str
    profile: str
    most: str  # the profile of nearly everybody
    permission_set: str
    cookies: str = field(repr=False)


def add(database: Database, seeded: Seeded, lines: int, progress: Callable[[str], None]) -> LargeOrg:
    """Fill the org until it is as large as so many lines of history are."""
    org_id = seeded.org_id
    users = _users(database, seeded, lines // LINES_PER_USER)
    app_ids = _apps(database, seeded, lines // LINES_PER_APP)
    busy = seeded.apps["opaque"].id
    progress(f"{len(app_ids):,} apps and {len(users):,} people are there")
    sets, profile = _rights(database, org_id, users)
    large_records.add(database, seeded, users, app_ids)
    soql.add_history(database, org_id, [*[busy] * len(app_ids), *app_ids], users, lines, soql.OF_THE_APP)
    progress(f"{lines:,} lines are there")
    _use(database, org_id)
    _weigh(database, org_id)
    _alive(database, org_id, busy, users)
    progress("and what they add up to")
    most = seeded.people.users[3].profile_id
    return LargeOrg(org_id, busy, app_ids[7], users[7], profile, most, sets[7], _signed_in(database, seeded))


def _users(database: Database, seeded: Seeded, count: int) -> list[str]:
    def made(tx: Tx, like: Mapping[str, Any], n: int) -> Mapping[str, Any]:
        first, last = FIRST[n % len(FIRST)], LAST[n // 7 % len(LAST)]
        name = {"username": f"person{n}@bench.example", "email": f"person{n}@mail.bench.example", "first_name": first, "last_name": last}
        state = "invited" if n % 50 == 0 else "deactivated" if n % 37 == 0 else "active"
        return {
            **like,
            **name,
            "id": tx.new_id(Prefix.USER),
            "state": state,
            "frozen": n % 499 == 0,
            "sort_name": f"{first} {last}".lower(),
            "found_by": f"{name['username']}\n{name['email']}\n{first} {last}".lower(),
        }

    like = copies.row(database, people.users, people.users.c.id == seeded.people.users[3].id)
    return [str(row["id"]) for row in copies.added(database, people.users, like, made, count)]


def _apps(database: Database, seeded: Seeded, count: int) -> list[str]:
    """Copies of an app, each with settings, presence, policies, a secret and, every other one, a certificate."""
    one, bearer = seeded.apps["opaque"].id, seeded.people.apps["bearer"].id
    owners = [str(seeded.actor.user_id), *(user.id for user in seeded.people.users[:99])]

    def made(tx: Tx, like: Mapping[str, Any], n: int) -> Mapping[str, Any]:
        label = f"{WORDS[n % len(WORDS)]} {KINDS[n // 3 % len(KINDS)]} {n}"
        key = f"gbk_bench_{n:06d}_aBcDeFgHiJkLmNoPqRsTuVwXyZ"
        gone = tx.now if n % 200 == 0 else None
        named = {"label": label, "api_name": f"Bench_App_{n}", "consumer_key": key, "owner_id": owners[n % len(owners)]}
        return {**like, **named, "id": tx.new_id(Prefix.APP), "deleted_at": gone}

    added = copies.added(database, apps.apps, copies.row(database, apps.apps, apps.apps.c.id == one), made, count)
    app_ids = [str(row["id"]) for row in added]
    keys = ("org_id", "consumer_key")
    copies.insert(database, apps.app_directory, ({**{name: row[name] for name in keys}, "app_id": row["id"]} for row in added))
    settings = copies.row(database, apps.app_settings, apps.app_settings.c.app_id == one)
    copies.insert(database, apps.app_settings, ({**settings, "app_id": each} for each in app_ids))
    here = installations.installations
    present = copies.row(database, here, here.c.app_id == one)

    def installed(tx: Tx, like: Mapping[str, Any], n: int) -> Mapping[str, Any]:
        blocked, gone = (tx.now if n % 100 == 3 else None), (tx.now if n % 50 == 4 else None)
        return {**like, "id": tx.new_id(Prefix.INSTALLATION), "app_id": app_ids[n], "blocked_at": blocked, "uninstalled_at": gone}

    presences = [str(row["id"]) for row in copies.added(database, here, present, installed, len(app_ids))]
    for table in (installations.policies, installations.permits):
        like = copies.row(database, table, table.c.installation_id == present["id"])
        copies.insert(database, table, ({**like, "installation_id": each} for each in presences))
    _credential(database, credentials.secrets, one, Prefix.SECRET, app_ids, "expires_at")
    _credential(database, credentials.certificates, bearer, Prefix.CERTIFICATE, app_ids[::2], "not_after")
    return app_ids


def _credential(database: Database, table: sa.Table, like_app: str, prefix: Prefix, app_ids: Sequence[str], ends: str) -> None:
    def made(tx: Tx, like: Mapping[str, Any], n: int) -> Mapping[str, Any]:
        return {**like, "id": tx.new_id(prefix), "app_id": app_ids[n], ends: tx.now + timedelta(days=n % 400 - 10)}

    copies.added(database, table, copies.row(database, table, table.c.app_id == like_app), made, len(app_ids))


def _rights(database: Database, org_id: str, users: Sequence[str]) -> tuple[list[str], str]:
    """Profiles, permission sets of which everybody holds one, and custom permissions."""
    count = max(len(users) // 200, 10)
    with database.snapshot() as tx:
        now = tx.now
    text = {"org_id": org_id, "description": "As large orgs have many of.", "created_at": now}

    def profile(tx: Tx, like: Mapping[str, Any], n: int) -> Mapping[str, Any]:
        return {**like, "id": tx.new_id(Prefix.PROFILE), "name": f"{WORDS[n % len(WORDS)]} people {n}"}

    def named(prefix: Prefix) -> Callable[[Tx, Mapping[str, Any], int], Mapping[str, Any]]:
        return lambda tx, like, n: {**like, "id": tx.new_id(prefix), "label": f"{KINDS[n % 8]} {n}", "api_name": f"Bench_{n}"}

    profiles = copies.added(database, people.profiles, text | {"permissions": [], "login_ranges": []}, profile, count)
    sets_ = copies.added(database, people.permission_sets, text | {"permissions": []}, named(Prefix.PERMISSION_SET), count)
    sets = [str(row["id"]) for row in sets_]
    held = people.permission_set_assignments
    # Half of all hold the same one, as the one of everybody.
    chosen = (sets[7 if n % 2 else n % len(sets)] for n in range(len(users)))
    copies.insert(database, held, ({"org_id": org_id, "user_id": u, "permission_set_id": s} for u, s in zip(users, chosen, strict=True)))
    custom = copies.added(database, custom_permissions, text, named(Prefix.CUSTOM_PERMISSION), count)
    given = ({"org_id": org_id, "holder_id": s, "custom_permission_id": c["id"]} for s, c in zip(sets, custom, strict=True))
    copies.insert(database, custom_permission_holders, given)
    return sets, str(profiles[0]["id"])


def _use(database: Database, org_id: str) -> None:
    """What the worker would have rolled up by now."""
    summed = """
    INSERT INTO usage (org_id, app_id, subject_id, first_at, last_at, last_refused_at, granted, refused)
    SELECT org_id, app_id, {subject}, min(CASE outcome WHEN 'success' THEN at END), max(CASE outcome WHEN 'success' THEN at END),
        max(CASE outcome WHEN 'refused' THEN at END), sum(CASE outcome WHEN 'success' THEN 1 ELSE 0 END),
        sum(CASE outcome WHEN 'refused' THEN 1 ELSE 0 END)
    FROM login_history WHERE org_id = :org_id AND app_id <> '' GROUP BY org_id, app_id, {subject}
    """
    with database.transaction() as tx:
        soql.patient(tx)
        tx.connection.exec_driver_sql("DELETE FROM usage")
        for subject in ("app_id", "user_id"):
            tx.connection.execute(sa.text(summed.format(subject=subject)), {"org_id": org_id})
        leases = schema.metadata.tables["leases"]
        newest = tx.connection.execute(sa.select(sa.func.max(login_history.c.id)).where(login_history.c.org_id == org_id)).scalar_one()
        tx.connection.execute(sa.delete(leases).where(leases.c.name == f"usage:{org_id}"))
        row = {"name": f"usage:{org_id}", "holder": "", "until": tx.now, "progress": {"after": newest}}
        tx.connection.execute(sa.insert(leases).values(row))


def _weigh(database: Database, org_id: str) -> None:
    """What the worker would have weighed by now."""
    after, more = "", True
    while more:
        with database.transaction() as tx:
            org = orgs.by_id(tx, org_id)
            found = exposures.weights(tx, org, after, exposures.BATCH) if org is not None else {}
            more = len(found) == exposures.BATCH
            app_weights.replace(tx, org_id, after, max(found) if more else f"{Prefix.APP}~", found)
            after = max(found, default="")


def _alive(database: Database, org_id: str, busy: str, users: Sequence[str]) -> None:
    """A grant of the busy app for everybody, and of each other app for ten of its own; and the token of every line of the last hours."""
    here = copies.row(database, installations.installations, installations.installations.c.app_id == busy)
    with database.snapshot() as tx:
        now = tx.now
        since = ids.floor(Prefix.RECEIPT, now - LATELY)
        wanted = sa.select(login_history.c.id, login_history.c.user_id).where(login_history.c.org_id == org_id, login_history.c.id > since)
        lines = tx.connection.execute(wanted.where(login_history.c.app_id == busy, login_history.c.outcome == "success")).all()
    common = {"org_id": org_id, "app_id": busy, "installation_id": here["id"], "flow": "web_server", "scopes": "api"}

    def grant(tx: Tx, like: Mapping[str, Any], n: int) -> Mapping[str, Any]:
        return {**like, "id": tx.new_id(Prefix.GRANT), "user_id": users[n]}

    made = copies.added(database, grants, common | {"created_at": now, "last_used_at": now, "epoch": 0}, grant, len(users))
    with database.snapshot() as tx:
        presences = sa.select(installations.installations.c.app_id, installations.installations.c.id)
        others = tx.connection.execute(presences.where(installations.installations.c.org_id == org_id)).all()

    def small(tx: Tx, like: Mapping[str, Any], n: int) -> Mapping[str, Any]:
        app_id, presence = others[n // 10]
        named = {"app_id": app_id, "installation_id": presence, "user_id": users[n * 7 % len(users)]}
        return {**like, **named, "id": tx.new_id(Prefix.GRANT)}

    copies.added(database, grants, common | {"created_at": now, "last_used_at": now, "epoch": 0}, small, len(others) * 10)
    by_user = {str(row["user_id"]): str(row["id"]) for row in made}
    epochs = {"org_epoch": 0, "app_epoch": 0, "installation_epoch": here["epoch"], "user_epoch": 0, "grant_epoch": 0}
    token = (
        common | epochs | {"format": "opaque", "audience": "bench", "issued_at": now, "expires_at": now + LATELY, "address": "192.0.2.1"}
    )
    rows = (
        {**token, "id": line.id, "digest": os.urandom(32), "user_id": line.user_id, "grant_id": by_user[line.user_id]} for line in lines
    )
    copies.insert(database, access_tokens, rows)
    soql.look_at_sizes(database)


def _signed_in(database: Database, seeded: Seeded) -> str:
    """The cookies of a browser in which the admin is signed in."""
    value = values.new(values.Kind.SESSION, os.urandom)
    like = copies.row(database, sessions, sessions.c.user_id == seeded.people.users[0].id)
    copies.added(
        database,
        sessions,
        like,
        lambda tx, like, _: {
            **like,
            "id": tx.new_id(Prefix.SESSION),
            "digest": values.digest(value),
            "user_id": seeded.actor.user_id,
            "level": "high",
        },
        1,
    )
    return f"{BROWSER}={values.new(values.Kind.BROWSER, os.urandom)}; {SESSION}={value}"
