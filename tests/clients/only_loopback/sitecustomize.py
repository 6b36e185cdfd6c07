"""What Python loads before a client's program: a machine from which nothing but the loopback is to be found.

LEADS names what leads to a port there, "acme.my.salesforce.com=4433", as an operator's own name servers would. Whatever else is looked for
is not found, and written down in WANTED, so that a test can say that nobody looked.
"""

import os
import socket
from pathlib import Path
from typing import Any

LOOPBACK = {"localhost", "127.0.0.1"}
LEADS = dict(each.split("=") for each in os.environ["LEADS"].split())

found = socket.getaddrinfo


def getaddrinfo(host: Any, port: Any, *more: Any, **named: Any) -> Any:
    if host in LEADS:
        return found("127.0.0.1", int(LEADS[host]), *more, **named)
    if host in LOOPBACK:
        return found(host, port, *more, **named)
    with Path(os.environ["WANTED"]).open("a") as wanted:
        wanted.write(f"{host}:{port}\n")
    raise socket.gaierror(socket.EAI_NONAME, f"{host} is nowhere")


socket.getaddrinfo = getaddrinfo
