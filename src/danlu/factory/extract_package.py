"""The card and the report's data of an extraction, gathered into plain JSON.

Knows the shape of the card; computes nothing that was not measured elsewhere. As in package.py, no time of day and no
duration enters the card.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit

import danlu
from danlu.evals.entities import summary
from danlu.factory import extract_link_card
from danlu.factory.choose import parity
from danlu.factory.extract_choose import GATE
from danlu.factory.extract_judge import marks_of
from danlu.factory.package import libraries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from danlu.corpus.read import Dataset
    from danlu.factory.choose import Front
    from danlu.factory.extract_choose import SpanDraft
    from danlu.factory.extract_judge import Calibration
    from danlu.factory.extract_material import Marked
    from danlu.factory.extract_measure import Figures
    from danlu.factory.extract_stages import Round, Run
    from danlu.factory.inspect import Inspection
    from danlu.text.entities import Candidates
    from danlu.types import Example

    Entities = list[tuple[int, int, str]]

SHOWN = 20  # mistakes, and texts worth marking
MARKED = 12  # texts shown with what the model finds in them
AROUND = 60  # characters of a text on either side of a mistake


def card(
    name: str,
    dataset: Dataset,
    inspection: Inspection,
    material: Marked,
    run: Run,
    rounds: Sequence[Round],
    front: Front[SpanDraft],
    figures: Figures,
) -> dict[str, Any]:
    """The card, JSON-able and the same for the same data, seed and machine.

    Args:
        name: of the model.
        dataset: what was read.
        inspection: what was found in it.
        material: the rows used.
        run: seed, bases, plan, and what the clock cut.
        rounds: of the loop.
        front: the students.
        figures: what was measured.
    """
    (full, small), shipped = front.pairs[front.shipped], front.eligible[front.shipped]
    truth = [_marked(row) for row in figures.rows]
    types = sorted({*material.labels, *(kind for row in truth for _, _, kind in row)})
    least = figures.teacher_least
    parts = {
        "student": found_in(figures.found, figures.least, material.labels, nested=run.nested),
        "teacher": found_in(figures.teacher, least[0], material.labels, nested=run.nested),
        "no_loop": found_in(figures.no_loop, least[1], material.labels, nested=run.nested),
    }
    agreed = {} if small is full else parity(full, small, GATE) | {"shipped": shipped.draft.precision}
    schema, links = run.schema, figures.calibration.links
    linked = extract_link_card.measured(figures, material, schema, nested=run.nested) if schema else {}
    return {
        "format": 1,
        "danlu": danlu.__version__,
        "name": name,
        "task": {
            "kind": "extraction",
            "nesting": inspection.task.nesting,
            "language": inspection.task.language,
            "labels": list(material.labels),
            **({"relations": list(schema.relations)} if schema else {}),
        },
        "data": {
            "files": [{"role": f.role, "name": f.path.name, "rows": f.rows, "sha256": f.sha256} for f in dataset.files],
            "labelled": len(material.train),
            "entities": sum(len(row.spans or ()) for row in material.train),
            "unlabelled": len(inspection.unlabeled),
            "unlabelled_read": len(material.unlabelled),
            "test": len(material.test),
            "per_label": {
                label: sum(span.type == label for row in material.train for span in row.spans or ())
                for label in material.labels
            },
            **(extract_link_card.learned(material.train, schema, material.labels) if schema else {}),
        },
        "seed": run.seed,
        "minutes": run.plan.minutes,
        "plan": run.plan.as_dict(),
        "base": {"name": run.whole.name, "sha256": run.whole.sha256},
        "libraries": libraries(),
        "figures": {
            "measured_on": figures.measured_on,
            **{
                part: summary(truth, found, types) | ({"relations": linked[part]} if linked.get(part) else {})
                for part, found in parts.items()
            },
        },
        "loop": [entry.as_dict() for entry in rounds],
        "candidates": [_with_f1(candidate) for candidate in front.candidates()],
        "limits": {"max_mb": front.max_mb, "max_ms": front.max_ms},
        "parity": {("f1_drop" if key == "accuracy_drop" else key): value for key, value in agreed.items()},
        "calibration": {
            "scale": figures.calibration.scale,
            "shift": figures.calibration.shift,
            "threshold": figures.calibration.threshold,
            **({"links": {"scale": links.scale, "shift": links.shift, "threshold": links.threshold}} if links else {}),
        },
        "warnings": [f.say(inspection.task.language) for f in inspection.findings if f.level == "warning"],
        "cut": run.cut,
    }


def found_in(
    found: Sequence[Candidates], least: Sequence[float], labels: Sequence[str], *, nested: bool
) -> list[Entities]:
    """The entities of each text at its threshold."""
    return [
        [(start, end, labels[int(kind)]) for start, end, kind in marks_of(each, bar, nested=nested).tolist()]
        for each, bar in zip(found, least, strict=True)
    ]


def evidence(
    material: Marked,
    run: Run,
    front: Front[SpanDraft],
    figures: Figures,
    inspection: Inspection,
    beliefs: Sequence[Candidates],
    least: float,
) -> dict[str, Any]:
    """What only the report shows: texts with their entities, and figures that differ from run to run.

    Args:
        material: the rows used.
        run: for whether entities may lie inside others.
        front: the students.
        figures: what was measured.
        inspection: what was found in the data.
        beliefs: what the teacher finds in unlabelled texts.
        least: the logit of its threshold.
    """
    found = found_in(figures.found, figures.least, material.labels, nested=run.nested)
    links = (
        extract_link_card.found_links(figures, material, run.schema, nested=run.nested)["student"] if run.schema else []
    )
    return {
        "latency": {m.draft.name: round(m.p95_ms, 2) for m in front.eligible},
        "marked": _shown(figures.rows, found, links),
        **({"link_errors": extract_link_card.mistakes(figures, links)} if run.schema else {}),
        "errors": _errors(material, run, figures),
        "worth": _worth(material, run, beliefs, least),
        "findings": [
            {"level": f.level, "message": f.say(inspection.task.language), "rows": list(f.rows)}
            for f in inspection.findings
        ],
        "facts": inspection.facts,
    }


def _marked(row: Example) -> Entities:
    return [(span.start, span.end, span.type) for span in row.spans or ()]


def _with_f1(candidate: dict[str, Any]) -> dict[str, Any]:
    return {("f1" if key == "accuracy" else key): value for key, value in candidate.items()}


def _shown(rows: Sequence[Example], found: Sequence[Entities], links: Sequence[Any]) -> list[dict[str, Any]]:
    """Measured texts with what the model finds in them and what is there, taken evenly from all that have entities."""
    some = [i for i, row in enumerate(rows) if row.spans or found[i]]
    taken = [some[i] for i in np.unique(np.linspace(0, len(some) - 1, MARKED).astype(int))] if some else []
    return [
        {"text": rows[i].text, "found": found[i], "real": _marked(rows[i])}
        | (extract_link_card.shown(rows[i], links[i]) if links else {})
        for i in taken
    ]


def _errors(material: Marked, run: Run, figures: Figures) -> list[dict[str, Any]]:
    """The mistakes the model is surest of: entities that are none, and those that it is sure are none."""
    out: list[tuple[float, dict[str, Any]]] = []
    for row, each, bar in zip(figures.rows, figures.found, figures.least, strict=True):
        real = set(_marked(row))
        places = [(int(s), int(e), material.labels[k]) for s, e, k in each.places.tolist()]
        sure = dict(zip(places, probabilities(each, figures.calibration), strict=True))
        got = set(found_in([each], [bar], material.labels, nested=run.nested)[0])
        for entity in got - real:
            near = [other for other in real if other[0] < entity[1] and entity[0] < other[1]]
            out.append((sure[entity], _error(row, entity, near, sure[entity])))
        for entity in real - got:
            if not any(other[0] < entity[1] and entity[0] < other[1] for other in got):
                missed = 1 - sure.get(entity, 0.0)
                out.append((missed, _error(row, None, [entity], missed)))
    out.sort(key=lambda pair: (-round(pair[0], 6), pair[1]["text"], str(pair[1]["found"])))
    false = [error for _, error in out if error["found"]][: SHOWN // 2]
    missed = [error for _, error in out if not error["found"]][: SHOWN - len(false)]
    return false + missed


def _error(
    row: Example, found: tuple[int, int, str] | None, real: Sequence[tuple[int, int, str]], sure: float
) -> dict[str, Any]:
    """A mistake with the words around it; offsets are those of the shown part."""
    everything = [*([found] if found else []), *real]
    start = max(0, min(e[0] for e in everything) - AROUND)
    end = min(len(row.text), max(e[1] for e in everything) + AROUND)
    return {
        "text": row.text[start:end],
        "cut": [start > 0, end < len(row.text)],
        "found": [(found[0] - start, found[1] - start, found[2])] if found else [],
        "real": sorted((s - start, e - start, kind) for s, e, kind in real),
        "probability": round(sure, 6),
    }


def probabilities(found: Candidates, calibration: Calibration) -> list[float]:
    """How likely each candidate is an entity."""
    return [float(p) for p in expit(calibration.scale * found.logits.astype(np.float64) + calibration.shift)]


def _worth(material: Marked, run: Run, beliefs: Sequence[Candidates], least: float) -> list[dict[str, Any]]:
    """Unlabelled texts whose entities would tell most: those with a candidate nearest to the threshold."""
    texts = [*material.pool, *material.extra]
    doubt = [float(np.abs(each.logits - least).min()) if len(each.logits) else np.inf for each in beliefs]
    order = np.argsort(doubt, kind="stable")[:SHOWN]
    found = found_in([beliefs[i] for i in order], [least] * len(order), material.labels, nested=run.nested)
    return [{"text": texts[i], "found": each} for i, each in zip(order, found, strict=True) if np.isfinite(doubt[i])]
