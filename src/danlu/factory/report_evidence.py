"""The sections on what was measured: limits of the evidence, forms, loop, ablation, front, labels, calibration.

Each function takes the view and returns the markup below its heading, or nothing where the report has nothing to
say. Knows the report's keys; knows neither the order of the sections nor the page around them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from danlu.factory import charts, report_names
from danlu.factory.report_html import (
    bullets,
    count,
    escape,
    fold,
    megabytes,
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

_THIN, _VERY_THIN = 20, 10  # measured rows of a label below which its figures say little, or hardly anything
_HEAT = 20  # labels in the confusion picture
_TABLE = 24  # labels in the open table; the others can be unfolded
_EQUAL = 1e-3  # two candidates whose scores differ by less are alike: the smaller one ships
_FAR = 2.0  # times as often, or as seldom, among labelled rows as is expected: worth a column and a sentence


def limits(view: View) -> str:
    """What so few labels cannot prove."""
    student = view.student
    if not student.get("n"):
        told = [*report_names.limits(view), view.words["limit_outside"]] if view.names_only else []
        return paragraph(view.words["limits_lead"], "lead") + bullets(told) if told else ""
    n, (low, high) = student["n"], student["accuracy95"]
    items = [view.say("limit_interval", n=count(n), low=view.figure(low), high=view.figure(high))]
    if not view.scored:
        middle = (low + high) / 2
        items.append(view.say("limit_compare", n=count(n), d=points(1.96 * math.sqrt(2 * middle * (1 - middle) / n))))
    per_label = student.get("per_label") or []
    none = [entry for entry in per_label if entry["n"] == 0]
    thin = [entry for entry in per_label if 0 < entry["n"] < _THIN]
    if thin:
        least = min(thin, key=lambda entry: entry["n"])
        step, name = points(1 / least["n"], 0), user(short(least["label"], 40))
        items.append(view.say("limit_thin", count=len(thin), k=len(per_label), label=name, n=least["n"], step=step))
    if none:
        names = view.words["comma"].join(user(short(entry["label"], 40)) for entry in none[:8])
        items.append(
            view.say("limit_unmeasured", count=len(none), k=len(per_label), labels=names + "…" * (len(none) > 8))
        )
    if moved := _moved(view):
        label, (among, share) = max(moved.items(), key=lambda item: abs(math.log(item[1][0] / item[1][1])))
        said = {"label": user(short(label, 40)), "among": percent(among, 1), "share": percent(share, 1)}
        items.append(view.say(f"limit_by_{view.get('card', 'data', 'expected', 'by')}", **said))
        if view.get("card", "figures", "measured_on") == "cross-validation":
            items.append(view.words["limit_spread"])
    where = f"limit_{view.get('card', 'figures', 'measured_on')}"
    items += [view.words[key] for key in (where, "limit_outside") if key in view.words] + report_names.limits(view)
    return paragraph(view.words["limits_lead"], "lead") + bullets(item for item in items if item)


def _moved(view: View) -> dict[str, tuple[float, float]]:
    """Labels that occur far more, or less, often among labelled rows than is expected, with both shares."""
    both = view.get("card", "data", "expected", "labels") or {}
    known = {label: (rows, max(share, 1e-6)) for label, (rows, share) in both.items() if rows}
    return {label: (rows, share) for label, (rows, share) in known.items() if not 1 / _FAR < rows / share < _FAR}


def forms(view: View) -> str:
    """The competing task forms, best first, the chosen ones marked."""
    entries = sorted(view.get("card", "forms") or [], key=lambda entry: -entry.get("accuracy", 0.0))
    if not entries:
        return ""
    lines: list[str] = []
    for entry in entries:
        hot = bool(entry.get("chosen"))
        tag = f' <span class="tag">{view.words["chosen"]}</span>' if hot else ""
        notes = [f"{view.words['macro_f1']} {percent(entry['macro_f1'])}"] if "macro_f1" in entry else []
        votes = entry.get("weight") and entry.get("form") != "combination"
        notes += [view.say("weight", w=f"{entry['weight']:.2f}")] if votes else []
        value = f"<b>{view.figure(entry.get('accuracy', 0.0))}</b>"
        value += f"<small>NLL {entry['nll']:.2f}</small>" if "nll" in entry else ""
        value += f"<small>RMSE {plain(entry['rmse'])}</small>" if "rmse" in entry else ""
        picture = charts.bar(entry.get("accuracy", 0.0), "hot" if hot else "")
        name = view.word(f"form_{entry.get('form')}", str(entry.get("form", "")))
        lines.append(row(f"<bdi>{name}</bdi>{tag}", picture, value, hot=hot, html_note=" · ".join(notes)))
    return paragraph(view.words["forms_lead"], "lead") + rows(lines)


def loop(view: View) -> str:
    """The curve of the self-training rounds beside what gold labels alone give."""
    entries = view.get("card", "loop") or []
    if len(entries) < 2:
        return ""
    curve = [
        charts.Round(
            entry["accuracy"], bool(entry.get("kept")), f"+{count(entry.get('admitted', 0))}" * (len(entries) < 9)
        )
        for entry in entries
    ]
    gold = (view.get("card", "figures", "gold_only") or {}).get("accuracy")
    keys = [charts.key("circle hot", view.words["kept"]), charts.key("circle off", view.words["rejected"])]
    if gold is not None:
        keys.append(charts.key("line reference", view.say("gold_line", share=view.figure(gold))))
    body = [
        (
            str(entry.get("round", number)),
            count(entry.get("admitted", 0)),
            view.figure(entry["accuracy"]),
            f"{entry['brier']:.{4 if view.scored else 3}f}" if "brier" in entry else "–",
            view.words["kept" if entry.get("kept") else "rejected"],
        )
        for number, entry in enumerate(entries)
    ]
    heads = [view.words[key] for key in ("round", "admitted", "accuracy")] + [
        "MSE" if view.scored else "Brier",
        view.words["verdict"],
    ]
    apart = gold is not None and view.get("card", "figures", "measured_on") == "test"
    return (
        paragraph(view.words["loop_lead"], "lead")
        + charts.rounds(curve, gold, view.words["loop_picture"], view.figure)
        + f'<div class="keys">{"".join(keys)}</div>'
        + (paragraph(view.words["loop_apart"], "note") if apart else "")
        + fold(view.words["rounds_table"], table(heads, body))
    )


def ablation(view: View) -> str:
    """The figures of the model with parts left out, on one axis."""
    figures = view.get("card", "figures") or {}
    found = [
        (name, figures[name]) for name in ("general", "gold_only", "no_loop", "teacher", "student") if figures.get(name)
    ]
    if len(found) < 2:
        return ""
    axis = charts.linear([edge for _, figure in found for edge in figure["accuracy95"]])
    lines = [
        row(
            view.words[name],
            charts.whisker(*_interval(figure), axis, "hot" if name == "student" else "", view.figure),
            f"<b>{view.figure(figure['accuracy'])}</b>"
            + (f"<small>F1 {points(figure['macro_f1'])}</small>" if "macro_f1" in figure else ""),
            hot=name == "student",
            html_note=view.words[f"{name}_note"],
        )
        for name, figure in found
    ]
    lines.append(f'<div class="row axis"><div class="pic">{charts.scale(axis, view.figure)}</div></div>')
    return paragraph(view.words["ablation_lead"], "lead") + rows(lines) + _gain(view, figures)


def front(view: View) -> str:
    """The candidates: accuracy over size and over latency, the limits, and which one is in the file."""
    entries = sorted(view.get("card", "candidates") or [], key=lambda entry: entry.get("bytes", 0))
    if not entries:
        return ""
    latency = view.get("latency") or {}
    limits = view.get("card", "limits") or {}
    marks = {id(entry): str(number) for number, entry in enumerate(entries, 1)}
    panels: list[str] = []
    for title, unit, cost, limit in (
        ("front_size", "MB", lambda entry: entry.get("bytes", 0) / 1e6, limits.get("max_mb")),
        ("front_latency", "ms", lambda entry: latency.get(entry.get("name")) or 0.0, limits.get("max_ms")),
    ):
        dots = [
            charts.Dot(cost(entry), _score(entry), marks[id(entry)], str(entry.get("name", "")), _tone(entry))
            for entry in entries
            if cost(entry) > 0
        ]
        known = limit if limit and math.isfinite(limit) else None
        mark = view.say("limit_mark", limit=f"{plain(known)} {unit}") if known else ""
        if dots:
            picture = charts.scatter(dots, known, mark, view.words[title], view.figure)
            panels.append(f"<div><h3>{view.words[title]}</h3>{picture}</div>")
    return (
        paragraph(view.words["front_lead"], "lead")
        + f'<div class="panels">{"".join(panels)}</div>'
        + _candidates(view, entries, latency)
        + _doubted(view, entries)
        + _parity(view)
    )


def per_label(view: View) -> str:
    """Precision, recall and F1 of every label, weakest first."""
    entries = sorted(view.student.get("per_label") or [], key=lambda entry: (entry["f1"], -entry["n"]))
    if not entries:
        return ""
    learned = view.get("card", "data", "per_label") or {}
    apart = any(learned.get(entry["label"], entry["n"]) != entry["n"] for entry in entries)
    shares = (view.get("card", "data", "expected", "labels") or {}) if _moved(view) else {}
    body = [
        (
            user(entry["label"]),
            charts.bar(entry["f1"], "calm thin" if entry["n"] < _VERY_THIN else "calm"),
            *(points(entry[key], 0) for key in ("f1", "precision", "recall")),
            count(entry["n"]),
            *([count(learned.get(entry["label"], 0))] if apart else []),
            *([percent(shares.get(entry["label"], (0.0, 0.0))[1], 0)] if shares else []),
        )
        for entry in entries
    ]
    heads = [view.words["label"], "", *(view.words[key] for key in ("f1", "precision", "recall", "measured"))]
    heads += ([view.words["learned"]] if apart else []) + ([view.words["expected"]] if shares else [])
    lead = view.words["per_label_lead"] + (view.words["expected_lead"] if shares else "")
    cut = len(body) if len(body) <= _TABLE + 6 else _TABLE
    rest = fold(view.say("all_labels", n=len(body) - cut), table(heads, body[cut:], "bars")) if cut < len(body) else ""
    return paragraph(lead, "lead") + table(heads, body[:cut], "bars") + rest


def confusion(view: View) -> str:
    """The confusion table as a picture, of the most confused labels where there are many, and the worst pairs."""
    full: list[list[int]] = view.student.get("confusion") or []
    k = len(full)
    if k < 2 or len(view.labels) != k:
        return ""
    wrong = [sum(full[i]) + sum(line[i] for line in full) - 2 * full[i][i] for i in range(k)]
    shown = sorted(sorted(range(k), key=lambda i: -wrong[i])[:_HEAT])
    part = [[full[i][j] for j in shown] for i in shown]
    totals, names = [sum(full[i]) for i in shown], [view.labels[i] for i in shown]
    cut = paragraph(view.say("confusion_cut", shown=len(shown), k=k), "note") if len(shown) < k else ""
    lead = paragraph(view.words["confusion_lead"], "lead")
    return lead + charts.heat(part, totals, names, view.words["confusion_picture"]) + cut + _mixed_up(view, full)


def calibration(view: View) -> str:
    """How far the probabilities can be believed, and when the model abstains."""
    found = view.get("card", "calibration") or {}
    items: list[str] = []
    if "ece" in view.student:
        items.append(view.say("calibration_ece", ece=points(view.student["ece"])))
    t = found.get("temperature")
    if t is not None and abs(t - 1) > 0.005:
        items.append(view.say("calibration_softer" if t > 1 else "calibration_sharper", t=f"{t:.2f}"))
    coverage, picture = found.get("coverage"), ""
    if coverage is not None and found.get("abstain_below") is not None:
        threshold, share = percent(found["abstain_below"], 0), percent(1 - coverage, 0)
        items.append(view.say("calibration_abstain", threshold=threshold, share=share))
        answers = view.say("answers", share=percent(coverage, 0))
        abstains = view.say("abstains", share=share)
        picture = charts.split(coverage, f"{answers}, {abstains}")
        picture += f'<div class="keys ends"><span>{answers}</span><span>{abstains}</span></div>'
    return paragraph(view.words["calibration_lead"], "lead") + bullets(items) + picture if items else ""


def _interval(figure: dict[str, Any]) -> tuple[float, float, float]:
    low, high = figure["accuracy95"]
    return low, figure["accuracy"], high


def _gain(view: View, figures: dict[str, Any]) -> str:
    """One sentence: what the student has over gold labels or the general model alone, and whether it can be chance."""
    compared, student = figures.get("general") or figures.get("gold_only"), figures.get("student")
    if not compared or not student:
        return ""
    gain = student["accuracy"] - compared["accuracy"]
    clear = student["accuracy95"][0] > compared["accuracy95"][1]
    key = "gain_none" if gain <= 0 else "gain_clear" if clear else "gain_unclear"
    return paragraph(view.say(key, d=points(gain)))


def _score(entry: dict[str, Any]) -> float:
    """What a candidate is compared by: accuracy, or F1 where entities are found."""
    return entry["f1"] if "f1" in entry else entry["accuracy"]


def _tone(entry: dict[str, Any]) -> str:
    return "hot" if entry.get("shipped") else "" if entry.get("fits", True) else "off"


def _candidates(view: View, entries: Sequence[dict[str, Any]], latency: dict[str, float]) -> str:
    """The table below the front: what the numbers in its dots stand for."""
    body: list[tuple[str, ...]] = []
    for number, entry in enumerate(entries, 1):
        tag = "shipped" if entry.get("shipped") else "" if entry.get("fits", True) else "too_big"
        note = f' <span class="tag {tag}">{view.words[tag]}</span>' if tag else ""
        time = latency.get(str(entry.get("name")))
        name = f"{user(entry.get('name', ''))} <small>{escape(entry.get('precision', ''))}</small>"
        body.append(
            (
                f"{number}&nbsp; {name}{note}",
                view.figure(_score(entry)),
                megabytes(entry.get("bytes", 0)),
                "–" if time is None else plain(time),
            )
        )
    figure = view.words.get("chosen_by", view.words["accuracy"])
    return table([view.words["candidate"], figure, view.words["size"], view.words["p95"]], body)


def _doubted(view: View, entries: Sequence[dict[str, Any]]) -> str:
    """One sentence where the most accurate candidate inside the limits is not the one in the file."""
    shipped = next((entry for entry in entries if entry.get("shipped")), None)
    best = max((entry for entry in entries if entry.get("fits", True)), key=_score, default=None)
    if not shipped or not best or _score(best) - _score(shipped) < _EQUAL:
        return ""
    ahead = points(_score(best) - _score(shipped))
    return paragraph(view.say("front_doubt", best=user(best.get("name", "")), d=ahead))


def _parity(view: View) -> str:
    """One sentence on what compression did to the answers."""
    found = view.get("card", "parity") or {}
    if "agreement" not in found:
        return ""
    drop = found.get("accuracy_drop", found.get("f1_drop", 0.0))
    values = {"precision": escape(found.get("shipped", "int8")), "n": count(found.get("texts", 0))}
    refused = found.get("shipped", "int8") != "int8"
    key = "parity_refused" if refused else "parity" if drop > 0.0005 else "parity_same"
    return paragraph(view.say(key, agreement=percent(found["agreement"]), d=points(drop), **values))


def _mixed_up(view: View, full: Sequence[Sequence[int]]) -> str:
    """The pairs of labels most often taken for one another, if any are so more than once."""
    k = len(full)
    cells = sorted((-full[i][j], i, j) for i in range(k) for j in range(k) if i != j and full[i][j] > 1)[:8]
    if k < 3 or not cells:
        return ""
    body = [(user(view.labels[i]), user(view.labels[j]), count(-times)) for times, i, j in cells]
    heads = [view.words[key] for key in ("true_label", "taken_for", "times")]
    return f"<h3>{view.words['confusion_pairs']}</h3>" + table(heads, body, "left2")
