"""Validated: since the last change of an app's settings, every flow that it may use has worked once, and was once refused on purpose."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from gatebridge.rules.app_settings import Flow


@dataclass(frozen=True, slots=True)
class Proof:
    """One receipt that shows something of a flow, and its moment."""

    receipt_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FlowProofs:
    """What the receipts show of one flow; None: nothing yet."""

    flow: Flow
    success: Proof | None
    refusal: Proof | None

    @property
    def shown(self) -> bool:
        return self.success is not None and self.refusal is not None


@dataclass(frozen=True, slots=True)
class Validation:
    """How far an app has been shown to work as it is set up now. An app without any flow has shown nothing."""

    since: datetime  # when its settings were changed last
    flows: tuple[FlowProofs, ...]

    @property
    def validated(self) -> bool:
        return bool(self.flows) and all(each.shown for each in self.flows)


def judge(since: datetime, flows: Collection[Flow], successes: Mapping[Flow, Proof], refusals: Mapping[Flow, Proof]) -> Validation:
    """The validation of an app with these flows. Proofs from before `since` are of settings that do not stand any more."""

    def counted(proof: Proof | None) -> Proof | None:
        return proof if proof is not None and proof.at >= since else None

    told = tuple(FlowProofs(flow, counted(successes.get(flow)), counted(refusals.get(flow))) for flow in Flow if flow in flows)
    return Validation(since, told)


def next_of(validation: Validation) -> tuple[Flow, bool] | None:
    """What is to be shown next: the flow, and whether it is its refusal. None: nothing is missing."""
    for each in validation.flows:
        if each.success is None:
            return each.flow, False
        if each.refusal is None:
            return each.flow, True
    return None
