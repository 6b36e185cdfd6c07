"""What objects there are and of which fields they consist, as the describe calls of Salesforce's clients read it.

Everything is read only, so whatever asks whether something can be written says no. Members that speak of what is not here (layouts, record
types, feeds) are there all the same and empty: clients read them without looking whether they are.
"""

from collections.abc import Iterable

from gatebridge.rules.soql.sobjects import Field, FieldType, SObject
from gatebridge.salesforce import versions

# The most records that one write would take. None is taken; the number is part of the shape.
LARGEST_WRITE = 200

_SOAP_TYPES = {
    FieldType.ID: "tns:ID",
    FieldType.REFERENCE: "tns:ID",
    FieldType.BOOLEAN: "xsd:boolean",
    FieldType.INT: "xsd:int",
    FieldType.DATETIME: "xsd:dateTime",
}
_DIGITS = {FieldType.INT: 10}

# By which a person knows a record; Salesforce marks one field of each object so.
_NAMES = ("Name", "Label", "Username")
_NEVER = (
    *("activateable", "createable", "custom", "customSetting", "deepCloneable", "deletable", "deprecatedAndHidden", "feedEnabled"),
    *("hasSubtypes", "isInterface", "isSubtype", "layoutable", "mergeable", "mruEnabled", "replicateable", "searchable", "triggerable"),
    *("undeletable", "updateable"),
)
_FIELD_NEVER = (
    *("aiPredictionField", "autoNumber", "calculated", "cascadeDelete", "createable", "custom", "defaultedOnCreate", "dependentPicklist"),
    *("deprecatedAndHidden", "displayLocationInDecimal", "encrypted", "externalId", "formulaTreatNullNumberAsZero", "highScaleNumber"),
    *(
        "htmlFormatted",
        "namePointing",
        "permissionable",
        "polymorphicForeignKey",
        "queryByDistance",
        "restrictedDelete",
        "searchPrefilterable",
    ),
    *("updateable", "writeRequiresMasterRead"),
)
_FIELD_NULL = (
    *("calculatedFormula", "compoundFieldName", "controllerName", "defaultValue", "defaultValueFormula", "extraTypeInfo"),
    *("filteredLookupInfo", "inlineHelpText", "mask", "maskType", "referenceTargetField", "relationshipName", "relationshipOrder"),
)


def everything(sobjects: Iterable[SObject], version: str) -> dict[str, object]:
    """The global describe: the objects of which somebody may read anything."""
    return {"encoding": "UTF-8", "maxBatchSize": LARGEST_WRITE, "sobjects": [_about(sobject, version) for sobject in sobjects]}


def basic(sobject: SObject, version: str) -> dict[str, object]:
    """One object in short. What somebody looked at of late is not kept."""
    return {"objectDescribe": _about(sobject, version), "recentItems": []}


def described(sobject: SObject, version: str) -> dict[str, object]:
    """One object with all its fields."""
    return {
        "actionOverrides": [],
        **_about(sobject, version),
        "associateEntityType": None,
        "associateParentEntity": None,
        "childRelationships": [],
        "compactLayoutable": False,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [_field(sobject, field) for field in sobject.fields],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [],
        "searchLayoutable": False,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": f"All {sobject.plural}", "name": "everything"}],
    }


def _about(sobject: SObject, version: str) -> dict[str, object]:
    here = f"{versions.root(version)}/sobjects/{sobject.name}"
    urls = {"sobject": here, "describe": f"{here}/describe"}
    if sobject.prefix is not None:
        urls["rowTemplate"] = f"{here}/{{ID}}"
    return {
        **dict.fromkeys(_NEVER, False),
        "idEnabled": sobject.prefix is not None,
        "keyPrefix": str(sobject.prefix) if sobject.prefix is not None else None,
        "label": sobject.label,
        "labelPlural": sobject.plural,
        "name": sobject.name,
        "queryable": True,
        "retrieveable": sobject.prefix is not None,
        "urls": urls,
    }


def _field(sobject: SObject, field: Field) -> dict[str, object]:
    is_id, is_text = field.type is FieldType.ID, field.type not in _SOAP_TYPES
    return {
        **dict.fromkeys(_FIELD_NEVER, False),
        **dict.fromkeys(_FIELD_NULL),
        "aggregatable": False,  # there are no aggregate functions but the count of records
        "byteLength": field.length * 3 if is_text else field.length,  # of its longest form in UTF-8, as Salesforce reckons
        "caseSensitive": is_id or field.type is FieldType.REFERENCE,
        "digits": _DIGITS.get(field.type, 0),
        "filterable": field.filterable,
        "groupable": False,
        "idLookup": is_id,
        "label": field.label,
        "length": field.length,
        "name": field.name,
        "nameField": field.name == _name_of(sobject),
        "nillable": field.nullable,
        "picklistValues": [
            {"active": True, "defaultValue": False, "label": value, "validFor": None, "value": value} for value in field.values
        ],
        "precision": 0,
        "referenceTo": list(field.references),
        "restrictedPicklist": bool(field.values),
        "scale": 0,
        "soapType": _SOAP_TYPES.get(field.type, "xsd:string"),
        "sortable": field.sortable,
        "type": str(field.type),
        "unique": is_id and sobject.prefix is not None,
    }


def _name_of(sobject: SObject) -> str | None:
    return next((name for name in _NAMES if sobject.field(name) is not None), None)
