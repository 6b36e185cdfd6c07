"""A draft as it is sent to us: the fields of the records that decide about access, by the names under which they are saved."""

from typing import Annotated, Any

from pydantic import AfterValidator

from gatebridge.monitoring.drafting import Changes, Given
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.hours import in_order, timezone_problem
from gatebridge.rules.levels import Level, LevelAction
from gatebridge.rules.network import Relaxation
from gatebridge.rules.permissions import Permission
from gatebridge.rules.scopes import ordered
from gatebridge.setup.edits import UNCHANGED
from gatebridge.web.api import ranges, terms
from gatebridge.web.api.ranges import GivenRange
from gatebridge.web.api.shapes import Closed, GivenId, GivenMoment, given, omitted
from gatebridge.web.api.terms import GivenHours


def _zone(text: str) -> str:
    problem = timezone_problem(text)
    if problem is not None:
        raise ValueError(problem)
    return text


class _Drafted(Closed):
    """Fields of one record; what is left out stays as it is recorded."""

    def changes(self) -> dict[str, Any]:
        """What is to be different, in the nouns of the house; ranges are still text."""
        typed = ranges.typed(given(self), *(name for name in type(self).model_fields if name.endswith("_ranges")))
        found = {name: value for name, value in typed.items() if value is not UNCHANGED and name not in _NAMING}
        if "login_hours" in found:
            found["login_hours"] = in_order(terms.with_hours(found, "login_hours")["login_hours"])
        if "scopes" in found:
            found["scopes"] = ordered(found["scopes"])
        return found

    def drafted(self, record_id: str) -> Changes:
        return Changes(record_id, self.changes())


_NAMING = frozenset({"app_id", "profile_id"})


class DraftPolicies(_Drafted):
    """Policies of one app that decide who may use it, and from where."""

    app_id: GivenId
    permitted_users: PermittedUsers = omitted()
    ip_relaxation: Relaxation = omitted()
    ip_ranges: tuple[GivenRange, ...] = omitted()
    refresh_ranges: tuple[GivenRange, ...] = omitted()
    run_as_user_id: GivenId | None = omitted()
    may_administer: bool = omitted()
    required_level: Level = omitted()
    level_action: LevelAction = omitted()


class DraftSettings(_Drafted):
    """Settings of one app that decide what it may ask for."""

    app_id: GivenId
    flows: frozenset[Flow] = omitted()
    scopes: tuple[str, ...] = omitted()


class DraftProfile(_Drafted):
    """A profile, for all who have it."""

    profile_id: GivenId
    permissions: frozenset[Permission] = omitted()
    login_ranges: tuple[GivenRange, ...] = omitted()
    login_hours: tuple[GivenHours, ...] = omitted()
    required_level: Level = omitted()
    level_action: LevelAction = omitted()


class DraftOrg(_Drafted):
    """What holds for the whole org."""

    trusted_ranges: tuple[GivenRange, ...] = omitted()
    trusted_ranges_only_waive: bool = omitted()
    timezone: Annotated[str, AfterValidator(_zone)] = omitted()
    required_level: Level = omitted()
    level_action: LevelAction = omitted()


class DraftAccess(Closed):
    """A profile or permission set whose holders may use an app, or may no more."""

    app_id: GivenId
    holder_id: GivenId
    expires_at: GivenMoment | None = None
    removed: bool = False

    def given(self) -> Given:
        return Given(self.app_id, self.holder_id, self.expires_at, self.removed)


class DraftSet(Closed):
    """A permission set that a user holds, or holds no more."""

    user_id: GivenId
    set_id: GivenId
    expires_at: GivenMoment | None = None
    removed: bool = False

    def given(self) -> Given:
        return Given(self.user_id, self.set_id, self.expires_at, self.removed)


class DraftGiven(Closed):
    """What is to be different. Left out altogether, nothing is, and a replay finds nothing."""

    policies: tuple[DraftPolicies, ...] = ()
    settings: tuple[DraftSettings, ...] = ()
    access: tuple[DraftAccess, ...] = ()
    profiles: tuple[DraftProfile, ...] = ()
    permission_sets: tuple[DraftSet, ...] = ()
    org: DraftOrg | None = None
