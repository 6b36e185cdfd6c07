"""What to type for the clients that are written in Python: simple-salesforce and CumulusCI."""

import json
import shlex

from gatebridge.rules.client_values import SHORT_QUERY, Language, Step, Values, new_key, quoted


def simple_client_credentials(values: Values) -> tuple[Step, ...]:
    """As the app itself."""
    login = f"""\
import os

from simple_salesforce import Salesforce

sf = Salesforce(
    consumer_key={quoted(values.consumer_key)},
    consumer_secret=os.environ["CLIENT_SECRET"],
    domain={quoted(values.domain)},
)"""
    return (Step("Sign in as the app; it acts for the run-as user.", login, Language.PYTHON), *_simple_use())


def simple_jwt(values: Values) -> tuple[Step, ...]:
    """For a user who is not there."""
    login = f"""\
from simple_salesforce import Salesforce

sf = Salesforce(
    username={quoted(values.username)},
    consumer_key={quoted(values.consumer_key)},
    privatekey_file="server.key",
    domain={quoted(values.domain)},
)"""
    return (*new_key(values), Step("Sign in as a user who may use the app.", login, Language.PYTHON), *_simple_use())


def simple_session(values: Values) -> tuple[Step, ...]:
    """With a token from elsewhere."""
    login = f"""\
import os

import requests
from simple_salesforce import Salesforce

answer = requests.post(
    {quoted(values.issuer + "/services/oauth2/token")},
    auth=({quoted(values.consumer_key)}, os.environ["CLIENT_SECRET"]),
    data={{"grant_type": "client_credentials"}},
    timeout=30,
)
answer.raise_for_status()
sf = Salesforce(instance_url=answer.json()["instance_url"], session_id=answer.json()["access_token"])"""
    words = "Get a token by any flow, here as the app itself, and hand it over: at which address it was got is of no matter to the client."
    return (Step(words, login, Language.PYTHON), *_simple_use())


def _simple_use() -> tuple[Step, ...]:
    return (Step("Ask it something.", f'for line in sf.query_all({quoted(SHORT_QUERY)})["records"]:\n    print(line)', Language.PYTHON),)


def cumulusci_web(values: Values) -> tuple[Step, ...]:
    """At a desk."""
    service = (
        f"cci service connect connected_app gatebridge --login_url {shlex.quote(values.issuer)} "
        f"--callback_url {shlex.quote(values.callback)} --client_id {shlex.quote(values.consumer_key)}"
    )
    return (
        Step("Make the app known to CumulusCI, which asks for the consumer secret.", service),
        Step("Sign in. A browser opens.", f"cci org connect {values.alias} --connected-app gatebridge --global-org"),
        Step("See that it is there.", f"cci org info {values.alias}"),
    )


def cumulusci_jwt(values: Values) -> tuple[Step, ...]:
    """In a pipeline."""
    org = json.dumps({"instance_url": values.issuer, "username": values.username})
    environment = f"""\
export SFDX_CLIENT_ID={shlex.quote(values.consumer_key)}
export SFDX_HUB_KEY="$(cat server.key)"
export SF_PROD_LOGIN_URL={shlex.quote(values.issuer)}
export CUMULUSCI_ORG_{values.alias}={shlex.quote(org)}"""
    return (
        *new_key(values),
        Step("Tell CumulusCI where the org is, and with which key.", environment),
        Step("See that it is there. Each command signs in anew.", f"cci org info {values.alias}"),
    )
