"""Where Salesforce's clients begin: the list of versions, and what there is below one of them."""

from gatebridge.rules import ids
from gatebridge.rules.api_versions import VERSIONS
from gatebridge.rules.orgs import Org

PATH = "/services/data"


def listed() -> list[dict[str, str]]:
    """Every version, the newest last. Anybody may read it, and clients do before they have a token."""
    return [{"label": label, "url": f"{PATH}/v{version}", "version": version} for version, label in VERSIONS.items()]


def root(version: str) -> str:
    """The address of a version, without the host, as every address in an answer is written."""
    return f"{PATH}/v{version}"


def resources(org: Org, user_id: str, version: str) -> dict[str, str]:
    """What there is below a version, and whose token was sent: jsforce reads `identity` where it has no `id` of a token answer."""
    here = root(version)
    return {
        "identity": f"{org.issuer}/id/{ids.long(org.id)}/{ids.long(user_id)}",
        "sobjects": f"{here}/sobjects",
        "query": f"{here}/query",
        "queryAll": f"{here}/queryAll",
    }
