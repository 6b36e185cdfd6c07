"""What happened: LoginHistory, SetupAuditTrail, AuthSession."""

from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.soql.fields import CREATED, ID, long_text, moment, picklist, reference, text
from gatebridge.rules.soql.sobjects import Field, FieldType, SObject

SUCCESS = "Success"  # the Status of what succeeded; that of a refusal is the code of its reason

# What Salesforce calls the ways in. For assertions it has no word of its own.
LOGIN_SUB_TYPES = {
    Flow.WEB_SERVER: "OauthWebServer",
    Flow.USER_AGENT: "OauthUserAgent",
    Flow.REFRESH_TOKEN: "OauthRefreshToken",
    Flow.CLIENT_CREDENTIALS: "OauthClientCredentials",
    Flow.DEVICE: "OAuthDevice",
}
AT_A_BROWSER, BY_AN_APP = "Application", "Remote Access 2.0"

# A program may say anything of itself, so this proves nothing. In this order: one that is built on another names it too.
BROWSERS = (("edg", "Edge"), ("opr/", "Opera"), ("firefox/", "Firefox"), ("chrome/", "Chrome"), ("safari/", "Safari"), ("curl/", "curl"))
PLATFORMS = (
    ("iphone", "iPhone"),
    ("ipad", "iPad"),
    ("android", "Android"),
    ("windows", "Windows"),
    ("mac os x", "macOS"),
    ("linux", "Linux"),
)
UNKNOWN = "Unknown"

LOGIN_HISTORY = SObject(
    "LoginHistory",
    "Login History",
    "Login History",
    Prefix.RECEIPT,
    (
        ID,
        reference("UserId", "User ID", "User", nullable=True),
        moment("LoginTime", "Login Time"),
        picklist("LoginType", "Login Type", AT_A_BROWSER, BY_AN_APP),
        picklist("LoginSubType", "Login Subtype", *LOGIN_SUB_TYPES.values(), nullable=True),
        text("SourceIp", "Source IP", 64),
        text("LoginUrl", "Login URL", 255),
        picklist("Browser", "Browser", *(shown for _, shown in BROWSERS), UNKNOWN),
        picklist("Platform", "Platform", *(shown for _, shown in PLATFORMS), UNKNOWN),
        text("Status", "Status", 48),
        text("Application", "Application", 80, nullable=True),
        # Salesforce has these and they are never known here: always empty, so that a query that names them is answered.
        text("ClientVersion", "Client Version", 64, nullable=True),
        text("ApiType", "API Type", 64, nullable=True),
        text("ApiVersion", "API Version", 32, nullable=True),
        text("CountryIso", "Country Code", 3, nullable=True),
        # And these are ours.
        reference("ConnectedApplicationId", "Connected App ID", "ConnectedApplication", nullable=True),
        text("Event", "Event", 24),
        picklist("Flow", "Flow", *(flow.value for flow in Flow), nullable=True),
        long_text("UserAgent", "User Agent", 512),
    ),
    needs=(Permission.MONITOR_LOGIN_HISTORY,),
    own="UserId",
)

SETUP_AUDIT_TRAIL = SObject(
    "SetupAuditTrail",
    "Setup Audit Trail",
    "Setup Audit Trail",
    Prefix.AUDIT,
    (
        ID,
        text("Action", "Action", 64),
        text("Section", "Section", 32),
        long_text("Display", "Display"),
        reference("CreatedById", "Created By ID", "User", nullable=True),
        long_text("CreatedByContext", "Created By Context"),
        CREATED,
        # Ours: what was changed, and from where.
        reference("TargetId", "Target ID", nullable=True),
        text("SourceIp", "Source IP", 64, nullable=True),
    ),
    needs=(Permission.VIEW_AUDIT_TRAIL,),
)

AUTH_SESSION = SObject(
    "AuthSession",
    "Auth Session",
    "Auth Sessions",
    Prefix.SESSION,
    (
        ID,
        reference("UsersId", "User ID", "User"),
        picklist("UserType", "User Type", "Standard"),
        picklist("SessionType", "Session Type", "UI"),
        picklist("SessionSecurityLevel", "Session Security Level", "STANDARD", "HIGH_ASSURANCE"),
        picklist("LoginType", "Login Type", AT_A_BROWSER),
        text("SourceIp", "Source IP", 64, nullable=True),
        Field("NumSecondsValid", FieldType.INT, "Valid For"),  # after LastModifiedDate, unless it is used or reaches its longest life
        CREATED,
        moment("LastModifiedDate", "Last Modified Date"),
    ),
    needs=(Permission.MANAGE_USERS, Permission.MANAGE_SECURITY),
    own="UsersId",
)
