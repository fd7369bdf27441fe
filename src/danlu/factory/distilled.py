"""The general model, distilled into forms on unlabelled text: one more voice beside few labelled rows.

The general model knows what labels say, and forms that learned its beliefs about thousands of texts outgrow it; that is
how a teacher is made where nobody labelled anything. Beside a few labelled rows the same forms are one voice of the
vote. Knows texts, vectors and the general model's scores; knows no label that anybody gave.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from danlu.adapt import linear, names, ngram, static
from danlu.factory.general import standing_out
from danlu.loops import unlabelled
from danlu.loops.opinion_pool import log_shares, pooled
from danlu.loops.self_training import ROUNDS, Context
from danlu.train.regression import Linear

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from danlu.models.base import Base

VOICE = "choice"  # whose beliefs are distilled
PARTS = 4  # of these: what is believed of one in the next round comes from forms that learned the others
STEPS = (PARTS + 1) * len(ROUNDS)


@dataclass(frozen=True)
class Seen:
    """The texts that are learned from, as each form sees them.

    Attributes:
        place: which of them each text is.
        space: their n-grams.
        centre: of their vectors.
        static_centre: of the means of their static embeddings; None where the base has none.
        views: (texts, features) of each form.
    """

    place: dict[str, int]
    space: ngram.Space
    centre: linear.Centre
    static_centre: linear.Centre | None
    views: dict[str, NDArray[np.float32]]

    @classmethod
    def of(cls, base: Base, texts: Sequence[str], vectors: NDArray[np.float32], length: int) -> Seen:
        """The views of some texts.

        Args:
            base: for its static embeddings.
            texts: N of them.
            vectors: (N, hidden) of the frozen base.
            length: tokens read of a text.
        """
        place = {text: number for number, text in enumerate(texts)}
        space, centre, means = ngram.Space.of(texts), linear.Centre(vectors.mean(0)), static.encode(base, texts, length)
        views = {"ngram": space.coordinates, "linear": centre.apply(vectors)}
        if means is None:
            return cls(place, space, centre, None, views)
        static_centre = linear.Centre(means.mean(0))
        return cls(place, space, centre, static_centre, {**views, "static": static_centre.apply(means)})


@dataclass(frozen=True)
class Distilled:
    """Forms that have learned what the general model believes.

    Attributes:
        seen: the texts that they learned from.
        heads: of each form.
        weights: (forms,) their exponents, in the order of the heads.
        held_out: (N, labels) log-probabilities of these texts, each by forms that learned from other parts of them: who
            has learned a text says of it what the general model says, and is surer than of any other.
    """

    seen: Seen
    heads: dict[str, Linear]
    weights: NDArray[np.float64]
    held_out: NDArray[np.float32]

    def votes(
        self, texts: Sequence[str], vectors: NDArray[np.float32], means: NDArray[np.float32] | None
    ) -> NDArray[np.float32]:
        """(texts, labels) log-probabilities; of a text that they learned from, what was said of it held out.

        Args:
            texts: any texts.
            vectors: (texts, hidden) of the frozen base.
            means: (texts, width) of their static embeddings; None where the base has none.
        """
        seen, logits = self.seen, dict[str, "NDArray[np.float32]"]()
        logits["ngram"] = seen.space.logits(texts, self.heads["ngram"])
        logits["linear"] = self.heads["linear"].logits(seen.centre.apply(vectors))
        if seen.static_centre is not None:
            assert means is not None
            logits["static"] = self.heads["static"].logits(seen.static_centre.apply(means))
        votes = [log_shares(logits[form], apart=False) for form in self.heads]
        said = np.asarray(pooled(votes, self.weights), np.float32)
        known = [(row, seen.place[text]) for row, text in enumerate(texts) if text in seen.place]
        if known:
            rows, places = np.array(known).T
            said[rows] = self.held_out[places]
        return said


def distil(seen: Seen, scores: NDArray[np.float32], step: Callable[[int], None] | None = None) -> Distilled:
    """Forms that learn the general model's beliefs, in rounds.

    Args:
        seen: N texts.
        scores: (N, labels) of the general model.
        step: called with 1, STEPS times in all.
    """
    count = len(scores)
    belief = names.predict(standing_out(scores, scores), float(scores.std()))
    everything, part = np.arange(count), np.random.default_rng(0).integers(0, PARTS, count)
    folds = [
        Context(np.flatnonzero(part != number), np.flatnonzero(part == number), seen.views, {VOICE: belief})
        for number in range(PARTS)
    ]
    full = Context(everything, everything[:0], seen.views, {VOICE: belief})
    _, _, last = unlabelled.run(folds, full, VOICE, rounds=ROUNDS, progress=step)
    weights = {form: weight for form, weight in zip(last.forms, last.weights, strict=True) if form != VOICE}
    exponents = np.array(list(weights.values()))
    held_out = np.asarray(pooled([last.votes[form] for form in weights], exponents), np.float32)
    return Distilled(seen, {form: last.heads[form] for form in weights}, exponents, held_out)


def to_arrays(distilled: Distilled) -> dict[str, NDArray[Any]]:
    """What they learned, as plain arrays to be stored."""
    out: dict[str, NDArray[Any]] = {"weights": distilled.weights, "held_out": distilled.held_out}
    out["forms"] = np.array(list(distilled.heads))
    for form, head in distilled.heads.items():
        out[f"{form}/weight"], out[f"{form}/bias"] = head.weight, head.bias
    return out


def from_arrays(seen: Seen, arrays: dict[str, NDArray[Any]]) -> Distilled:
    """The inverse of `to_arrays`, with the texts that they learned from."""
    forms = [str(form) for form in arrays["forms"]]
    heads = {form: Linear(arrays[f"{form}/weight"], arrays[f"{form}/bias"]) for form in forms}
    return Distilled(seen, heads, arrays["weights"], arrays["held_out"])
