"""Which scope implies which, as in Gatebridge: an API that needs `orders` also lets a token with `full` in."""

from collections.abc import Set

# Two names of one scope. Only being held gives these, and `setup_api`: `full` does not.
REFRESH = frozenset({"refresh_token", "offline_access"})
NEVER_IMPLIED = REFRESH | {"setup_api"}
IDENTITY = frozenset({"profile", "email", "address", "phone"})  # together the same as `id`

_IMPLIED_BY = {"chatter_api": "api", "visualforce": "web"}


def covers(held: Set[str], needed: str) -> bool:
    """Whether who holds these scopes may do what `needed` names."""
    if needed in held:
        return True
    if needed in REFRESH:
        return bool(held & REFRESH)
    if "full" in held and needed not in NEVER_IMPLIED:
        return True
    if needed in IDENTITY:
        return "id" in held
    if needed == "id":
        return held >= IDENTITY
    return _IMPLIED_BY.get(needed) in held
