"""What only the report shows: mistakes, labels that look wrong, texts worth labelling, and latencies.

Knows what was measured; does not know how it is drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from danlu.factory import score_verdict
from danlu.factory.question_evidence import question_evidence
from danlu.factory.several_verdict import several_evidence
from danlu.text.pair import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from danlu.factory.calibration import Calibration
    from danlu.factory.choose import Front
    from danlu.factory.draft import Draft
    from danlu.factory.inspect import Inspection
    from danlu.factory.judge import Ruler
    from danlu.factory.material import Material
    from danlu.factory.stages import Beliefs
    from danlu.factory.verdict import Verdict
    from danlu.loops.self_training import Taught

SHOWN = 20
SIDE = 130  # characters shown of a side of a pair, so that both are seen


def evidence(
    material: Material,
    front: Front[Draft],
    ruler: Ruler,
    verdict: Verdict,
    taught: Taught,
    beliefs: Beliefs,
    inspection: Inspection,
    calibration: Calibration,
) -> dict[str, Any]:
    """What only the report shows: texts, and figures that differ from run to run."""
    if ruler.questions is not None:
        told = question_evidence(material, ruler, verdict.student, taught, beliefs)
        return told | _measured(front, inspection)
    if verdict.said is not None:
        limits = np.array(calibration.thresholds)
        said = verdict.said.student
        told = several_evidence(material, ruler, verdict.student, said, taught, beliefs, limits)
        return told | _measured(front, inspection)
    if ruler.range is not None:
        told = score_verdict.score_evidence(material, ruler, verdict.student, taught, beliefs, calibration.margin)
        return told | _measured(front, inspection)
    labels = inspection.task.labels
    table = verdict.student
    predicted, confidence = table.argmax(1), table.max(1)
    wrong = np.flatnonzero(predicted != ruler.truth)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")][:SHOWN]
    return _measured(front, inspection) | {
        "mistakes": [
            {
                "text": shown(ruler.texts[i], SIDE),
                "label": labels[ruler.truth[i]],
                "predicted": labels[predicted[i]],
                "probability": float(confidence[i]),
            }
            for i in wrong
        ],
        "suspects": _suspects(material, taught),
        "worth": _worth(material, beliefs, labels),
    }


def _measured(front: Front[Draft], inspection: Inspection) -> dict[str, Any]:
    """Latencies, and what inspection found."""
    return {
        "latency": {m.draft.name: round(m.p95_ms, 2) for m in front.eligible},
        "findings": [
            {"level": f.level, "message": f.say(inspection.task.language), "rows": list(f.rows)}
            for f in inspection.findings
        ],
        "facts": inspection.facts,
    }


def _suspects(material: Material, taught: Taught) -> list[dict[str, Any]]:
    """Labelled rows whose label the held-out teacher finds unlikely while it is sure of another."""
    if material.texts.guessed:
        return []
    held = np.exp(taught.held_out)
    truth = material.texts.truth
    own, best = held[np.arange(len(truth)), truth], held.max(1)
    found = np.flatnonzero((own < 0.1) & (best > 0.6))
    return [
        {
            "text": shown(material.texts.labelled[i], SIDE),
            "label": material.texts.labels[truth[i]],
            "suggested": material.texts.labels[int(held[i].argmax())],
            "probability": float(best[i]),
            "where": f"{material.train[i].source}:{material.train[i].row}",
        }
        for i in found[np.argsort(own[found], kind="stable")][:SHOWN]
    ]


def _worth(material: Material, beliefs: Beliefs, labels: Sequence[str]) -> list[dict[str, Any]]:
    """Unlabelled texts whose label would tell most: the least certain ones, in turn from each predicted label."""
    start = material.unlabelled.start
    table = np.exp(beliefs.log_probabilities[material.unlabelled])
    if not len(table):
        return []
    top = np.sort(table, axis=1)
    margin = top[:, -1] - (top[:, -2] if table.shape[1] > 1 else 0)
    predicted = table.argmax(1)
    rank = np.zeros(len(table), dtype=np.int64)
    for label in np.unique(predicted):
        mine = np.flatnonzero(predicted == label)
        rank[mine[np.argsort(margin[mine], kind="stable")]] = np.arange(len(mine))
    everything = material.everything
    return [
        {
            "text": shown(everything[start + i], SIDE),
            "predicted": labels[predicted[i]],
            "probability": float(table[i].max()),
        }
        for i in np.lexsort((margin, rank))[:SHOWN]
    ]
