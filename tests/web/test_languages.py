"""The language of a page: which one is chosen, how texts are found in a catalogue, and that no page says anything that is not in one."""

import re
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from tests.console.visitors import admin
from tests.oauth.browser import Browser
from tests.oauth.conftest import acme, house, loop
from tests.oauth.tenants import Tenant
from tests.web import pseudo

from gatebridge.web import languages, pages, po, told
from gatebridge.web.console import places
from gatebridge.web.languages import Catalogue

__all__ = ["acme", "house", "loop"]

GERMAN = Catalogue(
    "de",
    [
        po.Entry("", "", ("Plural-Forms: nplurals=2; plural=(n != 1);\n",)),
        po.Entry("Sign in", "", ("Anmelden",)),
        po.Entry("Sign in to <bdi>%(name)s</bdi>", "", ("Anmelden bei <bdi>%(name)s</bdi>",)),
        po.Entry("guarded", "", ("bewacht",)),
        po.Entry("open", "", ("offen",)),
        po.Entry("It is over.", "", ("Es ist vorbei.",)),
        po.Entry("%(parts)s of %(stands)s gates", "", ("%(stands)s Tore, davon %(parts)s",), "composed"),
        po.Entry("<b>%(n)s</b> app", "<b>%(n)s</b> apps", ("<b>%(n)s</b> App", "<b>%(n)s</b> Apps")),
        po.Entry("%(days)s days ago", "", ("vor %(days)s Tagen",), "composed"),
        po.Entry(told.DATE, "", ("%(day)s. %(month)s %(year)s",)),
        po.Entry("Mar", "", ("März",)),
        po.Entry(languages.THOUSAND, "", ("1.000",)),
    ],
)
POLISH = Catalogue(
    "pl",
    [
        po.Entry("", "", ("Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);\n",)),
        po.Entry("%(n)s line", "%(n)s lines", ("%(n)s linia", "%(n)s linie", "%(n)s linii")),
    ],
)


@pytest.mark.parametrize(
    ("header", "tag"),
    [
        ("", "en"),
        ("de", "de"),
        ("DE-at", "de"),
        ("de-CH-1996,fr;q=0.9", "de"),
        ("fr, de;q=0.8, en;q=0.7", "de"),
        ("de;q=0.5, pl", "pl"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("de;q=0", "en"),
        ("de;q=high, pl;q=0.1", "pl"),
        ("*", "en"),
        (";;,,;q=1," + "x," * 5000 + "de", "en"),
    ],
)
def test_the_language_that_a_browser_wants_most_is_spoken_where_there_is_a_catalogue(header: str, tag: str) -> None:
    assert languages.chosen(header, {"de": GERMAN, "pl": POLISH}).tag == tag


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("Sign in", "Anmelden"),
        ("Sign out", "Sign out"),
        ("12 of 15 gates", "15 Tore, davon 12"),
        ("guarded, open of all gates", "all Tore, davon bewacht, offen"),
        ("It is over. It is over. 1 of 2 gates", "Es ist vorbei. Es ist vorbei. 2 Tore, davon 1"),
        ("It is over. Sign in", "Es ist vorbei. Anmelden"),
        ("<b>1</b> app", "<b>1</b> app"),
        ("x" * 3000, "x" * 3000),
        ("1,234,567 days ago", "vor 1.234.567 Tagen"),
    ],
)
def test_what_code_says_is_told_by_its_sentence_and_so_are_the_values_in_it(english: str, german: str) -> None:
    assert GERMAN.told(english) == german
    assert languages.ENGLISH.told(english) == english


@pytest.mark.parametrize(("count", "polish"), [(1, "%(n)s linia"), (3, "%(n)s linie"), (12, "%(n)s linii"), (22, "%(n)s linie")])
def test_a_language_counts_by_its_own_rule(count: int, polish: str) -> None:
    assert POLISH.counted("%(n)s line", "%(n)s lines", count) == polish


