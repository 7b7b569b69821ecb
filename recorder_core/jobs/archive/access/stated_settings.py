"""The settings of an archive as the catalog and its log keep them."""

from __future__ import annotations

from recorder_core.archive import (
    Argon2Settings,
)
from recorder_core.catalog.settings import HAS_MIRROR
from recorder_core.jobs.archive.place.folders import ArchiveInfo

__all__ = ["cost_text", "mirror_setting", "settings_of"]


def settings_of(info: ArchiveInfo) -> dict[str, str]:
    """Return what ``archive.json`` says, as the catalog keeps it.

    Where the mirror lies is not part of it: a disk may be found at another place.
    """
    return {
        "archive_id": info.archive_id,
        "site_code": info.site_code,
        "recovery_public_key": info.recovery_public_key,
        "password_cost": cost_text(info.password_cost) if info.password_cost else "",
    }


def mirror_setting(info: ArchiveInfo) -> dict[str, str]:
    """Return whether there is a mirror, as the catalog keeps it: not where."""
    return {HAS_MIRROR: "yes" if info.mirror else "no"}


def cost_text(cost: Argon2Settings) -> str:
    """Return a cost as one word for the log."""
    return f"{cost.memory_kib}/{cost.iterations}/{cost.lanes}"
