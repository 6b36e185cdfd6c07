"""Try it: what an app sends in each step of a flow, and what the answers say. The requests themselves go in at the front door."""
