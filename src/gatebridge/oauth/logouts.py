"""The desk of the logouts: what is posted to an app whose user's session has ended, and what the history tells of it."""

from dataclasses import dataclass

from gatebridge.delivery.backchannel import Letter
from gatebridge.oauth import subjects
from gatebridge.oauth.formats import logout_token
from gatebridge.oauth.keyring import Keyring
from gatebridge.records import history, logouts
from gatebridge.records.history import HistoryEntry
from gatebridge.rules import outbound
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import logout as reasons
from gatebridge.rules.reasons.reason import Reason
from gatebridge.storage import apps, orgs, signing_keys
from gatebridge.storage.database import Database
from gatebridge.storage.login_history import HistoryLine
from gatebridge.storage.outbox import Entry

EVENT = "backchannel_logout"
NO_ANSWER = reasons.LOGOUT_UNDELIVERED.status  # in the history, where nobody gave one


@dataclass(frozen=True, slots=True)
class LogoutDesk:
    """Called by the courier, outside any transaction; opens its own, as a door does."""

    database: Database
    keyring: Keyring

    def letter(self, entry: Entry) -> Letter | None:
        """The token of an entry, and the address that the app has named by now; None where there is none any more.

        Raises NoSigningKey, after which it is tried again: an org without a key has no ID tokens either.
        """
        with self.database.reading() as tx:
            org, app = orgs.by_id(tx, entry.org_id), apps.by_id_anywhere(tx, str(entry.payload["app"]))
            settings = apps.settings_of(tx, app.org_id, app.id) if app is not None else None
            if org is None or app is None or settings is None or not settings.backchannel_logout_uri:
                return None
            key = self.keyring.key_for(signing_keys.published(tx, org.id), settings.signing_algorithm, tx.now)
            token = logout_token.make(
                org,
                app,
                user_id=str(entry.payload["user"]),
                sid=subjects.sid(tx, org.id, str(entry.payload["session"])),
                now=tx.now,
                random=tx.random,
                key=key,
            )
            return Letter(settings.backchannel_logout_uri, token, at_home=org.issuer.startswith("http://"))

    def refused(self, entry: Entry, letter: Letter, status: int) -> None:
        self._tell(entry, letter, reasons.LOGOUT_REFUSED, status, f"The app answered {status}.")

    def undelivered(self, entry: Entry, letter: Letter, words: str) -> None:
        self._tell(entry, letter, reasons.LOGOUT_UNDELIVERED, NO_ANSWER, words)

    def _tell(self, entry: Entry, letter: Letter, reason: Reason, status: int, words: str) -> None:
        aim = outbound.target(letter.uri)
        with self.database.transaction() as tx:
            line = HistoryLine(
                org_id=entry.org_id,
                id=tx.new_id(Prefix.RECEIPT),
                at=tx.now,
                event=EVENT,
                outcome="refused",
                status=status,
                address="",
                user_agent="",
                receipt=history.receipt((), {"to": aim.authority if aim is not None else "", "words": words}),
                reason=reason.code,
                app_id=str(entry.payload["app"]),
                user_id=str(entry.payload["user"]),
            )
            history.write(tx, [HistoryEntry(line)])


@dataclass(frozen=True, slots=True)
class Spreading:
    """Carries entries of the kind `app_logout`: of one that stands for all users of an app it makes one for each, a chunk at a time."""

    database: Database

    @property
    def most_attempts(self) -> int | None:
        """It writes to the own database alone, so it is tried until that takes it."""
        return None

    def deliver(self, entry: Entry) -> None:
        """Leave the entries. One that comes twice tells some apps twice, which no app minds."""
        with self.database.transaction() as tx:
            logouts.spread(tx, entry.org_id, dict(entry.payload))
