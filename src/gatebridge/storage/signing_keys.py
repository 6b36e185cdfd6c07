"""The signing keys of each org; the private half is sealed under the master key."""

import sqlalchemy as sa

from gatebridge.storage.dialects import Blob, Id, Json, Moment
from gatebridge.storage.metadata import metadata

signing_keys = sa.Table(
    "signing_keys",
    metadata,
    sa.Column("org_id", Id, primary_key=True),
    sa.Column("id", Id, primary_key=True),  # the `kid`
    sa.Column("algorithm", sa.String(8), nullable=False),
    sa.Column("public_jwk", Json, nullable=False),
    sa.Column("sealed", Blob, nullable=False),
    sa.Column("created_at", Moment, nullable=False),  # published from here on
    sa.Column("signs_from", Moment, nullable=False),  # one cache life later, unless it is the first
    sa.Column("retired_at", Moment),  # signs no more, is published until the last token is over
    sa.Column("removed_at", Moment),
)
