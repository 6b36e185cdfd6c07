"""The house that is fuzzed. Each run tries the same examples, so that a red test is red again when somebody looks."""

from tests.attacks.conftest import acme, house, rival  # noqa: F401 - the house that is attacked
from tests.oauth.conftest import loop  # noqa: F401 - and the loop of the protocol's stories
