"""Mail through a mail server."""

import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from tests.delivery.mail_server import PASSWORD, USERNAME, MailServer, client_context, mail_server

from gatebridge.bootstrap import mailer
from gatebridge.crypto.secrets import Secret
from gatebridge.delivery.email import FileMailer, SmtpMailer
from gatebridge.rules.ids import long
from gatebridge.settings.load import load
from gatebridge.storage.outbox import Entry

LINK = "https://login.acme.example/reset-password?token=gbp_" + "a" * 49


def entry(**payload: object) -> Entry:
    said = {"to": "ada@example.com", "subject": "Hello", "text": f"Hello\n\n.\n{LINK}\n"} | payload
    return Entry("o", "0OB000000000001", "mail", said, datetime(2026, 3, 1, tzinfo=UTC), 0, "")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MailServer]:
    with mail_server(tmp_path) as running:
        yield running


def mailer_for(server: MailServer, tmp_path: Path, **said: Any) -> SmtpMailer:
    given: dict[str, Any] = {
        "host": "localhost",
        "port": server.port,
        "security": "starttls",
        "sender": "Gatebridge <no-reply@acme.example>",
    }
    return SmtpMailer(**given | {"context": client_context(tmp_path), "timeout_seconds": 5} | said)


def got(server: MailServer) -> EmailMessage:
    [raw] = server.mails
    return message_from_bytes(raw, policy=default)


def test_a_mail_arrives_as_it_was_left(server: MailServer, tmp_path: Path) -> None:
    mailer_for(server, tmp_path).deliver(entry(subject="Größe"))
    mail = got(server)
    assert (mail["From"], mail["To"], mail["Subject"]) == ("Gatebridge <no-reply@acme.example>", "ada@example.com", "Größe")
    assert mail["Message-ID"] == f"<{long('0OB000000000001')}@acme.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().replace("\r\n", "\n") == f"Hello\n\n.\n{LINK}\n"
    assert (server.senders[0].partition(" ")[0], server.recipients) == ("FROM:<no-reply@acme.example>", ["TO:<ada@example.com>"])
    assert LINK.encode() in server.mails[0]  # in one piece, for whoever reads it as it is


def test_letters_of_any_script_arrive(server: MailServer, tmp_path: Path) -> None:
    mailer_for(server, tmp_path).deliver(entry(text="Hello Inés, 你好\n"))
    assert got(server).get_content().strip() == "Hello Inés, 你好"


def test_starttls_protects_everything_but_the_greeting(server: MailServer, tmp_path: Path) -> None:
    mailer_for(server, tmp_path, username=USERNAME, password=Secret(PASSWORD)).deliver(entry())
    assert server.commands[:2] == ["EHLO", "STARTTLS"]
    assert all(word.startswith("+") for word in server.commands[2:])
    assert server.credentials == [(USERNAME, PASSWORD)]


def test_starttls_that_is_not_offered_is_not_left_out(tmp_path: Path) -> None:
    with mail_server(tmp_path, offers_starttls=False) as server:
        with pytest.raises(smtplib.SMTPNotSupportedError):
            mailer_for(server, tmp_path, username=USERNAME, password=Secret(PASSWORD)).deliver(entry())
        assert (server.mails, server.credentials) == ([], [])


def test_tls_protects_from_the_first_byte(tmp_path: Path) -> None:
    with mail_server(tmp_path, implicit_tls=True) as server:
        mailer_for(server, tmp_path, security="tls").deliver(entry())
        assert all(word.startswith("+") for word in server.commands)
        assert len(server.mails) == 1


def test_without_protection_mail_goes_to_a_neighbour(tmp_path: Path) -> None:
    with mail_server(tmp_path, offers_starttls=False) as server:
        mailer_for(server, tmp_path, security="none").deliver(entry())
        assert len(server.mails) == 1


@pytest.mark.parametrize(("security", "implicit"), [("starttls", False), ("tls", True)])
def test_a_server_that_cannot_prove_its_name_gets_nothing(tmp_path: Path, security: str, implicit: bool) -> None:
    with mail_server(tmp_path, implicit_tls=implicit) as server:
        with pytest.raises(ssl.SSLCertVerificationError):
            mailer_for(server, tmp_path, security=security, context=ssl.create_default_context()).deliver(entry())
        assert server.mails == []


def test_a_wrong_password_is_an_error_that_does_not_tell_it(server: MailServer, tmp_path: Path) -> None:
    wrong = mailer_for(server, tmp_path, username=USERNAME, password=Secret("another secret"))
    with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
        wrong.deliver(entry())
    assert "another secret" not in str(caught.value)
    assert "another secret" not in repr(wrong)
    assert server.mails == []


def test_a_server_that_takes_nothing_now_is_an_error_and_the_next_mail_is_tried(tmp_path: Path) -> None:
    with mail_server(tmp_path, refuses=True) as server:
        tried = mailer_for(server, tmp_path)
        for _ in range(2):
            with pytest.raises(smtplib.SMTPSenderRefused):
                tried.deliver(entry())
        assert server.commands.count("+MAIL") == 2


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_a_server_that_is_away_is_left_alone_for_a_while() -> None:
    moment = [0.0]
    tick: Callable[[], float] = lambda: moment[0]  # noqa: E731 - one line is enough
    away = SmtpMailer(host="127.0.0.1", port=closed_port(), security="none", monotonic=tick, rest_seconds=30)
    with pytest.raises(ConnectionRefusedError):
        away.deliver(entry())
    moment[0] = 29.0
    with pytest.raises(ConnectionError, match="a moment ago"):
        away.deliver(entry())
    moment[0] = 30.0
    with pytest.raises(ConnectionRefusedError):
        away.deliver(entry())


@pytest.mark.parametrize("place", ["to", "subject"])
def test_a_line_end_adds_no_header_and_no_recipient(server: MailServer, tmp_path: Path, place: str) -> None:
    with pytest.raises(ValueError, match="linefeed"):
        mailer_for(server, tmp_path).deliver(entry(**{place: "a@example.com\r\nBcc: eve@example.com"}))
    assert server.commands == []


def test_mail_is_written_as_files_until_a_server_is_named(tmp_path: Path) -> None:
    settings = load({"GATEBRIDGE_MAIL_DIRECTORY": str(tmp_path), "GATEBRIDGE_BASE_URL": "https://id.acme.example"})
    assert mailer(settings) == FileMailer(tmp_path, "Gatebridge <gatebridge@id.acme.example>")


def test_the_settings_become_a_mailer() -> None:
    settings = load(
        {
            "GATEBRIDGE_SMTP_HOST": "mail.example",
            "GATEBRIDGE_SMTP_USERNAME": "gatebridge",
            "GATEBRIDGE_SMTP_PASSWORD": "secret words",
            "GATEBRIDGE_MAIL_FROM": "no-reply@acme.example",
        }
    )
    made = mailer(settings)
    assert isinstance(made, SmtpMailer)
    assert (made.host, made.port, made.security, made.sender) == ("mail.example", 587, "starttls", "no-reply@acme.example")
    assert made.password == Secret("secret words")
    assert "secret words" not in repr(made) + repr(settings)
