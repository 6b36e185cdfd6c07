"""What is typed for each of Salesforce's clients: whole, quoted, and without a secret."""

import ast
import itertools
import json
import shlex
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.test_client_guides import EVERY_WAY, way_of

from gatebridge.rules import client_settings, client_steps
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.apps import PLATFORM_CLI
from gatebridge.rules.client_guides import GuidedClient, Way
from gatebridge.rules.client_values import NO_CALLBACK, NO_KEY, NO_USER, Language, Step, Values

KNOWN = Values("https://acme.my.salesforce.com", "gbk_key", "ada@acme.example", "https://portal.example/callback")


def code_of(steps: tuple[Step, ...]) -> str:
    return "\n".join(step.code for step in steps)


def read_by_a_shell(code: str) -> list[str]:
    return shlex.split(code.replace("\\\n", " "))


@pytest.mark.parametrize(("client", "way"), EVERY_WAY)
def test_every_way_has_steps_with_the_orgs_own_values(client: GuidedClient, way: Way) -> None:
    code = code_of(client_steps.steps(client, way, KNOWN))
    assert "gbk_key" in code
    assert ("ada@acme.example" in code) is way.signs
    assert "acme.my" in code
    for word in (NO_KEY, NO_USER, NO_CALLBACK, "DOMAIN"):
        assert word not in code.replace("CLIENT_SECRET", "")


@pytest.mark.parametrize(("client", "way"), EVERY_WAY)
def test_what_is_not_known_is_for_the_reader_to_fill_in(client: GuidedClient, way: Way) -> None:
    code = code_of(client_steps.steps(client, way, Values("http://localhost:8080")))
    assert NO_KEY in code


@pytest.mark.parametrize(("client", "way"), EVERY_WAY)
def test_every_step_can_be_read_in_its_language(client: GuidedClient, way: Way) -> None:
    steps = client_steps.steps(client, way, KNOWN)
    for step in steps:
        assert step.words.endswith(".")
        if step.language is Language.SHELL:
            assert read_by_a_shell(step.code)
    ast.parse("\n".join(step.code for step in steps if step.language is Language.PYTHON))


@pytest.mark.parametrize(("client", "way"), EVERY_WAY)
def test_an_app_is_registered_for_the_way_and_let_in(client: GuidedClient, way: Way) -> None:
    first, *more = client_steps.registration(client, way).code.replace("\\\n", " ").split("\n")
    assert first.startswith("openssl req ") is way.signs
    if way.signs:
        first, *more = more
    words = shlex.split(first)
    said = dict(itertools.pairwise(words))
    assert words[:3] == ["gatebridge", "apps", "create"]
    assert client_settings.way_of(said["--salesforce"]) is way
    assert ("--full-scope-reason" in said) is ("full" in way.scopes)
    assert ("--callback" in said) is (way.callback is None and Flow.WEB_SERVER in way.flows)
    assert more[-1] == "gatebridge access assign APP HOLDER"
    assert ("gatebridge certs add APP server.crt" in more) is way.signs
    assert ("gatebridge apps policies APP --run-as USER" in more) is not way.names_a_user


def test_the_salesforce_cli_names_no_app_where_it_comes_as_itself() -> None:
    for name in ("web", "auth-url"):
        way = way_of(GuidedClient.SF, name)
        own = code_of(client_steps.steps(GuidedClient.SF, way, Values("https://acme.example", PLATFORM_CLI)))
        assert PLATFORM_CLI not in own
        other = code_of(client_steps.steps(GuidedClient.SF, way, KNOWN))
        assert "--client-id gbk_key" in other or "--app gbk_key" in other


@pytest.mark.parametrize(("client", "way"), [each for each in EVERY_WAY if each.values[1].signs])  # type: ignore[union-attr]
def test_a_key_is_made_where_the_app_has_no_certificate_yet(client: GuidedClient, way: Way) -> None:
    uncertified = Values("https://acme.my.salesforce.com", "gbk_key", certified=False)
    first = client_steps.steps(client, way, uncertified)[0]
    assert first.code.startswith("openssl req ")
    assert first not in client_steps.steps(client, way, KNOWN)


def test_jsforce_brings_a_secret_only_where_there_is_one() -> None:
    way = way_of(GuidedClient.JSFORCE, "web")
    assert "clientSecret: process.env.CLIENT_SECRET" in code_of(client_steps.steps(GuidedClient.JSFORCE, way, KNOWN))
    public = Values(KNOWN.issuer, KNOWN.consumer_key, secret=False)
    assert "clientSecret" not in code_of(client_steps.steps(GuidedClient.JSFORCE, way, public))


@pytest.mark.parametrize(("client", "way"), EVERY_WAY)
@given(name=st.text(string.printable, min_size=1, max_size=20))
def test_no_value_gets_out_of_where_it_stands(client: GuidedClient, way: Way, name: str) -> None:
    """A username is whatever somebody registered: quotation marks, dollar signs and line ends among it."""
    for step in client_steps.steps(client, way, Values("https://acme.my.salesforce.com", name, name, name)):
        if step.language is Language.PYTHON:
            texts = {each.value for each in ast.walk(ast.parse(step.code)) if isinstance(each, ast.Constant)}
            assert name in texts or json.dumps(name) not in step.code
        elif step.language is Language.SHELL and shlex.quote(name) in step.code:
            words = read_by_a_shell(step.code) if "\\" not in name else shlex.split(step.code)
            assert any(name in word or json.dumps(name) in word for word in words)
