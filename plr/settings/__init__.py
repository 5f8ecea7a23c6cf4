"""Settings: config/*.yaml, then your own over them, then PLR_… from the environment, then secret files.

Read on use, never at import. `PLR_CONFIG` names a folder or one file laid over the shipped ones;
`PLR_HOME` holds the embedded databases, outputs and generated secrets; `PLR_SECRETS_DIR` holds secret files
named like `smtp__password`.
"""

from __future__ import annotations

from plr.settings.model import Settings, load
from plr.settings.rules import load_rules

__all__ = ["Settings", "load", "load_rules"]
