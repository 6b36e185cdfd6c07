"""What the columns of a query are, for clients that lay out a table: the Salesforce CLI asks for it after each query that found anything.

Nothing is read for it but the text of the query.
"""

from gatebridge.rules.soql.query import Query
from gatebridge.rules.soql.sobjects import Field, FieldType, SObject

# The names that Salesforce gives to types of fields here, which are not those of its describe.
_APEX_TYPES = {
    FieldType.ID: "Id",
    FieldType.REFERENCE: "Id",
    FieldType.BOOLEAN: "Boolean",
    FieldType.INT: "Integer",
    FieldType.DATETIME: "Datetime",
}


def columns(sobject: SObject, query: Query) -> dict[str, object]:
    """The columns of a query that was bound to its object, in its order. One that only counts has none."""
    fields = [field for name in query.fields if (field := sobject.field(name)) is not None]
    return {
        "columnMetadata": [_column(field) for field in fields],
        "entityName": sobject.name,
        "groupBy": False,
        "idSelected": any(field.type is FieldType.ID for field in fields),
        "keyPrefix": sobject.prefix,
    }


def _column(field: Field) -> dict[str, object]:
    apex_type = _APEX_TYPES.get(field.type, "String")
    return {
        "aggregate": False,
        "apexType": apex_type,
        "booleanType": field.type is FieldType.BOOLEAN,
        "columnName": field.name,
        "custom": False,
        "displayName": field.name,
        "foreignKeyName": None,
        "insertable": False,
        "joinColumns": [],
        "numberType": field.type is FieldType.INT,
        "textType": apex_type == "String",
        "updatable": False,
    }
