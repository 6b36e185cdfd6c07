"""What a reason for a refusal is, and how a refusal travels through the house."""

from collections.abc import Mapping
from dataclasses import dataclass

from gatebridge.rules.gates import Gate


@dataclass(frozen=True, slots=True)
class Reason:
    """One stable reason for refusing, with everything that the product ever says about it.

    `code` is for ever: programs, records and page addresses hold it. `sentence`, `salesforce_text` and `error` go on the wire,
    so they keep to the characters of RFC 6749 section 5.2 (printable ASCII without `"` and `\\`). The two Salesforce texts are empty
    where only our own API can refuse so: it has no second dialect.
    """

    code: str
    gate: Gate | None  # None: refused before the first gate (a malformed request), or refused by a setup verb
    error: str  # the OAuth error code (RFC 6749 section 5.2, RFC 6750 section 3.1), or the problem type of the admin API
    status: int  # the HTTP status in the standard dialect and in the admin API
    salesforce_error: str  # the code that Salesforce's clients match on
    salesforce_text: str  # the text that Salesforce's clients match on
    sentence: str  # what happened, for the client: true, and of no help to a stranger who probes
    hint: str  # for the client's developer: where to look in the own code or configuration
    remedy: str  # what the app's owner or the org's admin can change here
    wire_sentence: str = ""  # said on the wire instead of `sentence`, which would tell a stranger too much
    follows: bool = False  # it only tells that something else happened; where another gate refuses too, that one is the cause
    wire_code: str = ""  # the page that a stranger is sent to instead of this reason's own; a page's address tells as much as a text

    @property
    def public_sentence(self) -> str:
        """What anybody may be told: goes out as `error_description` in the standard dialect."""
        return self.wire_sentence or self.sentence

    @property
    def public_code(self) -> str:
        """The code that anybody may be told: `error_uri` ends in it."""
        return self.wire_code or self.code

    @property
    def salesforce_status(self) -> int:
        """The HTTP status in the salesforce dialect, whose clients know 400 for every refusal at the token endpoint.

        An outage is none: they take what is 500 or more for the server's own state, and come back.
        """
        return 400 if self.error == "invalid_client" or self.status == 429 else self.status


@dataclass(frozen=True, slots=True)
class Compared:
    """One thing that was sent, beside what is registered; for a receipt. Values are cut to 512 bytes and never hold a secret."""

    name: str
    sent: str | None
    registered: str | None
    difference: str = ""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field of a form or an API body, and what to change."""

    field: str
    problem: str


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """A setup verb or an API request was refused. Carries the reason and what the asker may know about it.

    Nothing was changed when this is raised: the transaction around it is rolled back by whoever opened it.
    """

    def __init__(
        self,
        reason: Reason,
        *,
        detail: str | None = None,
        fields: tuple[FieldProblem, ...] = (),
        facts: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(f"{reason.code}: {detail or reason.sentence}")
        self.reason = reason
        self.detail = detail
        self.fields = fields
        self.facts: Mapping[str, object] = facts or {}
