"""Structured logs: one object a line, without any secret, and without a character that could forge a line or drive a terminal."""

import logging
import re
import sys
import traceback
import unicodedata
from collections.abc import MutableMapping
from typing import TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from gatebridge.rules import audit

HIDDEN = "***"

# Fields that hold a secret under a name that does not say so.
SECRET_FIELDS = frozenset({"authorization", "cookie", "assertion", "body", "query", "code", "state"})

# What is recognisably a secret is hidden wherever it stands, in an error's message too: whatever we hand out but the consumer key, gbk_,
# and any JWT.
SECRET_SHAPES = re.compile(
    r"gb[a-jl-z]_[0-9A-Za-z_]{8,}|[0-9A-Za-z]{15}![0-9A-Za-z._]{8,}|eyJ[\w-]{8,}\.[\w-]*\.?[\w-]*"
    r"|(?i:(?:bearer|basic) +[\w.~+/=-]{6,})|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*"
)
LONGEST_TEXT = 8_192


def visible(text: str) -> str:
    """The text with every control, format and line-breaking character spelled out (X-XS-06)."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if _is_plain(character) else _spelled(character) for character in text)


def _is_plain(character: str) -> bool:
    # Cc: control; Cf: format, the bidirectional ones among them; Cs: halves of pairs; Zl, Zp: line ends that are no "\n".
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn")


def _spelled(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def without_secrets(text: str) -> str:
    """The text with everything hidden that looks like a secret."""
    return SECRET_SHAPES.sub(HIDDEN, text)


def clean(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Hide secrets and spell out what is no plain character, in every field, at any depth."""
    return {str(name): _cleaned(str(name), value) for name, value in event.items()}


def _cleaned(name: str, value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if name.lower() in SECRET_FIELDS or audit.is_secret(name):
        return HIDDEN
    if isinstance(value, MutableMapping):
        return {visible(str(key)): _cleaned(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_cleaned("", item) for item in value]
    return visible(without_secrets(str(value)[:LONGEST_TEXT]))


def with_traceback(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """An error as its type, its message and where it went through: never its local variables, which hold what was sent (X-SX-02)."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"] = type(error).__qualname__
        event["error_text"] = str(error)
        event["went_through"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
        cause = error.__cause__ or error.__context__
        if cause is not None:
            event["cause"] = f"{type(cause).__qualname__}: {cause}"
    return event


def configure(level: str, form: str, stream: TextIO | None = None) -> None:
    """Send every log line of this process, the libraries' included, to `stream` (standard error), as `json` or `console`."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        with_traceback,
        clean,
    ]
    renderer: Processor = structlog.processors.JSONRenderer()
    if form == "console":
        renderer = structlog.dev.ConsoleRenderer(colors=False, timestamp_key="at")
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # The server's own access lines show the query string; ours do not.
    logging.getLogger("uvicorn.access").disabled = True
    # These tell of their own steps, and not of ours.
    for name in ("alembic", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
