"""The house that the stories of the protocol are told in: one on each database for the whole run, and a new org in it for each test."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.databases import Postgres
from tests.oauth.door import Loop, event_loop
from tests.oauth.houses import Standing, SteppedClock, standing_house
from tests.oauth.tenants import Tenant, make_tenant

# What these try is how requests are read and answered, before and after any row; the stories, the matrix and the stores run on both.
# Whatever statement one of these sends to the database is sent to both by another test, so none is lost.
ON_ONE_DATABASE = frozenset(
    {
        "test_authorize_parameters",
        "test_authorize_redirect_uris",
        "test_backchannel_logout",
        "test_claims_told",
        "test_client_assertions",
        "test_client_authentication",
        "test_consent_pages",
        "test_cors",
        "test_explain",
        "test_explain_page",
        "test_id_token",
        "test_openid_requests",
        "test_identity_forms",
        "test_identity_url",
        "test_install_page",
        "test_jwt_access_tokens",
        "test_jwt_bearer",
        "test_languages",
        "test_login_hours",
        "test_logout",
        "test_logout_hints",
        "test_logout_tokens",
        "test_me_pages",
        "test_my_security",
        "test_networks",
        "test_ranges_on_every_request",
        "test_sign_in_pages",
        "test_setup_app_forms",
        "test_setup_app_logo",
        "test_setup_explain",
        "test_setup_new_app",
        "test_setup_home",
        "test_setup_tail",
        "test_step_up_pages",
        "test_switches",
        "test_token_requests",
        "test_userinfo",
    }
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = [item for item in items if not _is_told_twice(item)]


def _is_told_twice(item: pytest.Item) -> bool:
    callspec = getattr(item, "callspec", None)
    return item.path.stem in ON_ONE_DATABASE and callspec is not None and callspec.params.get("house") == "postgresql"


@pytest.fixture(scope="session")
def loop() -> Iterator[Loop]:
    with event_loop() as running:
        yield running


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def house(request: pytest.FixtureRequest, loop: Loop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """A house that stands for the whole run. Tests share it and not their orgs; one that would break it builds its own."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("house") / "gatebridge.db"
        template: Path = request.getfixturevalue("sqlite_template")
        shutil.copy(template, path)
        url = f"sqlite:///{path}"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.create(next(request.getfixturevalue("postgres_names")), request.getfixturevalue("postgres_template"))
    with standing_house(url, loop) as standing:
        yield standing


@pytest.fixture
def acme(house: Standing) -> Tenant:
    """An org of this test's own."""
    return make_tenant(house)


@pytest.fixture
def rival(house: Standing) -> Tenant:
    """A second org in the same installation."""
    return make_tenant(house)


HouseMaker = Callable[..., Standing]


@pytest.fixture
def own_house(database_url: str, loop: Loop) -> Iterator[HouseMaker]:
    """Makes houses on a database of this test's own: the second one is a second node, or the first one after a restart."""
    with ExitStack() as stack:
        clock = SteppedClock()

        def make(**given: int) -> Standing:
            return stack.enter_context(standing_house(database_url, loop, clock, **given))

        yield make
