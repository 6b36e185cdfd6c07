"""How an app gets its first token, as something to paste: for curl, in Python, in JavaScript, and for the Salesforce CLI.

Each piece runs as it stands. What is secret is asked for or read from the environment, so that nothing that is copied from here holds a
secret of anybody's (X-SX-03); a key stays in the file `server.key`, in which `client_values.NEW_KEY` makes one.
"""

from dataclasses import dataclass
from typing import Literal

from gatebridge.rules import first_token_javascript, first_token_python, first_token_shell
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.client_guides import SF_CALLBACK, WAYS, GuidedClient
from gatebridge.rules.client_steps import steps
from gatebridge.rules.client_values import Values
from gatebridge.rules.first_token_caller import Caller

__all__ = ["Caller", "Language", "Piece", "in_code"]

Language = Literal["curl", "Python", "JavaScript", "Salesforce CLI"]


@dataclass(frozen=True, slots=True)
class Piece:
    """One way to get a token: what it is written for, a sentence about how to run it, and the text."""

    language: Language
    words: str
    code: str


def in_code(caller: Caller) -> tuple[Piece, ...]:
    """Every way that there is for this app, the shortest first."""
    found = [
        Piece("Python", _SAVED, first_token_python.write(caller)),
        Piece("JavaScript", _IN_PAGE if caller.in_page and caller.flow is Flow.WEB_SERVER else _NODE, first_token_javascript.write(caller)),
    ]
    if caller.signs_as_openssl_does:
        found.insert(0, Piece("curl", _TERMINAL, first_token_shell.write(caller)))
    way = _of_salesforce_cli(caller)
    if way:
        found.append(Piece("Salesforce CLI", _TERMINAL, _with_salesforce_cli(caller, way)))
    return tuple(found)


_TERMINAL = "Paste it into a terminal (bash or zsh)."
_SAVED = "Save it as first_token.py, and run it."
_NODE = "Save it as first_token.mjs, and run it with Node 18 or newer."
_IN_PAGE = "Put it into a page at the callback, as a module; it signs in and comes back to itself."


def _of_salesforce_cli(caller: Caller) -> str:
    """The name of the way in which the CLI can sign in with this app; empty for none."""
    if not caller.salesforce:
        return ""
    if caller.flow is Flow.JWT_BEARER and caller.algorithm == "RS256":
        return "jwt"
    return "web" if caller.flow is Flow.WEB_SERVER and caller.callback == SF_CALLBACK and caller.proof != "key" else ""


def _with_salesforce_cli(caller: Caller, name: str) -> str:
    way = next(each for each in WAYS[GuidedClient.SF] if each.name == name)
    values = Values(caller.issuer, caller.consumer_key, caller.username, caller.callback, secret=caller.proof == "secret")
    return "\n".join(f"# {step.words}\n{step.code}" for step in steps(GuidedClient.SF, way, values)) + "\n"
