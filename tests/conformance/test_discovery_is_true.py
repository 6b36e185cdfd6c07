"""Every claim of discovery, proven (MD-05)."""

import itertools
from collections.abc import Mapping
from typing import Any

import pytest
from tests.conformance.proofs import DEVICE, PROOFS
from tests.conformance.relying_party import metadata_of
from tests.conformance.running import RunningHouse
from tests.conformance.truth import Truth

from gatebridge.setup.manage_orgs import EditOrg, edit_org


@pytest.fixture(scope="module")
def truth(house: RunningHouse) -> Truth:
    with house.database.transaction() as tx:
        edit_org(tx, house.admin, EditOrg(device_flow=True, user_agent_flow=True))
    return Truth(house)


@pytest.fixture(scope="module")
def metadata(truth: Truth) -> Mapping[str, Any]:
    return metadata_of(truth.house)


def test_std_MD_05_no_claim_is_made_that_nobody_has_proven(metadata: Mapping[str, Any]) -> None:
    assert set(metadata) == set(PROOFS)


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # by RFC 9864, and clients have it still
@pytest.mark.parametrize("name", PROOFS)
def test_std_MD_04_MD_05_what_discovery_says_is_true(truth: Truth, metadata: Mapping[str, Any], name: str) -> None:
    PROOFS[name](truth, metadata[name])


def test_std_MD_05_what_an_admin_switches_off_is_no_longer_named(house: RunningHouse, truth: Truth, metadata: Mapping[str, Any]) -> None:
    with house.database.transaction() as tx:
        edit_org(tx, house.admin, EditOrg(device_flow=False, user_agent_flow=False))
    now = metadata_of(house)
    assert "device_authorization_endpoint" not in now
    assert DEVICE not in now["grant_types_supported"]
    assert now["response_types_supported"] == ["code"]
    changed = {name for name in itertools.chain(metadata, now) if metadata.get(name) != now.get(name)}
    assert changed <= {"device_authorization_endpoint", "grant_types_supported", "response_types_supported"}
