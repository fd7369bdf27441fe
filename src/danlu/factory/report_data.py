"""The sections a person acts on: mistakes, suspects, what to label next, the data, how to use it, how it was made.

Each function takes the view and returns the markup below its heading, or nothing where the report has nothing to
say. Knows the report's keys; knows neither the order of the sections nor the page around them.
"""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

from danlu.evals.metrics import wilson
from danlu.factory import charts
from danlu.factory.report_html import (
    bullets,
    count,
    escape,
    pairs,
    paragraph,
    plain,
    points,
    row,
    rows,
    short,
    table,
    texts,
    user,
)
from danlu.factory.report_several import listed, remark

if TYPE_CHECKING:
    from danlu.factory.report_html import View

_HASH = 12  # hexadecimal digits, enough to tell files apart by eye
_ROWS = 12  # row numbers beside a finding
_FOLDED = ("gold-only", "student", "tuned", "taught", "judged", "test")  # stages of several timed steps
_DEEPEST = 8  # entries of a nested fact
_TOLD = frozenset(
    {"task", "pairing", "nesting", "language", "labels", "files"}
)  # facts that stand elsewhere in the report


def mistakes(view: View) -> str:
    """The most confident mistakes."""
    found = view.report.get("mistakes") or []
    items = [
        (
            each["text"],
            remark(view, each, "mistake", "missing", "extra")
            if view.several
            else view.say("mistake", label=_label(each["label"]), predicted=_label(each["predicted"])),
            each["probability"],
        )
        for each in found
    ]
    return paragraph(view.words["mistakes_lead"], "lead") + texts(view, items) if items else ""


def suspects(view: View) -> str:
    """Texts whose label looks wrong, and where they stand."""
    items: list[tuple[object, str, float | None]] = []
    for each in view.report.get("suspects") or []:
        said = (
            remark(view, each, "mistake", "looks_missing", "looks_extra")
            if view.several
            else view.say("suspect", label=_label(each["label"]), suggested=_label(each["suggested"]))
        )
        where = f" · {user(short(each['where'], 80))}" if each.get("where") else ""
        items.append((each["text"], said + where, each.get("probability")))
    return paragraph(view.words["suspects_lead"], "lead") + texts(view, items) if items else ""


def more(view: View) -> str:
    """How the interval narrows with more labels, and which texts to label first."""
    parts: list[str] = []
    steps, student = view.get("card", "more_labels") or [], view.student
    if steps and student.get("n"):
        accuracy, (low, high) = student["accuracy"], student["accuracy95"]
        spans = [(view.words["today"], "", low, high, (high - low) / 2)]
        for step in steps:
            half, middle = step["half_width"], _centre(accuracy, student["n"] + step["more"])
            note = view.say("more_total", n=count(step["measured"])) if "measured" in step else ""
            spans.append((view.say("more_row", n=count(step["more"])), note, middle - half, middle + half, half))
        axis = charts.linear([edge for span in spans for edge in span[2:4]])
        lines = [
            row(
                name,
                charts.whisker(left, accuracy, right, axis, "" if number else "hot"),
                f"<b>{view.say('plus_minus', d=points(half))}</b>",
                hot=not number,
                html_note=note,
            )
            for number, (name, note, left, right, half) in enumerate(spans)
        ]
        lines.append(f'<div class="row axis"><div class="pic">{charts.scale(axis)}</div></div>')
        parts.append(paragraph(view.words["more_lead"], "lead") + rows(lines))
    worth = [(each["text"], _worth(view, each), each["probability"]) for each in view.report.get("worth") or []]
    if worth:
        parts.append(
            f"<h3>{view.words['worth_title']}</h3>{paragraph(view.words['worth_lead'], 'note')}{texts(view, worth)}"
        )
    return "".join(parts)


def _worth(view: View, each: dict[str, Any]) -> str:
    if view.several:
        return view.say("worth", labels=listed(view, each["predicted"]), doubtful=_label(each["doubtful"]))
    return view.say("worth", predicted=_label(each["predicted"]))


def data(view: View) -> str:
    """The files, what was found in them, and their numbers."""
    parts: list[str] = []
    files = view.get("card", "data", "files") or []
    if files:
        heads = [view.words[key] for key in ("file", "role", "lines", "sha")]
        body = [
            (
                user(each.get("name", "")),
                view.word(f"role_{each.get('role')}", str(each.get("role", ""))),
                count(each.get("rows", 0)),
                f"<code>{escape(str(each.get('sha256', ''))[:_HASH])}</code>",
            )
            for each in files
        ]
        parts.append(table(heads, body))
    findings = view.report.get("findings") or []
    if findings:
        parts.append(f"<h3>{view.words['findings']}</h3>{bullets(_finding(view, each) for each in findings)}")
    facts = view.report.get("facts") or {}
    numbers = [(_key(view, key), _fact(view, value)) for key, value in facts.items() if key not in _TOLD]
    numbers = [(name, value) for name, value in numbers if value]
    if numbers:
        parts.append(f"<h3>{view.words['facts']}</h3>{pairs(numbers, 'list')}")
    return "".join(parts)


def use(view: View) -> str:
    """How to use the file, on the command line and in Python."""
    name = view.get("card", "name")
    if not name:
        return ""
    file, texts = f"{name}.danlu", [view.words["example_text"]]
    if view.choice:
        return _use_choice(view, file, texts)
    if view.get("card", "task", "pairing"):
        texts += [view.words[key] for key in ("example_second", "example_third") if key in view.words]
    rows = "rows.jsonl" if view.get("card", "task", "beside") == "mention" else "texts.csv"
    quoted = shlex.quote(file)
    shell = (
        f"danlu predict {quoted} {shlex.join(texts)}\n"
        f"# {view.words['use_file']}\ndanlu predict {quoted} --file {rows} --out answers.jsonl"
    )
    given = f"({', '.join(map(_quoted, texts))})" if len(texts) > 1 else _quoted(texts[0])
    return _usage(view, file, shell, given)


