"""My own second factors. They are set up on the pages, where a browser and its user are; here they are listed and taken away."""

from fastapi import APIRouter

from gatebridge.rules.factors import FactorKind
from gatebridge.rules.ids import Prefix
from gatebridge.setup.my_factors import MyFactors, RemoveMyFactor, my_factors, remove_my_factor
from gatebridge.web.api.desk import AtDesk, record_id
from gatebridge.web.api.shapes import Id, Moment, Shown

router = APIRouter(tags=["Me"])


class FactorShown(Shown):
    """One second factor. What it proves itself with is shown nowhere."""

    id: Id
    kind: FactorKind
    name: str
    created_at: Moment
    last_used_at: Moment | None


class FactorsShown(Shown):
    """The factors that work, oldest first, and how many recovery codes are unused."""

    factors: list[FactorShown]
    recovery_codes_left: int


def shown(found: MyFactors) -> FactorsShown:
    return FactorsShown.model_validate(found)


@router.get("/me/factors", summary="List my second factors")
def list_my_factors(desk: AtDesk) -> FactorsShown:
    """What I show beside my password. Needs nothing but a token."""
    with desk.reading() as visit:
        return shown(my_factors(visit.tx, visit.actor))


@router.delete("/me/factors/{factor_id}", summary="Remove one of my second factors")
def delete_my_factor(desk: AtDesk, factor_id: str) -> FactorsShown:
    """Take a factor away; with the last one the recovery codes go too. Signs me out in every browser, and a mail tells me.

    Needs nothing but a token of a sign-in that is not old.
    """
    with desk.writing() as visit:
        remove_my_factor(visit.tx, visit.actor, RemoveMyFactor(record_id(factor_id, Prefix.FACTOR)))
        return shown(my_factors(visit.tx, visit.actor))
