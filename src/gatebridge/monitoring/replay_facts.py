"""What a replay decides on: the facts of today and those of the draft, for every app and user of the history, each read once."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from gatebridge.rules import drafts, hours
from gatebridge.rules.app_policies import PermittedUsers
from gatebridge.rules.approvals import Approval
from gatebridge.rules.drafts import Draft
from gatebridge.rules.facts import Facts
from gatebridge.rules.gates import Door
from gatebridge.rules.network import Range
from gatebridge.rules.orgs import Org
from gatebridge.rules.people import Standing
from gatebridge.storage import approvals, facts_of_many
from gatebridge.storage.tx import Tx

Pair = tuple[Facts, Facts]


class ReplayFacts:
    """The facts of one org in one reading transaction, and the same with a draft laid over them."""

    def __init__(self, tx: Tx, org: Org, draft: Draft) -> None:
        self.tx, self.org, self.draft = tx, org, draft
        self._drafted_org = replace(org, settings=draft.org) if draft.org is not None else org
        self._bare = Facts(tx.now, org)
        self._apps: dict[str, Facts | None] = {}
        self._people: dict[str, Standing | None] = {}
        self._approvals: dict[tuple[str, str], Approval | None] = {}
        self._pairs: dict[tuple[str, str, Door | None], Pair | None] = {}

    def expect(self, app_ids: Iterable[str], user_ids: Iterable[str | None], signing: Iterable[tuple[str, str]] = ()) -> None:
        """Read these apps and users in a few statements, unless they are known. `signing`: apps that sign assertions, with for whom."""
        new = set(app_ids) - self._apps.keys() - {""}
        read = facts_of_many.of_apps(self.tx, self.org, new)
        self._apps |= {app_id: read.get(app_id) for app_id in new}
        run_as = (facts.policies.run_as_user_id for facts in read.values() if facts.policies is not None)
        wanted = {*user_ids, *run_as, *(each.run_as_user_id for each in self.draft.policies.values())}
        self._read_people({user_id for user_id in wanted if user_id is not None})
        self._read_approvals(signing)

    def _read_people(self, user_ids: Collection[str]) -> None:
        new = set(user_ids) - self._people.keys()
        read = facts_of_many.of_users(self.tx, self.org.id, new)
        self._people |= {user_id: read.get(user_id) for user_id in new}

    def _read_approvals(self, signing: Iterable[tuple[str, str]]) -> None:
        """Only where nobody but the user approves does it matter what the user has approved."""
        pairs = {
            (facts.installation.id, user_id)
            for app_id, user_id in signing
            if (facts := self._apps.get(app_id)) is not None and facts.installation is not None and self._self_authorized(app_id, facts)
        }
        new = pairs - self._approvals.keys()
        read = approvals.of_pairs(self.tx, self.org.id, new)
        self._approvals |= {pair: read.get(pair) for pair in new}

    def _self_authorized(self, app_id: str, facts: Facts) -> bool:
        policies = (facts.policies, self.draft.policies.get(app_id))
        return any(each is not None and each.permitted_users is PermittedUsers.SELF_AUTHORIZE for each in policies)

    def of(self, app_id: str, user_id: str, door: Door | None) -> Pair | None:
        """The facts of today and the drafted ones; None where there is no such app or user any more. They were expected before."""
        key = (app_id, user_id, door)
        if key not in self._pairs:
            self._pairs[key] = self._pair(app_id, user_id, door)
        return self._pairs[key]

    def _pair(self, app_id: str, user_id: str, door: Door | None) -> Pair | None:
        facts = self._bare if door is None else self._apps.get(app_id)
        if facts is None:
            return None
        if door is Door.TOKEN:
            return self._acting_as_itself(facts)
        standing = self._people.get(user_id)
        if standing is None:
            return None
        facts = replace(facts, standing=standing)
        if facts.installation is not None:
            facts = replace(facts, approval=self._approvals.get((facts.installation.id, user_id)))
        return facts, drafts.applied(self.draft, facts)

    def _acting_as_itself(self, facts: Facts) -> Pair:
        """Whom client credentials act for is not the history's to say but the policies', today's and the drafted ones."""
        today = replace(facts, standing=self._run_as(facts))
        drafted = drafts.applied(self.draft, today)
        if drafted is today:
            return today, today
        run_as = self._run_as(drafted)
        return today, replace(drafted, standing=drafts.of_user(self.draft, run_as) if run_as is not None else None)

    def _run_as(self, facts: Facts) -> Standing | None:
        run_as = facts.policies.run_as_user_id if facts.policies is not None else None
        return self._people.get(run_as) if run_as is not None else None

    def standing(self, user_id: str) -> Standing | None:
        """A user that was expected before, as recorded."""
        return self._people.get(user_id)

    def approved(self, app_id: str, user_id: str) -> frozenset[str] | None:
        """What the user has approved of the app, as far as it matters; None: nothing, or it does not."""
        facts = self._apps.get(app_id)
        here = facts.installation if facts is not None else None
        approval = self._approvals.get((here.id, user_id)) if here is not None else None
        return approval.scopes if approval is not None else None

    def ranges(self) -> Iterator[Range]:
        """Every range against which an address may be held, today or by the draft, of all that was read by now."""
        for settings in (self.org.settings, self._drafted_org.settings):
            yield from settings.trusted_ranges
        for policies in (*(facts.policies for facts in self._apps.values() if facts is not None), *self.draft.policies.values()):
            if policies is not None:
                yield from (*policies.ip_ranges, *policies.refresh_ranges)
        profiles = {standing.profile.id: standing.profile for standing in self._people.values() if standing is not None}
        for profile in (*profiles.values(), *self.draft.profiles.values(), *self.draft.profile_of.values()):
            yield from profile.login_ranges

    def open_at(self, user_id: str, moment: datetime) -> tuple[bool, bool] | None:
        """Whether the user may come in at this moment, today and by the draft; None where no hours are set, so that none matters."""
        standing = self._people.get(user_id)
        if standing is None:
            return None
        profile, drafted = standing.profile, drafts.of_user(self.draft, standing).profile
        if not profile.login_hours and not drafted.login_hours:
            return None
        zones = self.org.settings.timezone, self._drafted_org.settings.timezone
        return hours.open_now(profile.login_hours, zones[0], moment), hours.open_now(drafted.login_hours, zones[1], moment)
