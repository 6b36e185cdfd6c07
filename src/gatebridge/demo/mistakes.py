"""What goes wrong in every installation sooner or later: at each gate somebody who is turned away, and the receipt that says why."""

from gatebridge.demo.clients import AUTHORIZE, challenge_of
from gatebridge.demo.people import KIM, SAM
from gatebridge.demo.story import OFFICE, STRANGE, WAREHOUSE, Story
from gatebridge.oauth import token


async def of_machines(story: Story) -> None:
    """Jobs that nobody approved, that are blocked, that want too much, that come from elsewhere or with a key that is none."""
    office = await story.at("Ledger Sync", OFFICE, "ledger-sync/2.4")
    for name in ("Partner Portal", "Old Importer"):
        await (await story.at(name, OFFICE, "curl/8.5")).by_itself()
    for scope in ("api refresh_token full", "cdp_api"):
        await office.by_itself(scope=scope)
    await (await story.at("Warehouse Feed", STRANGE, "warehouse-feed/1.9")).by_itself()
    feed = await story.at("Warehouse Feed", WAREHOUSE, "warehouse-feed/1.9")
    await feed.token({"grant_type": "client_credentials", "client_id": feed.app.key, "client_secret": "gbs_from-the-old-days"})


async def of_developers(story: Story) -> None:
    """An app that is being changed: its new callback is not registered, its verifier is of another code, it forgets PKCE."""
    portal = await story.at("Acme Portal", OFFICE, "acme-portal/3.3-dev")
    wrong = (portal.app.callback or "").replace("/success", "/sucess")
    challenge = challenge_of(portal.verifier())
    asked = {"response_type": "code", "client_id": portal.app.key, "code_challenge": challenge, "code_challenge_method": "S256"}
    async with story.browser(OFFICE, "Firefox/146") as browser:
        await browser.http.get(AUTHORIZE, params=asked | {"redirect_uri": "https://portal.acme.example/oauth/callback"})
        await browser.http.get(AUTHORIZE, params=asked | {"redirect_uri": wrong})
    async with story.browser(OFFICE, "Firefox/146") as browser:
        verifier = portal.verifier()
        page = await portal.authorized(browser, story.people[SAM], verifier)
        form = {"grant_type": "authorization_code", "redirect_uri": portal.app.callback or "", "code": page.answer.get("code", "")}
        await portal.token(form | {"code_verifier": portal.verifier()})
    async with story.browser(OFFICE, "Firefox/146") as browser:
        await portal.authorized(browser, story.people[SAM], "")
    await portal.by_itself()


async def of_strangers(story: Story) -> None:
    """Somebody has half a secret, and guesses at a password."""
    elsewhere = await story.at("Ledger Sync", STRANGE, "python-requests/2.32")
    form = {"grant_type": "client_credentials", "client_id": elsewhere.app.key, "client_secret": "gbs_not-the-secret"}
    await elsewhere.http.post(token.PATH, data=form)
    async with story.browser(STRANGE, "Chromium/156") as browser:
        page = await browser.open("/signin")
        for guess in ("123456", "password", "Summer2026"):
            await browser.send(page, "signin", username=KIM, password=guess)
