"""Every page of setup: each module of this folder that has `routes` brings its own, so that a new page is written down nowhere else."""

import importlib
import pkgutil

from starlette.routing import Route

from gatebridge.web import console
from gatebridge.web.house import House


def routes(house: House) -> list[Route]:
    """The routes of all of them; of two that take the same address, the one that says it in words comes first."""
    modules = (importlib.import_module(f"{console.__name__}.{found.name}") for found in pkgutil.iter_modules(console.__path__))
    # This module is one of them, and is told from a page by what it is called.
    found = [route for module in modules if module.__name__ != __name__ and hasattr(module, "routes") for route in module.routes(house)]
    return sorted(found, key=_openness)


def _openness(route: Route) -> list[bool]:
    return [part.startswith("{") for part in route.path.split("/")]
