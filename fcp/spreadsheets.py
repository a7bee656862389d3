"""Spreadsheets in and out: CSV in any usual encoding and XLSX, row by row, within bounds.

A file comes from a stranger: its size, its unzipped size, its rows and its columns are bounded, XML entities are
refused (openpyxl uses defusedxml where it is installed), and nothing in it is ever worked out. A file that goes out
holds no formula, whatever the names in it begin with.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import IO, Any
from xml.etree.ElementTree import ParseError

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils.exceptions import InvalidFileException

from fcp.uploads import MAX_BYTES
from fcp.workbook_bounds import TooMuch, check_parts

MAX_UNZIPPED = 60 * 1024 * 1024
MAX_PARTS = 200  # files within an XLSX
MAX_ROWS = 50_000
MAX_BLANK = 100_000  # a sheet may say that its last row is any number
MAX_COLUMNS = 60
MAX_CELL = 1_000  # characters
HEADER_WITHIN = 10  # rows from the top; above it may be a title
SNIFFED = 64 * 1024

XLSX, OLD_EXCEL, PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF"
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")

Row = list[Any]  # cells: str, int, float, datetime or Formula


class FileRefused(Exception):
    """The whole file cannot be read; the text tells a person what to do."""


class Formula(str):
    """What stands in a cell that would have to be worked out."""


TOO_LARGE = f"The file is larger than {MAX_BYTES // 1024 // 1024} MB. Split it, or leave columns out."
TOO_MANY = f"The file has more than {MAX_ROWS:,} rows. Split it, and import the parts one after the other."
NO_TABLE = "This is no table. Save it as CSV or as an Excel workbook (.xlsx), then choose it again."
CROWDED = "There is too much in this workbook. Keep only the columns and rows that are needed, and save it as CSV."
BROKEN = "This Excel workbook cannot be opened. Open it in your spreadsheet program and save it again as .xlsx or CSV."


def read_rows(file: IO[bytes], size: int) -> Iterator[tuple[int, Row]]:
    """The rows that are not empty, with the number that a spreadsheet shows beside them. Raises FileRefused."""
    if size == 0:
        raise FileRefused("The file is empty. Choose one with a header and at least one row.")
    if size > MAX_BYTES:
        raise FileRefused(TOO_LARGE)
    file.seek(0)
    begin = file.read(8)
    if begin.startswith(OLD_EXCEL):
        raise FileRefused("This is a workbook of an old Excel (.xls). Save it as .xlsx or CSV, then choose it again.")
    if begin.startswith(PDF):
        raise FileRefused(NO_TABLE)
    rows = _workbook_rows(file) if begin.startswith(XLSX) else _text_rows(file)
    return _bounded(rows)


def _bounded(rows: Iterator[tuple[int, Row]]) -> Iterator[tuple[int, Row]]:
    kept = blank = 0
    for number, cells in rows:
        while cells and cells[-1] in (None, ""):
            cells.pop()
        if not cells:
            blank += 1
            if blank > MAX_BLANK:
                raise FileRefused("There are too many empty rows in this file. Delete them, then choose it again.")
            continue
        kept += 1
        if kept > MAX_ROWS + 1:  # and the header
            raise FileRefused(TOO_MANY)
        yield number, [_plain(cell) for cell in cells]


def _plain(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    text = CONTROL.sub("", cell).strip()[:MAX_CELL]
    return Formula(text) if isinstance(cell, Formula) else text


# --- text ---------------------------------------------------------------------------------------------------------


def _text_rows(file: IO[bytes]) -> Iterator[tuple[int, Row]]:
    encoding = _encoding_of(file)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        yield from _csv_rows(text)
    finally:
        if not file.closed:
            text.detach()  # or it would close the file


def _csv_rows(text: io.TextIOWrapper) -> Iterator[tuple[int, Row]]:
    begin = list(_lines(text, HEADER_WITHIN))
    named = re.fullmatch(r"sep=(.)[\r\n]*", begin[0], re.IGNORECASE)  # a line that Excel reads and hides
    delimiter = named[1] if named else _delimiter_of(begin)
    reader = csv.reader(chain(begin[1:] if named else begin, text), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, 1):  # named in the refusal
            yield number, list(cells[:MAX_COLUMNS])
    except csv.Error as error:
        where = f"Row {number + 1} cannot be read. Perhaps a quotation mark is not closed: mend it, then try again."
        raise FileRefused(where) from error


def _lines(text: io.TextIOWrapper, most: int) -> Iterator[str]:
    for _ in range(most):
        line = text.readline(SNIFFED)
        if len(line) >= SNIFFED:
            raise FileRefused(NO_TABLE)
        if line:
            yield line


def _delimiter_of(lines: Iterable[str]) -> str:
    """The sign that separates a header's names; those within quotation marks do not count."""
    bare = [re.sub(r'"[^"]*"', "", line) for line in lines]
    return max(";\t|,", key=lambda sign: (max(line.count(sign) for line in bare), sign == ","))


