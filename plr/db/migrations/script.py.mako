"""${message.capitalize()}."""

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
<%
    lines = (upgrades or "pass").splitlines()
    written = "\n".join(line for line in lines if not line.strip().startswith("# ###"))
%>\
    ${written.strip()}