@pytest.mark.parametrize(
    "form",
    [
        "Nur %(name)s",
        "%(n)s",
        "<b>%(n)s",
        "<b>%(n)s</b><script>",
        '<b onclick="x">%(n)s</b>',
        '<b>%(n)s</b> "',
        "<b>%(n)s</b> 5 %",
        "<b>%(n)d</b>",
    ],
)
def test_X_XS_01_a_translation_with_other_markup_or_other_values_is_left_out(form: str) -> None:
    assert Catalogue("de", [po.Entry("<b>%(n)s</b> app", "", (form,))]).text("<b>%(n)s</b> app") == "<b>%(n)s</b> app"


def test_a_catalogue_is_read_as_translators_write_it() -> None:
    read = po.read(
        '# a note\n#: web/x.html\nmsgid "Sign in"\nmsgstr ""\n"An"\n"melden"\n\n#, fuzzy\nmsgid "Go"\nmsgstr "Los"\n\n'
        'msgid "Stay"\nmsgstr ""\n\nmsgid "%(n)s \\"app\\""\nmsgid_plural "%(n)s apps"\nmsgstr[0] "eine"\nmsgstr[1] "viele"\n\n'
        '#~ msgid "Old"\n#~ msgstr "Alt"\n'
    )
    assert list(read) == [po.Entry("Sign in", "", ("Anmelden",)), po.Entry('%(n)s "app"', "%(n)s apps", ("eine", "viele"))]


@pytest.mark.parametrize("wrong", ["msgid Sign in", '"Sign in"', 'msgid "Go"\nmsgstr "Los"\nmsgid "Stay"\nmsgstr "Bleib"', 'msgid "Go\\x"'])
def test_a_file_that_is_no_catalogue_stops_the_start(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"entry|entries|escape"):
        list(po.read(wrong))


@pytest.mark.parametrize(
    "typed", ["a. " * 300, " of 1 gates" * 80, "1 of " * 190 + "gates", ", ".join(["open"] * 150), "%(parts)s of % gates"]
)
def test_what_somebody_types_is_looked_up_within_bounds(typed: str) -> None:
    began = time.process_time()
    assert GERMAN.told(typed)
    assert time.process_time() - began < 0.05


def test_values_in_a_text_are_escaped_in_every_language_and_what_code_says_is_data() -> None:
    template = pages.environment().from_string(
        "{% trans n=count %}<b>{{ n }}</b> app{% pluralize %}<b>{{ n }}</b> apps{% endtrans %} {{ said|told }}"
    )
    before = languages.speak(GERMAN)
    try:
        assert template.render(count=2, said="<i> of 3 gates") == "<b>2</b> Apps 3 Tore, davon &lt;i&gt;"
    finally:
        languages.speak_as_before(before)
    assert template.render(count="<i>", said=None) == "<b>&lt;i&gt;</b> apps None"


@pytest.mark.parametrize(
    ("catalogue", "written"),
    [
        (languages.ENGLISH, "12,345 on 7 Mar 2026, 10:42:11 UTC; 7 Mar 2026; 7 Mar"),
        (GERMAN, "12.345 on 7. März 2026, 10:42:11 UTC; 7. März 2026; 7 März"),
        (POLISH, "12,345 on 7 Mar 2026, 10:42:11 UTC; 7 Mar 2026; 7 Mar"),
    ],
)
def test_numbers_and_days_are_written_as_the_language_writes_them(catalogue: Catalogue, written: str) -> None:
    moment = datetime(2026, 3, 7, 10, 42, 11, tzinfo=UTC)
    template = pages.environment().from_string("{{ count|number }} on {{ read }}; {{ moment|day }}; {{ short }}")
    before = languages.speak(catalogue)
    try:
        values = {"read": told.read(moment.isoformat()), "short": told.day_of_this_year(moment)}
        assert template.render(count=12_345, moment=moment, **values) == written
    finally:
        languages.speak_as_before(before)


@pytest.mark.parametrize(
    ("thousand", "written"),
    [("1.000", "1.234"), ("1\u202f000", "1\u202f234"), ("1000", "1234"), ("", "1,234"), ("eintausend", "1,234"), ("1--000", "1,234")],
)
def test_a_thousand_that_shows_no_way_of_writing_numbers_is_left_out(thousand: str, written: str) -> None:
    assert Catalogue("de", [po.Entry(languages.THOUSAND, "", (thousand,))]).number(1234) == written


