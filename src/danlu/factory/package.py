"""The card: everything that is known of a model, gathered into plain JSON.

Knows the shape of the card; computes nothing that was not measured elsewhere. No time of day and no duration enters
the card; where a measured duration decided something (a limit kept, int8 faster, a stage cut), the decision does.
"""

from __future__ import annotations

import importlib.metadata
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

import danlu
from danlu.evals.metrics import expected_half_width, softmax
from danlu.evals.questions import by_question
from danlu.factory import score_verdict
from danlu.factory.choose import parity
from danlu.factory.several_verdict import forms_of
from danlu.factory.texts import targets_of
from danlu.models.choice import choice_sha256
from danlu.models.narrow import narrow_sha256
from danlu.text.beside import GIVEN
from danlu.text.score import COVERED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from danlu.corpus.read import Dataset
    from danlu.factory.calibration import Calibration
    from danlu.factory.choose import Front
    from danlu.factory.draft import Draft
    from danlu.factory.inspect import Inspection
    from danlu.factory.judge import Ruler
    from danlu.factory.material import Material
    from danlu.factory.stages import Beliefs, Run
    from danlu.factory.texts import Texts
    from danlu.factory.verdict import Verdict
    from danlu.loops.label_shift import Shares
    from danlu.loops.self_training import Round, Taught

LIBRARIES = ("networkx", "numpy", "onnx", "onnxruntime", "scikit-learn", "scipy", "tokenizers", "torch", "transformers")


def libraries() -> dict[str, str]:
    """The versions that a result depends on."""
    return {library: importlib.metadata.version(library) for library in LIBRARIES}


def card(
    name: str,
    dataset: Dataset,
    inspection: Inspection,
    material: Material,
    run: Run,
    rounds: Sequence[Round],
    taught: Taught,
    front: Front[Draft],
    ruler: Ruler,
    verdict: Verdict,
    calibration: Calibration,
    beliefs: Beliefs,
) -> dict[str, Any]:
    """The card, JSON-able and the same for the same data, seed and machine.

    Args:
        name: of the model.
        dataset: what was read.
        inspection: what was found in it.
        material: the rows used.
        run: seed, base, plan, and what the clock cut.
        rounds: of self-training.
        taught: the teacher.
        front: the students.
        ruler: what was measured by.
        verdict: what was measured.
        calibration: temperature, thresholds, and the probability below which a person should look.
        beliefs: of the teacher.
    """
    labels = inspection.task.labels
    figures = verdict.figures(ruler, labels)
    full, small = front.pairs[front.shipped]
    asked, several_labels, guessed = material.asked, material.texts.several, material.texts.guessed
    bounds, beside = inspection.task.range, inspection.task.beside
    count, read, tested = _counts(material)
    name_of_score = "agreement" if guessed else "micro_f1" if several_labels else "spearman" if bounds else "accuracy"
    seen = front.eligible[front.shipped].logits if ruler.measured_on == "nothing" else None
    sureness = verdict.sureness if seen is None else softmax(seen, calibration.temperature).max(1)
    return {
        "format": 1,
        "danlu": danlu.__version__,
        "name": name,
        "task": {
            "kind": inspection.task.kind,
            "pairing": inspection.task.pairing,
            **({"beside": beside, "given": list(GIVEN[beside])} if beside else {}),
            "language": inspection.task.language,
            "labels": [] if asked or bounds else list(labels),
            **({"range": list(bounds)} if bounds else {}),
            **({"names_only": True} if guessed else {}),
            **({"options": inspection.facts["options"], "chance": figures["student"]["chance"]} if asked else {}),
        },
        "data": {
            "files": [{"role": f.role, "name": f.path.name, "rows": f.rows, "sha256": f.sha256} for f in dataset.files],
            "labelled": count,
            **({"labelled_more": len(material.more)} if material.more else {}),
            "unlabelled": len(inspection.unlabeled),
            "unlabelled_read": read,
            "test": tested,
            **({} if asked or bounds else {"per_label": _per_label(material, labels)}),
            **({"guessed": _guessed(material, beliefs, labels)} if guessed else {}),
            **({} if beliefs.shares is None else {"expected": _expected(beliefs.shares, labels)}),
        },
        "seed": run.seed,
        "minutes": run.plan.minutes,
        "plan": run.plan.as_dict(),
        "base": {"name": run.base.name, "sha256": run.base.sha256},
        **({"general": {"name": "embedded", "sha256": choice_sha256()}} if run.plan.knows_general else {}),
        "narrow": {"name": "embedded", "sha256": narrow_sha256()},
        "libraries": libraries(),
        "figures": figures,
        "forms": score_verdict.forms_of(taught, material.texts)
        if bounds
        else forms_of(taught, material.texts)
        if several_labels
        else [_renamed(entry, name_of_score) for entry in _forms(taught, material.texts)],
        "loop": [_renamed(asdict(entry), name_of_score) for entry in rounds],
        "candidates": [_renamed(entry, "r2" if bounds else name_of_score) for entry in front.candidates()],
        "limits": {"max_mb": front.max_mb, "max_ms": front.max_ms},
        "parity": {} if small is full else parity(full, small),
        "calibration": {
            "temperature": round(calibration.temperature, 6),
            **(
                {"margin": calibration.margin, "covers": COVERED}
                if bounds
                else {
                    "abstain_below": calibration.abstain_below,
                    "coverage": round(float((sureness >= calibration.abstain_below).mean()), 6),
                }
            ),
            **({"thresholds": dict(zip(labels, calibration.thresholds, strict=True))} if several_labels else {}),
        },
        "more_labels": score_verdict.more_scores(figures["student"]["spearman"], len(ruler.truth))
        if bounds
        else [
            {
                "more": more,
                "measured": len(ruler.truth) + more,
                "half_width": round(expected_half_width(figures["student"]["accuracy"], len(ruler.truth), more), 6),
            }
            for more in (50, 100, 200, 500, 1000)
            if not several_labels and figures["student"]  # F1 has no interval that can be foreseen
        ],
        "warnings": [f.say(inspection.task.language) for f in inspection.findings if f.level == "warning"],
        "cut": run.cut,
    }


