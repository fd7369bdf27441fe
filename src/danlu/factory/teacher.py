"""The Teacher: task forms compete by cross-validation, learn from unlabelled text, and vote.

Knows the forms and how they are put together; does not know where its texts come from or who learns from it.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.special import log_softmax

from danlu.adapt import contrastive, likeness, linear, names, ngram, static, tuned
from danlu.factory.general import standing_out
from danlu.factory.trust import faith_in, trust_in_names
from danlu.loops import opinion_pool
from danlu.loops.self_training import Context, Taught
from danlu.models.base import Base, by_row, token_ids
from danlu.text.pair import pairing_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from danlu.factory.distilled import Distilled
    from danlu.factory.general import General
    from danlu.factory.plan import Plan
    from danlu.factory.texts import Texts
    from danlu.factory.trust import Trust
    from danlu.train.regression import Linear
    from danlu.types import Pairing

    Step = Callable[[int], None]


def vectors(base: Base, texts: Sequence[str], plan: Plan, step: Step | None = None) -> NDArray[np.float32]:
    """(texts, hidden) of the frozen base."""
    return linear.encode(base.model, base.tokenizer, texts, plan.token_length, step)


def tune(
    base: Base, texts: Texts, rows: NDArray[np.int64], plan: Plan, seed: int, step: Step | None = None
) -> PreTrainedModel:
    """The base tuned on some of the labelled rows."""
    chosen = [texts.labelled[i] for i in rows]
    sequences, truth = token_ids(base.tokenizer, chosen, plan.tuning_length), texts.truth[rows]
    pairing = pairing_of(chosen)
    if pairing or texts.apart:
        smoothing = 0.04 if texts.several else 0.05
        headed = tuned.Tuning(steps=plan.tuning_steps, batch=plan.tuning_batch, smoothing=smoothing, seed=seed)
        return tuned.fit(base, by_row(sequences, pairing), truth, pairing, headed, step)
    together = contrastive.Tuning(steps=plan.tuning_steps, batch=plan.tuning_batch, seed=seed)
    return contrastive.fit(base, sequences, truth, together, step)


def with_parameters(base: Base, moved: dict[str, NDArray[np.float32]]) -> PreTrainedModel:
    """A copy of the base's encoder with some parameters replaced: a tuned encoder read back."""
    model = copy.deepcopy(base.model)
    model.load_state_dict({name: torch.from_numpy(value) for name, value in moved.items()}, strict=False)
    return model.eval()


def centre_of(texts: Texts, learned: NDArray[np.float32]) -> linear.Centre:
    """The centre of the rows among the (learned, hidden) vectors of an encoder."""
    return linear.Centre(learned[: len(texts.rows)].mean(0))


@dataclass(frozen=True)
class Views:
    """What every context sees of labelled and pool texts, without any label.

    Attributes:
        space: of n-grams, of all that is learned.
        centre: of the base's vectors.
        vectors: (rows, hidden) by the base; of pairs, their comparisons, here and wherever a width is called hidden.
        static_centre: of the means of static embeddings.
        static: (learned, width) those means; None where the base has no such embeddings.
        names: (rows, labels) similarity to what the labels say.
        name_vectors: (labels, hidden).
        likeness: (rows, encoders) cosines of the sides of pairs, and what the general model says of these where it is
            asked; None of single texts and of pairs with labels.
        general: the general model with the labels as options; None where the plan leaves it out.
        chosen: (rows, labels) its scores.
        distilled: what it taught forms on unlabelled text; None where it taught nothing.
    """

    space: ngram.Space
    centre: linear.Centre
    vectors: NDArray[np.float32]
    static_centre: linear.Centre | None
    static: NDArray[np.float32] | None
    names: NDArray[np.float32] | None
    name_vectors: NDArray[np.float32] | None
    likeness: NDArray[np.float32] | None = None
    general: General | None = None
    chosen: NDArray[np.float32] | None = None
    distilled: Distilled | None = None


