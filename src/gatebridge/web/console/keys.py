"""Keys and Certificates: the keys that sign the org's tokens, each from publication to end, and the certificates of apps by their end."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from starlette.responses import RedirectResponse
from starlette.routing import Route

from gatebridge.oauth import jwks
from gatebridge.records.change import permit, signed_in_lately
from gatebridge.rules import ids, signing_keys
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.signing_keys import (
    AddSigningKey,
    RemoveSigningKey,
    RetireSigningKey,
    add_signing_key,
    remove_signing_key,
    retire_signing_key,
)
from gatebridge.storage import org_figures
from gatebridge.storage import signing_keys as stored
from gatebridge.storage.org_figures import EndingCertificate, Signed
from gatebridge.storage.signing_keys import StoredKey
from gatebridge.web.console import forms, org_forms, places
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.forms import Form
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

PLACE = places.named("keys")
NEW = f"{PLACE.path}/new"
RETIRE, REMOVE = f"{PLACE.path}/{{key_id}}/retire", f"{PLACE.path}/{{key_id}}/remove"
SAID = {
    "added": "The key is made and published. It signs as soon as no client can hold an older set of keys.",
    "retired": "The key signs no more. It stays published for the tokens that it signed.",
    "removed": "The key is out of the set. What it signed is refused wherever it is checked.",
}
ALGORITHMS = (
    ("ES256", "ES256", "Elliptic curve P-256: short signatures, quick to make. What new apps use."),
    ("RS256", "RS256", "RSA: for clients and libraries that know nothing else."),
)
NEW_LABELS = {"algorithm": "Algorithm"}
REMOVE_LABELS = {"reason": "Why", "typed_name": "Type the key id to go on"}
MOST_CERTIFICATES = 50
MOST_TOKENS = 10_000
SOON = timedelta(days=30)
SIGNS = "Signs"
NO_REASON = "Say why this cannot wait: it goes into the audit trail."
NOT_THE_ID = "This is not the id of the key. Type it as it stands here."


@dataclass(frozen=True, slots=True)
class Line:
    """One key of the table: how it stands, in a word and a sentence, and what can be done with it."""

    key: StoredKey
    state: str
    tone: str
    words: str
    moment: datetime | None  # which the sentence is about
    retirable: bool
    removable: bool

    @property
    def address(self) -> str:
        return f"{PLACE.path}/{ids.long(self.key.id)}"


@dataclass(frozen=True, slots=True)
class CertificateLine:
    """One certificate of an app."""

    certificate: EndingCertificate
    state: str
    tone: str


def routes(house: House) -> list[Route]:
    return [
        shows(house, PLACE, PLACE.path, show),
        shows(house, PLACE, NEW, show_new),
        acts(house, PLACE, NEW, add, add_again),
        shows(house, PLACE, RETIRE, show_retire),
        acts(house, PLACE, RETIRE, retire, retire_again),
        shows(house, PLACE, REMOVE, show_remove),
        acts(house, PLACE, REMOVE, remove, remove_again),
    ]


def show(visit: Visit) -> Shown:
    """Every published key, newest first, and the certificates that end first."""
    org_forms.let_in(visit)
    found = org_figures.certificates_by_end(visit.tx, visit.org.id, MOST_CERTIFICATES)
    values = {
        "lines": _lines(visit),
        "certificates": [_certificate(each, visit.tx.now) for each in found],
        "most_certificates": MOST_CERTIFICATES,
        "jwks": visit.org.issuer + jwks.PATH,
        "cache": signing_keys.JWKS_CACHE.seconds // 60,
        "longest": signing_keys.LONGEST_TOKEN.seconds // 3600,
        "told": SAID.get(visit.request.query_params.get("said", ""), ""),
    }
    return org_forms.shown(visit, PLACE, "keys/list.html", values)


def show_new(visit: Visit) -> Shown:
    """Of which kind it is to be."""
    _let_at(visit)
    return _new(Form(NEW_LABELS, {"algorithm": signing_keys.ALGORITHMS[0]}))


def add(visit: Visit) -> RedirectResponse:
    """Make and publish it."""
    add_signing_key(visit.tx, visit.actor, AddSigningKey(forms.text(visit.fields, "algorithm")))
    return RedirectResponse(f"{PLACE.path}?said=added", SEE_OTHER)


def add_again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was chosen."""
    form = forms.again(Form(NEW_LABELS, {}), visit.fields, refused)
    return _new(form) if form is not None else None


def show_retire(visit: Visit) -> Shown:
    """What it signed, and which key signs in its place."""
    _let_at(visit)
    return _act(visit, "keys/retire.html", "Retire a key", Form({}, {}))


def retire(visit: Visit) -> RedirectResponse:
    """Let it sign no more."""
    retire_signing_key(visit.tx, visit.actor, RetireSigningKey(visit.id_in_path("key_id", Prefix.SIGNING_KEY)))
    return RedirectResponse(f"{PLACE.path}?said=retired", SEE_OTHER)


