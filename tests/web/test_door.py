"""What every request meets at the door: an id, an org, limits, and headers that keep its answer to itself."""

import re

import pytest
from tests.web.world import ACME, World

from gatebridge.crypto.sealing import MasterKey, MasterKeys
from gatebridge.oauth.keyring import Keyring
from gatebridge.rules import ids
from gatebridge.web import operations


def test_every_answer_has_an_operation_id_in_18_characters(acme: World) -> None:
    for path in ("/", "/healthz", "/nowhere", "/api/v1/me", "/services/oauth2/token"):
        found = acme.client.get(f"http://{ACME}{path}").headers["x-operation-id"]
        assert len(found) == 18, path
        assert ids.parse(found, ids.Prefix.RECEIPT) is not None, path


def test_healthz_readyz_and_metrics_answer_at_any_host(acme: World) -> None:
    assert acme.client.get("http://192.0.2.1/healthz").text == "ok\n"
    assert acme.client.get("http://192.0.2.1/readyz").json()["ready"] is True
    assert "gatebridge_requests_total" in acme.client.get("http://192.0.2.1/metrics").text


def test_a_node_whose_master_key_opens_no_signing_key_is_not_ready(acme: World) -> None:
    assert operations.readiness(acme.database, acme.house.keyring)["signing_key"] == "ok"
    other = Keyring(MasterKeys(MasterKey(b"n" * 32)))
    assert operations.readiness(acme.database, other)["signing_key"] == "sealed"


def test_the_metrics_count_requests_by_route_and_outcomes_by_reason_and_never_what_was_sent(acme: World) -> None:
    acme.client.get(f"http://{ACME}/help/reasons/token_expired")
    acme.client.get(f"http://{ACME}/canary-path")
    acme.client.post(f"http://{ACME}/services/oauth2/token", data={"grant_type": "client_credentials"}, auth=("gbk_canary", "gbs_canary"))
    page = acme.client.get(f"http://{ACME}/metrics").text
    assert 'gatebridge_requests_total{method="GET",route="/help/reasons/{code}",status="200"}' in page
    assert 'gatebridge_requests_total{method="GET",route="unmatched",status="404"}' in page
    assert 'gatebridge_outcomes_total{event="token",reason="client_unknown"}' in page
    assert "gatebridge_turnstile_batch_size_bucket" in page
    assert "gatebridge_outbox_waiting" in page
    assert "canary" not in page


@pytest.mark.parametrize("host", ["nobody.test", "192.0.2.1", "acme.test:81", "acme.test.", "acme.test@evil", "x" * 300])
@pytest.mark.parametrize("path", ["/", "/api/v1/me", "/services/oauth2/token", "/help/reasons/"])
def test_where_no_org_lives_nothing_answers(acme: World, host: str, path: str) -> None:
    answer = acme.client.get(f"http://{ACME}{path}", headers={"Host": host})
    assert answer.status_code == 421
    assert "Acme" not in answer.text


def test_two_hosts_are_none(acme: World) -> None:
    answer = acme.client.get(f"http://{ACME}/", headers=[("Host", ACME), ("Host", ACME)])
    assert answer.status_code == 421


PATHS = [
    *("/", "/help/reasons/", "/help/reasons/token_unknown", "/healthz", "/readyz", "/metrics", "/nowhere", "/static/style.css"),
    *("/api/v1/nowhere", "/api/v1/me", "/api/v1/docs", "/api/v1/openapi.json", "/services/oauth2/token"),
    "/.well-known/openid-configuration",
]


@pytest.mark.parametrize("path", PATHS)
def test_no_answer_can_be_framed_sniffed_or_made_to_run_what_is_not_ours(acme: World, path: str) -> None:
    headers = acme.client.get(f"http://{ACME}{path}").headers
    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/", "/help/reasons/", "/help/reasons/token_unknown", "/api/v1/docs", "/nowhere"])
def test_X_XS_01_a_page_has_no_inline_script_style_or_handler_and_nothing_from_elsewhere(acme: World, path: str) -> None:
    page = acme.client.get(f"http://{ACME}{path}", headers={"Accept": "text/html"}).text
    assert "<html" in page
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", page)
    assert not re.search(r"""(?:src|<link[^>]*href)=["'](?:https?:)?//""", page)


@pytest.mark.parametrize(
    "path", ["/api/v1/me", "/api/v1/nowhere", "/services/oauth2/token", "/services/oauth2/introspect", "/nowhere", "/"]
)
def test_X_HT_05_what_holds_a_secret_or_is_personal_is_never_stored(acme: World, path: str) -> None:
    for headers in ({}, {"Authorization": f"Bearer {acme.token(acme.admin)}"}):
        for method in ("GET", "POST"):
            answer = acme.client.request(method, f"http://{ACME}{path}", headers=headers)
            assert answer.headers["cache-control"] == "no-store", (method, answer.status_code)


