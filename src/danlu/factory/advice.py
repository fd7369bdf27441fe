"""Advice before anything is trained: whether the names of labels say what their texts say.

Knows how near texts lie to names, by the likeness that the teacher's name form uses; trains nothing. A name that
misleads costs accuracy where few rows are labelled, and one line in a label list mends it.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from danlu.adapt import linear, names
from danlu.factory.findings import REST, Finding
from danlu.factory.material import KEPT_OF_EACH, drawn_rows
from danlu.factory.student import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from tokenizers import Encoding, Tokenizer

    from danlu.factory.finding_text import Value
    from danlu.factory.inspect import Inspection
    from danlu.factory.texts import Texts
    from danlu.models.base import Base

MOST_TEXTS = 400
LENGTH = 64  # tokens read of a text
LEAST_TEXTS = 8  # of a label, for anything to be said of it
RARELY, OFTEN = 0.25, 0.4  # shares of a label's texts that lie nearest to its own name, and to another
LAGGING = 0.5  # times the mean share of all labels: where there are many labels, most names are found rarely
SHOWN = 5  # labels of which something is said
WORDS = 3  # typical words shown of a label


def advise(inspection: Inspection, descriptions: dict[str, str], base: Base) -> list[Finding]:
    """Notes about names that mislead or say little; none of pairs, several labels, scores, silent names, or no rows.

    Args:
        inspection: what was found in the data.
        descriptions: label to description, from the label list.
        base: the encoder that places texts and names.
    """
    task = inspection.task
    labels, silent = task.labels, task.pairing or task.several or task.names_only or task.range
    wording = None if silent else names.wording(labels, descriptions)
    if wording is None:
        return []
    rng = np.random.default_rng(0)
    most = max(MOST_TEXTS, KEPT_OF_EACH * len(labels))
    rows = [inspection.train[i] for i in drawn_rows([row.label for row in inspection.train], most, rng)]
    texts, index = shortened([row.text for row in rows]), {label: i for i, label in enumerate(labels)}
    seen, said = (linear.encode(base.model, base.tokenizer, part, LENGTH) for part in (texts, wording))
    truth = np.array([index[row.label or ""] for row in rows], dtype=np.int64)
    return judge(
        names.encode(seen, said, seen), truth, labels, typical_words(base.tokenizer, texts, truth, len(labels))
    )


def of_texts(scores: NDArray[np.float32] | None, texts: Texts, base: Base) -> list[Finding]:
    """The same from what the teacher has seen already.

    Args:
        scores: (rows, K) how near each text lies to each name; None where labels mean nothing in words. Of texts that
            may have several labels, or that nobody labelled, nothing is said.
        texts: labelled and pool texts.
        base: whose tokens words are.
    """
    if scores is None or texts.several or texts.guessed:
        return []
    words = typical_words(base.tokenizer, texts.labelled, texts.truth, len(texts.labels))
    return judge(scores[: len(texts.labelled)], texts.truth, texts.labels, words)


def judge(
    scores: NDArray[np.float32], truth: NDArray[np.int64], labels: Sequence[str], words: Sequence[list[str]]
) -> list[Finding]:
    """The notes, the worst name first.

    Args:
        scores: (texts, K) how near each text lies to each name.
        truth: (texts,) label indices.
        labels: K names.
        words: of each label, what is typical of its texts.
    """
    nearest = scores.argmax(1)
    table = np.zeros((len(labels), len(labels)))
    np.add.at(table, (truth, nearest), 1)
    count = table.sum(1)
    share = table / np.maximum(count, 1)[:, None]
    own = share.diagonal()
    judged = (count >= LEAST_TEXTS) & [label.casefold() not in REST for label in labels]
    lagging = min(RARELY, LAGGING * float(own[judged].mean())) if judged.any() else 0.0
    order = [int(k) for k in np.argsort(own, kind="stable")]
    weak = [k for k in order if judged[k] and own[k] <= lagging][:SHOWN]
    named = [
        f"{label} ({', '.join(typical)})" if typical else label for label, typical in zip(labels, words, strict=True)
    ]
    notes: list[Finding] = []
    vague: list[str] = []
    for k in weak:
        other = int(share[k].argmax())
        if share[k, other] < OFTEN:
            vague.append(named[k])
            continue
        values: dict[str, Value] = {"label": [named[k]], "other": [named[other]]}
        notes.append(
            Finding("note", "label-name-misleads", (), values | {"percent": round(100 * float(share[k, other]))})
        )
    if vague:
        notes.append(Finding("note", "label-name-vague", (), {"names": vague}))
    return notes


def typical_words(tokenizer: Tokenizer, texts: Sequence[str], truth: NDArray[np.int64], labels: int) -> list[list[str]]:
    """Up to three words of each label that stand in more of its texts than of others', the most typical first.

    A word is what the base reads as one token; each must stand in two texts of the label. Ranked by the share of the
    label's texts times the logarithm of how much more common that is than in others' (one more text of which has it).

    Args:
        tokenizer: of the base.
        texts: the labelled texts.
        truth: (texts,) label indices.
        labels: how many.
    """
    sets = [_words(encoding, text) for encoding, text in zip(tokenizer.encode_batch(list(texts)), texts, strict=True)]
    everywhere = Counter(word for words in sets for word in words)
    found: list[list[str]] = []
    for k in range(labels):
        mine = [sets[i] for i in np.flatnonzero(truth == k)]
        often = Counter(word for words in mine for word in words)
        rest = len(sets) - len(mine)
        inside = {word: n / len(mine) for word, n in often.items() if n > 1}
        outside = {word: (everywhere[word] - often[word] + 1) / (rest + 1) for word in inside}
        gain = {word: share * math.log(share / outside[word]) for word, share in inside.items()}
        ranked = sorted(gain, key=lambda word: (-gain[word], word))
        found.append([word for word in ranked if gain[word] > 0][:WORDS])
    return found


def _words(encoding: Encoding, text: str) -> set[str]:
    """The words of two letters or more that are one token each."""
    parts = Counter(encoding.word_ids)
    spans = [span for word, span in zip(encoding.word_ids, encoding.offsets, strict=True) if parts[word] == 1]
    words = {text[start:end].casefold() for start, end in spans}
    return {word for word in words if len(word) > 1 and word.isalpha()}
