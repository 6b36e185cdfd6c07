"""Each setting of the server: its name, default, check, and one sentence."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from gatebridge.settings import checks
from gatebridge.settings.checks import Network

PREFIX = "GATEBRIDGE_"

PAGE_HEAD = """# Settings

A setting comes from its variable in the environment, or else from the TOML file that `GATEBRIDGE_SETTINGS_FILE` names (there without the
prefix and in lower case: `listen_port = 8080`), or else it has its default. A name that is not listed here stops the start. Times are in
seconds, sizes in bytes. A settings file that holds a secret must be readable by its owner only.
"""


class Settings(BaseModel):
    """The settings of one process, checked. Paths are relative to the directory the server is started in; times are in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    environment: Literal["development", "production"] = Field(
        "development", description="In production nothing is invented: a master key must be given, and logs are JSON."
    )
    listen_host: str = Field("127.0.0.1", min_length=1, description="The address that the server listens on.")
    listen_port: int = Field(8080, ge=1, le=65535, description="The port that the server listens on; PORT is read when this is not set.")
    base_url: Annotated[str, AfterValidator(checks.base_url)] = Field(
        default_factory=lambda others: f"http://localhost:{others.get('listen_port', 8080)}",
        description="The address of the first org as its users see it, and its issuer: https, or http on this machine only.",
        json_schema_extra={"shown": "http://localhost:<listen_port>"},
    )
    trusted_proxies: Annotated[tuple[Network, ...], BeforeValidator(checks.networks)] = Field(
        (), description="Networks (CIDR, comma-separated) of the proxies whose X-Forwarded-* headers are believed; no one else's are."
    )
    var_directory: Path = Field(Path("var"), description="Where the server keeps its files unless another setting says otherwise.")
    database_url: Annotated[str, AfterValidator(checks.database_url)] = Field(
        default_factory=lambda others: f"sqlite:///{others.get('var_directory', 'var')}/gatebridge.db",
        repr=False,
        description="The database: sqlite:///path.db, or postgresql://user:password@host/database.",
        json_schema_extra={"shown": "sqlite:///<var_directory>/gatebridge.db", "secret": True},
    )
    database_pool_size: int = Field(8, ge=2, le=200, description="Connections that this process may hold open to PostgreSQL.")
    database_timeout_seconds: float = Field(
        5, gt=0, le=60, description="How long a request waits for a connection or a lock before it is answered with 503."
    )
    statement_timeout_seconds: float = Field(10, gt=0, le=600, description="How long one statement may take on PostgreSQL.")
    turnstile_workers: int = Field(2, ge=1, le=64, description="So many workers write token requests on PostgreSQL; SQLite has one.")
    turnstile_batch: int = Field(64, ge=1, le=1000, description="At most so many waiting token requests share one transaction.")
    request_queue_limit: int = Field(
        1024, ge=1, le=100_000, description="At most so many token requests wait; one more is answered with 503 and Retry-After."
    )
    master_key: SecretStr | None = Field(
        None,
        repr=False,
        description="The key that seals what must be readable again: 32 random bytes in base64.",
        json_schema_extra={"secret": True},
    )
    master_key_file: Path | None = Field(
        None,
        description="A file that holds the master key, readable by its owner only. In development it is made where neither is given.",
        json_schema_extra={"shown": "<var_directory>/master.key in development, none in production"},
    )
    older_master_keys: Annotated[tuple[SecretStr, ...], BeforeValidator(checks.separated)] = Field(
        (),
        repr=False,
        description="Former master keys (comma-separated) that still open what was sealed under them.",
        json_schema_extra={"secret": True},
    )
    audit_heads_file: Path = Field(
        default_factory=lambda others: Path(others.get("var_directory", "var")) / "audit-heads.log",
        description="Where the heads of the audit chain are written, outside the database; best on another disk.",
        json_schema_extra={"shown": "<var_directory>/audit-heads.log"},
    )
    login_history_days: int = Field(
        180,
        ge=30,
        le=36_500,
        description="For so many days login history and receipts are kept; then they are removed, and the trail says so.",
    )
    mail_directory: Path = Field(
        default_factory=lambda others: Path(others.get("var_directory", "var")) / "mail",
        description="Where outgoing mail is written as files while no smtp_host is set.",
        json_schema_extra={"shown": "<var_directory>/mail"},
    )
    mail_from: Annotated[str, AfterValidator(checks.sender)] = Field(
        default_factory=lambda others: f"Gatebridge <gatebridge@{urlsplit(others.get('base_url', '')).hostname or 'localhost'}>",
        description="The sender of outgoing mail: an address, or a name with the address in angle brackets.",
        json_schema_extra={"shown": "Gatebridge <gatebridge@host of base_url>"},
    )
    smtp_host: str | None = Field(None, min_length=1, description="The mail server that outgoing mail is handed to.")
    smtp_security: Literal["none", "starttls", "tls"] = Field(
        "starttls", description="How the way to the mail server is protected: tls from the first byte, starttls, or none."
    )
    smtp_port: int = Field(
        default_factory=lambda others: {"none": 25, "tls": 465}.get(others.get("smtp_security", ""), 587),
        ge=1,
        le=65535,
        description="The port of the mail server.",
        json_schema_extra={"shown": "587 with starttls, 465 with tls, 25 with none"},
    )
    smtp_password: SecretStr | None = Field(
        None, repr=False, description="The password at the mail server.", json_schema_extra={"secret": True}
    )
    smtp_username: Annotated[str | None, AfterValidator(checks.mail_credentials)] = Field(
        None, min_length=1, description="The user at the mail server, where it asks for one; then smtp_password is needed too."
    )
    outbound_networks: Annotated[tuple[Network, ...], BeforeValidator(checks.networks)] = Field(
        (),
        description="Private networks (CIDR, comma-separated) of your own in which apps may be told of logouts; public ones always may.",
    )
    max_body_bytes: int = Field(65_536, ge=1024, le=1_048_576, description="The largest body that the OAuth endpoints read.")
    max_admin_body_bytes: int = Field(1_048_576, ge=65_536, le=16_777_216, description="The largest body that the admin API reads.")
    max_header_bytes: int = Field(16_384, ge=4096, le=131_072, description="The largest request line and headers, together.")
    graceful_stop_seconds: float = Field(20, ge=0, le=600, description="How long a stop waits for requests that have begun.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least important lines that are logged.")
    log_format: Literal["json", "console"] = Field(
        default_factory=lambda others: "json" if others.get("environment") == "production" else "console",
        description="One JSON object per line for machines, or aligned columns for people.",
        json_schema_extra={"shown": "json in production, console in development"},
    )

    @property
    def make_master_key_at(self) -> Path | None:
        """Where a master key is made when none is given; None in production, where none is ever made."""
        return self.var_directory / "master.key" if self.environment == "development" else None


