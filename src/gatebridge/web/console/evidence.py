"""The evidence about an app as one file, for whoever looks into an incident: its records, the lists about it, and how far it reached.

It is a ZIP of the files that the lists export, written as it is sent, so that nobody has to hold it. Whoever may not see one of the lists
gets it without that one, and the file says so. The last of its files has the digests of the others.
"""

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from gatebridge.monitoring import app_reach
from gatebridge.records.change import permit
from gatebridge.rules import exported, ids
from gatebridge.rules.exported import About, Style
from gatebridge.rules.ids import Prefix
from gatebridge.rules.permissions import Permission
from gatebridge.rules.reasons import Refused
from gatebridge.setup.record_export import RecordExport, record_export
from gatebridge.storage import apps, credentials, installations
from gatebridge.storage.listed_apps import ListedApp
from gatebridge.web.api import app_reading
from gatebridge.web.api.app_policies import access_shown, policies_shown
from gatebridge.web.api.app_settings import settings_shown
from gatebridge.web.api.apps import app_shown
from gatebridge.web.api.certificates import CertificateShown
from gatebridge.web.api.containment import ReachShown
from gatebridge.web.api.secrets import SecretShown
from gatebridge.web.console import app_changes, app_contain, app_tabs, exports, login_history, usage
from gatebridge.web.console.desk import Visit
from gatebridge.web.console.exports import List
from gatebridge.web.console.listing import View
from gatebridge.web.house import House

NAME = "Evidence about an app"
PATH = f"{app_tabs.PATH}/evidence"
ENDING = "zip"
MEDIA = "application/zip"
READ_ME = "README.txt"
DIGESTS = "SHA256SUMS"
RECORD = "app.json"
REACHED = 100  # users and addresses in the record
# The lists, each with the file that it becomes and the view of it that is about one app (`key`: its consumer key).
LISTS: tuple[tuple[str, List[Any], str], ...] = (
    ("login-history.csv", login_history.LIST, "q={key}"),
    ("changes.csv", app_changes.LIST, ""),
    ("live-grants.csv", usage.GRANTS, ""),
)
INTRODUCTION = """Evidence about the app {label} ({api_name}, consumer key {key})
Taken from {org} ({issuer}) at {at} by {by}.

{record}  what the app is, its settings, policies, access and credentials (no secret is among them), and how far it reached
{listed}
Every file is as the list of the same name is exported. One that ends early says so in its last line.
Login history goes back as far as it is kept, and holds at most {most:,} lines.

To see that nothing was changed since: sha256sum -c {digests}
To see that the audit trail itself is whole: gatebridge audit verify
"""

