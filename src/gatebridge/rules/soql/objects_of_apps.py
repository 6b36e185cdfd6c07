"""Which apps there are and what they have: ConnectedApplication, OauthToken.

No key, secret, hash or token is a field of any object: what a query cannot name, it cannot leak.
"""

from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.soql.fields import CREATED, ID, boolean, long_text, moment, picklist, reference, text
from gatebridge.rules.soql.sobjects import FieldType, SObject

CONNECTED_APPLICATION = SObject(
    "ConnectedApplication",
    "Connected App",
    "Connected Apps",
    Prefix.APP,
    (
        ID,
        text("Name", "Connected App Name", 80),
        text("DeveloperName", "API Name", 80),
        long_text("Description", "Description"),
        text("ContactEmail", "Contact Email", 254, type=FieldType.EMAIL),
        text("InfoUrl", "Info URL", 2000, type=FieldType.URL, nullable=True),
        boolean("OptionsAllowAdminApprovedUsersOnly", "Admin approved users are pre-authorized"),
        boolean("IsBlocked", "Blocked"),
        CREATED,
        moment("InstalledDate", "Installed Date"),
    ),
    needs=(Permission.VIEW_SETUP,),
)

OAUTH_TOKEN = SObject(
    "OauthToken",
    "OAuth Token",
    "OAuth Tokens",
    Prefix.GRANT,
    (
        ID,
        text("AppName", "App Name", 80, nullable=True),
        reference("ConnectedApplicationId", "Connected App ID", "ConnectedApplication"),
        reference("UserId", "User ID", "User"),
        picklist("Flow", "Flow", *(flow.value for flow in Flow)),
        long_text("Scopes", "Scopes"),
        text("SourceIp", "Source IP", 64, nullable=True),
        CREATED,
        moment("LastUsedDate", "Last Used Date", nullable=True),
    ),
    needs=(Permission.VIEW_OAUTH_USAGE,),
    own="UserId",
)
