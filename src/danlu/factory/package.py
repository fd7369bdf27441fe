"""The card and the report's data: everything that is known of a model, gathered into plain JSON.

Knows the shape of the card; computes nothing that was not measured elsewhere. No time of day and no duration enters
the card; where a measured duration decided something (a limit kept, int8 faster, a stage cut), the decision does.
"""

from __future__ import annotations

import importlib.metadata
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

import danlu
from danlu.evals import several
from danlu.evals.metrics import expected_half_width, softmax, summary
from danlu.evals.questions import by_question
from danlu.evals.questions import figures as question_figures
from danlu.factory import score_verdict
from danlu.factory.calibration import Calibration
from danlu.factory.choose import parity
from danlu.factory.question_evidence import question_evidence
from danlu.factory.several_verdict import Said, decide, forms_of, nested, several_evidence, sure_from
from danlu.models.choice import choice_sha256
from danlu.text.pair import shown
from danlu.text.score import COVERED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from danlu.corpus.read import Dataset
    from danlu.factory.choose import Front
    from danlu.factory.draft import Draft
    from danlu.factory.inspect import Inspection
    from danlu.factory.judge import Ruler
    from danlu.factory.material import Material
    from danlu.factory.stages import Beliefs, Folds, Run
    from danlu.factory.teacher import Texts
    from danlu.loops.self_training import Round, Taught
    from danlu.types import Truth

LIBRARIES = ("networkx", "numpy", "onnx", "onnxruntime", "scikit-learn", "scipy", "tokenizers", "torch", "transformers")
WANTED_ACCURACY = 0.9
SHOWN = 20
SIDE = 130  # characters shown of a side of a pair, so that both are seen


@dataclass(frozen=True)
class Verdict:
    """Probabilities on the measured texts, (texts, K) each; where a text may have several labels, also which hold.

    Of scores, (texts, 1) places in the range, and the (texts,) margins around the scores.

    Without a labelled text there are no rows, and no figures; `general` is the general model's own, where no row was
    labelled to learn from.
    """

    student: NDArray[np.float32]
    teacher: NDArray[np.float32]
    no_loop: NDArray[np.float32]
    gold_only: NDArray[np.float32] | None
    said: Said | None = None
    general: NDArray[np.float32] | None = None
    margins: NDArray[np.float64] | None = None

    @classmethod
    def of_nothing(cls, labels: int) -> Verdict:
        """That of no text at all."""
        empty = np.zeros((0, labels), np.float32)
        return cls(empty, empty, empty, None)

    def figures(self, ruler: Ruler, labels: Sequence[str]) -> dict[str, Any]:
        """The figures of the card."""
        parts = {"student": self.student, "teacher": self.teacher, "no_loop": self.no_loop, "gold_only": self.gold_only}
        if self.general is not None:
            parts["general"] = self.general
        out: dict[str, Any] = {"measured_on": ruler.measured_on}
        if not len(ruler.truth):
            return out | dict.fromkeys(parts)
        for name, table in parts.items():
            if self.margins is not None:
                out[name] = None if table is None else score_verdict.score_figures(ruler, table, self.margins)
                if out[name] and name != "student":  # the margin is the student's
                    out[name] = {key: value for key, value in out[name].items() if not key.startswith("inside")}
                continue
            if self.said is not None:
                said = getattr(self.said, name)
                out[name] = None if table is None else several.figures(ruler.truth, table, said, labels)
                continue
            if ruler.questions is not None:
                chance = ruler.questions.chance
                out[name] = None if table is None else question_figures(ruler.truth, table, chance)
                continue
            out[name] = None if table is None else summary(ruler.truth, table.astype(np.float64), labels)
            if out[name] and name != "student":
                del out[name]["confusion"]  # K × K numbers that nobody reads
        return out

    @property
    def sureness(self) -> NDArray[np.floating[Any]]:
        """(texts,) the probability of what is said of each text; of several decisions, that of the least certain."""
        return self.student.max(1) if self.said is None else several.sureness(self.student, self.said.student)


