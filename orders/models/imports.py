from __future__ import annotations

from fcp.models import FileImport


class TrackingImport(FileImport):
    """A file of tracking numbers from a warehouse without an API."""
