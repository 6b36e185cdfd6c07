"""X-XS-09: what a request or a record names is data and never a path, and no archive is opened."""

import ast
import itertools
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.attacks.marked import Marks
from tests.oauth.houses import Standing
from tests.oauth.tenants import Tenant, make_tenant

import gatebridge
from gatebridge.rules.exported import About, Style, file_name
from gatebridge.rules.ids import long
from gatebridge.rules.reasons import REASONS

SOURCE = Path(gatebridge.__file__).parent

# Ways up, as some reader somewhere takes them.
UP = ("../", "%2e%2e/", "..%2f", "%2e%2e%2f", "..%5c", "%252e%252e%252f", "....//", ".%00./", "%c0%ae%c0%ae/", "/", "%2f", "//", "./", "~/")
# Where an address holds a name, and a file that is there, as seen from where the names of that place are at home.
PLACES = {
    "/static/": ("app.py", "help/reasons/token_unknown.md", "templates/home.html", "/etc/passwd"),
    "/help/reasons/": ("token_unknown.md", "../reasons/token_unknown", "../../app.py", "/etc/passwd"),
    "/setup/": ("../app.py", "console/home.py", "../../../etc/passwd"),
    "/api/v1/": ("apps.py", "../app.py"),
    "/services/data/": ("v60.0.py", "../../etc/passwd"),
    "/.well-known/": ("openid-configuration.py", "../app.py"),
}
IN_FILES = ("def routes(", "from starlette", "root:", "{% block", "## What happened")


@pytest.fixture(scope="module")
def acme(house: Standing) -> Tenant:
    return make_tenant(house)


@pytest.mark.parametrize("place", PLACES)
def test_X_XS_09_no_way_up_leads_to_a_file(acme: Tenant, place: str) -> None:
    for up, times, name in itertools.product(UP, (1, 2, 5), PLACES[place]):
        answer = acme.door.get(f"{acme.org.issuer}{place}{up * times}{name.lstrip('/')}")
        # What an HTTP library had made plain already may lead to a page that is there.
        assert answer.status_code in (200, 303, 400, 401, 404), (up, name)
        assert not [text for text in IN_FILES if text in answer.text], (up, name)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("//services/data", 308),
        ("//services/data/%2e%2e/%2e%2e/api/v1/me", 308),
        ("/%2Fservices/data", 404),
        ("///services/data", 404),
        ("//services/oauth2/userinfo", 404),
        ("//api/v1/me", 404),
        ("//evil.example/services/data", 404),
        ("//services/data@evil.example", 404),
    ],
)
def test_X_XS_09_a_slash_too_many_leads_home_or_nowhere(acme: Tenant, address: str, status: int) -> None:
    """What a proxy reads in such an address is not what we read, so none is answered; one is told where it is."""
    answer = acme.door.get(acme.org.issuer + address)
    assert answer.status_code == status
    assert answer.headers.get("location") == (f"{acme.org.issuer}{address[1:]}" if status == 308 else None)
    assert acme.door.post(acme.org.issuer + address).status_code in (404, 405)


@pytest.mark.parametrize("place", ["/static/", "/static", "/static/fonts", "/help/", "/help"])
def test_X_XS_09_no_folder_is_listed(acme: Tenant, place: str) -> None:
    assert acme.door.get(acme.org.issuer + place).status_code == 404


@pytest.mark.parametrize("header", ["Accept-Language", "Accept", "Cookie", "X-Original-URL", "X-Rewrite-URL"])
def test_X_XS_09_no_header_names_a_file(acme: Tenant, header: str) -> None:
    page = f"{acme.org.issuer}/help/reasons/token_unknown"
    plain = acme.door.get(page).text
    for value in ("../../../etc/passwd", "..%2f..%2fapp.py", "/static/../app", "en/../../app"):
        answer = acme.door.get(page, headers={header: value})
        assert (answer.status_code, answer.text) == (200, plain), value


@pytest.mark.parametrize("name", ["../../etc/passwd", "..\\..\\x", "a\r\nX: y", 'x"; filename="evil.exe', "\0", "~root", "."])
def test_X_XS_09_a_file_that_is_handed_out_is_called_by_plain_words(name: str) -> None:
    about = About("Login History", name, "", (), datetime(2026, 1, 2, tzinfo=UTC))
    assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*\.csv", file_name(about, Style.CSV))


def test_X_XS_09_what_an_org_or_an_app_is_called_is_no_way_anywhere(acme: Tenant) -> None:
    app = acme.app("../../../etc/passwd", api_name="Climber", description=Marks().new("here"))
    assert acme.door.get(f"{acme.org.issuer}/api/v1/apps/{long(app.id)}/logo").status_code == 401
    assert acme.door.get(f"{acme.org.issuer}/apps/{long(app.id)}/..%2flogo").status_code == 404


def test_X_XS_09_only_a_code_that_is_known_opens_its_page(acme: Tenant) -> None:
    known = next(iter(REASONS))
    for code in (f"./{known}", f"{known}.md", f"{known}%00", f"{known}%2f", f"x%2f..%2f{known}", known.upper()):
        assert acme.door.get(f"{acme.org.issuer}/help/reasons/{code}").status_code in (200, 404)
        assert acme.door.get(f"{acme.org.issuer}/help/reasons/{code}").status_code == (200 if code == f"./{known}" else 404), code


WRITES_ONE = SOURCE / "web" / "console" / "evidence.py"


def test_X_XS_09_no_module_opens_an_archive() -> None:
    opens = {"tarfile", "zipfile", "shutil.unpack_archive", "zipimport", "lzma", "bz2"}
    imported = {
        name
        for module in SOURCE.rglob("*.py")
        if module != WRITES_ONE
        for node in ast.walk(ast.parse(module.read_text("utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (*(each.name for each in node.names), getattr(node, "module", "") or "")
    }
    assert imported & opens == set()


def test_X_XS_09_the_one_that_writes_archives_takes_nothing_out_of_any() -> None:
    tree = ast.parse(WRITES_ONE.read_text("utf-8"))
    used = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "zipfile"]
    assert {each.attr for each in used} == {"ZipFile", "ZipInfo", "ZIP_DEFLATED"}
    modes = [
        [getattr(argument, "value", None) for argument in node.args[1:2]]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("ZipFile", "open")
    ]
    assert modes == [["w"], ["w"]]
