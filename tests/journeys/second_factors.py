"""What people need for second factors in a real browser: an address that passkeys may belong to, a mailbox, an app, a security key."""

import re
from collections.abc import Mapping
from dataclasses import replace
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pyotp
from playwright.sync_api import CDPSession, Page
from tests.journeys.installation import Installation, new_installation, wait_until

# A key of the platform that keeps passkeys, and that finds its user present and verified, as a finger would.
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def installation_at_localhost(directory: Path) -> Installation:
    """An installation whose org is at a name: to an address of numbers no passkey belongs (WebAuthn, "valid domain")."""
    made = new_installation(directory)
    base_url = made.base_url.replace("127.0.0.1", "localhost")
    return replace(made, base_url=base_url, settings=dict(made.settings) | {"GATEBRIDGE_BASE_URL": base_url})


def security_key(page: Page, **changed: object) -> tuple[CDPSession, str]:
    """Plug a virtual authenticator into the browser of this page."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    made: Mapping[str, Any] = session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR | changed})
    return session, str(made["authenticatorId"])


def mailed_code(installation: Installation, to: str, read: set[Path]) -> str:
    """The code in the mail that comes next; what was read before is left alone."""
    found: list[str] = []

    def came() -> bool:
        for path in sorted(set((installation.var / "mail").glob("*.eml")) - read):
            message = message_from_bytes(path.read_bytes(), policy=policy.default)
            body = message.get_body()
            code = re.search(r"^ {4}(\d{8})\r?$", body.get_content() if body is not None else "", re.MULTILINE)
            read.add(path)
            if message["to"] == to and code is not None:
                found.append(code[1])
        return bool(found)

    wait_until(came, f"a mail with a code to {to}")
    return found[-1]


def secret_on(page: Page) -> str:
    """The secret of an authenticator app as the page shows it for typing."""
    return re.sub(r"\s", "", page.locator("#secret").inner_text())


def code_of(secret: str) -> str:
    return pyotp.TOTP(secret).now()


def wrong_code(secret: str) -> str:
    """Six digits that the app does not show around now."""
    app = pyotp.TOTP(secret)
    return next(digits for digits in (f"{number:06}" for number in range(100)) if not app.verify(digits, valid_window=3))
