"""What a query can be refused for, before any record is looked at: its form, its size, and what it asks of the fields of its object.

Salesforce's clients print the text that comes with the code, so each refusal carries the place and the word at fault as its detail.
"""

from functools import partial

from gatebridge.rules.reasons.reason import Reason

_query = partial(Reason, gate=None, error="invalid_request", status=400)

QUERY_MALFORMED = _query(
    code="query_malformed",
    salesforce_error="MALFORMED_QUERY",
    salesforce_text="unexpected token",
    sentence="The text of the query does not follow the grammar of SOQL.",
    hint="The message shows the line and a mark below the place; look just before it. A quote inside a text is written with a backslash.",
    remedy="Nothing to change here: the query was refused before anything was looked up.",
)
QUERY_PART_NOT_OFFERED = _query(
    code="query_part_not_offered",
    salesforce_error="MALFORMED_QUERY",
    salesforce_text="this part of SOQL is not offered here",
    sentence="The query uses a part of SOQL that is not offered here.",
    hint="The message names the part. Ask for the fields of one object, and group, join or translate the records where they are used.",
    remedy="Nothing to change here: the guide of the resource surface lists which parts of SOQL are read.",
)
QUERY_TOO_LARGE = _query(
    code="query_too_large",
    salesforce_error="QUERY_TOO_COMPLICATED",
    salesforce_text="the query is too long or too complicated",
    sentence="The query is longer, deeper or wider than queries may be.",
    hint="Ask several times with fewer values in each list, or keep to a range of time; the message says which bound was met.",
    remedy="Nothing to change here: the bounds are fixed, so that no query can keep the server busy by being read.",
)
QUERY_NUMBER_OUTSIDE_RANGE = _query(
    code="query_number_outside_range",
    salesforce_error="NUMBER_OUTSIDE_VALID_RANGE",
    salesforce_text="Maximum SOQL offset allowed is 2000",
    sentence="A number in the query is larger than it may be.",
    hint="Instead of a large OFFSET follow nextRecordsUrl, or go on behind the last id that you have: WHERE Id > it, ORDER BY Id.",
    remedy="Nothing to change here: the database would have to read and throw away every record before the offset.",
)
QUERY_FIELD_UNKNOWN = _query(
    code="query_field_unknown",
    salesforce_error="INVALID_FIELD",
    salesforce_text="No such column",
    sentence="The object has no field of a name that the query uses.",
    hint="The message suggests names that come close; the describe of the object lists all of them.",
    remedy="Nothing to change here: an object has the fields that its describe lists, and no custom ones can be added.",
)
QUERY_FIELD_NOT_COMPARABLE = _query(
    code="query_field_not_comparable",
    salesforce_error="INVALID_FIELD",
    salesforce_text="field can not be filtered or sorted in a query call",
    sentence="The query filters or sorts by a field that can only be read.",
    hint="The describe says of each field whether it is filterable and sortable; read long texts, and look through them on your side.",
    remedy="Nothing to change here: long texts have no index, so to filter by one would read every record.",
)
QUERY_VALUE_OF_WRONG_TYPE = _query(
    code="query_value_of_wrong_type",
    salesforce_error="INVALID_FIELD",
    salesforce_text="value of filter criterion has the wrong type",
    sentence="The query compares a field with a value of another type.",
    hint="Texts and ids stand in single quotes; numbers, true, false, times such as 2026-01-31T08:00:00Z and TODAY stand without.",
    remedy="Nothing to change here: the describe of the object says the type of each field.",
)
QUERY_OPERATOR_REFUSED = _query(
    code="query_operator_refused",
    salesforce_error="INVALID_QUERY_FILTER_OPERATOR",
    salesforce_text="invalid operator",
    sentence="The query compares a field in a way that its type does not allow.",
    hint="LIKE is for texts alone, larger and smaller are for everything but true and false, and only = and != can be used with null.",
    remedy="Nothing to change here: the describe of the object says the type of each field.",
)
QUERY_ID_MALFORMED = _query(
    code="query_id_malformed",
    salesforce_error="INVALID_QUERY_FILTER_OPERATOR",
    salesforce_text="invalid ID field",
    sentence="The query compares an id with a text that is no id.",
    hint="An id has 15 characters in which the case counts, or 18; look for one that was cut, or whose letters were changed on the way.",
    remedy="Nothing to change here: the last three of the 18 characters are a checksum, so a typing error is found before any search.",
)
