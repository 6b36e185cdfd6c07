"""The running server that third-party clients talk to."""

from tests.conformance.conftest import house  # noqa: F401 - a server on a socket, one for each file
