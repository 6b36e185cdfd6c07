"""An app that is exposed in nothing, to be opened in one way at a time."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.rules.facts_builder import APP, INSTALLATION, NOW, ORG, SETTINGS, USER

from gatebridge.rules import exposures
from gatebridge.rules.app_policies import AppPolicies
from gatebridge.rules.apps import AppCertificate, ConsumerSecret
from gatebridge.rules.exposed.kinds import Subject
from gatebridge.rules.network import Range, parse_range
from gatebridge.rules.orgs import OrgSettings

FULL = ("id", "api", "full")


def ranges(*texts: str) -> tuple[Range, ...]:
    return tuple(each for each in map(parse_range, texts) if each is not None)


FROM_THE_OFFICE = ranges("192.0.2.0/24")
SECRET = ConsumerSecret("0SK000000000001", APP.id, "First secret", "gbs_ab…yz", NOW - timedelta(days=30), USER.id)
BY_KEY = AppCertificate(
    id="0P1000000000001",
    app_id=APP.id,
    name="Key",
    fingerprint="00",
    subject="CN=sync",
    key_type="EC P-256",
    algorithms=("ES256",),
    public_pem="",
    not_before=NOW - timedelta(days=30),
    not_after=NOW + timedelta(days=300),
    created_at=NOW - timedelta(days=30),
    created_by=USER.id,
)
CLOSED = Subject(
    app=APP,
    settings=SETTINGS,
    policies=AppPolicies(INSTALLATION.id),
    org=OrgSettings(trusted_ranges=FROM_THE_OFFICE),
    now=NOW,
    owner=replace(USER, id=APP.owner_id, org_id=ORG.id),
    secrets=(SECRET,),
    certificates=(BY_KEY,),
)


def subject(**changes: Any) -> Subject:
    return replace(CLOSED, **changes)


def found(**changes: Any) -> set[str]:
    """The codes of the exposures of the closed app with these changes."""
    return {each.code for each in exposures.of(subject(**changes))}