def threshold(truth: NDArray[np.int64], table: NDArray[np.floating[Any]]) -> float:
    """The lowest probability from which on nine in ten predictions are right; 0.9 where no ten rows are.

    Args:
        truth: (n,).
        table: (n, K) calibrated probabilities of rows that were held out.
    """
    confidence = table.max(1)
    order = np.argsort(-confidence, kind="stable")
    right = np.cumsum(table.argmax(1)[order] == truth[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero((right >= WANTED_ACCURACY) & (np.arange(len(order)) >= 9))
    return round(float(confidence[order[good[-1]]]), 4) if len(good) else WANTED_ACCURACY


def calibrated(
    verdict: Verdict,
    temperature: float,
    held_out: tuple[Truth, NDArray[np.floating[Any]]],
    ruler: Ruler,
    texts: Texts,
    taught: tuple[Taught, Taught],
    folds: Folds,
    exam: tuple[NDArray[np.float32], NDArray[np.floating[Any]]],
    *,
    own: bool,
) -> tuple[Verdict, Calibration]:
    """The thresholds of the model; where a text may have several labels, also what holds by each that is measured.

    Of scores, the margin.

    Args:
        verdict: what was measured.
        temperature: of the model.
        held_out: truth and probabilities of rows that were held out, which the thresholds are chosen by.
        ruler: what was measured by.
        texts: the labelled ones.
        taught: the teacher without the loop, and with it.
        folds: of the labelled rows.
        exam: the targets of the texts that students were chosen by, which of scores are what the teacher alone
            believes, and the student's probabilities.
        own: whether the rows that were held out were held out from the student itself.
    """
    truth, table = held_out
    if texts.range is not None:
        margins, found = score_verdict.calibrated(texts.range, temperature, held_out, ruler, folds, exam, own=own)
        return replace(verdict, margins=margins), found
    if not texts.several:
        return verdict, Calibration(temperature, threshold(truth, table))
    limits = several.thresholds(truth, table)
    tables = (verdict.student, verdict.teacher, verdict.no_loop, verdict.gold_only)
    known = table >= limits
    if not own and ruler.measured_on == "test":  # the teacher's rows: the student says what its teacher would say
        limits = several.thresholds((exam[0] >= limits).astype(np.int64), exam[1])
    elif not own:
        known = nested(truth, table, ruler.rows, folds)
    nowhere = not own and ruler.measured_on != "test"
    said = decide(ruler, tables, texts, taught, folds, None if nowhere else limits)
    abstain = sure_from(truth, table, known)
    return replace(verdict, said=said), Calibration(temperature, abstain, tuple(limits.tolist()))


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
    bounds = inspection.task.range
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
            "language": inspection.task.language,
            "labels": [] if asked or bounds else list(labels),
            **({"range": list(bounds)} if bounds else {}),
            **({"names_only": True} if guessed else {}),
            **({"options": inspection.facts["options"], "chance": figures["student"]["chance"]} if asked else {}),
        },
        "data": {
            "files": [{"role": f.role, "name": f.path.name, "rows": f.rows, "sha256": f.sha256} for f in dataset.files],
            "labelled": count,
            "unlabelled": len(inspection.unlabeled),
            "unlabelled_read": read,
            "test": tested,
            **({} if asked or bounds else {"per_label": _per_label(material, labels)}),
            **({"guessed": _guessed(material, beliefs, labels)} if guessed else {}),
        },
        "seed": run.seed,
        "minutes": run.plan.minutes,
        "plan": run.plan.as_dict(),
        "base": {"name": run.base.name, "sha256": run.base.sha256},
        **({"general": {"name": "embedded", "sha256": choice_sha256()}} if run.plan.named else {}),
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
    often = material.texts.targets.sum(0)
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
