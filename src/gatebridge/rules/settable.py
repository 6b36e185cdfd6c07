"""Where each setting is changed: its name on the admin's page, the request to the API, the command, and who may."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from gatebridge.rules.apps import App
from gatebridge.rules.facts import Facts
from gatebridge.rules.ids import long
from gatebridge.rules.people import Profile, User
from gatebridge.rules.permissions import Permission

MANAGES = (Permission.MANAGE_CONNECTED_APPS,)
DEVELOPS = (Permission.MANAGE_CONNECTED_APPS, Permission.REGISTER_CONNECTED_APPS)
ROTATES = (Permission.ROTATE_CONSUMER_CREDENTIALS,)
PUBLISHER = "The app's publisher, in its own org"
OPERATOR = "The operator, at the machine"

_ABBREVIATED = {"api": "API", "oauth": "OAuth", "and": "and"}


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that decided something, and where it is changed. Ids stand in it in 18 characters.

    A word in capitals in `cli` is for the reader to fill in. Both ways are empty where only somebody else can change it.
    """

    name: str  # as on the admin's page: the page, then the setting on it
    words: str  # its present value
    api: str = ""  # method and path
    cli: str = ""
    permissions: tuple[Permission, ...] = ()  # any one of them may change it
    by: str = ""  # the same in words, with what else it takes


def name_of(permission: Permission) -> str:
    """The right as people read it: Manage Connected Apps."""
    return " ".join(_ABBREVIATED.get(word, word.capitalize()) for word in permission.split("_"))


def _by(permissions: Iterable[Permission]) -> str:
    return " or ".join(name_of(permission) for permission in permissions)


def option(name: str, values: Iterable[str]) -> str:
    """An option that is repeated for each value, as a shell reads it."""
    return " ".join(f"{name} {shlex.quote(value)}" for value in values)


def listed(values: Iterable[object]) -> str:
    """Values as a sentence has them; `none` where there are none."""
    return ", ".join(str(value) for value in values) or "none"


def settings(facts: Facts, app: App, name: str, words: str, options: str) -> Setting:
    """What the app's developer owns. In an org that only uses the app nobody can change it."""
    if app.org_id != facts.org.id:
        return Setting(f"Settings: {name}", words, by=PUBLISHER)
    return Setting(
        f"Settings: {name}",
        words,
        f"PATCH /api/v1/apps/{long(app.id)}/settings",
        f"gatebridge apps settings {long(app.id)} {options}" if options else "",
        DEVELOPS,
        f"{name_of(DEVELOPS[0])}, or the app's owner with {name_of(DEVELOPS[1])}",
    )


def credentials(facts: Facts, app: App, name: str, words: str, api: str, command: str) -> Setting:
    """The app's secrets and certificates."""
    if app.org_id != facts.org.id:
        return Setting(f"Credentials: {name}", words, by=PUBLISHER)
    by = f"{_by(ROTATES)}, of the app's owner or with {name_of(MANAGES[0])}"
    return Setting(f"Credentials: {name}", words, f"POST /api/v1/apps/{long(app.id)}/{api}", f"gatebridge {command}", ROTATES, by)


def policies(app: App, name: str, words: str, options: str) -> Setting:
    """What the admin owns who lets the app be used here."""
    return Setting(
        f"Policies: {name}",
        words,
        f"PATCH /api/v1/apps/{long(app.id)}/policies",
        f"gatebridge apps policies {long(app.id)} {options}",
        MANAGES,
        _by(MANAGES),
    )


def access(app: App, name: str, words: str, holder_id: str | None = None) -> Setting:
    """Whose holders may use the app, and until when."""
    holder = long(holder_id) if holder_id is not None else "HOLDER"
    command = f"gatebridge access assign {long(app.id)} {holder} --until TIME"
    return Setting(f"Access: {name}", words, f"PUT /api/v1/apps/{long(app.id)}/access/{holder}", command, MANAGES, _by(MANAGES))


def state(app: App, words: str, act: str, *, developer: bool = False) -> Setting:
    """Whether the app may act at all."""
    rights = DEVELOPS if developer else MANAGES
    path = f"POST /api/v1/apps/{long(app.id)}/{act}"
    return Setting("App: State", words, path, f"gatebridge apps {act} {long(app.id)} --reason WHY", rights, _by(rights))


def installation(facts: Facts, app: App, words: str) -> Setting:
    """Whether the org took the app in."""
    if facts.installation is not None and facts.installation.in_use(facts.now):
        path, command = f"/apps/{long(app.id)}/uninstall", f"uninstall {long(app.id)} --reason WHY"
    else:
        path, command = "/apps/install", f"install {shlex.quote(app.consumer_key)}"
    return Setting("App: Installation", words, f"POST /api/v1{path}", f"gatebridge apps {command}", MANAGES, _by(MANAGES))


def user(person: User, words: str, act: str) -> Setting:
    """Whether the user may act at all."""
    rights = (Permission.MANAGE_USERS,)
    path, command = f"POST /api/v1/users/{long(person.id)}/{act}", f"gatebridge users {act} {long(person.id)} --reason WHY"
    if act == "invite":
        command = ""  # a second invitation is sent from the page or the API
    return Setting("User: State", words, path, command, rights, _by(rights))


def held_set(person: User, set_id: str, words: str) -> Setting:
    """Whether the user holds a permission set, and until when."""
    rights = (Permission.MANAGE_PROFILES_AND_PERMISSION_SETS,)
    path = f"PUT /api/v1/users/{long(person.id)}/permission-sets/{long(set_id)}"
    command = f"gatebridge users assign {long(person.id)} {long(set_id)} --until TIME"
    return Setting("User: Permission sets", words, path, command, rights, _by(rights))


def profile(of: Profile, name: str, words: str, options: str) -> Setting:
    """What a profile gives or asks of whoever has it."""
    rights = (Permission.MANAGE_PROFILES_AND_PERMISSION_SETS,)
    path, command = f"PATCH /api/v1/profiles/{long(of.id)}", f"gatebridge profiles edit {long(of.id)} {options}"
    return Setting(f"Profile {of.name}: {name}", words, path, command, rights, _by(rights))


def org(name: str, words: str, options: str) -> Setting:
    """What holds for the whole org."""
    rights = (Permission.MANAGE_SECURITY,)
    command = f"gatebridge org edit {options}" if options else ""
    return Setting(f"Org: {name}", words, "PATCH /api/v1/org", command, rights, _by(rights))


def audit_trail(words: str) -> Setting:
    """What was ended is no setting any more; the trail says by whom, and why."""
    rights = (Permission.VIEW_AUDIT_TRAIL,)
    return Setting("Setup Audit Trail", words, "GET /api/v1/audit", "gatebridge audit list", rights, _by(rights))
