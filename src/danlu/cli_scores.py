"""Scores on the command line: how a model of them is measured and shown.

Knows rows and lines; everything else is a call into the package. Nothing here needs torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from danlu.errors import DataError
from danlu.text.score import bounds_written, error_written, margin_written, plain, significant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from danlu.artifact import Model
    from danlu.types import Example, Prediction, Range


def measure_scores(model: Model, rows: Sequence[Example], bounds: Range, file: str) -> dict[str, Any]:
    """The figures of a model of scores on texts that it has never seen, ready for JSON.

    Args:
        model: the model.
        rows: texts with their scores, in or out of the range.
        bounds: of the model's scores.
        file: the file's name, for errors.

    Raises:
        DataError: there is no row, or one without a score.
    """
    import numpy as np

    from danlu.evals.scores import figures

    for row in rows:
        if row.label is None:
            what, fix = "the score is missing", "fill in the cell, or delete the row"
            raise DataError(what, fix, file=file, row=row.row)
    if not rows:
        raise DataError("there are no rows", "give a file of texts with their scores", file=file)
    truth = np.array([float(row.label or 0) for row in rows])
    predicted = np.array([prediction.score for prediction in model.predict([row.text for row in rows])], np.float64)
    found = figures(truth, predicted, model.settings.margin, bounds)
    return {**found, "margin": model.settings.margin, "range": list(bounds), "interval95": found["spearman95"]}


def score_lines(result: dict[str, Any]) -> list[str]:
    """The figures for people, a line for each fifth of the range."""
    low, high = result["spearman95"]
    bounds = (result["range"][0], result["range"][1])
    first, last = bounds_written(bounds)
    order = f"Spearman {result['spearman']:.3f} (95% interval {low:.3f} to {high:.3f}), Pearson {result['pearson']:.3f}"
    mae, rmse = (error_written(result[key], bounds) for key in ("mae", "rmse"))
    off = f"mean absolute error {mae}, root mean squared error {rmse}"
    inside = f"{result['inside']:.1%} of the true scores lie within ± {margin_written(result['margin'], bounds)}"
    lines = [f"{order}, {result['n']} rows", f"on scores from {first} to {last}: {off}; {inside}"]
    for part in result["fifths"]:
        told = ""
        if part["n"]:
            bias, mae = error_written(part["bias"], bounds, "+"), error_written(part["mae"], bounds)
            told = f"bias {bias}  mean absolute error {mae}  "
        lines.append(f"  {plain(part['from'])} to {plain(part['to'])}  {told}n {part['n']}")
    return lines


def with_margin(prediction: Prediction, bounds: Range) -> str:
    """A score with its margin, as 3.4 ± 0.8."""
    return f"{prediction.label} ± {margin_written(prediction.margin or 0.0, bounds)}"


def score_json(prediction: Prediction) -> dict[str, Any]:
    """The score and its margin, as predict's JSON has them; nothing for a model of labels."""
    if prediction.score is None or prediction.margin is None:
        return {}
    return {"score": significant(prediction.score, 10), "margin": prediction.margin}
