"""The protocol: what a request says, what is decided, and what is answered. Each endpoint decides first and writes after."""
