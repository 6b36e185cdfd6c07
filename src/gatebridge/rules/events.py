"""The names of what happens in setup, as `source:subject:action`: one event, one name, for ever.

The audit trail holds them, admins filter and alert by them, and receivers outside match on them. A name may be added, never changed.
"""

from enum import StrEnum


class Event(StrEnum):
    """What a setup verb did. The action is in the past: an event is written together with what it tells, in one transaction."""

    FIRST_ADMIN_CREATED = "setup:first_admin:created"
    BACKUP_RESTORED = "setup:backup:restored"
    MASTER_KEY_RESEALED = "setup:master_key:resealed"
    RECORD_EXPORTED = "setup:record:exported"

    ORG_CREATED = "setup:org:created"
    ORG_EDITED = "setup:org:edited"

    USER_CREATED = "setup:user:created"
    USER_INVITED = "setup:user:invited"
    USER_EDITED = "setup:user:edited"
    USER_DEACTIVATED = "setup:user:deactivated"
    USER_ACTIVATED = "setup:user:activated"
    USER_FROZEN = "setup:user:frozen"
    USER_UNFROZEN = "setup:user:unfrozen"
    USER_PASSWORD_SET = "setup:user:password_set"
    USER_PASSWORD_CHANGED = "setup:user:password_changed"  # by the user, who knew the old one
    USER_PASSWORD_LINK_SENT = "setup:user:password_link_sent"  # by an admin, for choosing a new one
    USER_PASSWORD_RESET = "setup:user:password_reset"  # by the user, through a link in a mail

    PROFILE_CREATED = "setup:profile:created"
    PROFILE_EDITED = "setup:profile:edited"
    PROFILE_DELETED = "setup:profile:deleted"

    PERMISSION_SET_CREATED = "setup:permission_set:created"
    PERMISSION_SET_EDITED = "setup:permission_set:edited"
    PERMISSION_SET_DELETED = "setup:permission_set:deleted"
    PERMISSION_SET_ASSIGNED = "setup:permission_set:assigned"
    PERMISSION_SET_UNASSIGNED = "setup:permission_set:unassigned"

    CUSTOM_PERMISSION_CREATED = "setup:custom_permission:created"
    CUSTOM_PERMISSION_EDITED = "setup:custom_permission:edited"
    CUSTOM_PERMISSION_DELETED = "setup:custom_permission:deleted"
    CUSTOM_PERMISSION_ASSIGNED = "setup:custom_permission:assigned"  # to a profile or permission set, which gives it from then on
    CUSTOM_PERMISSION_UNASSIGNED = "setup:custom_permission:unassigned"

    APP_CREATED = "setup:app:created"
    APP_EDITED = "setup:app:edited"  # its identity: label, contact, purpose
    APP_SETTINGS_EDITED = "setup:app:settings_edited"
    APP_POLICIES_EDITED = "setup:app:policies_edited"
    APP_ACCESS_ASSIGNED = "setup:app:access_assigned"
    APP_ACCESS_REMOVED = "setup:app:access_removed"
    APP_OWNERSHIP_TRANSFERRED = "setup:app:ownership_transferred"
    APP_INSTALLED = "setup:app:installed"
    APP_UNINSTALLED = "setup:app:uninstalled"
    APP_USE_APPROVED = "setup:app:use_approved"  # of one that is not installed, by somebody who may, for oneself
    APP_BLOCKED = "setup:app:blocked"
    APP_UNBLOCKED = "setup:app:unblocked"
    APP_CONTAINED = "setup:app:contained"  # for an incident: blocked, and what else that took stands in lines of its own before it
    APP_DELETED = "setup:app:deleted"
    APP_RESTORED = "setup:app:restored"
    APP_LOGO_SET = "setup:app:logo_set"

    ACCESS_REQUEST_OPENED = "setup:access_request:opened"  # in words, by a user; an attempt is counted and has its history line
    ACCESS_REQUEST_APPROVED = "setup:access_request:approved"
    ACCESS_REQUEST_REFUSED = "setup:access_request:refused"
    ACCESS_REQUEST_BLOCKED = "setup:access_request:blocked"

    ODD_THING_REPORTED = "setup:odd_thing:reported"  # by a user, about an app, a device or a page

    LOOSENING_ACCEPTED = "setup:loosening:accepted"
    LOOSENING_DROPPED = "setup:loosening:dropped"  # nobody answers for the exposure any more, which stands
    LOOSENING_ENDED = "setup:loosening:ended"  # by the house: closed, left to people, or mended before

    SECRET_CREATED = "setup:secret:created"
    SECRET_ROTATED = "setup:secret:rotated"
    SECRET_RETIRED = "setup:secret:retired"
    CERTIFICATE_ADDED = "setup:certificate:added"
    CERTIFICATE_RETIRED = "setup:certificate:retired"
    CERTIFICATE_KEY_EXPOSED = "setup:certificate:key_exposed"  # a private key was sent; it was refused and counts as compromised

    TRY_STARTED = "setup:try:started"  # a run of Try it, with a credential of its own
    TRY_ENDED = "setup:try:ended"

    # The five revokes, from the smallest to the largest that each ends.
    TOKEN_REVOKED = "setup:token:revoked"
    GRANT_REVOKED = "setup:grant:revoked"
    USER_OF_APP_REVOKED = "setup:user_of_app:revoked"
    APP_ACCESS_REVOKED = "setup:app_access:revoked"  # everything that anybody has of one app
    USER_ACCESS_REVOKED = "setup:user_access:revoked"  # everything that one user has of any app

    # What a user ends of the own account, and an admin of others'.
    APPROVAL_REVOKED = "setup:approval:revoked"  # the app is asked about anew
    SESSION_ENDED = "setup:session:ended"
    USER_SESSIONS_ENDED = "setup:user_sessions:ended"  # every one of a user, by an admin

    # Second factors, by the user, or for the user by an admin.
    FACTOR_ADDED = "setup:factor:added"
    FACTOR_REMOVED = "setup:factor:removed"
    RECOVERY_CODES_CREATED = "setup:recovery_codes:created"  # ten new ones, and none from before works
    BROWSERS_DEACTIVATED = "setup:browsers:deactivated"  # none counts as the user's any more

    SIGNING_KEY_CREATED = "setup:signing_key:created"
    SIGNING_KEY_RETIRED = "setup:signing_key:retired"

    # What the worker does with the login history.
    LOGIN_HISTORY_SEALED = "house:login_history:sealed"  # an hour of it
    LOGIN_HISTORY_EXPIRED = "house:login_history:expired"  # what had been kept for long enough was removed

    @property
    def source(self) -> str:
        """Where it happened: `setup` is a setup verb, whichever door it was called from; `house` is the worker."""
        return self.split(":")[0]

    @property
    def subject(self) -> str:
        """What kind of thing it happened to."""
        return self.split(":")[1]

    @property
    def action(self) -> str:
        """What happened, in the past."""
        return self.split(":")[2]
