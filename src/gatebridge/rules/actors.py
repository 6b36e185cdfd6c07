"""Who changes something: a user through an app, the operator at the machine, or the house itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gatebridge.rules.permissions import Permission


class ActorKind(StrEnum):
    """Who acts: a user, the operator of the machine, or the house itself."""

    USER = "user"
    OPERATOR = "operator"  # a command on the machine itself, with the database and the master key in hand
    HOUSE = "house"  # the worker


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who acts, with the rights in force for this request: token scope AND user permission AND app policy (X-AD-05)."""

    kind: ActorKind
    org_id: str
    name: str  # as the audit trail shows it
    permissions: frozenset[Permission]
    user_id: str | None = None
    app_id: str | None = None  # through which app
    address: str = ""
    operation_id: str = ""
    grant_id: str | None = None  # from which the token hangs that was shown
    authenticated_at: datetime | None = None  # when the person behind it signed in; None: nobody did, as for a service or the operator
    fresh_for: timedelta = timedelta(0)  # how old that sign-in may be for what is weighty

    @property
    def id(self) -> str:
        """What stands in `created_by` columns: the user, or the kind of actor where there is none."""
        return self.user_id or self.kind
