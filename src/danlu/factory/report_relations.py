"""What a report on extraction shows of relations: their F1, every relation, what holds in a text, mistakes.

Each function takes the view and returns markup, or nothing where the model knows no relations. Knows the report's
keys; knows neither the order of the sections nor the page around them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from danlu.factory import charts
from danlu.factory.report_html import (
    count,
    escape,
    paragraph,
    percent,
    points,
    short,
    table,
    texts,
    user,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from danlu.factory.report_html import View

_TONES = 6  # colours of types
_VERY_THIN = 10  # measured relations below which figures say hardly anything
_BETWEEN = 3  # pairs of types named in the table


def chip(view: View, kind: str) -> str:
    """The name of a type of entities in its colour."""
    tone = view.labels.index(kind) % _TONES if kind in view.labels else 0
    return f'<mark class="t{tone}">{user(short(kind, 40))}</mark>'


def fact(view: View) -> list[tuple[str, str]]:
    """The F1 of relations with its interval, for the first screen."""
    found = view.student.get("relations")
    if not found:
        return []
    low, high = found["interval95"]
    note = view.say("relations_note", low=percent(low), high=percent(high), n=count(found["relations"]))
    return [(view.words["fact_relations"], f"{percent(found['f1'])}<small>{note}</small>")]


def per_relation(view: View) -> str:
    """Precision, recall and F1 of every relation, weakest first, and what it leads from and to."""
    found = view.student.get("relations") or {}
    entries = sorted(found.get("per_relation") or [], key=lambda entry: (entry["f1"], -entry["n"]))
    if not entries:
        return ""
    learned = view.get("card", "data", "per_relation") or {}
    body = [
        (
            f"{user(short(entry['relation'], 40))}<br><small>{_between(view, entry['relation'])}</small>",
            charts.bar(entry["f1"], "calm thin" if entry["n"] < _VERY_THIN else "calm"),
            *(points(entry[key], 0) for key in ("f1", "precision", "recall")),
            count(entry["n"]),
            count(learned.get(entry["relation"], 0)),
        )
        for entry in entries
    ]
    heads = [view.words[key] for key in ("relation", "f1", "precision", "recall", "measured", "learned")]
    low, high = found["interval95"]
    lead = view.say(
        "relations_lead", f1=percent(found["f1"]), low=percent(low), high=percent(high), n=count(found["n"])
    )
    return paragraph(lead, "lead") + table([heads[0], "", *heads[1:]], body, "bars")


def _between(view: View, relation: str) -> str:
    pairs = [
        f"{chip(view, head)} → {chip(view, tail)}"
        for head, kind, tail in view.get("card", "data", "triples") or []
        if kind == relation
    ]
    return view.words["comma"].join(pairs[:_BETWEEN]) + ("…" if len(pairs) > _BETWEEN else "")


def said(view: View, text: dict[str, Any]) -> str:
    """What holds in a shown text, a line for each relation: as found, struck out where it is not so, or missed."""
    found, real = ([_plain(link) for link in text.get(key) or []] for key in ("links", "real_links"))
    known = text.get("links_known", False)
    lines = [
        f"<s>{_arrow(text['text'], link)}</s>" if known and link not in real else _arrow(text["text"], link)
        for link in found
    ]
    lines += [view.say("link_missed", link=_arrow(text["text"], link)) for link in real if link not in found]
    return f"<span>{'<br>'.join(lines)}</span>" if lines else ""


def mistakes(view: View) -> str:
    """The relations the model is surest of and that are none, and some that it misses, with the words around them."""
    items: list[tuple[object, str, float | None]] = []
    for each in view.report.get("link_errors") or []:
        left, right = ("…" * cut for cut in each["cut"])
        remark = view.say(f"link_{each['kind']}", link=_arrow(each["text"], _plain(each["link"])))
        items.append((f"{left}{each['text']}{right}", remark, each["probability"]))
    return paragraph(view.words["link_mistakes_lead"], "lead") + texts(view, items) if items else ""


def _plain(link: Sequence[Any]) -> tuple[Any, ...]:
    head, tail, kind = link
    return tuple(head), tuple(tail), kind


def _arrow(text: str, link: tuple[Any, ...]) -> str:
    """A relation in words: head, an arrow with its name, tail."""
    head, tail, kind = link
    words = [user(short(text[start:end], 40)) for start, end, _ in (head, tail)]
    return f"<b>{words[0]}</b> <i>—{escape(short(kind, 30))}→</i> <b>{words[1]}</b>"
