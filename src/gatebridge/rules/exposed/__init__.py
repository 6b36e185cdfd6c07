"""What opens an app wider than it need be, in tables by whose setting it is. `rules.exposures` asks them all.

A row of a table finds one exposure, says why it matters, and which smaller setting would do.
"""