def _use_choice(view: View, file: str, texts: list[str]) -> str:
    """The same for questions with options."""
    options = [view.words["example_option1"], view.words["example_option2"]]
    quoted = shlex.quote(file)
    shell = (
        f"danlu predict {quoted} {shlex.join([*texts, *options])}\n"
        f"# {view.words['use_file']}\ndanlu predict {quoted} --file questions.jsonl --out answers.jsonl"
    )
    return _usage(view, file, shell, f"({_quoted(texts[0])}, [{', '.join(map(_quoted, options))}])")


def _usage(view: View, file: str, shell: str, given: str) -> str:
    """The commands, and the lines of Python that ask about what is given."""
    told = ("label", "probability", "abstained")
    told = ("score", "margin") if view.scored else ("labels", *told) if view.several else told
    width = max(map(len, told))
    lines = [f"answer.{name:<{width}}  # {view.words[f'use_{name}']}" for name in told]
    python = f"import danlu\n\nmodel = danlu.load({_quoted(file)})\nanswer = model.predict([{given}])[0]\n" + "\n".join(
        lines
    )
    return (
        paragraph(view.words["use_lead"], "lead")
        + f"<h3>{view.words['use_shell']}</h3><pre><code>{escape(shell)}</code></pre>"
        + f"<h3>{view.words['use_python']}</h3><pre><code>{escape(python)}</code></pre>"
    )


def made(view: View) -> str:
    """What is needed to make it again: seed, versions, base, and where the time went."""
    card, seconds = view.get("card") or {}, view.report.get("seconds") or {}
    items: list[tuple[str, str]] = []
    if "seed" in card:
        items.append((view.words["seed"], escape(card["seed"])))
    if card.get("minutes"):
        items.append((view.words["budget"], view.say("minutes", n=plain(card["minutes"]))))
    if seconds:
        items.append((view.words["took"], _duration(view, sum(seconds.values()))))
    base = card.get("base") or {}
    if base.get("name"):
        items.append(
            (view.words["base"], f"{user(base['name'])} <code>{escape(str(base.get('sha256', ''))[:_HASH])}</code>")
        )
    if card.get("danlu"):
        items.append((view.words["made_danlu"], escape(card["danlu"])))
    if card.get("libraries"):
        versions = " · ".join(f"{escape(name)} {escape(version)}" for name, version in card["libraries"].items())
        items.append((view.words["libraries"], versions))
    parts = [pairs(items, "list")] if items else []
    if card.get("cut"):
        parts.append(f"<h3>{view.words['cut']}</h3>{bullets(user(each) for each in card['cut'])}")
    stages: dict[str, float] = {}
    for name, time in seconds.items():
        stages[_stage(name)] = stages.get(_stage(name), 0.0) + time
    if stages:
        longest = max([*stages.values(), 1e-9])
        lines = [
            row(view.word(f"stage_{name}", name), charts.bar(time / longest), _duration(view, time))
            for name, time in stages.items()
        ]
        parts.append(f"<h3>{view.words['stages']}</h3>{rows(lines)}")
    return "".join(parts)


def _stage(name: object) -> str:
    """The stage a timed step belongs to: folds count as one, and so do the files of the candidates."""
    if str(name).endswith((".onnx", ".json")):
        return "students"
    return next((stage for stage in _FOLDED if str(name).startswith(f"{stage}-")), str(name))


def _label(name: object) -> str:
    return user(short(name, 60))


def _centre(accuracy: float, n: int) -> float:
    """The middle of the interval to be expected; near 0 and 1 it is not the accuracy itself."""
    low, high = wilson(accuracy * n, n)
    return (low + high) / 2


def _finding(view: View, finding: dict[str, Any]) -> str:
    """One finding with the numbers of its rows."""
    places = [str(place) for place in finding.get("rows") or []]
    shown, rest = escape(view.words["comma"].join(places[:_ROWS])), len(places) - _ROWS
    shown = view.say("finding_cut", places=shown, n=count(rest)) if rest > 0 else shown
    where = view.say("finding_rows", places=shown) if all(place.isdecimal() for place in places) else shown
    note = f' <span class="note">{where}</span>' if places else ""
    return user(finding.get("message", "")) + note


def _key(view: View, key: object) -> str:
    """The name of a fact: in words where it is known, else as it is."""
    return f"<bdi>{view.word(f'key_{key}', short(str(key).replace('_', ' '), 40))}</bdi>"


def _fact(view: View, value: object) -> str:
    """A fact of any shape; what is empty is nothing."""
    if isinstance(value, bool):
        return view.words["yes" if value else "no"]
    if isinstance(value, int | float):
        return plain(value)
    if isinstance(value, dict):
        inner = [f"{_key(view, key)} {_fact(view, each)}" for key, each in list(value.items())[:_DEEPEST]]
        nested = any(isinstance(each, dict) for each in value.values())
        return ("<br>" if nested else " · ").join(inner) + (" …" if len(value) > _DEEPEST else "")
    if isinstance(value, list | tuple):
        inner = [_fact(view, each) for each in value[:_DEEPEST]]
        told = any(isinstance(each, str) for each in value)
        return ("<br>" if told else view.words["comma"]).join(inner) + (" …" if len(value) > _DEEPEST else "")
    return "" if value is None else user(short(value, 120))


def _duration(view: View, seconds: float) -> str:
    return view.say("minutes", n=f"{seconds / 60:.1f}") if seconds >= 120 else view.say("seconds", n=plain(seconds))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
