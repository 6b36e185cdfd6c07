"""One loader per entry (consumer key, access token), all answering with the same Facts; each thing is read once per batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from gatebridge.crypto import published, signing
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import AppCertificate, ConsumerSecret
from gatebridge.rules.facts import Facts
from gatebridge.rules.grants import AccessToken
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Assignment, Standing
from gatebridge.storage import apps, credentials, grants, installations, orgs, people, rows, signing_keys, tokens
from gatebridge.storage.signing_keys import StoredKey
from gatebridge.storage.tx import Tx

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """A consumer secret of an app, live or not, with the digest to compare with."""

    record: ConsumerSecret
    digest: bytes


@dataclass(frozen=True, slots=True)
class ClientRecord:
    """Everything about one client in one org: the facts, with its run-as user for standing, and what it may prove itself with."""

    facts: Facts
    secrets: tuple[StoredSecret, ...] = ()
    certificates: tuple[AppCertificate, ...] = ()


class Part:
    """The columns of one table in a row that joins several, under their own names."""

    __slots__ = ("_prefix", "_row")

    def __init__(self, row: Any, table: sa.Table) -> None:
        self._row = row
        self._prefix = f"{table.name}_"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, self._prefix + name)


# Everything that one app is in one org, in one statement. The app and its settings are its owner's, the rest is the host's.
_APP_IN_ORG = (
    sa.select(
        *(column for column in apps.apps.c if column is not apps.apps.c.logo),
        (apps.apps.c.logo.is_not(None)).label("apps_has_logo"),
        apps.app_settings,
        installations.installations,
        installations.policies,
    )
    .set_label_style(sa.LABEL_STYLE_TABLENAME_PLUS_COL)
    .select_from(apps.app_directory)
    .join(apps.apps, sa.and_(apps.apps.c.org_id == apps.app_directory.c.org_id, apps.apps.c.id == apps.app_directory.c.app_id))
    .join(
        apps.app_settings,
        sa.and_(apps.app_settings.c.org_id == apps.app_directory.c.org_id, apps.app_settings.c.app_id == apps.app_directory.c.app_id),
    )
    .outerjoin(
        installations.installations,
        sa.and_(
            installations.installations.c.org_id == sa.bindparam("org_id"),
            installations.installations.c.app_id == apps.app_directory.c.app_id,
        ),
    )
    .outerjoin(
        installations.policies,
        sa.and_(
            installations.policies.c.org_id == installations.installations.c.org_id,
            installations.policies.c.installation_id == installations.installations.c.id,
        ),
    )
    # An app is known where it is owned or installed, and nowhere else (data.md).
    .where(
        sa.or_(
            apps.app_directory.c.org_id == sa.bindparam("org_id"),
            installations.installations.c.id.is_not(None),
        )
    )
)
_BY_CONSUMER_KEY = _APP_IN_ORG.where(apps.app_directory.c.consumer_key == sa.bindparam("consumer_key"))
_BY_APP_ID = _APP_IN_ORG.where(apps.app_directory.c.app_id == sa.bindparam("app_id"))

_ORG_OF_HOST = sa.select(orgs.orgs).where(orgs.orgs.c.host == sa.bindparam("host"))

_USER_WITH_PROFILE = (
    sa.select(people.users, people.profiles)
    .set_label_style(sa.LABEL_STYLE_TABLENAME_PLUS_COL)
    .join_from(people.users, people.profiles)
    .where(people.users.c.org_id == sa.bindparam("org_id"), people.users.c.id == sa.bindparam("user_id"))
)
_SETS_OF_USER = (
    sa.select(people.permission_sets, people.permission_set_assignments.c.expires_at)
    .join_from(people.permission_set_assignments, people.permission_sets)
    .where(
        people.permission_set_assignments.c.org_id == sa.bindparam("org_id"),
        people.permission_set_assignments.c.user_id == sa.bindparam("user_id"),
    )
)
_PERMITS = sa.select(installations.permits).where(
    installations.permits.c.org_id == sa.bindparam("org_id"), installations.permits.c.installation_id == sa.bindparam("installation_id")
)
_SECRETS = sa.select(credentials.secrets).where(
    credentials.secrets.c.org_id == sa.bindparam("org_id"), credentials.secrets.c.app_id == sa.bindparam("app_id")
)
_CERTIFICATES = sa.select(credentials.certificates).where(
    credentials.certificates.c.org_id == sa.bindparam("org_id"), credentials.certificates.c.app_id == sa.bindparam("app_id")
)


def standing(tx: Tx, org_id: str, user_id: str) -> Standing | None:
    """A user of an org with profile and permission sets, in two statements. None: the org has no such user."""
    values = {"org_id": org_id, "user_id": user_id}
    row = tx.connection.execute(_USER_WITH_PROFILE, values).one_or_none()
    if row is None:
        return None
    sets = tuple((rows.permission_set(held), Assignment(held.id, held.expires_at)) for held in tx.connection.execute(_SETS_OF_USER, values))
    return Standing(rows.user(Part(row, people.users)), rows.profile(Part(row, people.profiles)), sets)


class FactsReader:
    """Loads facts in one reading transaction. What several requests of a batch ask for is read once; nothing outlives the batch."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self._read: dict[tuple[object, ...], Any] = {}

    @property
    def now(self) -> datetime:
        return self.tx.now

    def org(self, host: str) -> Org | None:
        """The org that lives at a host. None: nobody does."""
        return self.once(("org", host), lambda: self._org(host))

    def bare_facts(self, org: Org) -> Facts:
        """What is known when a request names nothing that exists."""
        return Facts(self.now, org)

    def client(self, org: Org, consumer_key: str) -> ClientRecord:
        """The client with this consumer key, as it is in this org; bare facts where the org knows none."""
        return self.once(("client", org.id, consumer_key), lambda: self._client(org, consumer_key))

    def token_of_digest(self, org: Org, digest: bytes) -> tuple[Facts, AccessToken | None]:
        """The opaque token with this digest, and the facts about all that it hangs from."""
        key = ("digest", org.id, digest)
        if key not in self._read:
            self.expect_tokens(org, [digest])
        token: AccessToken | None = self._read[key]
        return self._of_token(org, token)

    def expect_tokens(self, org: Org, digests: Sequence[bytes]) -> None:
        """Read these tokens in one statement, before they are asked for one by one."""
        found = tokens.by_digests(self.tx, org.id, digests)
        for digest in digests:
            self._read["digest", org.id, digest] = found.get(digest)

    def token_of_id(self, org: Org, token_id: str) -> tuple[Facts, AccessToken | None]:
        """The token with this id, and the facts about all that it hangs from."""
        return self._of_token(org, self.once(("token", org.id, token_id), lambda: tokens.by_id(self.tx, org.id, token_id)))

    def signing_keys(self, org: Org) -> list[StoredKey]:
        """The published signing keys of an org, newest first."""
        return self.once(("keys", org.id), lambda: signing_keys.published(self.tx, org.id))

    def verifying_keys(self, org: Org) -> list[signing.VerifyingKey]:
        """The public halves of the published keys, for checking a token that says it is ours."""
        return self.once(("verifying", org.id), lambda: [published.verifying_key(key.public_jwk) for key in self.signing_keys(org)])

    def _client(self, org: Org, consumer_key: str) -> ClientRecord:
        facts = self._app(org, self._row(_BY_CONSUMER_KEY, org_id=org.id, consumer_key=consumer_key))
        if facts.app is None:
            return ClientRecord(facts)
        run_as = facts.policies.run_as_user_id if facts.policies else None
        standing = self._standing(org, run_as) if run_as is not None else None
        grant = None
        if standing is not None and facts.installation is not None:
            grant = grants.shared_grant(self.tx, org.id, facts.installation.id, standing.user.id, Flow.CLIENT_CREDENTIALS)
        return ClientRecord(
            facts=replace(facts, standing=standing, grant=grant),
            secrets=tuple(
                StoredSecret(rows.secret(row), row.digest) for row in self._rows(_SECRETS, org_id=facts.app.org_id, app_id=facts.app.id)
            ),
            certificates=tuple(rows.certificate(row) for row in self._rows(_CERTIFICATES, org_id=facts.app.org_id, app_id=facts.app.id)),
        )

    def _of_token(self, org: Org, token: AccessToken | None) -> tuple[Facts, AccessToken | None]:
        if token is None:
            return self.bare_facts(org), None
        key = ("facts", org.id, token.app_id, token.user_id, token.grant_id)
        return self.once(key, lambda: self._around(org, token)), token

    def _around(self, org: Org, token: AccessToken) -> Facts:
        facts = self.once(("app", org.id, token.app_id), lambda: self._app(org, self._row(_BY_APP_ID, org_id=org.id, app_id=token.app_id)))
        grant = grants.by_id(self.tx, org.id, token.grant_id)
        return replace(facts, standing=self._standing(org, token.user_id), grant=grant)

    def _app(self, org: Org, row: Any) -> Facts:
        facts = self.bare_facts(org)
        if row is None:
            return facts
        facts = replace(facts, app=rows.app(Part(row, apps.apps)), settings=rows.settings(Part(row, apps.app_settings)))
        if row.installations_id is None:
            return facts
        installation = rows.installation(Part(row, installations.installations))
        policies = rows.policies(Part(row, installations.policies)) if row.policies_installation_id is not None else None
        permits = tuple(rows.permit(each) for each in self._rows(_PERMITS, org_id=org.id, installation_id=installation.id))
        return replace(facts, installation=installation, policies=policies, permits=permits)

    def _standing(self, org: Org, user_id: str) -> Standing | None:
        return self.once(("standing", org.id, user_id), lambda: standing(self.tx, org.id, user_id))

    def _org(self, host: str) -> Org | None:
        row = self._row(_ORG_OF_HOST, host=host)
        return rows.org(row) if row is not None else None

    def _rows(self, statement: sa.Select[Any], **values: object) -> Sequence[Any]:
        return self.tx.connection.execute(statement, values).all()

    def _row(self, statement: sa.Select[Any], **values: object) -> Any:
        return self.tx.connection.execute(statement, values).one_or_none()

    def once(self, key: tuple[object, ...], load: Callable[[], Found]) -> Found:
        """What `load` answers, loaded once per batch under this key."""
        if key not in self._read:
            self._read[key] = load()
        found: Found = self._read[key]
        return found