def look(
    base: Base,
    texts: Texts,
    seen: NDArray[np.float32],
    plan: Plan,
    general: General | None = None,
    asked: NDArray[np.float32] | None = None,
) -> Views:
    """Builds the views that need no labels.

    Args:
        base: the frozen base.
        texts: labelled and pool texts.
        seen: (everything, hidden) vectors of the frozen base, those of the rows first.
        plan: for the token length.
        general: the general model, where it is asked.
        asked: (everything, labels) its scores, those of the rows first; of questions with options, (everything, 1), of
            scored pairs, (everything, 2).
    """
    row_vectors = seen[: len(texts.rows)]
    own = static.encode(base, texts.learned, plan.token_length)
    centre = linear.Centre(row_vectors.mean(0))
    name_vectors = vectors(base, texts.wording, plan) if texts.wording else None
    scores = names.encode(row_vectors, name_vectors, row_vectors) if name_vectors is not None else None
    said = None if asked is None else asked[: len(texts.rows)]
    compared = texts.compared
    return Views(
        ngram.Space.of(texts.learned),
        centre,
        row_vectors,
        None if own is None else centre_of(texts, own),
        own,
        scores,
        name_vectors,
        likeness.encode(row_vectors, own, said=said, pairing=compared) if compared else None,
        general,
        None if compared else said,
    )


def contexts(
    texts: Texts,
    views: Views,
    folds: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
    tuned: Sequence[NDArray[np.float32]],
) -> Iterator[Context]:
    """A context for each fold, then the one of all labelled rows.

    Args:
        texts: labelled and pool texts.
        views: of both.
        folds: (trained on, held out).
        tuned: for each fold and then for all rows, the (learned, hidden) vectors of the encoder tuned there; or
            nothing.
    """
    everything, count = np.arange(len(texts.labelled)), len(texts.rows)
    said = [] if views.name_vectors is None else [views.name_vectors]
    shared = {
        "ngram": views.space.coordinates,
        "linear": views.centre.apply(np.concatenate([views.vectors, *said])),
    }
    if views.static is not None and views.static_centre is not None:
        shared["static"] = views.static_centre.apply(views.static)
    taught = None
    if views.distilled is not None:
        taught = views.distilled.votes(
            texts.rows, views.vectors, None if views.static is None else views.static[:count]
        )
    for number, (train, held) in enumerate([*folds, (everything, everything[:0])]):
        own = dict(shared)
        if len(tuned):
            own["contrastive"] = centre_of(texts, tuned[number]).apply(tuned[number])
        rows = {form: view[:count] for form, view in own.items()}
        wording = {form: view[count:] for form, view in own.items()}
        fixed: dict[str, NDArray[np.float32]] = {}
        if views.names is not None:
            fixed["names"] = trust_in_names(views.names[train], texts.truth[train]).votes(views.names)
        if views.likeness is not None:
            curve = likeness.fit(views.likeness[train], texts.truth[train])
            fixed["likeness"] = likeness.predict(views.likeness, curve)
        if views.chosen is not None:
            above = standing_out(views.chosen, views.chosen)
            fixed["choice"] = faith_in(views.chosen, texts, train).votes(above)
        if taught is not None:
            fixed["distilled"] = taught
        yield Context(train, held, rows, fixed, wording if texts.wording else {})


