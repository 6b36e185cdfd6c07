"""Who am I, what may apps do in my name, and where am I signed in. Everything here reaches the user of the token and nobody else."""

from fastapi import APIRouter
from pydantic import Field

from gatebridge.crypto import secrets
from gatebridge.crypto.passwords import PasswordTooLong
from gatebridge.crypto.secrets import Secret
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import Prefix
from gatebridge.rules.password_checks import password_problem
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import FieldProblem, Reason, Refused
from gatebridge.rules.reasons import setup as setup_reasons
from gatebridge.rules.reasons import sign_in as sign_in_reasons
from gatebridge.setup.my_account import (
    ChangeMyPassword,
    EndMyOtherSessions,
    EndMySession,
    change_my_password,
    end_my_other_sessions,
    end_my_session,
    my_sessions,
)
from gatebridge.setup.my_apps import EndMyApp, end_all_my_apps, end_my_app, my_apps, myself
from gatebridge.setup.my_clocks import SetMyTimezone, set_my_timezone
from gatebridge.signin import password
from gatebridge.signin.password import Attempt
from gatebridge.storage import people
from gatebridge.web.api.desk import AtDesk, Desk, record_id
from gatebridge.web.api.shapes import Closed, Id, Moment, Shown
from gatebridge.web.middleware.operation_id import operation_id

router = APIRouter(tags=["Me"])


class MeShown(Shown):
    """For whom the token of the request acts, and what it may do."""

    user_id: Id | None
    name: str
    app_id: Id | None
    org_id: Id
    org: str
    issuer: str
    permissions: list[Permission]
    address: str


class MyAppShown(Shown):
    """One app that may act for me. `grants` are those that live; `scopes` is what they give together, and what I approved."""

    app_id: Id
    label: str
    publisher: str
    of_this_org: bool
    flows: list[Flow]
    scopes: list[str]
    grants: list[Id]
    first_used_at: Moment
    last_used_at: Moment | None
    last_address: str
    ends_at: Moment | None
    remembered: bool
    by_admin: bool


class EndedAppShown(Shown):
    """What was ended of one app. `sequence` is its number in the revocation feed, null where no grant was left."""

    app_id: Id
    grants: list[Id]
    forgotten: bool
    sequence: int | None


class MySessionShown(Shown):
    """One browser in which I am signed in."""

    id: Id
    level: str
    methods: list[str]
    authenticated_at: Moment
    last_seen_at: Moment
    address: str
    user_agent: str


class EndedSessionsShown(Shown):
    """How many sessions were ended."""

    ended: int


class MyTimezoneShown(Shown):
    """On whose clocks I am told times."""

    timezone: str


class MyNewTimezone(Closed):
    """Another time zone, by its name in the IANA database."""

    timezone: str = Field(examples=["Europe/Berlin"])


class MyNewPassword(Closed):
    """The password that I have, and the one that I want. Only its hash is kept."""

    current_password: str = Field(max_length=1024, examples=["correct horse battery staple"])
    password: str = Field(max_length=1024, examples=["a river of slow glass"])
    end_grants: bool = Field(True, description="Also end everything that any app has of me, this token too.")


@router.get("/me", summary="Ask who I am")
def get_me(desk: AtDesk) -> MeShown:
    """The user of the token, the app it was given to, the org, and the permissions in force at this moment. Needs nothing but a token."""
    with desk.reading() as visit:
        actor = visit.actor
        return MeShown(
            user_id=actor.user_id,
            name=actor.name,
            app_id=actor.app_id,
            org_id=actor.org_id,
            org=visit.org.name,
            issuer=visit.org.issuer,
            permissions=[permission for permission in Permission if permission in actor.permissions],
            address=actor.address,
        )


@router.get("/me/apps", summary="List my connected apps")
def list_my_apps(desk: AtDesk) -> list[MyAppShown]:
    """The apps that may act for me: what each may do, since when, and when and from where it was used last. Needs nothing but a token."""
    with desk.reading() as visit:
        return [MyAppShown.model_validate(app) for app in my_apps(visit.tx, visit.actor)]


@router.delete("/me/apps", summary="End all my connected apps")
def delete_my_apps(desk: AtDesk) -> list[EndedAppShown]:
    """End what every app may do in my name, the app of this token too. Needs nothing but a token."""
    with desk.writing() as visit:
        return [EndedAppShown.model_validate(ended) for ended in end_all_my_apps(visit.tx, visit.actor)]


