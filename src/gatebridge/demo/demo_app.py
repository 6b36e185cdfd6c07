"""An app of the demo, as a client needs it and as `var/demo.json` keeps it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DemoApp:
    """What a client has to know to be this app."""

    app_id: str
    name: str
    flow: str
    key: str
    secret: str | None = field(repr=False)
    callback: str | None = None
    key_file: str | None = None
    cert_file: str | None = None
