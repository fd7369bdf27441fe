"""What a report says of a model of scores that others do not: truth against prediction, the margin, misses.

Each function takes the view and returns markup. Knows the report's keys; the words are in report_scores_text, the other
sections where those of labels are.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from danlu.factory import charts
from danlu.factory.report_html import bullets, count, paragraph, percent, plain, row, rows, short, table, texts, user
from danlu.text.score import bounds_written, error_written, margin_written, written

if TYPE_CHECKING:
    from danlu.factory.report_html import View
    from danlu.types import Range


def what(view: View) -> str:
    """One line on the task."""
    bounds, language = _bounds(view), view.get("card", "task", "language")
    if bounds is None:
        return ""
    kind = "pairs" if view.get("card", "task", "pairing") else "what"
    low, high = bounds_written(bounds)
    return paragraph(view.say(f"{kind}_{language if language in {'zh', 'en'} else 'mixed'}", low=low, high=high))


def facts(view: View) -> list[tuple[str, str]]:
    """The few numbers people ask for first, beside the correlation of ranks."""
    student, bounds = view.student, _bounds(view)
    items = [(view.words[f"fact_{key}"], plain(student[key])) for key in ("mae", "rmse") if key in student]
    items += [(view.words["fact_pearson"], view.figure(student["pearson"]))] if "pearson" in student else []
    margin = view.get("card", "calibration", "margin")
    if margin is not None and bounds is not None:
        note = view.say("margin_note", share=percent(view.get("card", "calibration", "covers") or 0.0, 0))
        items.append((view.words["fact_margin"], f"± {margin_written(margin, bounds)}<small>{note}</small>"))
    return items


def against(view: View) -> str:
    """Every measured text by its true and its predicted score, and the errors in each fifth of the range."""
    points, bounds = view.report.get("points") or [], _bounds(view)
    if not points or bounds is None:
        return ""
    margin = view.get("card", "calibration", "margin") or 0.0
    axis = charts.linear(bounds, *bounds, steps=5)
    picture = charts.against([(x, y) for x, y in points], axis, margin, view.words["against_picture"])
    keys = [
        charts.key("circle point", view.words["against_dot"]),
        charts.key("line reference", view.words["against_equal"]),
        charts.key("line limit", view.say("against_margin", margin=margin_written(margin, bounds))),
    ]
    return (
        paragraph(view.words["against_lead"], "lead")
        + picture
        + f'<div class="keys">{"".join(keys)}</div>'
        + _fifths(view, bounds)
    )


def _fifths(view: View, bounds: Range) -> str:
    """How far off the scores are in each fifth of the range, and to which side."""
    entries: list[dict[str, Any]] = view.student.get("fifths") or []
    most = max((entry.get("mae", 0.0) for entry in entries), default=0.0)
    if not most:
        return ""
    body = [
        (
            f"{written(entry['from'], bounds)} – {written(entry['to'], bounds)}",
            charts.bar(entry.get("mae", 0.0) / most, "calm"),
            error_written(entry["mae"], bounds) if entry["n"] else "–",
            error_written(entry["bias"], bounds, "+") if entry["n"] else "–",
            count(entry["n"]),
        )
        for entry in entries
    ]
    heads = [view.words["fifth"], "", *(view.words[key] for key in ("off_by", "bias", "measured"))]
    return (
        f"<h3>{view.words['fifths_title']}</h3>{paragraph(view.words['fifths_lead'], 'note')}"
        f"{table(heads, body, 'bars')}"
    )


def margin(view: View) -> str:
    """How far off a score can be, and how often the measured ones were no farther."""
    found, bounds, student = view.get("card", "calibration", "margin"), _bounds(view), view.student
    if found is None or bounds is None:
        return ""
    share = percent(view.get("card", "calibration", "covers") or 0.0, 0)
    items = [view.say("margin_is", margin=margin_written(found, bounds), share=share)]
    if "inside" in student:
        low, high = student["inside95"]
        items.append(view.say("margin_held", inside=percent(student["inside"]), low=percent(low), high=percent(high)))
    items.append(view.words["margin_even"])
    return paragraph(view.words["margin_lead"], "lead") + bullets(items)


def mistakes(view: View) -> str:
    """The measured texts whose score is farthest off."""
    found = view.report.get("mistakes") or []
    items = [(each["text"], _said(view, "mistake", each), None) for each in found]
    return paragraph(view.words["mistakes_lead"], "lead") + texts(view, items) if items else ""


def suspects(view: View) -> str:
    """Rows whose score looks wrong, and where they stand."""
    items: list[tuple[object, str, float | None]] = []
    for each in view.report.get("suspects") or []:
        where = f" · {user(short(each['where'], 80))}" if each.get("where") else ""
        items.append((each["text"], _said(view, "suspect", each) + where, None))
    return paragraph(view.words["suspects_lead"], "lead") + texts(view, items) if items else ""


def more(view: View) -> str:
    """How the interval narrows with more scored rows, and which texts to score first."""
    parts: list[str] = []
    steps, student = view.get("card", "more_labels") or [], view.student
    if steps and student.get("n"):
        value, (low, high) = student["accuracy"], student["accuracy95"]
        spans = [(view.words["today"], "", low, high)]
        for step in steps:
            name = view.say("more_row", n=count(step["more"]))
            spans.append((name, view.say("more_total", n=count(step["measured"])), *step["interval95"]))
        axis = charts.linear([edge for span in spans for edge in span[2:]])
        lines = [
            row(
                name,
                charts.whisker(left, value, right, axis, "" if number else "hot", view.figure),
                f"<b>± {view.figure((right - left) / 2)}</b>",
                hot=not number,
                html_note=note,
            )
            for number, (name, note, left, right) in enumerate(spans)
        ]
        lines.append(f'<div class="row axis"><div class="pic">{charts.scale(axis, view.figure)}</div></div>')
        parts.append(paragraph(view.words["more_lead"], "lead") + rows(lines))
    worth = [(each["text"], _said(view, "worth", each), None) for each in view.report.get("worth") or []]
    if worth:
        lead = paragraph(view.words["worth_lead"], "note")
        parts.append(f"<h3>{view.words['worth_title']}</h3>{lead}{texts(view, worth)}")
    return "".join(parts)


def _said(view: View, key: str, each: dict[str, Any]) -> str:
    """A remark on a text with its scores."""
    return view.say(key, **{name: user(value) for name, value in each.items() if name not in ("text", "where")})


def _bounds(view: View) -> Range | None:
    """The range of the scores, if it is known."""
    found = view.get("card", "task", "range")
    good = isinstance(found, list) and len(found) == 2 and all(math.isfinite(edge) for edge in found)
    return (found[0], found[1]) if good and found[0] < found[1] else None
