"""What lies with the people and keys behind an app: its owner, its secrets, its certificates. Its owning org alone knows of them."""

from datetime import datetime, timedelta

from gatebridge.rules.app_checks import takes_secrets
from gatebridge.rules.app_settings import ClientAuthMethod, Flow
from gatebridge.rules.exposed.kinds import Found, Kind, Subject
from gatebridge.rules.people import UserState

OLD = timedelta(days=365)
SOON = timedelta(days=30)


def _no_owner(subject: Subject) -> Found | None:
    if not subject.own:
        return None
    owner = subject.owner
    if owner is None:
        return Found("Nobody owns the app.", "nobody")
    if owner.frozen:
        return Found(f"The owner, {owner.name}, is frozen.", "frozen")
    if owner.state is not UserState.ACTIVE:
        return Found(f"The owner, {owner.name}, is {owner.state}.", owner.state)
    return None


def _secret_in_browser(subject: Subject) -> Found | None:
    shown = [secret for secret in subject.secrets if secret.live(subject.now) and secret.id in subject.in_pages]
    if not shown:
        return None
    named = ", ".join(secret.name for secret in shown)
    return Found(f"A page in a browser has presented a secret: {named}", " ".join(sorted(secret.id for secret in shown)))


def _old_secret(subject: Subject) -> Found | None:
    old = [secret for secret in subject.secrets if secret.live(subject.now) and subject.now - secret.created_at > OLD]
    if not old:
        return None
    since = min(secret.created_at for secret in old)
    named = ", ".join(secret.name for secret in old)
    return Found(f"A secret has not been changed since {_day(since)}: {named}", " ".join(sorted(secret.id for secret in old)))


def _secret_expiring(subject: Subject) -> Found | None:
    if not takes_secrets(subject.settings):
        return None
    live = [secret.expires_at for secret in subject.secrets if secret.live(subject.now)]
    ends = [end for end in live if end is not None]
    if not live or len(ends) < len(live) or max(ends) > subject.now + SOON:
        return None
    return Found(f"The last secret of the app ends on {_day(max(ends))}.", _day(max(ends)))


def _certificate_expiring(subject: Subject) -> Found | None:
    by_key = ClientAuthMethod.PRIVATE_KEY_JWT in subject.settings.auth_methods or Flow.JWT_BEARER in subject.settings.flows
    ends = [certificate.not_after for certificate in subject.certificates if certificate.live(subject.now)]
    if not by_key or not ends or max(ends) > subject.now + SOON:
        return None
    return Found(f"The last certificate of the app ends on {_day(max(ends))}.", _day(max(ends)))


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")


BY_CREDENTIALS = (
    Kind(
        "no_owner",
        2,
        "app.owner_id",
        _no_owner,
        why="Nobody is told when it is refused, when its secret ends or when it was stolen, and nobody can say whether it is still needed.",
        smaller="Give the app to somebody who answers for it.",
        command="gatebridge apps owner {app} --to USER",
    ),
    Kind(
        "secret_in_browser",
        4,
        "secrets",
        _secret_in_browser,
        why="Whoever opens the page can read the secret, and be the app.",
        smaller="Make the app public, with PKCE; or let its server ask for the tokens. Then retire the secret.",
        command="gatebridge apps settings {app} --auth-method none --pkce",
    ),
    Kind(
        "old_secret",
        2,
        "secrets",
        _old_secret,
        why="Everybody who ever saw the secret, left the company or kept a backup of it still has it.",
        smaller="Rotate it; the old one lives on for as long as the client needs.",
        command="gatebridge secrets rotate {app}",
    ),
    Kind(
        "secret_expiring",
        1,
        "secrets",
        _secret_expiring,
        why="From then on the app is refused.",
        smaller="Rotate it in time, so that both work until the client has the new one.",
        command="gatebridge secrets rotate {app}",
    ),
    Kind(
        "certificate_expiring",
        1,
        "certificates",
        _certificate_expiring,
        why="From then on no assertion of the app is believed.",
        smaller="Add the next certificate now, beside the one that ends.",
        command="gatebridge certs add {app} FILE",
    ),
)
