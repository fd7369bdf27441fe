"""What was measured: of the student and what it is compared with, on texts that neither learned from; and thresholds.

Knows probabilities and truth; does not know how they came about, or who reads the figures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from danlu.evals import several
from danlu.evals.metrics import summary
from danlu.evals.questions import figures as question_figures
from danlu.factory import score_verdict
from danlu.factory.calibration import Calibration
from danlu.factory.several_verdict import Said, decide, nested, sure_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from danlu.factory.judge import Ruler
    from danlu.factory.stages import Folds
    from danlu.factory.texts import Texts
    from danlu.loops.self_training import Taught
    from danlu.types import Truth

WANTED_ACCURACY = 0.9


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
