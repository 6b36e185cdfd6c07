"""Certificates of an app: the public keys with which its assertions are checked."""

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from gatebridge.rules.ids import Prefix
from gatebridge.rules.reasons import Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.setup.add_certificate import (
    AddCertificate,
    ReportExposedKey,
    RetireCertificate,
    add_certificate,
    report_exposed_key,
    retire_certificate,
)
from gatebridge.storage import credentials
from gatebridge.web.api import app_reading
from gatebridge.web.api.desk import AtDesk, IdempotencyKey, Visit, record_id
from gatebridge.web.api.shapes import Closed, Id, Moment, Shown

router = APIRouter(prefix="/apps/{app_id}/certificates", tags=["Certificates"])


class CertificateShown(Shown):
    """One certificate, or a bare public key, whose fingerprint is that of the key."""

    id: Id
    name: str
    fingerprint: str
    subject: str
    key_type: str
    algorithms: list[str]
    public_pem: str
    not_before: Moment
    not_after: Moment
    created_at: Moment
    created_by: Id
    retired_at: Moment | None
    try_id: Id | None = Field(description="The run of Try it for which it was made, and with which it ends.")


class NewCertificate(Closed):
    """One X.509 certificate in PEM form, or one public JWK. Never a private key."""

    name: str = Field(examples=["Ledger host 2027"])
    certificate: str = Field(examples=["-----BEGIN CERTIFICATE-----\nEXAMPLE\n-----END CERTIFICATE-----"])


@router.get("", summary="List certificates")
def list_certificates(desk: AtDesk, app_id: str) -> list[CertificateShown]:
    """The certificates that the app has or had, newest first. Needs *View Setup*, or to be the owner."""
    with desk.reading() as visit:
        app = app_reading.own(visit.tx, visit.actor, record_id(app_id, Prefix.APP)).app
        return [CertificateShown.model_validate(each) for each in credentials.certificates_of(visit.tx, visit.org.id, app.id)]


@router.post("", summary="Add a certificate", status_code=201, response_model=CertificateShown)
def post_certificate(desk: AtDesk, app_id: str, body: NewCertificate, idempotency_key: IdempotencyKey = None) -> Response:
    """Register a key of the app. Needs *Rotate Consumer Credentials*, and to be the owner or *Manage Connected Apps*."""
    app = record_id(app_id, Prefix.APP)

    def make(visit: Visit) -> CertificateShown:
        return CertificateShown.model_validate(add_certificate(visit.tx, visit.actor, AddCertificate(app, body.name, body.certificate)))

    try:
        return desk.create(make, idempotency_key)
    except Refused as refused:
        if refused.reason is setup_reasons.CERTIFICATE_HAS_PRIVATE_KEY:
            # The refusal keeps nothing, and yet somebody's private key has travelled: that is written down on its own.
            with desk.writing() as visit:
                report_exposed_key(visit.tx, visit.actor, ReportExposedKey(app, body.name))
        raise


@router.post("/{certificate_id}/retire", summary="Retire a certificate")
def post_retire_certificate(desk: AtDesk, app_id: str, certificate_id: str) -> CertificateShown:
    """End a certificate now. Needs *Rotate Consumer Credentials*, and to be the owner or *Manage Connected Apps*."""
    command = RetireCertificate(record_id(app_id, Prefix.APP), record_id(certificate_id, Prefix.CERTIFICATE))
    with desk.writing() as visit:
        return CertificateShown.model_validate(retire_certificate(visit.tx, visit.actor, command))
