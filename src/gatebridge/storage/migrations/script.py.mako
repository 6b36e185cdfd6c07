"""${message}"""

import sqlalchemy as sa
${imports if imports else ""}
from alembic import op
from gatebridge.storage import dialects

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