Read = Callable[[List[Any], View, str, int], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class _Part:
    """One list of the bundle. `missing`: why it is not in it."""

    name: str
    one: List[Any]
    view: View
    missing: str


def routes(house: House) -> list[Route]:
    return [exports.sends(house, app_tabs.PLACE, PATH, _begin)]


def _begin(visit: Visit) -> Response:
    begun = partial(begin, visit, partial(exports.read_as, visit))
    return exports.or_proven_first(begun, lambda: app_tabs.address(visit.id_in_path("app_id", Prefix.APP), app_contain.ENDING))


def begin(visit: Visit, read: Read) -> exports.File:
    """Write that it is taken, and answer with what will be read when this transaction is over; the caller holds one of the places.

    `read` is called then, for so many records of a view of a list behind a position, and raises Refused where they may not be read any
    more. Raises Refused.
    """
    permit(visit.actor, Permission.MANAGE_CONNECTED_APPS)
    found = app_reading.visible(visit.tx, visit.actor, visit.id_in_path("app_id", Prefix.APP))
    parts = [_part(visit, found, *each) for each in LISTS]
    address = app_tabs.address(found.app.id, app_contain.ENDING)  # the page on which it is taken
    record_export(visit.tx, visit.actor, RecordExport(NAME, address, ENDING, app_id=found.app.id))
    about = About(f"evidence-{found.app.api_name}", visit.org.name, address, (), visit.tx.now)
    files = _files(parts, _introduction(visit, found, parts), _record(visit, found), about, read)
    headers = {
        "Content-Disposition": f'attachment; filename="{exported.file_name(about, ENDING)}"',
        "Cache-Control": "no-store",
    }
    return exports.File(zipped(files, about.at), headers=headers, media_type=MEDIA)


def zipped(files: Iterator[tuple[str, Iterator[bytes]]], at: datetime) -> Iterator[bytes]:
    """A ZIP of these files, piece by piece, and behind them one more with their SHA-256 digests."""
    out, digests = _Passing(), {}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, pieces in files:
            digest = hashlib.sha256()
            with archive.open(_entry(name, at), "w", force_zip64=True) as member:
                for piece in pieces:
                    digest.update(piece)
                    member.write(piece)
                    yield out.taken()
            digests[name] = digest.hexdigest()
        archive.writestr(_entry(DIGESTS, at), "".join(f"{digest}  {name}\n" for name, digest in digests.items()))
    yield out.taken()


class _Passing:
    """What a ZIP is written to that nobody keeps. It cannot be gone back in, so each entry says its size behind itself."""

    def __init__(self) -> None:
        self._held: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._held.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing waits anywhere."""

    def close(self) -> None:
        """What was written can still be taken."""

    def taken(self) -> bytes:
        """What was written since this was last asked."""
        taken = b"".join(self._held)
        self._held.clear()
        return taken


def _entry(name: str, at: datetime) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, at.astimezone(UTC).timetuple()[:6])
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
    return entry


def _part(visit: Visit, found: ListedApp, name: str, one: List[Any], query: str) -> _Part:
    app_id = ids.long(found.app.id)
    path = (one.path or one.place.path).replace("{app_id}", app_id)
    here = replace(visit, request=exports.looked_at(path, query.format(key=found.app.consumer_key), {"app_id": app_id}))
    view = one.view(here)
    try:
        one.rows(here, view, "", 0)
    except Refused as refused:
        return _Part(name, one, view, refused.detail or refused.reason.sentence)
    return _Part(name, one, view, "")


def _files(parts: Sequence[_Part], introduction: str, record: str, about: About, read: Read) -> Iterator[tuple[str, Iterator[bytes]]]:
    yield READ_ME, iter((introduction.encode(),))
    yield RECORD, iter((record.encode(),))
    for part in parts:
        if not part.missing:
            of = replace(about, name=part.one.called, address=part.view.where())
            yield part.name, exports.written(part.one, partial(read, part.one, part.view), of, Style.CSV)


def _introduction(visit: Visit, found: ListedApp, parts: Sequence[_Part]) -> str:
    return INTRODUCTION.format(
        label=found.app.label,
        api_name=found.app.api_name,
        key=found.app.consumer_key,
        org=visit.org.name,
        issuer=visit.org.issuer,
        at=exported.cell(visit.tx.now),
        by=visit.actor.name,
        record=RECORD,
        listed="".join(f"{part.name}  {f'left out: {part.missing}' if part.missing else part.one.called}\n" for part in parts),
        most=exports.MOST,
        digests=DIGESTS,
    )


def _record(visit: Visit, found: ListedApp) -> str:
    """What is kept of the app, in the shapes of the API, and how far it reached."""
    tx, org, app = visit.tx, visit.org, found.app
    told: dict[str, object] = {"app": app_shown(found).model_dump(mode="json")}
    settings = apps.settings_of(tx, app.org_id, app.id) if app.org_id == org.id else None
    if settings is not None:
        told["settings"] = settings_shown(settings).model_dump(mode="json")
        told["secrets"] = [_dumped(SecretShown, each) for each in credentials.secrets_of(tx, org.id, app.id)]
        told["certificates"] = [_dumped(CertificateShown, each) for each in credentials.certificates_of(tx, org.id, app.id)]
    here = found.installation
    policies = installations.policies_of(tx, org.id, here.id) if here is not None else None
    if here is not None and policies is not None:
        told["policies"] = policies_shown(tx, org, policies).model_dump(mode="json")
        told["access"] = [each.model_dump(mode="json") for each in access_shown(tx, org, here.id)]
        told["reach"] = _dumped(ReachShown, app_reach.of_app(tx, visit.actor, app.id, UTC, REACHED))
    return json.dumps(told, indent=2, ensure_ascii=False)


def _dumped(shape: type[Any], record: object) -> object:
    return shape.model_validate(record).model_dump(mode="json")
