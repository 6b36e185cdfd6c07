"""A refusal becomes an answer in the app's dialect (RFC 6749 section 5.2; Salesforce's codes and texts in the other)."""

from gatebridge.oauth.formats.encoded import Form
from gatebridge.oauth.outcome import Answer
from gatebridge.rules.apps import Dialect
from gatebridge.rules.reasons.reason import Reason


def answer(reason: Reason, dialect: Dialect, issuer: str, *, parameter: str = "", form: Form = Form.JSON) -> Answer:
    """The error body, its status and headers. `form` is that of the answer.

    `parameter` names the parameter at fault, where the caller may know it. The public page of the reason is named, never a reason that
    only the receipt may tell.
    """
    salesforce = dialect is Dialect.SALESFORCE
    sentence = reason.salesforce_text if salesforce else reason.public_sentence
    if parameter and not salesforce and _safe(parameter):
        sentence = f"{sentence} ({parameter})"
    body = {
        "error": reason.salesforce_error if salesforce else reason.error,
        "error_description": sentence,
        "error_uri": f"{issuer}/help/reasons/{reason.public_code}",
    }
    status = reason.salesforce_status if salesforce else reason.status
    headers: tuple[tuple[str, str], ...] = ()
    if status == 401:
        # Every 401 names a scheme (RFC 9110 section 11.6.1). Never in the salesforce dialect, whose failures are 400. The realm is the
        # host, as in every challenge: what an org calls itself may hold a quotation mark, or letters that no header has.
        headers = (("WWW-Authenticate", f'Basic realm="{issuer.partition("://")[2]}"'),)
    if status == 405:
        headers = (("Allow", "POST"),)
    if reason.status in (429, 503):
        headers = (("Retry-After", "1"),)
    return Answer(status, body, headers, form=form)


def _safe(text: str) -> bool:
    """Whether input may be repeated in `error_description`: a plain parameter name, and nothing else (G-08)."""
    return len(text) <= 64 and text.isascii() and text.replace("_", "").replace(".", "").replace("-", "").isalnum()
