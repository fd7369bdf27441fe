"""The small parts the report is made of: escaping, numbers as people write them, rows, tables, lists of texts.

Knows HTML; knows neither the order of the report nor what any figure means. A function whose argument is called
`html` expects markup that is safe already; every other string is escaped here.
"""

from __future__ import annotations

import html as _html
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_LONGEST_TEXT = 280  # characters; more says little about why a text was mistaken
_OPEN, _LISTED = 8, 20  # texts in a list: in sight at once, and in all


@dataclass(frozen=True, slots=True)
class View:
    """What is reported and the words it is told in.

    Attributes:
        report: see `danlu.factory.report.render`; any part of it may be missing.
        words: one of `danlu.factory.report_text.WORDS`.
    """

    report: dict[str, Any]
    words: dict[str, str]

    def get(self, *path: str) -> Any:  # noqa: ANN401 - a report is JSON
        """What lies at a path into the report; None where any step is missing."""
        found: Any = self.report
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found

    def say(self, key: str, **values: object) -> str:
        """A sentence with its blanks filled; the values must be safe already."""
        return self.words[key].format(**values)

    def word(self, key: str, fallback: str) -> str:
        """A word that may be unknown, escaped: the fallback is then shown as it is."""
        return escape(self.words.get(key, fallback))

    @property
    def student(self) -> dict[str, Any]:
        """The summary of the model that is shipped."""
        return self.get("card", "figures", "student") or {}

    @property
    def choice(self) -> bool:
        """Whether the model chooses among the options that each question brings."""
        return self.get("card", "task", "kind") == "choice"

    @property
    def several(self) -> bool:
        """Whether a text may have several labels, or none."""
        return self.get("card", "task", "kind") == "several"

    @property
    def scored(self) -> bool:
        """Whether the model gives scores."""
        return self.get("card", "task", "kind") == "score"

    @property
    def figure(self) -> Callable[..., str]:
        """Writes the one figure that sections compare by: a share in percent, or a correlation."""
        return correlation if self.scored else percent

    @property
    def names_only(self) -> bool:
        """Whether no row was labelled to learn from."""
        return bool(self.get("card", "task", "names_only"))

    @property
    def labels(self) -> list[str]:
        """The labels of the task, in the order of the model's columns."""
        return list(self.get("card", "task", "labels") or [])

    @property
    def shipped(self) -> dict[str, Any]:
        """The candidate that is in the file."""
        return next((row for row in self.get("card", "candidates") or [] if row.get("shipped")), {})


def escape(value: object) -> str:
    """Any value as safe text for element content and quoted attributes; what cannot be shown becomes a mark."""
    text = str(value).encode("utf-8", "replace").decode("utf-8")
    return _html.escape(_UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text), quote=True)


def user(value: object) -> str:
    """A user's string, escaped, fenced so that its direction of writing stays its own, and free to break at _."""
    return f"<bdi>{escape(value).replace('_', '_<wbr>')}</bdi>"


def short(text: object, longest: int = _LONGEST_TEXT) -> str:
    """A text on one line, cut to a number of characters; not yet escaped."""
    line = " ".join(str(text).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def percent(share: float, digits: int = 1) -> str:
    """0.8642 as 86.4%; what is less than all is never shown as 100%."""
    if not math.isfinite(share):
        return "–"
    shown = min(100 * share, 100 - 10.0**-digits) if share < 1 else 100 * share
    return f"{shown:.{digits}f}%"


def correlation(value: float, digits: int = 1) -> str:
    """0.8642 as 0.864: as many digits as `percent` gives."""
    return f"{value:.{digits + 2}f}" if math.isfinite(value) else "–"


def points(share: float, digits: int = 1) -> str:
    """0.034 as 3.4, for a difference or a half-width."""
    return f"{100 * share:.{digits}f}"


def count(number: float) -> str:
    """12345 as 12,345."""
    return f"{number:,.0f}"


def plain(number: float) -> str:
    """A number of unknown size with three digits that matter: 0.52, 1.84, 25, 1,200."""
    return count(number) if abs(number) >= 100 else f"{float(f'{number:.3g}'):g}"


def megabytes(size: float) -> str:
    """A size in bytes as megabytes of a million bytes, or kilobytes below a tenth of one."""
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.0f} kB"


def paragraph(html: str, kind: str = "") -> str:
    """A paragraph; the kinds are lead, note and none."""
    return f'<p class="{kind}">{html}</p>' if kind else f"<p>{html}</p>"


def bullets(html_items: Iterable[str], kind: str = "plain") -> str:
    """A list of statements."""
    return f'<ul class="{kind}">{"".join(f"<li>{item}</li>" for item in html_items)}</ul>'


def row(html_name: str, svg: str, html_value: str, *, hot: bool = False, html_note: str = "") -> str:
    """One line of a chart in words: name, picture, value; `hot` marks the one that was chosen."""
    note = f'<span class="note">{html_note}</span>' if html_note else ""
    return (
        f'<div class="row{" hot" if hot else ""}"><div class="name">{html_name}{note}</div>'
        f'<div class="pic">{svg}</div><div class="value">{html_value}</div></div>'
    )


def rows(html_rows: Iterable[str]) -> str:
    """Lines made by `row`, under one another."""
    return f'<div class="rows">{"".join(html_rows)}</div>'


def table(heads: Sequence[str], html_rows: Iterable[Sequence[str]], kind: str = "") -> str:
    """A table: the first column is left-aligned and names the row, the others hold figures."""
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>" for cells in html_rows)
    return (
        f'<div class="scroll"><table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def pairs(html_items: Iterable[tuple[str, str]], kind: str = "facts") -> str:
    """Names and their values."""
    body = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in html_items)
    return f'<dl class="{kind}">{body}</dl>'


def texts(view: View, items: Sequence[tuple[object, str, float | None]]) -> str:
    """A list of a user's texts, each with a remark (markup) and a probability; the later ones are folded away.

    It is cut at 20 texts and says so.
    """
    lines = [
        f'<li><div class="said">{user(short(text))}</div><div class="about"><span>{html_remark}</span>'
        f"<span>{'' if share is None else percent(share, 0)}</span></div></li>"
        for text, html_remark, share in items[:_LISTED]
    ]
    start, rest = (f'<ol class="texts">{"".join(part)}</ol>' for part in (lines[:_OPEN], lines[_OPEN:]))
    folded = fold(view.say("show_more", n=len(lines) - _OPEN), rest) if len(lines) > _OPEN else ""
    left_out = len(items) - len(lines)
    return start + folded + (paragraph(view.say("and_more", n=count(left_out)), "note") if left_out else "")


def fold(summary: str, html: str) -> str:
    """A part that is shut until it is asked for; open on paper."""
    return f"<details><summary>{escape(summary)}</summary>{html}</details>"
