"""Every setting of the server, read once, at the start, and only by `bootstrap` and the CLI; everyone else is given values.

`catalogue` holds each setting with its default, check and sentence; `load` reads them.
"""
