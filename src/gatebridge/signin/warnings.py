"""Mails that tell a user what happened with the account, so that whoever did not do it learns of it at once."""

from gatebridge.records import outbox
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import User
from gatebridge.signin.outcomes import Place
from gatebridge.storage.tx import Tx

MAIL = """Hello {name},

{what}

When: {when} UTC
From: {where}

If it was not you, choose a new password at {issuer}/forgot-password, look at {issuer}/me/security, and tell the admin of {org}.
"""


def tell(tx: Tx, org: Org, user: User, subject: str, what: str, where: str) -> None:
    """One mail to the user. `what` is a whole sentence and holds no secret."""
    when = tx.now.strftime("%Y-%m-%d %H:%M")
    text = MAIL.format(name=user.name, what=what, when=when, where=where or "not known", issuer=org.issuer, org=org.name)
    outbox.leave(tx, org.id, "mail", {"to": user.email, "subject": subject, "text": text})


def recovery_code_used(tx: Tx, org: Org, user: User, place: Place) -> None:
    what = f"somebody signed in as {user.username} at {org.name} with the password and a recovery code in place of a second factor."
    tell(tx, org, user, f"A recovery code was used at {org.name}", what, place.address)
