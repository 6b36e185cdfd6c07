"""The names of what happens in setup, as `source:subject:action`: one event, one name, for ever.

The audit trail holds them, admins filter and alert by them, and receivers outside match on them. A name may be added, never changed.
"""

from enum import StrEnum


class Event(StrEnum):
    """What a setup verb did. The action is in the past: an event is written together with what it tells, in one transaction."""

    FIRST_ADMIN_CREATED = "setup:first_admin:created"
    BACKUP_RESTORED = "setup:backup:restored"
    AUDIT_VERIFIED = "setup:audit:verified"
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
    USER_PASSWORD_RESET = "setup:user:password_reset"  # by the user, through a link in a mail

    PROFILE_CREATED = "setup:profile:created"
    PROFILE_EDITED = "setup:profile:edited"
    PROFILE_DELETED = "setup:profile:deleted"

    PERMISSION_SET_CREATED = "setup:permission_set:created"
    PERMISSION_SET_EDITED = "setup:permission_set:edited"
    PERMISSION_SET_DELETED = "setup:permission_set:deleted"
    PERMISSION_SET_ASSIGNED = "setup:permission_set:assigned"
    PERMISSION_SET_UNASSIGNED = "setup:permission_set:unassigned"

    APP_CREATED = "setup:app:created"
    APP_EDITED = "setup:app:edited"  # its identity: label, contact, purpose
    APP_SETTINGS_EDITED = "setup:app:settings_edited"
    APP_POLICIES_EDITED = "setup:app:policies_edited"
    APP_ACCESS_ASSIGNED = "setup:app:access_assigned"
    APP_ACCESS_REMOVED = "setup:app:access_removed"
    APP_OWNERSHIP_TRANSFERRED = "setup:app:ownership_transferred"
    APP_INSTALLED = "setup:app:installed"
    APP_UNINSTALLED = "setup:app:uninstalled"
    APP_BLOCKED = "setup:app:blocked"
    APP_UNBLOCKED = "setup:app:unblocked"
    APP_DELETED = "setup:app:deleted"
    APP_RESTORED = "setup:app:restored"
    APP_LOGO_SET = "setup:app:logo_set"

    SECRET_CREATED = "setup:secret:created"
    SECRET_ROTATED = "setup:secret:rotated"
    SECRET_RETIRED = "setup:secret:retired"
    CERTIFICATE_ADDED = "setup:certificate:added"
    CERTIFICATE_RETIRED = "setup:certificate:retired"
    CERTIFICATE_KEY_EXPOSED = "setup:certificate:key_exposed"  # a private key was sent; it was refused and counts as compromised

    # The five revokes, from the smallest to the largest that each ends.
    TOKEN_REVOKED = "setup:token:revoked"
    GRANT_REVOKED = "setup:grant:revoked"
    USER_OF_APP_REVOKED = "setup:user_of_app:revoked"
    APP_ACCESS_REVOKED = "setup:app_access:revoked"  # everything that anybody has of one app
    USER_ACCESS_REVOKED = "setup:user_access:revoked"  # everything that one user has of any app

    # What a user ends of the own account.
    APPROVAL_REVOKED = "setup:approval:revoked"  # the app is asked about anew
    SESSION_ENDED = "setup:session:ended"

    SIGNING_KEY_CREATED = "setup:signing_key:created"
    SIGNING_KEY_ACTIVATED = "setup:signing_key:activated"
    SIGNING_KEY_RETIRED = "setup:signing_key:retired"

    @property
    def source(self) -> str:
        """Where it happened: `setup` is a setup verb, whichever door it was called from."""
        return self.split(":")[0]

    @property
    def subject(self) -> str:
        """What kind of thing it happened to."""
        return self.split(":")[1]

    @property
    def action(self) -> str:
        """What happened, in the past."""
        return self.split(":")[2]
