"""Records as Salesforce's clients read them: one by its address, and those of a query with the address of the next page."""

from gatebridge.rules.actors import Actor
from gatebridge.rules.reasons import Refused, data, soql
from gatebridge.rules.soql import check
from gatebridge.rules.soql.query import Query
from gatebridge.rules.soql.sobjects import SObject
from gatebridge.salesforce import query, versions
from gatebridge.salesforce.query import QueryResult, Record
from gatebridge.storage.tx import Tx

MOST_FIELDS = 200  # as in a query


def at(actor: Actor, name: str) -> SObject:
    """The object of this name, in whatever case. Raises Refused where there is none, and alike where the actor may read nothing of it."""
    found = next((sobject for sobject in query.readable(actor) if sobject.name.lower() == name.lower()), None)
    if found is None:
        raise Refused(data.DATA_OBJECT_UNKNOWN)
    return found


def one(tx: Tx, actor: Actor, name: str, record_id: str, fields: str | None, version: str) -> dict[str, object]:
    """One record by its id in either form, with the fields of this list (`Id,Username`), or all. Raises Refused.

    The answer tells a record that is hidden and one that never was alike.
    """
    sobject = at(actor, name)
    found = query.record(tx, actor, sobject, record_id, _fields(tx, sobject, fields) if fields else ())
    if found is None:
        raise Refused(data.DATA_RECORD_UNKNOWN)
    return shown(found, version)


def _fields(tx: Tx, sobject: SObject, written: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in written.split(",", MOST_FIELDS)))
    if len(names) > MOST_FIELDS:
        raise Refused(soql.QUERY_TOO_LARGE, detail=f"more than {MOST_FIELDS} fields")
    return check.bound(Query(sobject.name, names), sobject, now=tx.now, timezone="UTC").fields


def shown(record: Record, version: str) -> dict[str, object]:
    """One record. Its `attributes` come first: clients take them away before they look at the rest."""
    attributes = {"type": record.sobject.name}
    if record.id is not None:
        attributes["url"] = f"{versions.root(version)}/sobjects/{record.sobject.name}/{record.id}"
    return {"attributes": attributes, **record.values}


def page(found: QueryResult, version: str) -> dict[str, object]:
    """One page of a query."""
    body: dict[str, object] = {"totalSize": found.total_size, "done": found.done}
    if found.next_locator is not None:
        body["nextRecordsUrl"] = f"{versions.root(version)}/query/{found.next_locator}"
    return body | {"records": [shown(record, version) for record in found.records]}
