"""What is said about a run of Try it that cannot go on."""

from gatebridge.rules.reasons.reason import Reason

TRY_OVER = Reason(
    code="try_over",
    gate=None,
    error="conflict",
    status=409,
    salesforce_error="",
    salesforce_text="",
    sentence="This run of Try it is over.",
    hint="A run lasts ten minutes, or until its last step is done or somebody ends it; begin another one.",
    remedy="Nothing to change here: what a run has got ends with it, as it should.",
)
TRY_BUSY = Reason(
    code="try_busy",
    gate=None,
    error="conflict",
    status=409,
    salesforce_error="",
    salesforce_text="",
    sentence="A step of this run is being done already.",
    hint="Wait for the answer of the step before; only one is done at a time.",
    remedy="Nothing to change here: a step whose answer was lost can be done again after half a minute.",
)
