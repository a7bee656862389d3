"""The form with which a person sends a file of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest

from fcp.spreadsheets import MAX_ROWS, TOO_LARGE, FileRefused, Row, read_rows
from fcp.uploads import MAX_BYTES

T = TypeVar("T")


class FileForm(forms.Form):
    """`columns`: which the file has, said beside the field."""

    columns = ""
    file = forms.FileField(allow_empty_file=True, widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}))

    def __init__(self, *args: Any, too_long: bool = False, **kwargs: Any) -> None:
        """`too_long`: a file was sent and not taken (fcp.uploads)."""
        super().__init__(*args, **kwargs)
        kinds = f"CSV or Excel (.xlsx) with {self.columns}" if self.columns else "CSV or Excel (.xlsx)"
        self.fields["file"].help_text = f"{kinds}. At most {MAX_ROWS:,} rows and {MAX_BYTES // 1024 // 1024} MB."
        if too_long:
            self.fields["file"].error_messages["required"] = TOO_LARGE

    @property
    def file_name(self) -> str:
        return self._file.name or "file"

    @property
    def _file(self) -> UploadedFile:
        file = self.cleaned_data["file"]
        assert isinstance(file, UploadedFile)
        return file

    def read(self, understand: Callable[[Iterator[tuple[int, Row]]], T]) -> T | None:
        """What `understand` makes of the file's rows; None, with the reason in the form, where it cannot be read."""
        try:
            return understand(read_rows(self._file.file, self._file.size or 0))  # type: ignore[arg-type]  # of bytes
        except FileRefused as error:
            self.add_error("file", str(error))
            return None


def sent_file(request: HttpRequest) -> dict[str, Any]:
    """What a `FileForm` is made from: nothing before the form was sent."""
    if request.method != "POST":
        return {}
    return {"data": request.POST, "files": request.FILES, "too_long": getattr(request, "too_long", False)}