@pytest.mark.parametrize("hours", [0, 0.5, 5, 30, 24 * 2000])
def test_how_long_ago_something_was_is_in_the_catalogue(hours: float) -> None:
    now = datetime(2026, 3, 7, tzinfo=UTC)
    assert not re.search(r"[a-z]{2}", pseudo.catalogue().told(told.ago(now - timedelta(hours=hours), now)))


def shape(address: str) -> str:
    """The page that an address opens, whichever record it is of."""
    return re.sub(r"/[0-9A-Za-z]{15,18}(?=/|$)", "/*", urlsplit(address).path)


def crawled(browser: Browser, beginning: Iterable[str]) -> dict[str, pseudo.Reading]:
    """Every page that can be reached, one of each kind."""
    ahead, seen = list(beginning), dict[str, pseudo.Reading]()
    while ahead:
        address = ahead.pop(0)
        if shape(address) not in seen and address.startswith(("/setup", "/me", "/signin")):
            page = browser.open(address)
            seen[shape(address)] = pseudo.Reading(page.text if page.headers["content-type"].startswith("text/html") else "")
            ahead += seen[shape(address)].links
    return seen


def left_in(pages_read: Mapping[str, pseudo.Reading]) -> dict[str, list[str]]:
    """What is English on each page."""
    data = {each for read in pages_read.values() for each in read.data}
    return {path: left for path, read in pages_read.items() if (left := pseudo.english(read.said, data))}


@pytest.fixture
def wide_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a browser asks for, it is the language that nobody speaks."""
    catalogue = pseudo.catalogue()
    monkeypatch.setattr(languages, "catalogues", lambda: {pseudo.TAG.lower(): catalogue})
    monkeypatch.setattr(languages, "chosen", lambda header, there: catalogue)


@pytest.mark.usefixtures("wide_letters")
class TestNoPageSaysAnythingThatIsNotInTheCatalogue:
    def test_of_setup_and_of_ones_own(self, acme: Tenant) -> None:
        app = acme.app("Nightly Sync")
        for scope in ("api", "nothing_known"):
            app.token(scope=scope)
        acme.app("Old Thing", scopes=("full", "api"), full_scope_reason="It moves everything")
        read = crawled(admin(acme), ["/me", *(place.path for place in places.PLACES)])
        assert len(read) > 90
        assert left_in(read) == {}

    def test_of_the_door(self, acme: Tenant) -> None:
        read = crawled(Browser(acme.door, acme.org.issuer), ["/signin", "/signin/forgot-password", "/setup/install?key=nobody"])
        assert left_in(read) == {}


@pytest.mark.parametrize(
    ("html", "left"),
    [
        ("<p>Sign in</p>", ["Sign in"]),
        ('<p title="Sign in">15 ＡＰＩ of</p>', ["15 ＡＰＩ of", "Sign in"]),
        ("<p><bdi>Nightly Sync</bdi> Nightly Sync</p><br><title>Nightly Sync · Gatebridge</title>", []),
        ("<svg><title>Sign in</title><path/></svg><time>2 Mar</time> 2 Mar PKCE", []),
    ],
)
def test_the_look_at_a_page_finds_what_is_english(html: str, left: list[str]) -> None:
    read = pseudo.Reading(html)
    assert pseudo.english(read.said, read.data) == left


def test_an_answer_says_by_what_it_was_chosen_and_in_which_language_it_is(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = Browser(acme.door, acme.org.issuer)
    assert "accept-language" not in browser.open("/signin", {"Accept-Language": "de"}).headers.get("vary", "").lower()
    monkeypatch.setattr(languages, "catalogues", lambda: {"de": GERMAN})
    german, english = (browser.open("/signin", {"Accept-Language": tag}) for tag in ("de-AT", "fr"))
    assert ('<html lang="de">' in german.text, "<h1>Anmelden bei <bdi>" in german.text, german.headers["vary"]) == (
        True,
        True,
        "Accept-Language",
    )
    assert ('<html lang="en">' in english.text, "<h1>Sign in to <bdi>" in english.text) == (True, True)
    assert "vary" not in browser.step("GET", "/static/style.css", {"Accept-Language": "de"}).headers
