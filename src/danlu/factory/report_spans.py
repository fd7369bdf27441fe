"""The sections of a report on extraction that other tasks do not have: F1, texts with entities in them, mistakes.

Each function takes the view and returns the markup below its heading, or nothing where the report has nothing to
say. Knows the report's keys; knows neither the order of the sections nor the page around them.
"""

from __future__ import annotations

import json
import math
import shlex
from typing import TYPE_CHECKING, Any

from danlu.factory import charts, report_relations
from danlu.factory.report_html import (
    bullets,
    count,
    escape,
    fold,
    megabytes,
    pairs,
    paragraph,
    percent,
    plain,
    points,
    row,
    rows,
    short,
    table,
    user,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from danlu.factory.report_html import View

    Entity = Sequence[Any]  # first character, character after the last, type

FIRM, FAIR = 0.03, 0.075  # half-widths of the interval
_THIN, _VERY_THIN = 20, 10  # measured entities of a type below which its figures say little, or hardly anything
_TONES = 6  # colours of types
_OPEN = 8  # texts in sight at once
_LONGEST = 400  # characters of a shown text


def hero(view: View) -> str:
    """The F1 with its interval, drawn, and what it means in plain words."""
    student = view.student
    if not student.get("n"):
        return ""
    value, (low, high), n = student["f1"], student["interval95"], student["n"]
    half = (high - low) / 2
    rough = percent(value, 1 if half < FIRM else 0)
    trust = "trust_firm" if half < FIRM else "trust_fair" if half < FAIR else "trust_rough"
    cap = f"cap_{view.get('card', 'figures', 'measured_on')}"
    shares = {name: percent(student[name], 0) for name in ("precision", "recall")}
    span = view.say("span", low=percent(low), high=percent(high))
    return (
        f'<div class="hero"><div><p class="big">{rough[:-1]}<small>%</small></p>'
        f'<p class="cap">{view.say(cap if cap in view.words else "cap", n=count(n))}</p></div>'
        f'<p class="trust">{view.say(trust, n=count(n), **shares)}</p></div>'
        f"{charts.strip(low, value, high, span=span)}"
    )


def facts(view: View) -> str:
    """The few numbers people ask for first."""
    items: list[tuple[str, str]] = []
    student, data = view.student, view.get("card", "data") or {}
    for name in ("precision", "recall"):
        if student.get("n"):
            note = f"<small>{view.words[f'{name}_note']}</small>"
            items.append((view.words[f"fact_{name}"], percent(student[name]) + note))
    if student.get("n"):
        items.append((view.words["fact_entities"], count(student["entities"])))
    items += report_relations.fact(view)
    size = view.report.get("bytes") or view.shipped.get("bytes")
    if size:
        items.append((view.words["fact_size"], megabytes(size)))
    latency = (view.report.get("latency") or {}).get(view.shipped.get("name"))
    if latency is not None:
        items.append((view.words["fact_latency"], f"{plain(latency)} ms<small>{view.words['latency_note']}</small>"))
    if data.get("labelled"):
        read = data.get("unlabelled_read", 0)
        key = "learned_entities" if read else "learned_entities_only"
        note = view.say(key, entities=count(data.get("entities", 0)), n=count(read))
        items.append(
            (view.words["fact_learned"], f"{view.say('rows', n=count(data['labelled']))}<small>{note}</small>")
        )
    return pairs(items) if items else ""


def limits(view: View) -> str:
    """What so few marked texts cannot prove."""
    student = view.student
    if not student.get("n"):
        return ""
    n, (low, high) = student["n"], student["interval95"]
    bounds = {"low": percent(low), "high": percent(high)}
    items = [
        view.say("limit_interval", n=count(n), entities=count(student["entities"]), **bounds),
        view.say("limit_compare", d=points(math.sqrt(2) * (high - low) / 2)),
    ]
    per_type = student.get("per_type") or []
    none = [entry for entry in per_type if entry["n"] == 0]
    thin = [entry for entry in per_type if 0 < entry["n"] < _THIN]
    if thin:
        least = min(thin, key=lambda entry: entry["n"])
        step, name = points(1 / least["n"], 0), user(short(least["type"], 40))
        items.append(view.say("limit_thin", count=len(thin), k=len(per_type), label=name, n=least["n"], step=step))
    if none:
        names = view.words["comma"].join(user(short(entry["type"], 40)) for entry in none[:8])
        items.append(
            view.say("limit_unmeasured", count=len(none), k=len(per_type), labels=names + "…" * (len(none) > 8))
        )
    where = f"limit_{view.get('card', 'figures', 'measured_on')}"
    items += [view.words[key] for key in (where, "limit_outside") if key in view.words]
    return paragraph(view.words["limits_lead"], "lead") + bullets(items)


def marked(view: View) -> str:
    """Measured texts with what the model finds in them."""
    found = view.report.get("marked") or []
    items = [
        _said(view, each["text"], each["found"], each["real"], html_about=report_relations.said(view, each))
        for each in found
    ]
    return paragraph(view.words["marked_lead"], "lead") + _listed(view, items) if items else ""


def mistakes(view: View) -> str:
    """The mistakes the model is surest of, with the words around them."""
    items: list[str] = []
    for each in view.report.get("errors") or []:
        found, real = each["found"], each["real"]
        key = "error_other" if found and real else "error_false" if found else "error_missed"
        names = {
            name: view.words["comma"].join(_named(each["text"], entity) for entity in part)
            for name, part in (("found", found), ("real", real))
        }
        about = f"<span>{view.say(key, **names)}</span><span>{percent(each['probability'], 0)}</span>"
        items.append(_said(view, each["text"], found, real, html_about=about, cut=tuple(each["cut"])))
    return paragraph(view.words["mistakes_lead"], "lead") + _listed(view, items) if items else ""


def worth(view: View) -> str:
    """Unlabelled texts whose entities would tell most."""
    found = view.report.get("worth") or []
    items = [_said(view, each["text"], each["found"], each["found"]) for each in found]
    return paragraph(view.words["worth_lead"], "lead") + _listed(view, items) if items else ""


def loop(view: View) -> str:
    """The curve of the rounds of the loop."""
    entries = view.get("card", "loop") or []
    if len(entries) < 2:
        return ""
    scores = [(each["f1"] + each.get("relation_f1", each["f1"])) / 2 for each in entries]
    curve = [
        charts.Round(score, bool(each.get("kept")), f"+{count(each.get('admitted', 0))}")
        for score, each in zip(scores, entries, strict=True)
    ]
    keys = [charts.key("circle hot", view.words["kept"]), charts.key("circle off", view.words["rejected"])]
    return (
        paragraph(view.words["loop_lead"], "lead")
        + charts.rounds(curve, None, view.words["loop_picture"])
        + f'<div class="keys">{"".join(keys)}</div>'
    )


def ablation(view: View) -> str:
    """The figures of the teacher before and after the loop, and of the student, on one axis."""
    figures = view.get("card", "figures") or {}
    found = [(name, figures[name]) for name in ("no_loop", "teacher", "student") if figures.get(name)]
    if len(found) < 2:
        return ""
    axis = charts.linear([edge for _, figure in found for edge in figure["interval95"]])
    lines = [
        row(
            view.words[name],
            charts.whisker(
                figure["interval95"][0], figure["f1"], figure["interval95"][1], axis, "hot" if name == "student" else ""
            ),
            f"<b>{percent(figure['f1'])}</b>" + _of_relations(view, figure),
            hot=name == "student",
            html_note=view.words[f"{name}_note"],
        )
        for name, figure in found
    ]
    lines.append(f'<div class="row axis"><div class="pic">{charts.scale(axis)}</div></div>')
    return paragraph(view.words["ablation_lead"], "lead") + rows(lines)


def _of_relations(view: View, figure: dict[str, Any]) -> str:
    linked = figure.get("relations")
    return f"<small>{view.say('ablation_relations', f1=points(linked['f1']))}</small>" if linked else ""


def per_type(view: View) -> str:
    """Precision, recall and F1 of every type, weakest first."""
    entries = sorted(view.student.get("per_type") or [], key=lambda entry: (entry["f1"], -entry["n"]))
    if not entries:
        return ""
    learned = view.get("card", "data", "per_label") or {}
    body = [
        (
            report_relations.chip(view, entry["type"]),
            charts.bar(entry["f1"], "calm thin" if entry["n"] < _VERY_THIN else "calm"),
            *(points(entry[key], 0) for key in ("f1", "precision", "recall")),
            count(entry["n"]),
            count(learned.get(entry["type"], 0)),
        )
        for entry in entries
    ]
    heads = [view.words[key] for key in ("label", "f1", "precision", "recall", "measured", "learned")]
    return paragraph(view.words["per_label_lead"], "lead") + table([heads[0], "", *heads[1:]], body, "bars")


def use(view: View) -> str:
    """How to use the file, on the command line and in Python."""
    name = view.get("card", "name")
    if not name:
        return ""
    file, text = f"{name}.danlu", view.words["example_text"]
    quoted = shlex.quote(file)
    shell = (
        f"danlu predict {quoted} {shlex.quote(text)}\n"
        f"# {view.words['use_file']}\ndanlu predict {quoted} --file texts.csv --out answers.jsonl"
    )
    python = (
        "import danlu\n\n"
        f"model = danlu.load({json.dumps(file, ensure_ascii=False)})\n"
        f"answer = model.predict([{json.dumps(text, ensure_ascii=False)}])[0]\n"
        f"for span in answer.spans:  # {view.words['use_spans']}\n"
        "    print(answer.surface(span), span.start, span.end, span.type, span.probability)"
    )
    if view.get("card", "task", "relations"):
        python += (
            f"\nfor link in answer.relations:  # {view.words['use_relations']}\n"
            "    print(answer.surface(link.head), link.type, answer.surface(link.tail), link.probability)"
        )
    return (
        paragraph(view.words["use_lead"], "lead")
        + f"<h3>{view.words['use_shell']}</h3><pre><code>{escape(shell)}</code></pre>"
        + f"<h3>{view.words['use_python']}</h3><pre><code>{escape(python)}</code></pre>"
    )


def _listed(view: View, html_items: list[str]) -> str:
    """Texts under one another, the later ones folded away."""
    start, rest = (f'<ol class="texts">{"".join(part)}</ol>' for part in (html_items[:_OPEN], html_items[_OPEN:]))
    more = len(html_items) - _OPEN
    return start + (fold(view.say("show_more", n=more), rest) if more > 0 else "")


def _said(
    view: View,
    text: str,
    found: Sequence[Entity],
    real: Sequence[Entity],
    *,
    html_about: str = "",
    cut: tuple[bool, ...] = (False, False),
) -> str:
    """One text with its entities marked: right, wrong (found, not real) and missed (real, nothing found there)."""
    wanted, got = {tuple(each) for each in real}, {tuple(each) for each in found}
    free = [each for each in sorted(wanted - got) if not any(o[0] < each[1] and each[0] < o[1] for o in got)]
    marks = [(each, "" if each in wanted else "wrong") for each in got] + [(each, "missed") for each in free]
    shown, end = text[:_LONGEST], ("…" if len(text) > _LONGEST or cut[1] else "")
    inner = _marked_up(view, shown, [mark for mark in marks if mark[0][1] <= len(shown)])
    about = f'<div class="about">{html_about}</div>' if html_about else ""
    return f'<li><div class="said">{"…" if cut[0] else ""}{inner}{end}</div>{about}</li>'


def _marked_up(view: View, text: str, marks: Sequence[tuple[Entity, str]]) -> str:
    """A text with marks around entities, an inner one inside an outer one; what would cross is left out."""
    out: list[str] = []
    open_: list[tuple[int, str]] = []
    at = 0
    for (start, end, kind), state in sorted(marks, key=lambda mark: (mark[0][0], -mark[0][1], mark[0][2])):
        at = _close(text, out, open_, at, start)
        if open_ and end > open_[-1][0]:
            continue
        out.append(escape(text[at:start]))
        at = start
        tone = view.labels.index(kind) % _TONES if kind in view.labels else 0
        out.append(f'<mark class="t{tone} {state}">')
        open_.append((end, kind))
    at = _close(text, out, open_, at, len(text) + 1)
    return f"<bdi>{''.join(out)}{escape(text[at:])}</bdi>"


def _close(text: str, out: list[str], open_: list[tuple[int, str]], at: int, until: int) -> int:
    """Ends the marks that end before a place; gives how far the text is written."""
    while open_ and open_[-1][0] <= until:
        end, kind = open_.pop()
        out.append(f"{escape(text[at:end])}<sub>{escape(short(kind, 24))}</sub></mark>")
        at = end
    return at


def _named(text: str, entity: Entity) -> str:
    start, end, kind = entity
    return f"“{user(short(text[start:end], 40))}” {user(short(kind, 24))}"