@dataclass(frozen=True, slots=True)
class Setting:
    """One line of the list of settings, for the documentation and for `gatebridge doctor`."""

    name: str
    variable: str
    default: str
    sentence: str
    secret: bool  # true: its value is never shown


def describe() -> list[Setting]:
    """Every setting there is, in the order in which they are best read."""
    lines = []
    for name, info in Settings.model_fields.items():
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        default = extra.get("shown") or ("none" if info.default in (None, ()) else str(info.default))
        lines.append(Setting(name, PREFIX + name.upper(), str(default), info.description or "", bool(extra.get("secret"))))
    return lines


def as_markdown() -> str:
    """The page `docs/settings.md`, which a test keeps in step with this file."""
    rows = [f"| `{line.variable}` | `{line.default}` | {line.sentence} |" for line in describe()]
    return "\n".join([PAGE_HEAD, "| Variable | Default | What it is |", "|---|---|---|", *rows, ""])


def shown(settings: Settings) -> dict[str, str]:
    """The value of each setting in words, for `gatebridge doctor` and the first log line; a secret only says whether it is set."""
    words = {}
    for line in describe():
        value = getattr(settings, line.name)
        if line.name == "database_url":
            words[line.name] = value.partition("://")[0]  # the rest may hold a password
        elif value is None or value == ():
            words[line.name] = "none"
        elif line.secret:
            words[line.name] = "set"
        else:
            words[line.name] = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return words
