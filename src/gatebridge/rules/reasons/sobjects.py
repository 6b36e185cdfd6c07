"""Why a query over the setup objects is refused though it is well written: its object, its next page, or the time that it takes."""

from functools import partial

from gatebridge.rules.reasons.reason import Reason

_query = partial(Reason, gate=None, error="invalid_request", status=400)

SOBJECT_UNKNOWN = _query(
    code="sobject_unknown",
    salesforce_error="INVALID_TYPE",
    salesforce_text="sObject type is not supported",
    sentence="There is no object of this name, or none of whose records the user may read.",
    hint="The setup objects are listed at sobjects below the address of the version; business objects such as Account are not here.",
    remedy="Give the user the permission that reading the object needs; the guide of the resource surface lists it for each.",
)
QUERY_LOCATOR_INVALID = _query(
    code="query_locator_invalid",
    salesforce_error="INVALID_QUERY_LOCATOR",
    salesforce_text="invalid query locator",
    sentence="The place at which the query was to go on is unknown or too old, or was made for somebody else.",
    hint="Follow nextRecordsUrl as it was answered, within two days and with a token of the same approval; otherwise ask the query again.",
    remedy="Nothing to change here: a locator holds for one user and one approval, and grants nothing by itself.",
)
QUERY_TIMEOUT = _query(
    code="query_timeout",
    salesforce_error="QUERY_TIMEOUT",
    salesforce_text="Your query request was running for too long",
    sentence="The query took longer than any query may.",
    hint="Filter by Id, UserId, ConnectedApplicationId, Status or a range of time, and sort by time or Id: these have an index.",
    remedy="Nothing to change here: five seconds are the limit, so that no query takes the database from those who sign in.",
)


def unknown(name: str) -> str:
    """What Salesforce says about an object that it does not know."""
    return f"sObject type '{name}' is not supported."
