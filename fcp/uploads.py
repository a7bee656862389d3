"""No page takes a file longer than this: what comes beyond is neither kept in memory nor written to the disk."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, StopUpload

MAX_BYTES = 10 * 1024 * 1024


class ShortFiles(FileUploadHandler):
    """Stands before Django's own handlers. `request.too_long` tells the page that a file was left out for it."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.received += len(raw_data)
        if self.received > MAX_BYTES:
            self.request.too_long = True  # type: ignore[union-attr]
            raise StopUpload
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """The next handler has the file."""