def test_strict_transport_security_is_said_over_https_alone(acme: World) -> None:
    assert "strict-transport-security" not in acme.client.get(f"http://{ACME}/").headers
    assert "max-age" in acme.client.get(f"https://{ACME}/").headers["strict-transport-security"]


def test_X_HT_01_a_body_that_says_it_is_too_large_is_not_read(acme: World) -> None:
    answer = acme.client.post(f"http://{ACME}/services/oauth2/token", content=b"a=" + b"x" * 65_536)
    assert (answer.status_code, answer.json()["error"]) == (413, "invalid_request")


def test_X_HT_01_a_body_in_chunks_is_cut_off_where_it_gets_too_large(acme: World) -> None:
    sent = 0

    def endless() -> object:
        nonlocal sent
        for _ in range(40):
            sent += 1
            yield b"x" * 4096

    answer = acme.client.post(f"http://{ACME}/services/oauth2/token", content=endless())  # type: ignore[arg-type]
    assert answer.status_code == 413
    admin = acme.client.post(f"http://{ACME}/api/v1/apps", content=endless())  # type: ignore[arg-type]
    assert admin.status_code != 413, "the admin API reads more"


def test_X_HT_01_the_admin_api_reads_at_most_one_mebibyte(acme: World) -> None:
    answer = acme.client.post(f"http://{ACME}/api/v1/apps", content=b" " * (1_048_576 + 1))
    assert (answer.status_code, answer.json()["reason"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([("X-Odd", "x" * 16_384)], id="too long"),
        pytest.param([(f"X-Odd-{number}", "x") for number in range(101)], id="too many"),
        pytest.param([("Range", "bytes=" + ",".join(f"{n}-{n}" for n in range(10_000)))], id="X_HT_03 ten thousand ranges"),
    ],
)
@pytest.mark.parametrize("path", ["/static/style.css", "/api/v1/me"])
def test_X_HT_03_too_many_or_too_long_headers_are_not_read(acme: World, headers: list[tuple[str, str]], path: str) -> None:
    assert acme.client.get(f"http://{ACME}{path}", headers=headers).status_code == 431


