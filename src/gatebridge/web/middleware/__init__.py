"""What every request goes through before a route sees it: pure ASGI, one file each, in the order of `web.app.make_app`."""
