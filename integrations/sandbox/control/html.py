"""Pieces of the pages that persons see, in plain HTML."""

from html import escape


def section(title: str, *parts: str, name: str = "") -> str:
    place = f' id="{name}"' if name else ""
    return f"<section{place}><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def quiet(text: str) -> str:
    return f'<p class="quiet">{escape(text)}</p>'


def table(columns: list[str], rows: list[list[str]], empty: str) -> str:
    """Cells are HTML. A column whose name begins with # holds numbers."""
    if not rows:
        return quiet(empty)
    marks = [' class="number"' if column.startswith("#") else "" for column in columns]
    head = "".join(f"<th{mark}>{column.lstrip('#')}</th>" for mark, column in zip(marks, columns, strict=True))
    lines = ["".join(f"<td{mark}>{cell}</td>" for mark, cell in zip(marks, row, strict=True)) for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def choose(label: str, name: str, choices: dict[str, str], chosen: str = "", style: str = "") -> str:
    listed = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(text)}</option>'
        for value, text in choices.items()
    )
    return f'<label class="{style}">{escape(label)}<select name="{name}">{listed}</select></label>'


def enter(label: str, name: str, rest: str = "") -> str:
    return f'<label>{escape(label)}<input name="{name}" {rest}></label>'


def tick(label: str, name: str, on: bool = False, style: str = "") -> str:
    checked = " checked" if on else ""
    return f'<label class="{style}"><input type="checkbox" name="{name}" value="1"{checked}> {escape(label)}</label>'


def form(address: str, *fields: str, style: str = "", below: str = "/control/", method: str = "post") -> str:
    return f'<form class="{style}" method="{method}" action="{below}{escape(address)}">{"".join(fields)}</form>'


def hidden(**values: str) -> str:
    return "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in values.items())