def test_X_HT_03_a_long_address_is_not_read(acme: World) -> None:
    assert acme.client.get(f"http://{ACME}/?{'x' * 20_000}").status_code == 431


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        pytest.param({"Content-Type": "application/json"}, b'{"grant_type": "client_credentials"}', id="JSON"),
        pytest.param({"Content-Type": "text/plain"}, b"grant_type=client_credentials", id="plain text"),
        pytest.param({}, b"grant_type=client_credentials", id="no type at all"),
        pytest.param({"Content-Type": "multipart/form-data; boundary=b"}, b"--b--", id="multipart"),
        pytest.param({"Content-Type": "application/x-www-form-urlencoded; charset=utf-16"}, b"grant_type=x", id="utf-16"),
        pytest.param({"Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": "gzip"}, b"\x1f\x8b", id="compressed"),
        pytest.param({"Content-Type": "application/x-www-form-urlencoded"}, b"grant_type=%ff%fe", id="no UTF-8"),
    ],
)
def test_X_HT_04_the_token_path_reads_forms_in_utf_8_alone(acme: World, headers: dict[str, str], content: bytes) -> None:
    answer = acme.client.post(f"http://{ACME}/services/oauth2/token", content=content, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_a_wrong_method_is_told_with_the_right_ones(acme: World, method: str) -> None:
    answer = acme.client.request(method, f"http://{ACME}/services/oauth2/token")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    answer = acme.client.request("DELETE", f"http://{ACME}/api/v1/me")
    assert (answer.status_code, answer.json()["reason"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET"
    answer = acme.client.request("DELETE", f"http://{ACME}/api/v1/apps")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "POST"}
    answer = acme.client.request("POST", f"http://{ACME}/help/reasons/")
    assert answer.status_code == 405


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/api/v1/nowhere", "/services/oauth2/nowhere", "/static/../app.py", "/static/%2e%2e/app.py", "/help/reasons/nothing"],
)
def test_an_unknown_path_is_told_as_one(acme: World, path: str) -> None:
    answer = acme.client.get(f"http://{ACME}{path}")
    assert answer.status_code == 404
    said = answer.json()
    assert said.get("reason", said.get("error")) in ("path_unknown", "not_found")


@pytest.mark.parametrize("field", ["path", "query", "agent", "request id", "referer"])
def test_X_XS_05_control_bytes_in_any_field_reach_no_header_and_no_log_line(acme: World, field: str) -> None:
    evil = "a%0d%0aSet-Cookie:%20x=1"
    url = f"http://{ACME}/help/reasons/" + (evil if field == "path" else "") + (f"?receipt={evil}" if field == "query" else "")
    headers = {"agent": {"User-Agent": "a\x1b[31m\tb"}, "request id": {"X-Request-Id": "a;b\tc"}, "referer": {"Referer": "a\tb"}}.get(
        field, {}
    )
    answer = acme.client.get(url, headers=headers)
    assert "set-cookie" not in answer.headers
    assert "x=1" not in answer.headers.get("location", "")
    text = acme.log.getvalue()
    assert "\x1b" not in text
    assert all(line.startswith("{") and line.endswith("}") for line in text.splitlines())


def test_X_XS_06_a_callers_own_id_is_logged_only_when_it_is_plain(acme: World) -> None:
    acme.client.get(f"http://{ACME}/", headers={"X-Request-Id": "abc-123"})
    acme.client.get(f"http://{ACME}/", headers={"X-Request-Id": "abc\t123"})
    acme.client.get(f"http://{ACME}/", headers={"X-Request-Id": "a" * 65})
    assert [line["callers_id"] for line in acme.log_lines() if line["event"] == "request"] == ["abc-123", None, None]


def test_a_log_line_never_holds_a_query_a_body_or_a_header(acme: World) -> None:
    acme.client.get(
        f"http://{ACME}/api/v1/me?canary-in-query=1", headers={"Authorization": "Bearer canary-in-header", "Cookie": "canary-in-cookie"}
    )
    acme.client.post(f"http://{ACME}/services/oauth2/token", data={"client_secret": "canary-in-body"})
    assert "canary" not in acme.log.getvalue()
    line = acme.log_lines()[0]
    assert (line["method"], line["path"], line["status"], line["address"]) == ("GET", "/api/v1/me", 401, "127.0.0.1")


BROKEN = [
    pytest.param("gatebridge.web.api.me.MeShown", "GET", "/api/v1/me", id="a route of the admin API"),
    pytest.param("gatebridge.web.api.desk.bearer.authenticate", "GET", "/api/v1/apps", id="the desk of the admin API"),
    pytest.param("gatebridge.web.pages.environment", "GET", "/", id="a page"),
    pytest.param("gatebridge.web.api.docs.by_tag", "GET", "/api/v1/docs", id="the docs page"),
    pytest.param("gatebridge.web.turnstile.record", "POST", "/services/oauth2/token", id="the turnstile"),
    pytest.param("gatebridge.oauth.discovery.document", "GET", "/.well-known/openid-configuration", id="a document"),
    pytest.param("gatebridge.web.operations.readiness", "GET", "/readyz", id="a question of an operator"),
]


@pytest.mark.parametrize(("part", "method", "path"), BROKEN)
def test_X_SX_02_a_defect_anywhere_is_answered_blandly_and_logged_under_its_id(
    acme: World, monkeypatch: pytest.MonkeyPatch, part: str, method: str, path: str
) -> None:
    def broken(*_: object, **__: object) -> object:
        local = "canary-of-a-variable"
        raise RuntimeError(f"canary-of-the-inside {len(local)}")

    headers = {"Authorization": f"Bearer {acme.token(acme.admin)}"} if path.startswith("/api") else {}
    form = {"grant_type": "client_credentials"} if method == "POST" else None
    monkeypatch.setattr(part, broken)
    answer = acme.client.request(method, f"http://{ACME}{path}", headers=headers, data=form)
    assert answer.status_code == 500
    assert "canary" not in answer.text
    assert answer.json().get("reason", answer.json().get("error")) in ("internal_fault", "server_error")
    faults = [line for line in acme.log_lines() if "canary-of-the-inside" in str(line)]
    assert len(faults) == 1, "logged once"
    assert ids.long(faults[0]["operation_id"]) == answer.headers["x-operation-id"]
    assert "canary-of-a-variable" not in acme.log.getvalue()


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"http://{ACME}"])
@pytest.mark.parametrize("path", ["/services/oauth2/token", "/services/oauth2/introspect", "/services/oauth2/revoke", "/api/v1/me"])
def test_X_HT_06_no_script_of_another_origin_reads_an_answer(acme: World, path: str, origin: str) -> None:
    asked = acme.client.post(f"http://{ACME}{path}", data={"grant_type": "client_credentials"}, headers={"Origin": origin})
    before = acme.client.options(f"http://{ACME}{path}", headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
    assert not [name for answer in (asked, before) for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("path", ["/.well-known/oauth-authorization-server", "/id/keys"])
def test_X_HT_06_public_documents_are_for_every_origin_and_never_with_credentials(acme: World, path: str) -> None:
    answer = acme.client.get(f"http://{ACME}{path}", headers={"Origin": "https://anybody.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


def test_X_AU_07_an_attempt_that_was_declined_is_written_down(acme: World) -> None:
    powerless = acme.add_person("powerless", ())
    assert acme.ask("GET", "/audit", by=powerless).status_code == 403
    lines = acme.ask("GET", "/login-history", outcome="refused").json()["items"]
    assert "permission_missing" in {line["reason"] for line in lines if line["event"] == "api"}