def _renamed(entry: dict[str, Any], name: str) -> dict[str, Any]:
    """An entry with its accuracy called what it is; agreement needs no labels, and what would need them is left out."""
    kept = {key: value for key, value in entry.items() if name != "agreement" or key not in ("nll", "brier")}
    return {(name if key == "accuracy" else key): value for key, value in kept.items()}


def _guessed(material: Material, beliefs: Beliefs, labels: Sequence[str]) -> dict[str, dict[str, Any]]:
    """How many texts the teacher gives each label, and how many that are by its probabilities; all were unlabelled."""
    table = np.exp(beliefs.log_probabilities[material.unlabelled])
    often, mean = np.bincount(table.argmax(1), minlength=len(labels)), table.mean(0)
    return {
        label: {"texts": int(n), "share": round(float(share), 6)}
        for label, n, share in zip(labels, often, mean, strict=True)
    }


def _expected(shares: Shares, labels: Sequence[str]) -> dict[str, Any]:
    """How often each label occurs among labelled rows, and how often it is expected, and by what."""
    both = zip(labels, shares.rows, shares.expected, strict=True)
    return {"by": shares.by, "labels": {name: [round(float(r), 6), round(float(e), 6)] for name, r, e in both}}


def _counts(material: Material) -> tuple[int, int, int]:
    """How many labelled, unlabelled and test rows are used; of questions with options, how many questions."""
    unlabelled = material.unlabelled
    parts = (slice(0, unlabelled.start), unlabelled, material.part("test"))
    rows = np.arange(len(material.everything))
    labelled, read, tested = (
        len(rows[part]) if questions is None else len(questions.sizes)
        for part, questions in ((part, material.questions_in(part)) for part in parts)
    )
    return labelled, read, tested


def _per_label(material: Material, labels: Sequence[str]) -> dict[str, int]:
    """How many labelled rows each label has."""
    if material.texts.guessed:
        return dict.fromkeys(labels, 0)
    often = material.texts.targets.sum(0) + targets_of(material.truth(material.more), len(labels)).sum(0)
    return {label: int(n) for label, n in zip(labels, often, strict=True)}


def _forms(taught: Taught, texts: Texts) -> list[dict[str, Any]]:
    judged, questions = taught.judged, texts.questions
    truth, held = by_question(taught.held_out[judged], texts.truth[judged], questions, judged, settled=True)
    rows = np.arange(len(truth))
    out: list[dict[str, Any]] = []
    for form, weight in zip(taught.forms, taught.weights, strict=True):
        vote = taught.votes[form][judged].astype(np.float64)
        vote = by_question(vote, texts.truth[judged], questions, judged)[1]
        out.append(
            {
                "form": form,
                "accuracy": round(float((vote.argmax(1) == truth).mean()), 6),
                "nll": round(float(-vote[rows, truth].mean()), 6),
                "weight": round(float(weight), 6),
                "chosen": False,
            }
        )
    combined = {
        "form": "combination",
        "accuracy": round(float((held.argmax(1) == truth).mean()), 6),
        "nll": round(float(-held[rows, truth].mean()), 6),
        "weight": 1.0,
        "chosen": True,
    }
    return [*out, combined]
