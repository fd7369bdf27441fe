"""The report: one HTML file that shows what a model is and how far it can be believed.

It needs no script, no network and no other file. This module knows the page, its first screen and the order of the
sections; the sections are in report_evidence and report_data, the pictures in charts, the words in report_text.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

from danlu.factory import (
    charts,
    report_data,
    report_evidence,
    report_names,
    report_relations,
    report_scores,
    report_spans,
)
from danlu.factory.report_beside import beside_words
from danlu.factory.report_choice import choice_words
from danlu.factory.report_html import (
    View,
    bullets,
    count,
    escape,
    megabytes,
    pairs,
    paragraph,
    percent,
    plain,
    points,
    short,
    user,
)
from danlu.factory.report_relations_text import relation_words
from danlu.factory.report_scores_text import score_words
from danlu.factory.report_several import several_words, with_accuracy
from danlu.factory.report_spans_text import span_words
from danlu.factory.report_style import STYLE
from danlu.factory.report_text import words

if TYPE_CHECKING:
    from collections.abc import Callable

_SECTIONS: dict[str, Callable[[View], str]] = {
    "limits": report_evidence.limits,
    "guessed": report_names.guessed,
    "forms": report_evidence.forms,
    "loop": report_evidence.loop,
    "ablation": report_evidence.ablation,
    "front": report_evidence.front,
    "per_label": report_evidence.per_label,
    "confusion": report_evidence.confusion,
    "calibration": report_evidence.calibration,
    "mistakes": report_data.mistakes,
    "suspects": report_data.suspects,
    "more": report_data.more,
    "data": report_data.data,
    "use": report_data.use,
    "made": report_data.made,
}
_SPAN_SECTIONS: dict[str, Callable[[View], str]] = {
    "limits": report_spans.limits,
    "marked": report_spans.marked,
    "per_label": report_spans.per_type,
    "relations": report_relations.per_relation,
    "loop": report_spans.loop,
    "ablation": report_spans.ablation,
    "front": report_evidence.front,
    "mistakes": report_spans.mistakes,
    "link_mistakes": report_relations.mistakes,
    "more": report_spans.worth,
    "data": report_data.data,
    "use": report_spans.use,
    "made": report_data.made,
}
_SCORE_SECTIONS: dict[str, Callable[[View], str]] = {
    "limits": report_evidence.limits,
    "against": report_scores.against,
    "forms": report_evidence.forms,
    "loop": report_evidence.loop,
    "ablation": report_evidence.ablation,
    "front": report_evidence.front,
    "margin": report_scores.margin,
    "mistakes": report_scores.mistakes,
    "suspects": report_scores.suspects,
    "more": report_scores.more,
    "data": report_data.data,
    "use": report_data.use,
    "made": report_data.made,
}
_FIRM, _FAIR = 0.03, 0.075  # half-widths of the interval
_CHIPS = 160  # columns of letters for the labels on the first screen: some five lines of a phone
# Nothing the user's texts could smuggle in is ever fetched or run.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render(report: dict[str, Any]) -> str:
    """Writes the report as one self-contained HTML file.

    Args:
        report: the card of the model (`card`) with its figures, and beside it `latency` (candidate name to
            milliseconds, 95th percentile), `bytes`, `seconds` (stage to seconds), `mistakes`, `suspects`, `worth`,
            `findings` and `facts`. What is missing or empty is left out.

    Returns:
        The file's text, in Chinese where the task's language is zh, in English otherwise.
    """
    plain_view = View(report, {})
    language = str(plain_view.get("card", "task", "language"))
    spans = plain_view.get("card", "task", "kind") == "extraction"
    own = choice_words(language) if plain_view.choice else {}
    if plain_view.several:
        report, own = with_accuracy(report, "micro_f1"), several_words(language)
    if plain_view.scored:
        report, own = with_accuracy(report, "spearman", "r2"), score_words(language)
    if plain_view.names_only:
        report, own = with_accuracy(report, "agreement"), report_names.names_words(language)
    own = own | beside_words(language, plain_view.get("card", "task", "beside"), scored=plain_view.scored)
    linked = len(plain_view.get("card", "task", "relations") or [])
    of_spans = relation_words(language, linked) if linked else span_words(language)
    view = View(report, of_spans if spans else words(language) | own)
    sections = _SPAN_SECTIONS if spans else _SCORE_SECTIONS if view.scored else _SECTIONS
    found = {name: body for name, section in sections.items() if (body := section(view))}
    links = "".join(f'<a href="#{name}">{view.words[f"{name}_title"]}</a>' for name in found)
    bodies = "".join(
        f'<section id="{name}"><h2>{view.words[f"{name}_title"]}</h2>{body}</section>' for name, body in found.items()
    )
    title = f"{escape(short(_name(view), 80))} · {view.words['kind']}"
    footer = view.say("footer", version=escape(view.get("card", "danlu") or ""))
    return (
        f'<!doctype html>\n<html lang="{view.words["html_lang"]}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="color-scheme" content="light dark">'
        f'<title>{title}</title><style>{STYLE}</style></head><body><div class="page">'
        f'<nav aria-label="{view.words["contents"]}"><b>{view.words["contents"]}</b>{links}</nav>'
        f"<main>{_first_screen(view, spans=spans)}{bodies}<footer>{footer}</footer></main></div></body></html>\n"
    )


def _first_screen(view: View, *, spans: bool) -> str:
    """What the model is and how far it can be believed."""
    brand = f'<div class="brand"><b>{view.words["brand"]}</b><span>{view.words["kind"]}</span></div>'
    heading = f"<h1>{user(short(_name(view), 80))}</h1>"
    figure, facts = (report_spans.hero, report_spans.facts) if spans else (_accuracy, _facts)
    return f"<header>{brand}{heading}{_what(view)}{figure(view)}{_warnings(view)}{facts(view)}</header>"


def _name(view: View) -> str:
    return str(view.get("card", "name") or view.words["unnamed"])


def _what(view: View) -> str:
    """One line on the task, and its labels."""
    if view.scored:
        return report_scores.what(view)
    labels = view.labels
    if not labels and not view.choice:
        return ""
    language = view.get("card", "task", "language")
    kind = "pairs" if view.get("card", "task", "pairing") else "what"
    kind = "what" if view.choice else kind
    what = view.say(f"{kind}_{language if language in {'zh', 'en'} else 'mixed'}", k=len(labels))
    if view.choice:
        return paragraph(what)
    shown = _fitting([short(label, 40) for label in labels])
    chips = "".join(f"<li>{user(label)}</li>" for label in shown)
    rest = len(labels) - len(shown)
    chips += f'<li class="rest">{view.say("rest_of_labels", n=rest)}</li>' if rest > 0 else ""
    return paragraph(what) + f'<ul class="chips">{chips}</ul>'


def _fitting(labels: list[str]) -> list[str]:
    """The labels that fit on the first screen: all, or as many as leave room; Chinese letters are two columns wide."""
    widths = itertools.accumulate(4 + sum(1 + (letter > "\u2e80") for letter in label) for label in labels)
    return [
        label for number, (label, width) in enumerate(zip(labels, widths, strict=True)) if width <= _CHIPS or not number
    ]


def _accuracy(view: View) -> str:
    """The accuracy with its interval, drawn, and what it means in plain words."""
    student = view.student
    if not student.get("n"):
        return report_names.unmeasured(view) if view.names_only else ""
    value, (low, high), n = student["accuracy"], student["accuracy95"], student["n"]
    half = (high - low) / 2
    rough = view.figure(value, 1 if half < _FIRM else 0)
    told = [] if view.several else student.get("per_label") or []  # always the same label says little of several
    commonest = max(told, key=lambda entry: entry["n"], default=None)
    base = commonest["n"] / n if commonest else None
    name = (
        view.say(
            "guessing",
            label=short(commonest["label"], 16),
            share=percent(base or 0.0, 0 if (base or 0.0) >= 0.1 else 1),
        )
        if commonest
        else ""
    )
    if view.choice and "chance" in student:
        base = student["chance"]
        name = view.say("guessing", share=percent(base, 0 if base >= 0.1 else 1))
    trust = "trust_firm" if half < _FIRM else "trust_fair" if half < _FAIR else "trust_rough"
    cap = f"cap_{view.get('card', 'figures', 'measured_on')}"
    span = view.say("span", low=view.figure(low), high=view.figure(high))
    hundred: dict[str, object] = {"low": math.floor(100 * low), "high": math.ceil(100 * high)}
    if view.scored:
        hundred = {"low": view.figure(low, 0), "high": view.figure(high, 0)}
    big = rough if view.scored else f"{rough[:-1]}<small>%</small>"
    return (
        f'<div class="hero"><div><p class="big">{big}</p>'
        f'<p class="cap">{view.say(cap if cap in view.words else "cap", n=count(n))}</p></div>'
        f'<p class="trust">{view.say(trust, n=count(n), **hundred)}</p></div>'
        f"{charts.strip(low, value, high, span=span, base=base, base_name=name, shown=view.figure)}"
    )


def _facts(view: View) -> str:
    """The few numbers people ask for first."""
    items: list[tuple[str, str]] = []
    student, card = view.student, view.get("card") or {}
    if student.get("n") and view.scored:
        items += report_scores.facts(view)
    elif student.get("n"):
        if "macro_f1" in student:
            items.append((view.words["fact_macro_f1"], percent(student["macro_f1"])))
        if "exact" in student:
            items.append((view.words["fact_exact"], percent(student["exact"])))
        off = view.say("points", d=points(student["ece"]))
        items.append((view.words["fact_ece"], _noted(off, view.words["ece_note"])))
    size = view.report.get("bytes") or view.shipped.get("bytes")
    if size:
        items.append((view.words["fact_size"], megabytes(size)))
    latency = (view.report.get("latency") or {}).get(view.shipped.get("name"))
    if latency is not None:
        items.append((view.words["fact_latency"], _noted(f"{plain(latency)} ms", view.words["latency_note"])))
    coverage = view.get("card", "calibration", "coverage")
    if coverage is not None:
        items.append((view.words["fact_coverage"], _noted(percent(coverage, 0), view.words["coverage_note"])))
    data = card.get("data") or {}
    if data.get("labelled") or view.names_only:
        read, more = data.get("unlabelled_read", 0), data.get("labelled_more", 0)
        notes = [view.say("learned_more", n=count(more))] if more else []
        notes += [view.say("learned_note", n=count(read))] if read else []
        rows = view.say("rows", n=count(data.get("labelled", 0) + more))
        items.append((view.words["fact_learned"], _noted(rows, "<br>".join(notes))))
    return pairs(items) if items else ""


def _noted(html_value: str, html_note: str) -> str:
    return f"{html_value}<small>{html_note}</small>" if html_note else html_value


def _warnings(view: View) -> str:
    """What a reader must know before believing the number above."""
    found = view.get("card", "warnings") or []
    if not found:
        return ""
    return f'<div class="warn"><h2>{view.words["warnings"]}</h2>{bullets(user(each) for each in found)}</div>'
