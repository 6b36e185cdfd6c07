"""`python -m bench.screenshots`: every page of a demo into docs/screenshots/<width>-<theme>/<page>.png."""

import argparse
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Error, Page
from tests.journeys.chromium import chromium, person

from bench.screenshots.camera import THEMES, WIDTHS, Camera
from bench.screenshots.crawl import Crawl
from bench.screenshots.demo import Demo, own_demo
from bench.screenshots.scenes import SCENES
from bench.screenshots.stage import Stage

INTO = Path(__file__).parents[2] / "docs" / "screenshots"

PATIENCE = 60_000  # milliseconds, since a busy machine is no fault of a page


def main(arguments: Sequence[str] | None = None) -> int:
    wanted = _parser().parse_args(arguments)
    began = time.monotonic()
    camera = Camera(wanted.into, wanted.widths, wanted.themes)
    with _demo(wanted.demo) as demo, chromium() as browser:
        _take_all(demo, browser, camera, re.compile(wanted.pages))
    taken = len(camera.taken) * len(camera.widths) * len(camera.themes)
    print(f"{len(camera.taken)} pages, {taken} pictures in {time.monotonic() - began:.0f} s: {camera.into}")
    for each in camera.wrong:
        print(f"  {each}", file=sys.stderr)
    return 1 if camera.wrong else 0


def _take_all(demo: Demo, browser: Browser, camera: Camera, only: re.Pattern[str]) -> None:
    crawl = Crawl(demo.base_url, camera, only)
    with _somebody(browser) as page:
        demo.sign_in(page, "dana", "/setup")
        portal = demo.app("Acme Portal")["app_id"]
        rich = (f"/setup/apps/{portal}", f"/setup/usage/{portal}", "/setup/replay?app=" + portal)  # where there is much to see
        crawl.follow(page, ("/setup", *rich, "/", "/help/reasons/"), ("/setup", "/help"))
    with _somebody(browser) as page:
        demo.sign_in(page, "sam")
        crawl.follow(page, ("/me",), ("/me",))
    for name, scene in SCENES.items():
        if only.search(name):
            with _somebody(browser) as page:
                try:
                    scene(Stage(demo, page))
                except (Error, LookupError) as problem:
                    camera.wrong.append(f"{name} was not reached: {str(problem).splitlines()[0]} at {page.url}")
                camera.take(page, name)


@contextmanager
def _somebody(browser: Browser) -> Iterator[Page]:
    with person(browser) as context:
        context.set_default_timeout(PATIENCE)
        yield context.new_page()


@contextmanager
def _demo(file: Path | None) -> Iterator[Demo]:
    if file is not None:
        yield Demo.at(file)
        return
    with own_demo() as demo:
        yield demo


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.screenshots", description=__doc__)
    parser.add_argument("pages", nargs="?", default="", help="a pattern for the names of the pages that are wanted; all without it")
    parser.add_argument("--widths", nargs="+", type=int, default=WIDTHS, help="in pixels")
    parser.add_argument("--themes", nargs="+", choices=THEMES, default=THEMES)
    parser.add_argument("--into", type=Path, default=INTO, help="the directory for the pictures")
    parser.add_argument("--demo", type=Path, help="the demo.json of a demo that is running; without it one is built and ended")
    return parser


if __name__ == "__main__":
    sys.exit(main())
