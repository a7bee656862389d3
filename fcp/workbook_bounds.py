"""How much an Excel workbook may make of its bytes, counted before anything of it is kept.

A megabyte that unpacks into millions of empty cells, styles or names would take gigabytes of memory and minutes to
read. Gone through once without keeping anything, it costs a small part of that.
"""

from __future__ import annotations

from contextlib import suppress
from typing import IO
from xml.parsers.expat import ExpatError, ParserCreate
from zipfile import ZipFile

MOST = 3_000_000  # elements in all: 50,000 rows of 30 cells, each with its value
MOST_IN_ROW = 100_000  # a sheet has 16,384 columns
MOST_TEXTS = 1_000_000  # of the table of texts, two for each
MOST_BESIDE = 300_000  # of any other part; in a sheet its rows are among them, but not their cells
CHUNK = 256 * 1024  # bytes; no tag is as long
TEXTS = "sharedStrings.xml"
ROW = "http://schemas.openxmlformats.org/spreadsheetml/2006/main row"


class TooMuch(Exception):
    """The workbook has more in it than a table of rows needs."""


def check_parts(workbook: ZipFile) -> None:
    """Raises TooMuch, and ValueError for one that declares entities. Whatever a part is called, it may be the sheet."""
    seen = 0
    for part in workbook.infolist():
        with workbook.open(part) as file:
            most = MOST_TEXTS if part.filename.endswith(TEXTS) else MOST_BESIDE
            seen += _Part(most, MOST - seen).elements_of(file)


class _Part:
    """One file of the workbook, while it is gone through."""

    def __init__(self, most_beside: int, most: int) -> None:
        self.most_beside, self.most = most_beside, most
        self.open = self.in_row = self.beside = self.seen = 0  # open: rows, one in another

    def elements_of(self, file: IO[bytes]) -> int:
        """Up to where it is no XML any more: nobody reads further."""
        parser = ParserCreate(namespace_separator=" ")
        parser.ordered_attributes = True
        parser.StartElementHandler, parser.EndElementHandler = self._begin, self._end
        parser.EntityDeclHandler = self._refuse
        with suppress(ExpatError):
            while piece := file.read(CHUNK):
                parser.Parse(piece, False)
                if len(piece) == CHUNK and b">" not in piece:
                    raise TooMuch
        return self.seen

    def _begin(self, name: str, attributes: list[str]) -> None:
        self.seen += 1
        if name == ROW:
            self.open += 1
            self.beside += 1
        elif self.open:
            self.in_row += 1
        else:
            self.beside += 1
        if self.in_row > MOST_IN_ROW or self.beside > self.most_beside or self.seen > self.most:
            raise TooMuch

    def _end(self, name: str) -> None:
        if name == ROW:
            self.open -= 1
            if not self.open:
                self.in_row = 0

    def _refuse(self, *entity: object) -> None:
        raise ValueError("an entity is declared")
