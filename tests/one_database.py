"""Which modules run on SQLite alone, though what they ask for stands on both databases (docs/decisions/0027).

What these try comes before or after any row: how requests are read and answered, and what pages show. The stories, the matrix, the verbs
and the stores run on both. Whatever statement one of these sends to PostgreSQL is sent to it by a test that stays on both, so none is lost.
"""

from pathlib import Path

import pytest

ON_ONE_DATABASE = frozenset(
    Path(__file__).parent / f"{name}.py"
    for name in (
        "api/test_factors",
        "api/test_replay",
        "api/test_self_service",
        "api/test_sessions",
        "console/test_setup_app_ends",
        "console/test_setup_app_forms",
        "console/test_setup_app_logo",
        "console/test_setup_app_rules",
        "console/test_setup_credentials",
        "console/test_setup_explain",
        "console/test_setup_exports",
        "console/test_setup_home",
        "console/test_setup_kept_forms",
        "console/test_setup_new_app",
        "console/test_setup_people",
        "console/test_setup_records",
        "console/test_setup_register_callback",
        "console/test_setup_replay",
        "console/test_setup_requests",
        "console/test_setup_rights",
        "console/test_setup_tail",
        "console/test_setup_try_it",
        "oauth/flows/test_authorize_parameters",
        "oauth/flows/test_authorize_redirect_uris",
        "oauth/flows/test_cors",
        "oauth/flows/test_device_seen",
        "oauth/flows/test_jwt_bearer",
        "oauth/flows/test_levels",
        "oauth/flows/test_login_hours",
        "oauth/flows/test_networks",
        "oauth/flows/test_openid_requests",
        "oauth/flows/test_step_up",
        "oauth/test_authz",
        "oauth/test_backchannel_logout",
        "oauth/test_claims_told",
        "oauth/test_client_assertions",
        "oauth/test_client_authentication",
        "oauth/test_documents",
        "oauth/test_explain",
        "oauth/test_explain_page",
        "oauth/test_id_token",
        "oauth/test_identity_forms",
        "oauth/test_identity_url",
        "oauth/test_introspection",
        "oauth/test_jwt_access_tokens",
        "oauth/test_logout",
        "oauth/test_logout_hints",
        "oauth/test_logout_tokens",
        "oauth/test_ranges_on_every_request",
        "oauth/test_reauthentication",
        "oauth/test_receipts",
        "oauth/test_replay",
        "oauth/test_switches",
        "oauth/test_token_requests",
        "oauth/test_userinfo",
        "setup/test_recent_givers",
        "signin/test_my_security",
        "signin/test_new_browsers",
        "signin/test_second_step",
        "signin/test_sign_in_pages",
        "signin/test_step_up_pages",
        "web/test_consent_pages",
        "web/test_install_page",
        "web/test_languages",
        "web/test_me_pages",
        "web/test_report_page",
    )
)
FIXTURES = ("house", "database_url")  # what is asked for once on each database


def is_told_twice(item: pytest.Item) -> bool:
    """Whether this is on PostgreSQL what is on SQLite as well, in a module of which one telling is enough."""
    if item.path not in ON_ONE_DATABASE:
        return False
    callspec = getattr(item, "callspec", None)
    # Who builds houses of its own has several nodes on one database, and that is about the rows.
    nodes = "own_house" in getattr(item, "fixturenames", ())
    return callspec is not None and not nodes and "postgresql" in [callspec.params.get(name) for name in FIXTURES]
