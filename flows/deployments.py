"""Every process that is deployed: one entry each, in the order the group would name them."""

from __future__ import annotations

from flows.commissioning import commissioning_reflection

DEPLOYED = (commissioning_reflection,)
