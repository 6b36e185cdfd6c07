"""How a command ends: the exit codes that scripts may rely on, and what is said with each."""

from enum import IntEnum
from typing import Any


class Exit(IntEnum):
    """0 to 5; nothing else is ever returned on purpose."""

    OK = 0
    REFUSED = 1  # the server, or a check, said no; the reason is on standard error
    USAGE = 2  # the command line itself is wrong
    UNREACHABLE = 3  # no server, no database, or one that is away: the same command may work later
    NO_CREDENTIALS = 4  # there is no token and nothing to get one with, or what there is does not count
    STOPPED = 5  # asked "are you sure?", and the answer was no


class Stop(Exception):  # noqa: N818 - a command that ends early, with words for the person who typed it
    """End the command with a code and a sentence. `problem` is the server's own refusal, shown whole with --json."""

    def __init__(self, code: Exit, words: str, problem: dict[str, Any] | None = None) -> None:
        super().__init__(words)
        self.code = code
        self.words = words
        self.problem = problem
