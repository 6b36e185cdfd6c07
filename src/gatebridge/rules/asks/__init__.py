"""What each gate asks. A function per gate, in the zones of the gate strip; `rules.access` says at which door each is asked.

A function answers with a Finding, or with None where what it would look at is missing; then the gate counts as not reached, and refuses.
"""