@router.delete("/me/apps/{app_id}", summary="End one of my connected apps")
def delete_my_app(desk: AtDesk, app_id: str) -> EndedAppShown:
    """End what one app may do in my name, all its grants at once; it has to ask me anew. Needs nothing but a token."""
    with desk.writing() as visit:
        return EndedAppShown.model_validate(end_my_app(visit.tx, visit.actor, EndMyApp(record_id(app_id, Prefix.APP))))


@router.get("/me/sessions", summary="List my sessions")
def list_my_sessions(desk: AtDesk) -> list[MySessionShown]:
    """The browsers in which I am signed in, newest first. Needs nothing but a token."""
    with desk.reading() as visit:
        return [MySessionShown.model_validate(session) for session in my_sessions(visit.tx, visit.actor)]


@router.delete("/me/sessions", summary="End all my sessions")
def delete_my_sessions(desk: AtDesk) -> EndedSessionsShown:
    """Sign me out in every browser; what apps have stays. Needs nothing but a token."""
    with desk.writing() as visit:
        return EndedSessionsShown(ended=end_my_other_sessions(visit.tx, visit.actor, EndMyOtherSessions()))


@router.delete("/me/sessions/{session_id}", summary="End one of my sessions")
def delete_my_session(desk: AtDesk, session_id: str) -> EndedSessionsShown:
    """Sign me out in one browser. Needs nothing but a token."""
    with desk.writing() as visit:
        ended = end_my_session(visit.tx, visit.actor, EndMySession(record_id(session_id, Prefix.SESSION)))
        return EndedSessionsShown(ended=int(ended))


@router.get("/me/timezone", summary="Read my time zone")
def get_my_timezone(desk: AtDesk) -> MyTimezoneShown:
    """The zone in which pages tell me times; the API tells all of them in UTC. Needs nothing but a token."""
    with desk.reading() as visit:
        user = people.by_id(visit.tx, visit.org.id, myself(visit.actor))
        if user is None:
            raise Refused(setup_reasons.RECORD_NOT_FOUND)
        return MyTimezoneShown.model_validate(user)


@router.put("/me/timezone", summary="Set my time zone")
def put_my_timezone(desk: AtDesk, body: MyNewTimezone) -> MyTimezoneShown:
    """Be told times in another zone. Needs nothing but a token."""
    with desk.writing() as visit:
        return MyTimezoneShown.model_validate(set_my_timezone(visit.tx, visit.actor, SetMyTimezone(body.timezone)))


@router.post("/me/password", summary="Change my password", status_code=204)
def post_my_password(desk: AtDesk, body: MyNewPassword) -> None:
    """Change my password. Signs me out in every browser, and unless told otherwise ends what apps have of me, this token too.

    Needs nothing but a token and the password that I have. Wrong ones are counted like those at the sign-in page.
    """
    with desk.reading() as visit:
        user = people.by_id(visit.tx, visit.org.id, myself(visit.actor))
        org = visit.org
    if user is None:
        raise Refused(setup_reasons.RECORD_NOT_FOUND)
    attempt = Attempt(
        username=user.username,
        password=Secret(body.current_password),
        address=str(desk.address or ""),
        user_agent=desk.user_agent,
        operation_id=operation_id(desk.scope),
        browser=secrets.digest(""),  # no browser is known here
    )
    # One text for every cause, as at the sign-in page (X-BF-01).
    if isinstance(password.confirm(desk.house.database, desk.house.hasher, org, user, attempt), Reason):
        raise _wrong("current_password", sign_in_reasons.PASSWORD_WRONG.public_sentence)
    if problem := password_problem(body.password, username=user.username, email=user.email):
        raise _wrong("password", problem)
    hashed = _hashed(desk, body.password)
    with desk.writing() as visit:
        change_my_password(visit.tx, visit.actor, ChangeMyPassword(hashed, body.end_grants))


def _hashed(desk: Desk, chosen: str) -> str:
    try:
        return desk.house.hasher.hash(chosen)
    except PasswordTooLong as error:
        raise _wrong("password", str(error)) from None


def _wrong(field: str, problem: str) -> Refused:
    return Refused(setup_reasons.FIELD_INVALID, fields=(FieldProblem(field, problem),))
