"""Certificates of an app: registering one, read back in words before it counts, and the end of one."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gatebridge.crypto.certificates import Certificate
from gatebridge.rules import ids
from gatebridge.rules.apps import AppCertificate
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.add_certificate import (
    AddCertificate,
    ReportExposedKey,
    RetireCertificate,
    add_certificate,
    read_upload,
    report_exposed_key,
    retire_certificate,
)
from gatebridge.storage import credentials
from gatebridge.storage.listed_apps import ListedApp
from gatebridge.web.console import app_credentials, app_secrets, app_tabs, forms
from gatebridge.web.console.app_credentials import TAB, Uses, let_in, still_in, uses_of
from gatebridge.web.console.desk import Shown, Visit, acts, shows
from gatebridge.web.console.forms import YES, Form
from gatebridge.web.house import House
from gatebridge.web.sign_in import SEE_OTHER

PATH = f"{app_credentials.PATH}/certificates"
NEW, RETIRE = f"{PATH}/new", f"{PATH}/{{certificate_id}}/retire"
LABELS = {"name": "Name", "upload": "Certificate or public JWK"}
RETIRE_LABELS = {"typed_name": "Type the name of the certificate to go on"}


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What an upload turned out to be, and the one of the app that has the same key already."""

    certificate: Certificate
    known: AppCertificate | None


def routes(house: House) -> list[Route]:
    place = app_tabs.PLACE
    return [
        shows(house, place, NEW, show_add),
        acts(house, place, NEW, add, add_again),
        shows(house, place, RETIRE, show_retire),
        acts(house, place, RETIRE, retire, retire_again),
    ]


def show_add(visit: Visit) -> Shown:
    """Where to paste it."""
    return _add_form(visit, let_in(visit), Form(LABELS, {}))


def add(visit: Visit) -> Shown | Response:
    """Register it; or, where it is only to be read, say what it is and keep nothing.

    A private key is refused, shown to nobody again, and told to the audit trail: it has travelled.
    """
    found = let_in(visit)
    name, upload = forms.text(visit.fields, "name"), forms.text(visit.fields, "upload")
    try:
        if visit.fields.get("check") == YES:
            return _add_form(visit, found, Form(LABELS, {"name": name, "upload": upload}), _read(visit, found, upload))
        add_certificate(visit.tx, visit.actor, AddCertificate(found.app.id, name, upload))
    except Refused as refused:
        if refused.reason is not setup_reasons.CERTIFICATE_HAS_PRIVATE_KEY:
            raise
        report_exposed_key(visit.tx, visit.actor, ReportExposedKey(found.app.id, name))
        form = forms.again(Form(LABELS, {}), {"name": name}, refused)
        if form is None:
            raise
        return _add_form(visit, found, form)
    return RedirectResponse(f"{_back(found)}?said=registered", SEE_OTHER)


def add_again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed."""
    form = forms.again(Form(LABELS, {}), visit.fields, refused)
    found = still_in(visit)
    return _add_form(visit, found, form) if form is not None and found is not None else None


def show_retire(visit: Visit) -> Shown:
    """What it is used for, and what would be left."""
    return _retire_form(visit, let_in(visit), Form(RETIRE_LABELS, {}))


def retire(visit: Visit) -> Response:
    """End it. One that is in use only by whoever types its name."""
    found = let_in(visit)
    certificate, uses = _one(visit, found), uses_of(visit, found)
    if _weighty(visit, certificate, uses) and forms.text(visit.fields, "typed_name") != certificate.name:
        raise forms.wrong("typed_name", app_secrets.NOT_THE_NAME)
    retire_certificate(visit.tx, visit.actor, RetireCertificate(found.app.id, certificate.id))
    return RedirectResponse(f"{_back(found)}?said=certificate-retired", SEE_OTHER)


def retire_again(visit: Visit, refused: Refused) -> Shown | None:
    """The form with what was typed."""
    form = forms.again(Form(RETIRE_LABELS, {}), visit.fields, refused)
    found = still_in(visit)
    return _retire_form(visit, found, form) if form is not None and found is not None else None


def _read(visit: Visit, found: ListedApp, upload: str) -> ReadBack:
    certificate = read_upload(visit.tx, upload)
    return ReadBack(certificate, next((each for each in _all(visit, found) if each.public_pem == certificate.public_pem), None))


def _all(visit: Visit, found: ListedApp) -> list[AppCertificate]:
    return credentials.certificates_of(visit.tx, visit.org.id, found.app.id)


def _one(visit: Visit, found: ListedApp) -> AppCertificate:
    certificate_id = visit.id_in_path("certificate_id", Prefix.CERTIFICATE)
    certificate = next((each for each in _all(visit, found) if each.id == certificate_id), None)
    if certificate is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    return certificate


def _weighty(visit: Visit, certificate: AppCertificate, uses: Uses) -> bool:
    return not app_credentials.over(visit, certificate) and uses.in_use(certificate.id, visit.tx.now)


def _add_form(visit: Visit, found: ListedApp, form: Form, read: ReadBack | None = None) -> Shown:
    values = {"form": form, "read": read, "action": f"{_back(found)}/certificates/new", "back": _back(found)}
    return _shown(visit, found, "app/certificate_new.html", values, "Register a certificate", form.status)


def _retire_form(visit: Visit, found: ListedApp, form: Form) -> Shown:
    certificate, uses = _one(visit, found), uses_of(visit, found)
    values = {
        "form": form,
        "kind": "certificate",
        "record": certificate,
        "uses": uses,
        "others": [each for each in _all(visit, found) if each.live(visit.tx.now) and each.try_id is None and each.id != certificate.id],
        "weighty": _weighty(visit, certificate, uses),
        "action": f"{_back(found)}/certificates/{ids.long(certificate.id)}/retire",
        "back": _back(found),
    }
    return _shown(visit, found, "app/credential_retire.html", values, f"Retire {certificate.name}", form.status)


def _shown(visit: Visit, found: ListedApp, template: str, values: Mapping[str, object], page: str, status: int) -> Shown:
    return app_tabs.shown(visit, found, TAB, template, values, page=page, status=status)


def _back(found: ListedApp) -> str:
    return app_tabs.address(found.app.id, "/credentials")
