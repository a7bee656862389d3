"""What a store sent, packed for keeping."""

from __future__ import annotations

import zlib


def packed(raw: bytes) -> bytes:
    # The fastest level: an order's JSON packs to a quarter with it, and better levels cost more than the insert.
    return zlib.compress(raw, 1)


def unpacked(row: bytes | memoryview) -> bytes:
    return zlib.decompress(row)