def _encoding_of(file: IO[bytes]) -> str:
    """UTF-8, UTF-16 or Windows-1252, by its first bytes and by what can be read. Raises FileRefused."""
    file.seek(0)
    begin = file.read(SNIFFED)
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _readable(file, "utf-16") or _unreadable()
    if 0 in begin:
        halves = begin[0::2].count(0), begin[1::2].count(0)
        if min(halves) == 0 and max(halves) * 4 > len(begin):  # letters and zeros take turns: UTF-16 without a mark
            return _readable(file, "utf-16-be" if halves[0] else "utf-16-le") or _unreadable()
        raise FileRefused(NO_TABLE)
    return _readable(file, "utf-8-sig") or _readable(file, "cp1252") or _unreadable()


def _readable(file: IO[bytes], encoding: str) -> str:
    """The encoding, if all of the file can be read with it."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while piece := file.read(SNIFFED):
            if "\x00" in decoder.decode(piece):
                return ""
        decoder.decode(b"", final=True)
    except UnicodeError:
        return ""
    return encoding


def _unreadable() -> str:
    raise FileRefused(
        "The letters of this file cannot be read. In your spreadsheet program, save it as “CSV UTF-8” or as .xlsx."
    )


# --- Excel --------------------------------------------------------------------------------------------------------


def _workbook_rows(file: IO[bytes]) -> Iterator[tuple[int, Row]]:
    try:
        _check_zip(file)
        book = load_workbook(file, read_only=True, data_only=False, keep_links=False)
        try:
            yield from _sheet_rows(book)
        finally:
            book.close()
    except FileRefused:
        raise
    except (
        zipfile.BadZipFile, zipfile.LargeZipFile, InvalidFileException, ParseError, KeyError, ValueError, TypeError,
        AttributeError, IndexError, EOFError, NotImplementedError, OSError,
    ) as error:  # fmt: skip  # as openpyxl, zipfile and defusedxml say it
        raise FileRefused(BROKEN) from error


def _check_zip(file: IO[bytes]) -> None:
    file.seek(0)
    with zipfile.ZipFile(file) as parts:
        inside = parts.infolist()
        # What a part says of its size is also where reading it ends.
        if len(inside) > MAX_PARTS or sum(part.file_size for part in inside) > MAX_UNZIPPED:
            raise FileRefused("This workbook is too large once unpacked. Keep only the sheet with the rows.")
        try:
            check_parts(parts)
        except TooMuch as error:
            raise FileRefused(CROWDED) from error
    file.seek(0)


def _sheet_rows(book: Any) -> Iterator[tuple[int, Row]]:
    sheet = next((one for one in book.worksheets if one.sheet_state == "visible"), None)
    if sheet is None:
        raise FileRefused("This workbook has no sheet that can be read.")
    sheet.reset_dimensions()  # what it says of its own size may be wrong
    for number, cells in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS), 1):
        yield number, [_cell(cell) for cell in cells]


def _cell(cell: Any) -> Any:
    value = cell.value
    if cell.data_type == "f":
        return Formula(value if isinstance(value, str) else "=")
    if cell.data_type == "e":
        return str(value)
    return value


# --- out ----------------------------------------------------------------------------------------------------------


def unquoted(text: str) -> str:
    """What `plain_text` made of a text, undone."""
    return text[1:] if text[:1] == "'" and text[1:2] in FORMULA_SIGNS else text


def plain_text(value: Any) -> Any:
    """A cell of a CSV file: a text that a spreadsheet would take for a formula gets a mark in front."""
    return f"'{value}" if isinstance(value, str) and value[:1] in FORMULA_SIGNS else value


class _Echo:
    def write(self, line: str) -> str:
        return line


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(header)  # Excel takes a file without the mark for Windows-1252
    for row in rows:
        yield writer.writerow([plain_text(value) for value in row])


def workbook(header: Sequence[str], rows: Iterable[Sequence[Any]], title: str) -> IO[bytes]:
    """An XLSX file, written row by row to the disk; the caller closes it."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    for letter, width in zip("ABCDEFGH", (14, 22, 34, 11, 11, 28, 16, 16), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.append(list(header))
    for row in rows:
        sheet.append([_out(sheet, value) for value in row])
    file = tempfile.TemporaryFile()  # noqa: SIM115  # the response closes it
    book.save(file)
    file.seek(0)
    return file


def _out(sheet: Any, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = CONTROL.sub("", value)[:32_000]
    if text[:1] not in FORMULA_SIGNS:
        return text
    cell = WriteOnlyCell(sheet, value=text)
    cell.data_type = "s"  # a text, whatever it begins with
    return cell