def retire_again(visit: Visit, refused: Refused) -> Shown | None:
    """The page again, with why it cannot be."""
    form = forms.again(Form({}, {}), visit.fields, refused)
    return _act(visit, "keys/retire.html", "Retire a key", form) if form is not None else None


def show_remove(visit: Visit) -> Shown:
    """Whose tokens would be refused."""
    _let_at(visit)
    return _act(visit, "keys/remove.html", "Remove a key", Form(REMOVE_LABELS, {}))


def remove(visit: Visit) -> RedirectResponse:
    """Take it out of the set. While tokens of it may be alive, only by whoever types its id and says why."""
    _let_at(visit)
    line = _line(visit, _lines(visit))
    reason = forms.text(visit.fields, "reason")
    early = _early(line.key, visit.tx.now)
    if early and forms.text(visit.fields, "typed_name") != line.key.id:
        raise forms.wrong("typed_name", NOT_THE_ID)
    if early and not reason:
        raise forms.wrong("reason", NO_REASON)
    remove_signing_key(visit.tx, visit.actor, RemoveSigningKey(line.key.id, early, reason))
    return RedirectResponse(f"{PLACE.path}?said=removed", SEE_OTHER)


def remove_again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed."""
    form = forms.again(Form(REMOVE_LABELS, {}), visit.fields, refused)
    return _act(visit, "keys/remove.html", "Remove a key", form) if form is not None else None


def _let_at(visit: Visit) -> None:
    permit(visit.actor, Permission.MANAGE_SECURITY)
    signed_in_lately(visit.tx, visit.actor)


def _lines(visit: Visit) -> list[Line]:
    published = stored.published(visit.tx, visit.org.id)
    now = visit.tx.now
    signing = {key.algorithm: key for key in reversed(published) if key.retired_at is None and key.signs_from <= now}
    return [_told(key, signing.get(key.algorithm), now) for key in published]


def _told(key: StoredKey, signing: StoredKey | None, now: datetime) -> Line:
    """One key in words. `signing` is the one of its algorithm that signs now."""
    if key.retired_at is not None:
        free = signing_keys.removable_from(key.retired_at)
        if now < free:
            return Line(key, "Retired", "", "its last token is over", free, retirable=False, removable=True)
        return Line(key, "Can go", "info", "its last token was over", free, retirable=False, removable=True)
    retirable = signing is not None and signing.id != key.id
    if now < key.signs_from:
        return Line(key, "Published", "info", "it signs", key.signs_from, retirable=retirable, removable=False)
    if signing is not None and signing.id == key.id:
        return Line(key, SIGNS, "good", "since", key.signs_from, retirable=False, removable=False)
    return Line(key, "In reserve", "", "a newer one signs in its place", None, retirable=True, removable=False)


def _line(visit: Visit, lines: list[Line]) -> Line:
    key_id = visit.id_in_path("key_id", Prefix.SIGNING_KEY)
    found = next((line for line in lines if line.key.id == key_id), None)
    if found is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return found


def _early(key: StoredKey, now: datetime) -> bool:
    return key.retired_at is not None and now < signing_keys.removable_from(key.retired_at)


def _signed(visit: Visit, key: StoredKey) -> Signed:
    """How many of the tokens that it may have signed are alive."""
    now = visit.tx.now
    since = max(key.signs_from, now - signing_keys.LONGEST_TOKEN)
    return org_figures.jwts_alive(visit.tx, visit.org.id, key.algorithm, since, key.retired_at or now, MOST_TOKENS)


def _certificate(found: EndingCertificate, now: datetime) -> CertificateLine:
    if found.not_after <= now:
        return CertificateLine(found, "Ended", "bad")
    return CertificateLine(found, "Ends soon", "caution") if found.not_after - now < SOON else CertificateLine(found, "Holds", "good")


def _new(form: Form) -> Shown:
    values = {"form": form, "here": NEW, "back": PLACE.path, "algorithms": ALGORITHMS, "cache": signing_keys.JWKS_CACHE.seconds // 60}
    return Shown("keys/new.html", values, ((PLACE.name, PLACE.path), ("New key", "")), form.status)


def _act(visit: Visit, template: str, page: str, form: Form) -> Shown:
    lines = _lines(visit)
    line = _line(visit, lines)
    values = {
        "form": form,
        "line": line,
        "signed": _signed(visit, line.key),
        "instead": [each for each in lines if each.state == SIGNS and each.key.algorithm == line.key.algorithm and each is not line],
        "early": _early(line.key, visit.tx.now),
        "back": PLACE.path,
        "longest": signing_keys.LONGEST_TOKEN.seconds // 3600,
    }
    return Shown(template, values, ((PLACE.name, PLACE.path), (page, "")), form.status)
