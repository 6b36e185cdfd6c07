"""Every text of a page is marked or collected, so that a translator finds all of them in one file."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from tests.contracts import texts
from tests.contracts.texts_in_code import texts_in
from tests.contracts.texts_in_templates import counts_no_number_in, marked_in, not_literal_in, unmarked_in

from gatebridge.web import languages, po

SENTENCE_IN_SCRIPT = re.compile(r"[\"'`][A-Z][a-z]*,? [a-z]+[^\"'`\n]*[\"'`]")


def in_templates(look: Callable[[str], list[Any]]) -> dict[str, list[Any]]:
    """What is found in each template, where anything is."""
    looked = {path.relative_to(texts.TEMPLATES).as_posix(): look(path.read_text("utf-8")) for path in texts.templates()}
    return {template: found for template, found in looked.items() if found}


def test_the_file_for_translators_holds_the_texts_of_today() -> None:
    assert texts.POT.read_text("utf-8") == texts.as_pot(), "make texts"


def test_a_template_says_nothing_that_is_not_marked() -> None:
    assert in_templates(unmarked_in) == {}


def test_only_what_stands_in_a_template_itself_is_looked_up_as_markup() -> None:
    assert in_templates(not_literal_in) == {}


def test_a_plural_hangs_on_a_number() -> None:
    assert in_templates(counts_no_number_in) == {}


def test_a_catalogue_of_ours_fits_wherever_it_stands() -> None:
    entries = [entry for path in languages.LOCALE.glob("*.po") for entry in po.read(path.read_text("utf-8")) if entry.text]
    assert [entry.text for entry in entries if not po.fits(entry)] == []


def test_a_script_says_nothing_that_does_not_stand_in_the_page() -> None:
    said = {path.name: SENTENCE_IN_SCRIPT.findall(path.read_text("utf-8")) for path in texts.SCRIPTS.glob("*.js")}
    assert "passkeys.js" in said
    assert {name: found for name, found in said.items() if found} == {}


@pytest.mark.parametrize(
    ("template", "left"),
    [
        ("<p>Sign in</p>", ["Sign in"]),
        ("<p>{% trans %}Sign in{% endtrans %}</p>", []),
        ("{% trans n=count %}one app{% pluralize %}{{ n }} apps{% endtrans %} left", ["left"]),
        ('<a aria-label="Remove {{ name }}">x</a>', ["Remove"]),
        ('<a aria-label="{{ _("Remove it") }}" data-kind="main">x</a>', []),
        ('<td data-label="Last used"></td>', ["Last used"]),
        ('{{ pill("Not yet", "good") }}', ["Not yet"]),
        ('{{ pill(_("Not yet"), "good") if state == "To come" }}', []),
        ('{{ ngettext("%(num)s app", "%(num)s apps", count) }}', []),
        ('{% set words = "Nobody else" %}', ["Nobody else"]),
        ('{% extends "console/layout.html" %}{# a word to whoever reads this #}', []),
        ("<code>gatebridge apps list</code> JWT &middot; 15", []),
    ],
)
def test_the_check_of_templates_finds_what_is_not_marked(template: str, left: list[str]) -> None:
    assert unmarked_in(template) == left


@pytest.mark.parametrize(("template", "lines"), [('{{ _("Sign in") }}', 0), ("{{ _(label) }}", 1), ('{{ ngettext("app", more, 2) }}', 1)])
def test_the_check_of_templates_finds_what_is_looked_up_and_no_literal(template: str, lines: int) -> None:
    assert len(not_literal_in(template)) == lines


@pytest.mark.parametrize(
    ("first", "lines"), [("n=apps|length", 0), ("n=count", 0), ('n="{:,}".format(count)', 1), ("name=app.label|told, n=count", 1)]
)
def test_the_check_of_templates_finds_a_plural_that_hangs_on_a_text(first: str, lines: int) -> None:
    assert len(counts_no_number_in(f"{{% trans {first} %}}one{{% pluralize %}}{{{{ n }}}}{{% endtrans %}}")) == lines


def test_a_text_is_collected_as_it_is_looked_up() -> None:
    template = "{% trans name=app.label %}\n  100 % of\n  <bdi>{{ name }}</bdi>\n{% endtrans %}{{ ngettext('one', 'many', 2) }}"
    assert list(marked_in(template)) == [("100 %% of <bdi>%(name)s</bdi>", ""), ("one", "many")]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ('Option("high", "High assurance", "Two factors.")', ["High assurance", "Two factors."]),
        ('f"It has {len(lines):,} lines, and {most} are allowed."', ["It has %(lines)s lines, and %(most)s are allowed."]),
        ("f\"{count} {'app uses' if count == 1 else 'apps use'} it\"", ["%(count)s app uses it", "%(count)s apps use it"]),
        ('f"100 % of {one.name} and {two.name}, no less"', ["100 %% of %(name)s and %(name2)s, no less"]),
        ('f"{path}/edit?said={word}"', []),
        ('f"{first} of {last}"', []),
        ('log.warning("the database is away")', []),
        ('raise ValueError("this is no line")', []),
        ('if said == "Not yet": ...', []),
        ('{"Not a key": "A value of it"}', ["A value of it"]),
        ('def of(self) -> "Range": """What it is."""', []),
        ('Place("home", "Home", "/setup", "", RIGHTS, "posture overview start")', ["Home"]),
    ],
)
def test_what_code_says_is_collected_and_what_it_tells_programs_is_not(code: str, told: list[str]) -> None:
    assert list(texts_in(code)) == told
