"""Every text of the product that a page may show, collected for translators in `web/locale/gatebridge.pot` (docs/decisions/0031).

What a template says is marked in it. What rules, verbs and pages say is found in their code: a literal that reads as English, and of one
with values in it the sentence around them. `make texts` writes the file; a contract test tells when it is old.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.contracts.texts_in_code import texts_in
from tests.contracts.texts_in_templates import marked_in

from gatebridge.rules import hours, settable
from gatebridge.rules.events import Event
from gatebridge.rules.gates import Gate
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import REASONS
from gatebridge.web import composed, languages, pages, reason_pages, told
from gatebridge.web.console import audit_trail, strip

SOURCE = Path(__file__).parents[2] / "src" / "gatebridge"
POT = languages.LOCALE / "gatebridge.pot"
TEMPLATES, SCRIPTS = pages.HERE / "templates", pages.HERE / "static"

# The rooms whose words come to pages, and what of them speaks to programs, to terminals or by mail.
ROOMS = ("rules", "setup", "monitoring", "signin", "oauth/trying", "oauth/consent.py", "oauth/consequences.py", "web")
ELSEWHERE = (
    *("rules/soql", "rules/client_", "rules/first_token_", "setup/request_mails.py", "signin/warnings.py", "signin/mailed_code.py"),
    *("oauth/trying/in_code.py", "oauth/trying/calls.py", "web/api", "web/middleware", "web/metrics.py", "web/logs.py", "web/cors.py"),
    *("web/turnstile.py", "web/hot_lane.py", "web/soap.py", "web/salesforce.py", "web/refusal.py", "web/identity.py", "web/authz.py"),
    *("web/languages.py", "web/composed.py", "web/po.py"),
)
# Words of rules that are shown as they are, or stand in sentences as values.
CALLED_BY_THEIR_VALUES = (
    *("heavy", "medium", "light", "guarded", "open", "loosened", "closed", "passed", "refused", "relaxing", "enforcing"),
    *(
        "active",
        "frozen",
        "invited",
        "deactivated",
        "blocked",
        "installed",
        "approved",
        "waiting",
        "secret",
        "certificate",
        "default",
        "profile",
        "org",
        "app",
    ),
    *("seconds", "minutes", "hours", "days", "months", "yes", "no", "since", "today", "yesterday"),
    *("web server", "refresh", "client credentials", "device", "user-agent"),
)
# How a language writes days and large numbers.
HOW_IT_IS_WRITTEN = (told.DATE, told.DATE_OF_THIS_YEAR, *told.MONTHS, languages.THOUSAND)
HEAD = """\
# The texts of Gatebridge, for translators. A language is a copy of this file, filled in: locale/<language>.po.
# %(names)s stand for values, and tags stay as they are. An entry that changes either is left out, and stays English.
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"""


def templates() -> list[Path]:
    return sorted(TEMPLATES.rglob("*.html"))


def modules() -> Iterator[Path]:
    """The modules whose words come to pages."""
    for room in ROOMS:
        for path in [SOURCE / room] if room.endswith(".py") else sorted((SOURCE / room).rglob("*.py")):
            if not path.relative_to(SOURCE).as_posix().startswith(ELSEWHERE):
                yield path


@dataclass(frozen=True, slots=True)
class Text:
    """A text, its plural where it has one, and whether code puts it together with values."""

    text: str
    plural: str = ""
    composed: bool = False


def found() -> dict[Text, list[str]]:
    """Every text with the files that say it; templates first, in the order of the files."""
    texts: dict[Text, list[str]] = {}
    for text, where in _everywhere():
        files = texts.setdefault(text, [])
        if where not in files:
            files.append(where)
    counted = {each.text for each in texts if each.plural}
    return {each: files for each, files in texts.items() if each.plural or each.composed or each.text not in counted}


def _everywhere() -> Iterator[tuple[Text, str]]:
    for path in templates():
        for text, plural in marked_in(path.read_text("utf-8")):
            yield Text(text, plural), path.relative_to(SOURCE).as_posix()
    for word in (*_named_by_rule(), *CALLED_BY_THEIR_VALUES, *HOW_IT_IS_WRITTEN):
        yield Text(word), "rules"
    for code in REASONS:
        yield Text(reason_pages.title_of(code)), "web/help/reasons"
    for path in modules():
        for text in texts_in(path.read_text("utf-8")):
            yield Text(text, composed="%(" in text), path.relative_to(SOURCE).as_posix()


def _named_by_rule() -> Iterator[str]:
    """What has its name from the word that is stored."""
    yield from map(strip.name_of, Gate)
    yield from map(settable.name_of, Permission)
    yield from map(str.capitalize, hours.WEEKDAYS)
    for words in map(audit_trail.words_of, Event):
        yield words
        yield words.capitalize()


def as_pot() -> str:
    """The file as it has to be."""
    return "\n".join([HEAD, *(_entry(text, files) for text, files in found().items())])


def _entry(text: Text, files: list[str]) -> str:
    lines = [f"#: {' '.join(files)}", *([f'msgctxt "{composed.CONTEXT}"'] if text.composed else []), f"msgid {_quoted(text.text)}"]
    if text.plural:
        lines += [f"msgid_plural {_quoted(text.plural)}", 'msgstr[0] ""', 'msgstr[1] ""']
    else:
        lines.append('msgstr ""')
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


if __name__ == "__main__":
    POT.parent.mkdir(exist_ok=True)
    POT.write_text(as_pot(), "utf-8")
