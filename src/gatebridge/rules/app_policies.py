"""Policies: what the admin of the org that uses an app owns. One set per installed app."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gatebridge.rules.levels import NOTHING_REQUIRED, Requirement
from gatebridge.rules.lifetimes import DEFAULT_REFRESH_POLICIES, RefreshPolicy
from gatebridge.rules.network import Range, Relaxation


class PermittedUsers(StrEnum):
    """Who may use an app at all."""

    ADMIN_APPROVED = "admin_approved"  # only holders of an assigned profile or permission set; no consent page
    SELF_AUTHORIZE = "self_authorize"  # anybody, after consent


@dataclass(frozen=True, slots=True)
class AppPolicies:
    """What the admin of the org that uses an app says of it there. None is always: the next wider setting, or the default, decides."""

    installation_id: str
    version: int = 1
    permitted_users: PermittedUsers = PermittedUsers.ADMIN_APPROVED
    ip_relaxation: Relaxation = Relaxation.ENFORCE
    access_token_minutes: int | None = None  # life of an opaque access token; None: profile, org or default decides
    jwt_access_token_minutes: int | None = None  # life of a JWT access token; None: the default
    run_as_user_id: str | None = None  # whom client credentials act for
    may_administer: bool = False  # may be given the scope `setup_api`, which opens this org's admin API
    refresh_policies: tuple[RefreshPolicy, ...] = DEFAULT_REFRESH_POLICIES  # whichever ends first ends the family
    refresh_exception_reason: str = ""  # why a refresh token may live until it is revoked (X-RT-08)
    refresh_exception_until: datetime | None = None  # and until when that exception holds; then the defaults apply again
    refresh_grace_seconds: int = 10  # how long a retry of a lost rotation gets the same successor; 0: not at all
    authorization_code_seconds: int | None = None  # None: 60
    ip_ranges: tuple[Range, ...] = ()  # from where the app may be used at all; none: from anywhere that its users may come from
    refresh_ranges: tuple[Range, ...] = ()  # from where alone a refresh token may be presented, whatever is relaxed; none: no such list
    monitored_ranges: tuple[Range, ...] = ()  # as `ip_ranges`, but what they would refuse is only recorded
    requirement: Requirement = NOTHING_REQUIRED  # how sure a sign-in must make us before the app gets anything
    max_grants_per_user: int | None = None  # None: 20, or 5 in the salesforce dialect

    def refresh_policies_in_force(self, now: datetime) -> tuple[RefreshPolicy, ...]:
        """The refresh token policies at this moment. Where there are none, and where the exception from them lacks its reason or its end,
        or has run out, the defaults stand: without them a refresh token would never end (X-RT-08)."""
        until = self.refresh_exception_until
        excepted = self.refresh_exception_reason != "" and until is not None and now < until
        for_ever = any(policy.kind == "until_revoked" for policy in self.refresh_policies)
        return self.refresh_policies if self.refresh_policies and (excepted or not for_ever) else DEFAULT_REFRESH_POLICIES
