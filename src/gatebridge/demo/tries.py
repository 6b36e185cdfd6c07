"""The admin tries flows out on the page for it: that a job gets its token, and that a secret from elsewhere gets it none."""

from gatebridge.demo.browser import Browser
from gatebridge.demo.people import Person
from gatebridge.rules.app_settings import Flow
from gatebridge.rules.ids import long
from gatebridge.rules.tries import Expected, Wrong


async def both_ways(browser: Browser, admin: Person, *app_ids: str) -> None:
    """Of each of these apps a run that works and one that is refused, each to its end."""
    await browser.sign_in(admin.username, admin.password)
    for app_id in app_ids:
        await _run(browser, app_id, expected=Expected.SUCCESS)
        await _run(browser, app_id, expected=Expected.REFUSAL, wrong=Wrong.SECRET)


async def _run(browser: Browser, app_id: str, **chosen: str) -> None:
    form = await browser.open(f"/setup/apps/{long(app_id)}/try")
    page = await browser.send(form, "try", flow=Flow.CLIENT_CREDENTIALS, **chosen)
    while "next" in page.forms:
        page = await browser.send(page, "next")
