"""The command line: a client of our own API, and a few commands for the machine that the server runs on."""
