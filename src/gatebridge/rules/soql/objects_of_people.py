"""Who is there and what they may: User, Organization, Profile, PermissionSet, PermissionSetAssignment."""

from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.soql.fields import CREATED, ID, RIGHTS, boolean, long_text, moment, picklist, reference, text
from gatebridge.rules.soql.sobjects import FieldType, SObject

USER = SObject(
    "User",
    "User",
    "Users",
    Prefix.USER,
    (
        ID,
        text("Username", "Username", 120),
        text("LastName", "Last Name", 80, nullable=True),
        text("FirstName", "First Name", 80, nullable=True),
        text("Name", "Full Name", 161),
        text("Email", "Email", 254, type=FieldType.EMAIL),
        text("MobilePhone", "Mobile", 40, type=FieldType.PHONE, nullable=True),
        text("Street", "Street", 255, nullable=True),
        text("City", "City", 80, nullable=True),
        text("State", "State/Province", 80, nullable=True),
        text("PostalCode", "Zip/Postal Code", 20, nullable=True),
        text("Country", "Country", 80, nullable=True),
        boolean("IsActive", "Active"),
        boolean("IsFrozen", "Frozen"),  # ours: Salesforce keeps it on another object
        reference("ProfileId", "Profile ID", "Profile"),
        picklist("UserType", "User Type", "Standard"),
        text("TimeZoneSidKey", "Time Zone", 64),
        text("LocaleSidKey", "Locale", 35),
        text("LanguageLocaleKey", "Language", 35),
        text("FederationIdentifier", "SAML Federation ID", 255, nullable=True),
        moment("LastPasswordChangeDate", "Last Password Change or Reset", nullable=True),
        CREATED,
        moment("LastModifiedDate", "Last Modified Date"),
    ),
    needs=(Permission.MANAGE_USERS,),
    own="Id",
)

ORGANIZATION = SObject(
    "Organization",
    "Organization",
    "Organizations",
    Prefix.ORG,
    (
        ID,
        text("Name", "Name", 80),
        # What kind of org it is; Salesforce's editions are about licences, of which there are none here.
        picklist("OrganizationType", "Edition", "Production", "Sandbox", "Developer Edition"),
        boolean("IsSandbox", "Is Sandbox"),
        text("InstanceName", "Instance Name", 255),  # the host at which the org lives
        text("NamespacePrefix", "Namespace Prefix", 15, nullable=True),  # an org has none
        moment("TrialExpirationDate", "Trial Expiration Date", nullable=True),  # and never runs out
        CREATED,
    ),
)

PROFILE = SObject(
    "Profile",
    "Profile",
    "Profiles",
    Prefix.PROFILE,
    (
        ID,
        text("Name", "Name", 80),
        long_text("Description", "Description"),
        picklist("UserType", "User Type", "Standard"),
        CREATED,
        *RIGHTS,
    ),
    needs=(Permission.VIEW_SETUP,),
)

PERMISSION_SET = SObject(
    "PermissionSet",
    "Permission Set",
    "Permission Sets",
    Prefix.PERMISSION_SET,
    (
        ID,
        text("Name", "API Name", 80),
        text("Label", "Permission Set Label", 80),
        long_text("Description", "Description"),
        boolean("IsCustom", "Is Custom"),  # always: there are no others
        boolean("IsOwnedByProfile", "Is Owned By Profile"),  # never: a profile's rights are the profile's own
        CREATED,
        *RIGHTS,
    ),
    needs=(Permission.VIEW_SETUP,),
)

PERMISSION_SET_ASSIGNMENT = SObject(
    "PermissionSetAssignment",
    "Permission Set Assignment",
    "Permission Set Assignments",
    None,
    (
        text("Id", "Id", 18, type=FieldType.ID, nullable=True),  # always empty: who holds which set is the whole record
        reference("PermissionSetId", "PermissionSet ID", "PermissionSet"),
        reference("AssigneeId", "Assignee ID", "User"),
        moment("ExpirationDate", "Expiration Date", nullable=True),
        boolean("IsActive", "Is Active"),
    ),
    needs=(Permission.VIEW_SETUP,),
    own="AssigneeId",
)
