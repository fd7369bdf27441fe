"""Several labels on the command line: the option that says so, and how a model of them is measured and shown.

Knows options, rows and lines; everything else is a call into the package. Nothing here needs torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer

from danlu.errors import DataError, OptionError, brief, listing, quote
from danlu.text.several import held
from danlu.types import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from danlu.artifact import Model
    from danlu.types import Example, Prediction

TaskOption = Annotated[
    str | None,
    typer.Option(
        "--task",
        help="What rows are, where danlu takes them for something else: classification (one label a text), several "
        "(labels, or none), score, pairs, choice (questions with options) or entities.",
    ),
]


def task_of(name: str | None) -> Kind | None:
    """The task that was named.

    Raises:
        OptionError: there is none of that name.
    """
    if name is not None and name not in get_args(Kind):
        raise OptionError(f"--task is {quote(name)}. Fix: leave it out, or give one of {', '.join(get_args(Kind))}.")
    return cast("Kind | None", name)


def headline(student: dict[str, Any]) -> str:
    """The one figure of a forged model with its interval, the bracket left open."""
    if "f1" in student:  # of entities
        low, high = student["interval95"]
        linked = student.get("relations")
        said = f"relations F1 {linked['f1']:.1%}, entities " if linked else ""
        return f"{said}F1 {student['f1']:.1%} (95% interval {low:.1%} to {high:.1%}"
    if "spearman" in student:
        low, high = student["spearman95"]
        return f"Spearman {student['spearman']:.3f} (95% interval {low:.3f} to {high:.3f}"
    name, key = ("micro-F1", "micro_f1") if "micro_f1" in student else ("accuracy", "accuracy")
    low, high = student[f"{key}95"]
    return f"{name} {student[key]:.1%} (95% interval {low:.1%} to {high:.1%}"


def measure_several(model: Model, rows: Sequence[Example], file: str) -> dict[str, Any]:
    """The figures of a model of several labels on texts that it has never seen, ready for JSON.

    Raises:
        DataError: a row has a label that the model does not know, or nobody gave its labels.
    """
    import numpy as np

    from danlu.evals.several import figures

    index = {name: i for i, name in enumerate(model.labels)}
    truth = np.zeros((len(rows), len(index)), np.int64)
    for number, row in enumerate(rows):
        unknown = [label for label in held(row.label) if label not in index]
        if unknown or row.label is None:
            what = "the labels are missing"
            if unknown:
                what = f"the label is {quote(unknown[0])}, which this model does not know"
            raise DataError(what, f"use some of {listing(model.labels)}, or none: []", file=file, row=row.row)
        truth[number, [index[label] for label in held(row.label)]] = 1
    shares = model.probabilities([row.text for row in rows])
    found = figures(truth, shares.astype(np.float64), shares >= np.array(model.settings.thresholds), model.labels)
    return {**found, "interval95": found["micro_f195"]}


def several_lines(result: dict[str, Any]) -> list[str]:
    """The figures for people, a line for each label."""
    low, high = result["micro_f195"]
    first = (
        f"micro-F1 {result['micro_f1']:.1%} (95% interval {low:.1%} to {high:.1%}), macro-F1 {result['macro_f1']:.3f}, "
        f"all labels of a text right {result['exact']:.1%}, {result['n']} rows"
    )
    return [first, *table_lines(result["per_label"], "label")]


def table_lines(rows: Sequence[dict[str, Any]], name: str) -> list[str]:
    """Precision, recall, F1 and number of each label or type, a line each.

    Args:
        rows: one a label or type.
        name: the field that holds what it is called.
    """
    called = [brief(row[name]) for row in rows]
    width = max(map(len, called))
    return [
        f"  {label:<{width}}  precision {row['precision']:.2f}  recall {row['recall']:.2f}  "
        f"F1 {row['f1']:.2f}  n {row['n']}"
        for label, row in zip(called, rows, strict=True)
    ]


def labels_line(prediction: Prediction) -> str:
    """The labels that hold with their probabilities; a dash for none."""
    return ", ".join(f"{label} {share:.2f}" for label, share in prediction.labels or ()) or "-"


def labels_json(prediction: Prediction) -> dict[str, Any]:
    """The labels that hold, as predict's JSON has them; nothing for a model that gives one."""
    if prediction.labels is None:
        return {}
    return {"labels": [{"label": label, "probability": round(share, 6)} for label, share in prediction.labels]}
