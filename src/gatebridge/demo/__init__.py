"""The demo: an org with people, apps and real traffic, made through the setup verbs and the real flows, never by inserted rows."""

from gatebridge.demo.run import run

__all__ = ["run"]
