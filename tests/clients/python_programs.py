"""Clients written in Python, each in a virtual environment of its own with what its lock file pins, and the stories that they tell there.

A client stands beside this file in a directory of its name: requirements.in names it, requirements.txt pins it and all that it needs
(`make requirements`), and stories.py uses it as an application does.
"""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CLIENTS = ("simple_salesforce", "cumulusci")
INSTALL_SECONDS = 300
STORY_SECONDS = 90

Answers = Mapping[str, Callable[[Any], Any]]


def installed(client: str) -> Path:
    """The Python that has this client, beside what else the virtual environment of the tests holds. Made where it is missing."""
    lock = HERE / client / "requirements.txt"
    pinned = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:16]
    directory = Path(sys.prefix) / "python-clients" / client / pinned
    python, stamp = directory / "bin" / "python", directory / ".installed"
    directory.parent.mkdir(parents=True, exist_ok=True)
    # Several workers of the tests may come at once. The directory's own `.lock` is uv's.
    with directory.with_suffix(".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not stamp.exists():
            _run(sys.executable, "-m", "venv", "--without-pip", directory)
            given = ("install", "--quiet", "--require-hashes", "-r", lock)
            try:
                _run(Path(sys.prefix) / "bin" / "uv", "pip", *given, "--python", python)
            except RuntimeError:  # uv reads neither pip's configuration nor its mirrors
                _run(sys.executable, "-m", "pip", "--python", python, *given)
            stamp.touch()
    return python


def _run(*command: str | Path) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    if ended.returncode != 0:
        raise RuntimeError(f"A client of the tests could not be installed:\n{ended.stderr[-2000:]}")


@dataclass(frozen=True)
class Machine:
    """What a program finds around it: an empty home, nothing of the environment of the tests, and no way off the loopback."""

    home: Path
    bundle: Path  # the certificate authorities that it trusts
    leads: Mapping[str, int] = field(default_factory=dict)  # names that its name servers lead to a port of the loopback

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.defpath,
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "REQUESTS_CA_BUNDLE": str(self.bundle),
            "PYTHONPATH": str(HERE / "only_loopback"),
            "LEADS": " ".join(f"{name}={port}" for name, port in self.leads.items()),
            "WANTED": str(self._wanted),
        }

    @property
    def wanted(self) -> list[str]:
        """What programs looked for beyond the loopback, and did not find."""
        return self._wanted.read_text().split() if self._wanted.exists() else []

    @property
    def errors(self) -> Path:
        return self.home / "errors"

    @property
    def _wanted(self) -> Path:
        return self.home / "wanted"


def tell_stories(client: str, machine: Machine, given: Mapping[str, Any], answers: Answers) -> dict[str, Any]:
    """Run the stories of this client on this machine. What each step told, by its name; one that failed holds a text that says why.

    `answers` is who answers the questions of the stories, by their names.
    """
    pipe = subprocess.PIPE
    command = (installed(client), HERE / client / "stories.py")
    with machine.errors.open("w") as errors:
        process = subprocess.Popen(command, cwd=machine.home, env=machine.environment, stdin=pipe, stdout=pipe, stderr=errors, text=True)
    watchdog = threading.Timer(STORY_SECONDS, process.kill)
    watchdog.start()
    told: dict[str, Any] = {}
    try:
        assert process.stdout is not None
        _say(process, given)
        for line in process.stdout:
            said = json.loads(line)
            if "ask" in said:
                _say(process, answers[said["ask"]](said["about"]))
            else:
                told[said["step"]] = said["told"] if "told" in said else f"failed: {said['failed']}"
        assert process.wait(10) == 0, machine.errors.read_text()[-2000:]
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()
    return told


def _say(process: "subprocess.Popen[str]", what: Any) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(what) + "\n")
    process.stdin.flush()


if __name__ == "__main__":
    for each in CLIENTS:
        installed(each)
