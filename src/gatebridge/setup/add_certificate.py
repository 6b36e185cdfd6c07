"""The certificates with which an app signs its assertions: the public half is uploaded here, the private one never leaves its owner."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from gatebridge.crypto import certificates as uploads
from gatebridge.crypto.certificates import Certificate, CertificateRefused, Flaw
from gatebridge.records.change import Target, record_change
from gatebridge.rules import app_checks, typed_text
from gatebridge.rules.actors import Actor
from gatebridge.rules.apps import App, AppCertificate
from gatebridge.rules.events import Event
from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import FieldProblem, Reason, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup import app_rights
from gatebridge.setup.edits import refuse_invalid
from gatebridge.storage import credentials
from gatebridge.storage.tx import Tx

# A JWK has no end of its own. This moment says so in every X.509 certificate too (RFC 5280 section 4.1.2.5).
NO_END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)

REFUSALS: dict[Flaw, Reason] = {
    Flaw.UNREADABLE: setup_reasons.CERTIFICATE_UNREADABLE,
    Flaw.SEVERAL: setup_reasons.CERTIFICATE_UNREADABLE,
    Flaw.WEAK: setup_reasons.CERTIFICATE_WEAK,
    Flaw.OUT_OF_DATE: setup_reasons.CERTIFICATE_OUT_OF_DATE,
    Flaw.HAS_PRIVATE_KEY: setup_reasons.CERTIFICATE_HAS_PRIVATE_KEY,
}


@dataclass(frozen=True, slots=True)
class AddCertificate:
    """One X.509 certificate (PEM or DER) or one public JWK."""

    app_id: str
    name: str
    upload: str | bytes


@dataclass(frozen=True, slots=True)
class RetireCertificate:
    """End one certificate now."""

    app_id: str
    certificate_id: str


@dataclass(frozen=True, slots=True)
class ReportExposedKey:
    """That somebody uploaded a private key. The upload itself is not here, and is kept nowhere."""

    app_id: str
    name: str


def add_certificate(tx: Tx, actor: Actor, command: AddCertificate) -> AppCertificate:
    """Register a key of the app. Raises Refused with what is wrong with the upload (X-JB-09).

    On `certificate_has_private_key` nothing is kept, since a refusal changes nothing; the door then records it by `report_exposed_key`.
    """
    app = app_rights.with_new_credentials(tx, actor, command.app_id)
    problem = typed_text.line_problem(command.name)
    refuse_invalid([FieldProblem("name", problem)] if problem else [])
    read = read_upload(tx, command.upload)
    known = credentials.certificates_of(tx, actor.org_id, app.id)
    live = [each for each in known if each.retired_at is None and tx.now < each.not_after and each.try_id is None]
    if len(live) >= app_checks.MOST_LIVE_CERTIFICATES:
        limit = app_checks.MOST_LIVE_CERTIFICATES
        detail = f"This app has {len(live)} live certificates, and {limit} are allowed: retire one first."
        raise Refused(setup_reasons.LIMIT_REACHED, detail=detail, facts={"limit": limit, "live": len(live)})
    certificate = _record(tx, actor, app, command.name, read)
    # One key is registered once, whatever certificate is around it: otherwise a key that was retired would live on in its renewal.
    same_key = any(other.public_pem == certificate.public_pem for other in known)
    if same_key or not credentials.insert_certificate(tx, actor.org_id, certificate):
        raise Refused(setup_reasons.CERTIFICATE_DUPLICATE, facts={"fingerprint": certificate.fingerprint})
    record_change(tx, actor, Event.CERTIFICATE_ADDED, _target(app, certificate), None, asdict(certificate))
    return certificate


def retire_certificate(tx: Tx, actor: Actor, command: RetireCertificate) -> AppCertificate:
    """End a certificate now; no assertion signed with its key is accepted from the commit on. Raises Refused."""
    app = app_rights.with_credentials(tx, actor, command.app_id)
    return end_certificate(tx, actor, app, command.certificate_id)


def end_certificate(tx: Tx, actor: Actor, app: App, certificate_id: str) -> AppCertificate:
    """End a certificate of an app and tell it to the audit trail. For the verbs, which have asked whether it may be. Raises Refused."""
    for certificate in credentials.certificates_of(tx, actor.org_id, app.id):
        if certificate.id == certificate_id:
            break
    else:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    if not credentials.retire_certificate(tx, actor.org_id, app.id, certificate.id):
        raise Refused(setup_reasons.STATE_CONFLICT, detail="This certificate was retired before.")
    retired = replace(certificate, retired_at=tx.now)
    record_change(tx, actor, Event.CERTIFICATE_RETIRED, _target(app, certificate), asdict(certificate), asdict(retired))
    return retired


def register_key_of_try(
    tx: Tx, actor: Actor, app: App, name: str, public_jwk: Mapping[str, str], not_after: datetime, try_id: str
) -> AppCertificate:
    """Register a key that was made here for a run of Try it, and tell it to the audit trail. For its verb, which has asked if it may be.

    It is no part of the limit of live certificates, and ends with its run.
    """
    read = read_upload(tx, json.dumps(public_jwk))
    certificate = replace(_record(tx, actor, app, name, read), not_after=not_after, try_id=try_id)
    if not credentials.insert_certificate(tx, actor.org_id, certificate):
        raise Refused(setup_reasons.CERTIFICATE_DUPLICATE, facts={"fingerprint": certificate.fingerprint})
    record_change(tx, actor, Event.CERTIFICATE_ADDED, _target(app, certificate), None, asdict(certificate))
    return certificate


def report_exposed_key(tx: Tx, actor: Actor, command: ReportExposedKey) -> None:
    """Write into the audit trail that a private key of the app was sent here and counts as compromised. Raises Refused."""
    app = app_rights.with_credentials(tx, actor, command.app_id)
    said = {"upload": "held a private key; refused and not kept; the key counts as compromised"}
    target = Target("certificate", app.id, f"{command.name[: typed_text.LONGEST_NAME]} of {app.label}")
    record_change(tx, actor, Event.CERTIFICATE_KEY_EXPOSED, target, None, said)


def read_upload(tx: Tx, upload: str | bytes) -> Certificate:
    """What an upload turns out to be; nothing of it is kept. Raises Refused with what is wrong with it."""
    try:
        return uploads.read(upload, now=tx.now)
    except CertificateRefused as refused:
        raise Refused(REFUSALS[refused.code], detail=f"{refused.words}.", fields=(FieldProblem("upload", f"{refused.words}."),)) from None


def _record(tx: Tx, actor: Actor, app: App, name: str, read: Certificate) -> AppCertificate:
    return AppCertificate(
        id=tx.new_id(Prefix.CERTIFICATE),
        app_id=app.id,
        name=name,
        fingerprint=read.fingerprint,
        subject=read.subject or read.kid or "",
        key_type=read.key_type,
        algorithms=read.algs,
        public_pem=read.public_pem,
        not_before=read.not_before or tx.now,
        not_after=read.not_after or NO_END,
        created_at=tx.now,
        created_by=actor.id,
    )


def _target(app: App, certificate: AppCertificate) -> Target:
    return Target("certificate", certificate.id, f"{certificate.name} of {app.label}")
