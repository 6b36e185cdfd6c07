"""How an access token looks: an opaque value, or a signed JWT."""
