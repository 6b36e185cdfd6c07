"""Pictures of every page, made from a demo of their own: `make screenshots`."""