@dataclass(frozen=True)
class Teacher:
    """A finished teacher: gives any text a probability of each label.

    Attributes:
        base: the frozen base.
        tuned: the encoder tuned on all labelled rows, or None.
        tuned_centre: of its vectors.
        views: of labelled and pool texts.
        taught: heads and weights.
        plan: for the token length.
        trust: in the names.
        curve: of likeness, fitted on all labelled rows; None where there is no such form.
        faith: in the general model; None where it is not asked.
        apart: whether each label is a decision of its own.
        compared: how texts are paired where their nearness tells something; else None.
        shift: (labels,) added to the log-probabilities, as labels occur more or less often in what will be read than
            among labelled rows; None where nothing tells.
    """

    base: Base
    tuned: PreTrainedModel | None
    tuned_centre: linear.Centre | None
    views: Views
    taught: Taught
    plan: Plan
    trust: Trust
    curve: Linear | None = None
    faith: Trust | None = None
    apart: bool = False
    compared: Pairing | None = None
    shift: NDArray[np.float64] | None = None

    @property
    def _reads_static(self) -> bool:
        """Whether some form reads the means of static embeddings."""
        return self.views.static is not None and bool({"static", "likeness", "distilled"} & set(self.taught.forms))

    def tuned_vectors(self, texts: Sequence[str], step: Step | None = None) -> NDArray[np.float32] | None:
        """(texts, hidden) of the tuned encoder, or None where there is none."""
        if self.tuned is None:
            return None
        return linear.encode(self.tuned, self.base.tokenizer, texts, self.plan.token_length, step)

    def log_probabilities(
        self,
        texts: Sequence[str],
        base_vectors: NDArray[np.float32],
        tuned_vectors: NDArray[np.float32] | None,
        chosen: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float64]:
        """(texts, labels), calibrated on the held-out labels; of labels apart, that each holds.

        Args:
            texts: any texts.
            base_vectors: (texts, hidden) of the frozen base.
            tuned_vectors: what the method of that name gives.
            chosen: (texts, labels) scores of the general model, asked where they are not given; of questions with
                options, (texts, 1), given wherever it was asked about them; of scored pairs, (texts, 2).
        """
        votes: list[NDArray[np.float32]] = []
        means = static.encode(self.base, texts, self.plan.token_length) if self._reads_static else None
        for form in self.taught.forms:
            if form == "likeness":
                votes.append(self._nearness(texts, base_vectors, means, chosen))
                continue
            if form == "choice":
                assert self.faith is not None
                assert self.views.general is not None
                assert self.views.chosen is not None
                found = self.views.general.scores(texts) if chosen is None else chosen
                votes.append(self.faith.votes(standing_out(found, self.views.chosen)))
                continue
            if form == "distilled":
                assert self.views.distilled is not None
                votes.append(self.views.distilled.votes(texts, base_vectors, means))
                continue
            if form == "names":
                assert self.views.name_vectors is not None
                scores = names.encode(base_vectors, self.views.name_vectors, self.views.vectors)
                votes.append(self.trust.votes(scores))
                continue
            head = self.taught.heads[form]
            if form == "ngram":
                logits = self.views.space.logits(texts, head)
            elif form == "linear":
                logits = head.logits(self.views.centre.apply(base_vectors))
            elif form == "static":
                assert means is not None
                assert self.views.static_centre is not None
                logits = head.logits(self.views.static_centre.apply(means))
            else:
                assert self.tuned_centre is not None
                assert tuned_vectors is not None
                logits = head.logits(self.tuned_centre.apply(tuned_vectors))
            votes.append(opinion_pool.log_shares(logits, apart=self.apart))
        pool = opinion_pool.pooled_apart if self.apart else opinion_pool.pooled
        return self.shifted(pool(votes, self.taught.weights))

    def shifted(self, log_probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """(texts, labels) log-probabilities that reckon with how often each label occurs."""
        if self.shift is None:
            return log_probabilities
        return np.asarray(log_softmax(log_probabilities + self.shift, axis=1), np.float64)

    def _nearness(
        self,
        texts: Sequence[str],
        base_vectors: NDArray[np.float32],
        means: NDArray[np.float32] | None,
        said: NDArray[np.float32] | None,
    ) -> NDArray[np.float32]:
        """(texts, labels) log-probabilities of the form that knows nothing but how near two sides lie."""
        assert self.curve is not None
        assert self.compared is not None
        if said is None and self.apart and self.views.general is not None:
            said = self.views.general.scores(texts)
        found = likeness.encode(base_vectors, means, said=said, pairing=self.compared)
        return likeness.predict(found, self.curve)
