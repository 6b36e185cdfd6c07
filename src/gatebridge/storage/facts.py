"""One loader per entry (consumer key, access token), all answering with the same Facts; each thing is read once per batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from gatebridge.crypto import published, signing
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import AppCertificate, ConsumerSecret
from gatebridge.rules.device_codes import DeviceCode
from gatebridge.rules.facts import Facts
from gatebridge.rules.grants import AccessToken, AuthorizationCode, RefreshToken
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Assignment, Standing
from gatebridge.rules.sessions import Session
from gatebridge.storage import (
    app_origins,
    approvals,
    apps,
    codes,
    credentials,
    custom_permissions,
    device_codes,
    grants,
    installations,
    orgs,
    people,
    refresh_tokens,
    rows,
    sessions,
    signing_keys,
    tokens,
)
from gatebridge.storage.app_in_org import BY_APP_ID, BY_CONSUMER_KEY, BY_CONSUMER_KEY_ANYWHERE, Part
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
    """A user of an org with profile and permission sets, in two statements. None, after as many: the org has no such user."""
    values = {"org_id": org_id, "user_id": user_id}
    row = tx.connection.execute(_USER_WITH_PROFILE, values).one_or_none()
    sets = tuple((rows.permission_set(held), Assignment(held.id, held.expires_at)) for held in tx.connection.execute(_SETS_OF_USER, values))
    if row is None:
        return None
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
        return self.once(("client", org.id, consumer_key), lambda: self._client(org, consumer_key, BY_CONSUMER_KEY))

    def client_anywhere(self, org: Org, consumer_key: str) -> ClientRecord:
        """The client with this key, also where this org knows nothing of its app: for comparing what it presents, and nothing else.

        Only who has proven to be that client may hear more than that the key is unknown.
        """
        return self.once(("client anywhere", org.id, consumer_key), lambda: self._client(org, consumer_key, BY_CONSUMER_KEY_ANYWHERE))

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

    def code(self, org: Org, digest: bytes) -> tuple[Facts, AuthorizationCode | None]:
        """The authorization code with this digest, and the facts about all that it hangs from; of a used one also what it bought."""
        code = self.once(("code", org.id, digest), lambda: codes.by_digest(self.tx, org.id, digest))
        if code is None:
            return self.bare_facts(org), None
        return self.once(("facts of code", org.id, digest), lambda: self._around_code(org, code)), code

    def refresh(self, org: Org, digest: bytes) -> tuple[Facts, RefreshToken | None]:
        """The refresh token with this digest, and the facts about its family."""
        token = self.once(("refresh", org.id, digest), lambda: refresh_tokens.by_digest(self.tx, org.id, digest))
        if token is None:
            return self.bare_facts(org), None
        key = ("facts of family", org.id, token.grant_id)
        return self.once(key, lambda: self._hanging(org, token.app_id, token.user_id, token.grant_id)), token

    def subject(self, org: Org, facts: Facts, username: str) -> Facts:
        """The facts of an app, for the user of this exact username: who it is, what it approved, and the grant that assertions share.

        As much is read for somebody who does not exist, so that an app which may name users learns from no clock who does (X-JB-06).
        """
        user_id = self.once(("username", org.id, username), lambda: people.id_of_username(self.tx, org.id, username)) or ""
        standing = self._standing(org, user_id)
        if facts.installation is None:
            return replace(facts, standing=standing, grant=None)
        installation_id = facts.installation.id

        def read() -> tuple[Any, Any]:
            grant = grants.shared_grant(self.tx, org.id, installation_id, user_id, Flow.JWT_BEARER)
            return grant, approvals.of_user(self.tx, org.id, installation_id, user_id)

        grant, approval = self.once(("subject", org.id, installation_id, user_id), read)
        return replace(facts, standing=standing, grant=grant, approval=approval)

    def authorizing(self, org: Org, consumer_key: str, session: Session | None) -> Facts:
        """What an authorization request is decided on: the app, and the user of a live session with what that one has approved."""
        facts = self.once(
            ("authorizing", org.id, consumer_key),
            lambda: self._app(org, self._row(BY_CONSUMER_KEY, org_id=org.id, consumer_key=consumer_key)),
        )
        if session is None:
            return facts
        if facts.app is None:
            # Whoever is signed in here may hear that the app is not installed, which is more than that nobody knows it.
            facts = self._app(org, self._row(BY_CONSUMER_KEY_ANYWHERE, org_id=org.id, consumer_key=consumer_key))
        facts = replace(facts, session=session, standing=self._standing(org, session.user_id))
        if facts.installation is None:
            return facts
        return replace(facts, approval=approvals.of_user(self.tx, org.id, facts.installation.id, session.user_id))

    def device(self, org: Org, digest: bytes) -> tuple[Facts, DeviceCode | None]:
        """The device code with this digest, and the facts about all that it hangs from; of a used one also what it bought."""
        device = self.once(("device", org.id, digest), lambda: device_codes.by_digest(self.tx, org.id, digest))
        if device is None:
            return self.bare_facts(org), None
        approved_in = device.session_id if device.approved is not None else None
        return self.once(("facts of device", org.id, digest), lambda: self._around_device(org, device, approved_in)), device

    def connecting(self, org: Org, device: DeviceCode, session: Session) -> Facts:
        """What is decided on where the user of a session has typed the code of a device."""
        return replace(self._hanging(org, device.app_id, session.user_id, None), session=session)

    def custom_permissions(self, org: Org, standing: Standing) -> tuple[str, ...]:
        """The API names of the custom permissions that a user holds at this moment."""
        holders = [standing.profile.id, *(held.id for held, assignment in standing.sets if assignment.holds(self.now))]
        key = ("custom permissions", org.id, standing.user.id)
        return self.once(key, lambda: custom_permissions.names_for(self.tx, org.id, holders))

    def origin_known(self, org: Org, origin: str) -> bool:
        """Whether an app of this org has an https callback at this web origin."""
        return self.once(("origin", org.id, origin), lambda: app_origins.known(self.tx, org.id, origin))

    def signing_keys(self, org: Org) -> list[StoredKey]:
        """The published signing keys of an org, newest first."""
        return self.once(("keys", org.id), lambda: signing_keys.published(self.tx, org.id))

    def verifying_keys(self, org: Org) -> list[signing.VerifyingKey]:
        """The public halves of the published keys, for checking a token that says it is ours."""
        return self.once(("verifying", org.id), lambda: [published.verifying_key(key.public_jwk) for key in self.signing_keys(org)])

    def _client(self, org: Org, consumer_key: str, statement: sa.Select[Any]) -> ClientRecord:
        facts = self._app(org, self._row(statement, org_id=org.id, consumer_key=consumer_key))
        if facts.app is None:
            return ClientRecord(facts)
        # What it presents is mostly its own, and then hangs from the same app.
        self._read.setdefault(("app", org.id, facts.app.id), facts)
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
        return self.once(key, lambda: self._hanging(org, token.app_id, token.user_id, token.grant_id)), token

    def _around_code(self, org: Org, code: AuthorizationCode) -> Facts:
        facts = self._hanging(org, code.app_id, code.user_id, code.grant_id)
        return replace(facts, session=sessions.by_id(self.tx, org.id, code.session_id))

    def _around_device(self, org: Org, device: DeviceCode, session_id: str | None) -> Facts:
        if session_id is None or device.user_id is None:
            return self._app_of(org, device.app_id)
        facts = self._hanging(org, device.app_id, device.user_id, device.grant_id)
        return replace(facts, session=sessions.by_id(self.tx, org.id, session_id))

    def _app_of(self, org: Org, app_id: str) -> Facts:
        return self.once(("app", org.id, app_id), lambda: self._app(org, self._row(BY_APP_ID, org_id=org.id, app_id=app_id)))

    def _hanging(self, org: Org, app_id: str, user_id: str, grant_id: str | None) -> Facts:
        facts = self._app_of(org, app_id)
        grant = grants.by_id(self.tx, org.id, grant_id) if grant_id is not None else None
        return replace(facts, standing=self._standing(org, user_id), grant=grant)

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
