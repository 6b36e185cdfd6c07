"""The HTTP client of the command line: one server, one token, and refusals in the server's own words."""

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from gatebridge import __version__
from gatebridge.cli.credentials import Client, Credentials
from gatebridge.cli.exits import Exit, Stop
from gatebridge.cli.login import renew

API = "/api/v1"
TOKEN_PATH = "/services/oauth2/token"
TIMEOUT_SECONDS = 30
ADMIN_SCOPE = "setup_api"

NO_CREDENTIALS = (
    "There is no access token. Sign in with `gatebridge login`, set GATEBRIDGE_CLI_TOKEN, or name a credentials file with --credentials or "
    "GATEBRIDGE_CLI_CREDENTIALS; `gatebridge first-admin` writes one."
)


def client_at(url: str, transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """An HTTP client for one server."""
    return httpx.Client(
        base_url=url,
        timeout=TIMEOUT_SECONDS,
        headers={"User-Agent": f"gatebridge-cli/{__version__}"},
        transport=transport,
        follow_redirects=False,  # a token is never carried to another address
    )


def fetch_token(http: httpx.Client, client: Client, scope: str | None) -> dict[str, Any]:
    """A token answer by client credentials. Raises Stop with what the server said when it gives none."""
    form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
    answer = _send(http, "POST", TOKEN_PATH, data=form, auth=httpx.BasicAuth(client.client_id, client.client_secret))
    body = _object(answer)
    if answer.status_code != 200:
        said = [str(body.get("error_description") or body.get("error") or f"The server answered {answer.status_code}.")]
        if body.get("error_uri"):
            said.append(f"More: {body['error_uri']}")
        raise Stop(Exit.REFUSED, "No token was given. " + " ".join(said), body)
    return body


class Api:
    """The admin API as one user of it. Closes its connection when left."""

    def __init__(self, credentials: Credentials, transport: httpx.BaseTransport | None = None) -> None:
        self.credentials = credentials
        self.http = client_at(credentials.url, transport)
        self._login = credentials.login
        self._token = credentials.token

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.http.close()

    @property
    def client(self) -> Client:
        """The app with which tokens are fetched. Raises Stop where there is none."""
        if self.credentials.client is None:
            raise Stop(Exit.NO_CREDENTIALS, NO_CREDENTIALS)
        return self.credentials.client

    @property
    def token(self) -> str:
        """The access token, fetched when it is first needed."""
        if self._login is not None:
            return self._login.access_token
        if self._token is None:
            self._token = str(fetch_token(self.http, self.client, ADMIN_SCOPE)["access_token"])
        return self._token

    def get(self, path: str, **query: object) -> Any:
        """Read something."""
        return self.ask("GET", path, query=query)[0]

    def post(self, path: str, body: Mapping[str, object] | None = None, *, once: str | None = None) -> Any:
        """Do something; `once` is an idempotency key."""
        return self.ask("POST", path, body=body or {}, headers={"Idempotency-Key": once} if once else {})[0]

    def put(self, path: str, body: Mapping[str, object]) -> Any:
        """Set something."""
        return self.ask("PUT", path, body=body)[0]

    def delete(self, path: str, **query: object) -> Any:
        """Take something away."""
        return self.ask("DELETE", path, query=query)[0]

    def edit(self, path: str, changes: Mapping[str, object] | None, *, by: tuple[str, str] | None = None) -> Any:
        """Read a record, and change it if nobody else did in between; `by` is the request that changes it, where it is no PATCH of it."""
        _, etag = self.ask("GET", path)
        method, where = by or ("PATCH", path)
        return self.ask(method, where, body=changes, headers={"If-Match": etag or ""})[0]

    def upload(self, path: str, where: str, content: bytes) -> None:
        """Put a file where it belongs, if nobody changed the record at `path` in between."""
        _, etag = self.ask("GET", path)
        self.ask("PUT", where, content=content, headers={"If-Match": etag or "", "Content-Type": "application/octet-stream"})

    def download(self, path: str, body: Mapping[str, object]) -> Iterator[bytes]:
        """What comes back, piece by piece as it comes. Raises Stop for a refusal, where nobody answers, and where it breaks off."""
        self.get("/me")  # a token that is dead is renewed by being used
        headers = {"Authorization": f"Bearer {self.token}"}
        try:
            with self.http.stream("POST", API + path, json=body, headers=headers) as answer:
                if answer.status_code >= 400:
                    answer.read()
                    raise refusal(answer)
                yield from answer.iter_bytes()
        except httpx.HTTPError as error:
            raise Stop(Exit.UNREACHABLE, f"{self.http.base_url} broke off: {error}. What is here is not whole.") from None

    def every(self, path: str, most: int | None = None, **query: object) -> Iterator[dict[str, Any]]:
        """The items of a list, page after page."""
        cursor: str | None = None
        given = 0
        while True:
            page = self.get(path, **query, limit=100 if most is None or most > 50 else 50 if most > 25 else 25, cursor=cursor)
            for item in page["items"]:
                if most is not None and given >= most:
                    return
                given += 1
                yield item
            cursor = page["next"]
            if cursor is None:
                return

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: Mapping[str, object] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[Any, str | None]:
        """Send one request and return what came back, with its ETag. Raises Stop for a refusal, and where nobody answers."""
        request = {
            "params": {name: value for name, value in (query or {}).items() if value is not None},
            "json": body,
            "content": content,
        }
        answer = self._sent(method, path, request, headers or {})
        if answer.status_code == 401 and not _needs_the_person(answer) and self._renewed():
            answer = self._sent(method, path, request, headers or {})
        if answer.status_code >= 400:
            raise refusal(answer)
        return (answer.json() if answer.content else None), answer.headers.get("etag")

    def _sent(self, method: str, path: str, request: dict[str, Any], headers: Mapping[str, str]) -> httpx.Response:
        with_token = {"Authorization": f"Bearer {self.token}", "Accept": "application/json", **headers}
        return _send(self.http, method, API + path, headers=with_token, **request)

    def _renewed(self) -> bool:
        """Whether the refused token was that of a sign-in, which then has a new one. Once in a run: a second refusal has another cause."""
        if self._login is None or self.credentials.store is None or self._login is not self.credentials.login:
            return False
        self._login = renew(self.http, self.credentials.store, self._login)
        return True


def refusal(answer: httpx.Response) -> Stop:
    """The server's no, in its own words: what happened, each field that is wrong, where to look, what to change, and the page."""
    problem = _object(answer)
    lines = [str(problem.get("detail") or problem.get("title") or f"The server answered {answer.status_code}.")]
    lines += [f"  {each['field']}: {each['problem']}" for each in problem.get("errors", ())]
    lines += [f"{name.capitalize()}: {problem[name]}" for name in ("hint", "remedy") if problem.get(name)]
    if problem.get("reason"):
        lines.append(f"Reason: {problem['reason']}  {problem.get('type', '')}")
    if problem.get("operation_id"):
        lines.append(f"Operation: {problem['operation_id']}")
    if _needs_the_person(answer):
        server = str(answer.request.url.join("/")).rstrip("/")
        lines.append(f"Sign in again, and repeat the command: gatebridge login --url {server}")
    codes = {401: Exit.NO_CREDENTIALS, 503: Exit.UNREACHABLE, 429: Exit.UNREACHABLE}
    return Stop(codes.get(answer.status_code, Exit.REFUSED), "\n".join(lines), problem)


def _needs_the_person(answer: httpx.Response) -> bool:
    """Whether the token is good, and only a new sign-in gets further (RFC 9470): no refresh makes a sign-in younger or surer."""
    return "insufficient_user_authentication" in answer.headers.get("www-authenticate", "")


def _send(http: httpx.Client, method: str, path: str, **request: Any) -> httpx.Response:
    try:
        return http.request(method, path, **request)
    except httpx.HTTPError as error:
        raise Stop(Exit.UNREACHABLE, f"{http.base_url} does not answer: {error}. Is the server running? Name another with --url.") from None
    except httpx.InvalidURL as error:
        raise Stop(Exit.USAGE, f"{http.base_url} is not an address: {error}.") from None


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
