"""Which language the pages of one answer speak."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatebridge.web import languages


class Languages:
    """Speaks the language that the browser asks for, where there is a catalogue; without any it does nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        languages.catalogues()  # one that cannot be read stops the start, and not a page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        there = languages.catalogues()
        if not there or scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_varied(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.add_vary_header("Accept-Language")
            await send(message)

        before = languages.speak(languages.chosen(Headers(scope=scope).get("accept-language", ""), there))
        try:
            await self.app(scope, receive, send_varied)
        finally:
            languages.speak_as_before(before)
