"""A real Gatebridge, a real proxy with the example's own configuration in front of an API that tells what reached it."""

import base64
import http.server
import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from tests.journeys.installation import Installation, free_port
from tests.journeys.small_org import SmallOrg

EXAMPLES = Path(__file__).parents[2] / "examples" / "proxies"
START_SECONDS = 20


@dataclass
class Api:
    """An API that trusts whatever its proxy sends, and remembers what that was."""

    port: int
    reached: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def running_api() -> Iterator[Api]:
    api = Api(free_port())

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            seen = {"method": self.command, "path": self.path, "headers": self.headers.items(), "body": body.decode()}
            api.reached.append(seen)
            said = json.dumps(seen).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = answer  # noqa: N815 - as the library calls them

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", api.port), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@dataclass(frozen=True)
class Proxied:
    """One proxy that runs, what it stands before, and who is let in."""

    kind: str
    url: str
    api: Api
    org: SmallOrg
    at_gatebridge: httpx.Client

    def token(self, **form: str) -> str:
        return self.org.job.token(self.at_gatebridge, **form)

    def ask(
        self,
        token: str | None,
        headers: Mapping[str, str] | list[tuple[str, str]] = (),  # type: ignore[assignment]
        *,
        path: str = "/orders/1?page=2",
        method: str = "GET",
        content: bytes | None = None,
        address: str = "127.0.0.1",
    ) -> httpx.Response:
        sent = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
        if token is not None:
            sent.append(("Authorization", f"Bearer {token}"))
        with httpx.Client(transport=httpx.HTTPTransport(local_address=address), trust_env=False, timeout=10) as client:
            return client.request(method, self.url + path, headers=sent, content=content)


@contextmanager
def running(kind: str, directory: Path, installation: Installation, org: SmallOrg, api: Api, secret: str | None = None) -> Iterator[str]:
    """The proxy of this kind, with the example's configuration and this installation's addresses. The address where it answers."""
    port = free_port()
    credentials = base64.b64encode(f"{org.guard.key}:{secret or org.guard.secret}".encode()).decode()
    changed = {
        "id.example.com": org.host,
        "127.0.0.1:8080": org.host,
        "127.0.0.1:9000": f"127.0.0.1:{api.port}",
        "127.0.0.1:8000": f"127.0.0.1:{port}",
        "http://:8000": f"http://:{port}",
    }
    name = {"nginx": "nginx.conf", "caddy": "Caddyfile"}[kind]
    text = (EXAMPLES / name).read_text()
    for before, after in changed.items():
        text = text.replace(before, after)
    (directory / name).write_text(text)
    (directory / "proxy-credentials.conf").write_text(f'proxy_set_header X-Gatebridge-Proxy-Authorization "Basic {credentials}";\n')
    command = {"nginx": ["nginx", "-p", f"{directory}/", "-c", name], "caddy": ["caddy", "run", "--config", name, "--adapter", "caddyfile"]}
    # Debian keeps nginx where only root's own path leads.
    environ = {"PATH": f"{os.environ['PATH']}:/usr/sbin", "HOME": str(directory), "ORDERS_PROXY_CREDENTIALS": credentials}
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(command[kind], cwd=directory, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            _wait(process, port, directory / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        assert process.poll() is None, log.read_text("utf-8")
        assert time.monotonic() < deadline, log.read_text("utf-8")
        try:
            httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
        except httpx.TransportError:
            time.sleep(0.02)
        else:
            return
