"""Remembered consent: what a user has approved of an app, so that the same question is not asked twice."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Approval:
    """What one user has approved of one installed app, all approvals taken together."""

    id: str
    org_id: str
    installation_id: str
    user_id: str
    scopes: frozenset[str]
    callbacks: frozenset[str]  # the redirect URIs to which it was approved, as they were sent
    created_at: datetime
    renewed_at: datetime
