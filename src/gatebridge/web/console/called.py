"""Who or what is meant by a text that was typed into a page: a user or an app, by all that they are called in lists.

A username, an API name, a consumer key or an id means that one. A name, or a part of one, means whoever alone is called so; of several the
reader is asked which. By their names are found only those whom the reader may see in lists.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from gatebridge.rules import ids
from gatebridge.rules.ids import Prefix
from gatebridge.rules.people import folded_name
from gatebridge.rules.permissions import Permission
from gatebridge.storage import apps, listed_apps, listed_users, people
from gatebridge.web.api import app_reading
from gatebridge.web.api.users import READS
from gatebridge.web.console.desk import Visit

MOST = 6  # of those who are called alike are offered; of more, a longer text is wanted
LOOKED_AT = 100  # so that the one whose whole name it is stands among them
SEES_APPS = app_reading.SEES_ALL | {Permission.REGISTER_CONNECTED_APPS}
NO_USER = "There is no user with this username."


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody or something by its name, and by what means it alone."""

    name: str
    handle: str
    user_id: str | None = None
    app_id: str | None = None


@dataclass(frozen=True, slots=True)
class Meant:
    """Whom a text means: a user, an app, or one of several that are called alike; none of them: nobody here."""

    user_id: str | None = None
    app_id: str | None = None
    several: tuple[Named, ...] = ()

    @property
    def alone(self) -> bool:
        """Whether one is meant, and no other."""
        return self.user_id is not None or self.app_id is not None


def meant(visit: Visit, text: str, *, of_users: bool = True, of_apps: bool = True) -> Meant:
    """Whom the text means, among these. Looked for once in a request, however often a page asks: among many, a part of a name costs."""
    found: dict[tuple[str, bool, bool], Meant] = visit.request.scope.setdefault("gatebridge.meant", {})
    asked = (text, of_users, of_apps)
    if asked not in found:
        found[asked] = _meant(visit, *asked) if text else Meant()
    return found[asked]


def no_user(visit: Visit, text: str) -> str:
    """What is said at a field in which nobody's username was typed: whose it may be, where the name means one whom the reader may see."""
    named = list(_users_called(visit, text))
    return f"There is no user with this username. Did you mean {named[0].handle}?" if len(named) == 1 else NO_USER


def which(several: tuple[Named, ...]) -> str:
    """What is said at a field in which the name of several was typed."""
    return f"Several are called so: {', '.join(each.handle for each in several)}. Say which."


def _meant(visit: Visit, text: str, of_users: bool, of_apps: bool) -> Meant:
    user_id = _user(visit, text) if of_users else None
    app_id = _app(visit, text) if of_apps and user_id is None else None
    if user_id is not None or app_id is not None:
        return Meant(user_id, app_id)
    found = [*(_users_called(visit, text) if of_users else ()), *(_apps_called(visit, text) if of_apps else ())]
    whole = [each for each in found if folded_name(each.name) == folded_name(text)]
    among = whole or found
    return Meant(among[0].user_id, among[0].app_id) if len(among) == 1 else Meant(several=tuple(among[:MOST]))


def _user(visit: Visit, text: str) -> str | None:
    user_id = people.id_of_username(visit.tx, visit.org.id, text)
    named = ids.parse(text, Prefix.USER)
    if user_id is None and named is not None and people.by_id(visit.tx, visit.org.id, named) is not None:
        return named
    return user_id


def _app(visit: Visit, text: str) -> str | None:
    found = apps.by_api_name(visit.tx, visit.org.id, text) or apps.by_consumer_key(visit.tx, text)
    named = ids.parse(text, Prefix.APP)
    if found is None and named is not None and listed_apps.known(visit.tx, visit.org.id, named) is not None:
        return named
    return found.id if found is not None else None


def _users_called(visit: Visit, text: str) -> Iterator[Named]:
    if not visit.actor.permissions.intersection(READS):
        return
    for user in listed_users.list_page(visit.tx, visit.org.id, after=None, limit=LOOKED_AT, search=text):
        yield Named(user.name, user.username, user_id=user.id)


def _apps_called(visit: Visit, text: str) -> Iterator[Named]:
    if not visit.actor.permissions & SEES_APPS:
        return
    only = app_reading.owner_filter(visit.actor)
    for each in listed_apps.list_page(visit.tx, visit.org.id, search=text, owner_id=only, limit=LOOKED_AT):
        # The API name of another org's app means nothing here, or another one.
        own = each.app.org_id == visit.org.id
        yield Named(each.app.label, each.app.api_name if own else each.app.consumer_key, app_id=each.app.id)
