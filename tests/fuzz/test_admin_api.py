"""The admin API under schemathesis: requests that fit its description and some that do not, at every address of it. No 500, ever."""

import itertools
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance
from tests.fuzz.administered import API, Administered, administered
from tests.fuzz.plausible import plausible
from tests.fuzz.requests import TIMES, bounded

# What is tried of each address: requests that fit the description of the API, and requests that do not.
POSITIVE, NEGATIVE = 2, 1

# The last words of addresses where something ends.
ENDS = {"block", "deactivate", "delete", "freeze", "password", "remove", "retire", "revoke", "uninstall"}

PROBLEM = "application/problem+json"


class Office:
    """The org that is administered; another one where a request put an end to it."""

    def __init__(self, stack: ExitStack, directory: Path, template: Path) -> None:
        self._stack = stack
        self._directory = directory
        self._template = template
        self._numbers = itertools.count(1)
        self.now = self._open()

    def _open(self) -> Administered:
        at = self._directory / str(next(self._numbers))
        return self._stack.enter_context(administered(at, lambda path: shutil.copy(self._template, path)))

    def check(self) -> None:
        if not self.now.works():
            self.now = self._open()


@pytest.fixture(scope="module")
def office(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with ExitStack() as stack:
        yield Office(stack, tmp_path_factory.mktemp("office"), sqlite_template)


@pytest.fixture(scope="module")
def schema(office: Office) -> Any:
    described = office.now.ask("GET", "/openapi.json").json()
    return schemathesis.openapi.from_dict(described)


def sent(office: Office, case: Any, lead: bool) -> Any:
    """Send one case. `lead`: ids, versions and most words in it are such that it leads somewhere."""
    found = office.now
    if lead:
        for name in case.path_parameters or {}:
            known = found.ids.get(name)
            if known:
                case.path_parameters[name] = known[sum(map(ord, str(case.path_parameters[name]))) % len(known)]
    given = case.as_transport_kwargs(base_url=found.house.issuer + API)
    headers = {name: str(value) for name, value in dict(given["headers"]).items() if name.lower() not in ("authorization", "user-agent")}
    path = given["url"].removeprefix(found.house.issuer + API)
    wanted = {name: given[name] for name in ("params", "json", "data", "files", "content") if given.get(name) is not None}
    if lead:
        wanted |= {name: plausible(wanted[name], found.ids) for name in ("params", "json") if name in wanted}
        if any(name.lower() == "if-match" for name in headers) or case.method.upper() in ("PATCH", "PUT", "DELETE"):
            headers = {name: value for name, value in headers.items() if name.lower() != "if-match"} | found.version_of(path)
    if isinstance(wanted.get("data"), (str, bytes)):
        wanted["content"] = wanted.pop("data")
    return found.ask(case.method, path, headers=headers, **wanted)


def problem_of(answer: Any) -> str | None:
    """What is wrong with a refusal; None: nothing."""
    if answer.status_code < 400:
        return None
    if answer.headers.get("content-type", "").partition(";")[0] != PROBLEM:
        return f"{answer.status_code} is no problem but {answer.headers.get('content-type')}"
    body = json.loads(answer.text)
    missing = {"type", "title", "status", "reason", "operation_id"} - set(body)
    return f"lacks {missing}" if missing else None


def in_order(schema: Any) -> list[Any]:
    """Every operation of the API, with what ends something last, so that the others find something to work on."""
    found = [result.ok() for result in schema.get_all_operations()]
    return sorted(found, key=lambda each: each.method.upper() == "DELETE" or each.path.rpartition("/")[2] in ENDS)


@pytest.mark.timeout(300 * TIMES)
def test_no_request_breaks_the_admin_api(office: Office, schema: Any) -> None:
    broken: list[str] = []
    statuses: Counter[int] = Counter()
    for operation in in_order(schema):
        for mode, examples in ((GenerationMode.POSITIVE, POSITIVE), (GenerationMode.NEGATIVE, NEGATIVE)):

            @bounded(examples)
            @given(operation.as_strategy(generation_mode=mode), st.booleans())
            def each(case: Any, lead: bool) -> None:
                answer = sent(office, case, lead or mode is GenerationMode.POSITIVE)  # noqa: B023 - runs at once
                statuses[answer.status_code] += 1
                assert answer.status_code < 500, answer.text[:300]
                assert problem_of(answer) is None, answer.text[:300]
                case.validate_response(answer, checks=[not_a_server_error, response_schema_conformance, content_type_conformance])

            try:
                each()
            except (Exception, BaseExceptionGroup) as fault:  # all of them are told at the end, not only the first
                broken.append(f"{operation.label} ({mode.value}): {fault!r:.1200}")
        office.check()
    assert broken == [], "\n".join(broken)
    assert statuses[200] + statuses[201] + statuses[204] > sum(statuses.values()) / 10, f"most of it led nowhere: {statuses}"


def test_who_would_be_hit_by_revoking_nothing_is_no_question(office: Office) -> None:
    answer = office.now.ask("GET", "/blast-radius")
    assert (answer.status_code, answer.json()["reason"]) == (422, "field_invalid")
