"""Advice before anything is trained: whether the names of labels say what their texts say.

Knows how near texts lie to names, by the likeness that the teacher's name form uses; trains nothing. A name that
misleads costs accuracy where few rows are labelled, and one line in a label list mends it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from danlu.adapt import linear, names
from danlu.factory.findings import Finding
from danlu.factory.material import drawn_rows
from danlu.models.base import token_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from danlu.factory.finding_text import Value
    from danlu.factory.inspect import Inspection
    from danlu.factory.teacher import Texts
    from danlu.models.base import Base

MOST_TEXTS = 400
LENGTH = 64  # tokens read of a text
LEAST_TEXTS = 5  # of a label, for anything to be said of it
RARELY, OFTEN = 0.25, 0.4  # shares of a label's texts that lie nearest to its own name, and to another
SHOWN = 5  # labels of which something is said
WORDS = 3  # typical words shown of a label


def advise(inspection: Inspection, descriptions: dict[str, str], base: Base) -> list[Finding]:
    """Notes about names that mislead or say little; none where labels mean nothing in words, or rows are pairs.

    Args:
        inspection: what was found in the data.
        descriptions: label to description, from the label list.
        base: the encoder that places texts and names.
    """
    labels = inspection.task.labels
    wording = None if inspection.task.pairing else names.wording(labels, descriptions)
    if wording is None:
        return []
    rng = np.random.default_rng(0)
    rows = [inspection.train[i] for i in drawn_rows([row.label for row in inspection.train], MOST_TEXTS, rng)]
    texts, index = [row.text for row in rows], {label: i for i, label in enumerate(labels)}
    seen, said = (linear.encode(base.model, base.tokenizer, part, LENGTH) for part in (texts, wording))
    truth = np.array([index[row.label or ""] for row in rows], dtype=np.int64)
    return judge(
        names.encode(seen, said, seen), truth, labels, typical_words(base.tokenizer, texts, truth, len(labels))
    )


def of_texts(scores: NDArray[np.float32] | None, texts: Texts, base: Base) -> list[Finding]:
    """The same from what the teacher has seen already.

    Args:
        scores: (rows, K) how near each text lies to each name; None where labels mean nothing in words.
        texts: labelled and pool texts.
        base: whose tokens words are.
    """
    if scores is None:
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
    order = [int(k) for k in np.argsort(own, kind="stable")]
    weak = [k for k in order if count[k] >= LEAST_TEXTS and own[k] < RARELY][:SHOWN]
    notes: list[Finding] = []
    vague: list[str] = []
    for k in weak:
        other = int(share[k].argmax())
        if share[k, other] < OFTEN:
            vague.append(f"{labels[k]} ({', '.join(words[k])})" if words[k] else labels[k])
            continue
        values: dict[str, Value] = {
            "label": labels[k],
            "other": labels[other],
            "percent": round(100 * float(share[k, other])),
            "words": words[k] or [labels[k]],
            "others": words[other] or [labels[other]],
        }
        notes.append(Finding("note", "label-name-misleads", (), values))
    if vague:
        notes.append(Finding("note", "label-name-vague", (), {"names": vague}))
    return notes


def typical_words(tokenizer: Tokenizer, texts: Sequence[str], truth: NDArray[np.int64], labels: int) -> list[list[str]]:
    """Up to three words of each label that stand in more of its texts than of others', the most typical first.

    Words are tokens of the base that are whole words; each must stand in two texts of the label.

    Args:
        tokenizer: of the base.
        texts: the labelled texts.
        truth: (texts,) label indices.
        labels: how many.
    """
    sets = [set(ids) for ids in token_ids(tokenizer, texts, LENGTH)]
    everywhere = Counter(index for ids in sets for index in ids)
    found: list[list[str]] = []
    for k in range(labels):
        mine = [sets[i] for i in np.flatnonzero(truth == k)]
        often = Counter(index for ids in mine for index in ids)
        rest = max(1, len(sets) - len(mine))
        gain = {
            index: count / len(mine) - (everywhere[index] - count) / rest for index, count in often.items() if count > 1
        }
        ranked = sorted(gain, key=lambda index: (-gain[index], index))
        words = [tokenizer.id_to_token(index) or "" for index in ranked if gain[index] > 0]
        found.append([word for word in words if len(word) > 1 and word.isalpha()][:WORDS])
    return found
