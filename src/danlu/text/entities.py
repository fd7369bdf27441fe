"""From the scores of stretches of tokens to entities: one way for teacher, student and shipped file.

The scorer is a function of padded windows; which windows there are, which score is taken from which, and which of
several overlapping stretches is the entity, stands here; what holds between entities, in links.py. Knows tokens and
scores; does not know networks.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from danlu.text.links import LINK_FLOOR, Vectors, links
from danlu.text.pieces import windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from danlu.text.pieces import Tokens, Window

    # Padded token ids, mask and shapes, (batch, length) each, to (batch, length, widths, types) logits; where there are
    # relations, also to (batch, length, ENDS, 2 parts) vectors, (batch, length, HEARD, relations) scores of words and
    # (relations, parts + 1) weights.
    Scorer = Callable[[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]], Sequence[NDArray[np.float32]]]

CELLS = 1 << 12  # tokens of a batch, padding among them


@dataclass(frozen=True)
class Reading:
    """How a model reads: the same in training and in use.

    Attributes:
        before: special tokens before a window.
        after: those after it.
        window: tokens read at once, beside these.
        widest: tokens of the widest entity.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    window: int
    widest: int

    def framed(self, tokens: Tokens, start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Ids and shapes of some tokens of a text, special tokens around them."""
        ids = np.concatenate([self.before, tokens.ids[start:stop], self.after]).astype(np.int64)
        shapes = np.zeros(len(ids), np.int64)
        shapes[len(self.before) : len(self.before) + stop - start] = tokens.shapes[start:stop]
        return ids, shapes


@dataclass(frozen=True)
class Candidates:
    """Stretches of one text that may be entities, the likeliest first.

    Attributes:
        places: (n, 3) first character, character after the last, index of the type.
        logits: (n,) scores.
        links: (m, 3) head and tail, as indices of candidates of which all can be entities at once, and the relation.
        link_logits: (m,) scores of these.
    """

    places: NDArray[np.int64]
    logits: NDArray[np.float32]
    links: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 3), np.int64))
    link_logits: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))

    @classmethod
    def none(cls) -> Candidates:
        """A text without any."""
        return cls(np.zeros((0, 3), np.int64), np.zeros(0, np.float32))


def pack(found: Sequence[Candidates]) -> dict[str, NDArray[Any]]:
    """The candidates of some texts as plain arrays, to be stored."""
    whole = [Candidates.none(), *found]
    return {
        "counts": np.array([len(each.logits) for each in found], np.int64),
        "places": np.concatenate([each.places for each in whole]),
        "logits": np.concatenate([each.logits for each in whole]),
        "link_counts": np.array([len(each.link_logits) for each in found], np.int64),
        "links": np.concatenate([each.links for each in whole]),
        "link_logits": np.concatenate([each.link_logits for each in whole]),
    }


def unpack(arrays: dict[str, NDArray[Any]]) -> list[Candidates]:
    """The inverse of `pack`."""
    parts = (_parts(arrays["counts"], arrays[name]) for name in ("places", "logits"))
    linked = (_parts(arrays["link_counts"], arrays[name]) for name in ("links", "link_logits"))
    return [Candidates(*each) for each in zip(*parts, *linked, strict=True)]


def _parts(counts: NDArray[np.int64], rows: NDArray[Any]) -> list[NDArray[Any]]:
    return np.split(rows, np.cumsum(counts)[:-1]) if len(counts) else []


def candidates(
    score: Scorer,
    texts: Sequence[Tokens],
    reading: Reading,
    floor: float,
    cells: int = CELLS,
    *,
    nested: bool = False,
    allowed: NDArray[np.bool_] | None = None,
) -> list[Candidates]:
    """The stretches of each text whose logit is above a floor, and the relations between those that can be entities.

    Args:
        score: the scorer.
        texts: tokens of each text.
        reading: how they are cut into windows.
        floor: of the logits.
        cells: tokens of a batch, padding among them.
        nested: whether an entity may lie inside another.
        allowed: (types, relations, types) which relations there can be; None where none are looked for.
    """
    found: list[list[tuple[NDArray[np.int64], NDArray[np.float32]]]] = [[] for _ in texts]
    jobs = [
        (index, window)
        for index, tokens in enumerate(texts)
        if len(tokens)
        for window in windows(len(tokens), reading.window, reading.widest)
    ]
    jobs.sort(key=lambda job: job[1].stop - job[1].start)
    left = Counter(index for index, _ in jobs)
    vectors: dict[int, list[Vectors]] = {index: [] for index in left}
    out = [Candidates.none()] * len(texts)
    for batch in _batches(jobs, len(reading.before) + len(reading.after), cells):
        logits_BLWK, *more = score(*_padded([reading.framed(texts[i], w.start, w.stop) for i, w in batch]))
        for row, (index, window) in enumerate(batch):
            found[index].append(_taken(logits_BLWK[row], texts[index], window, len(reading.before), floor))
            if allowed is not None:
                first = len(reading.before)
                own = slice(first, first + window.stop - window.start)
                vectors[index].append(Vectors(window, more[0][row, own].copy(), more[1][row, own].copy()))
            left[index] -= 1
            if not left[index]:
                out[index] = _ranked(found[index])
                if allowed is not None:
                    out[index] = _linked(out[index], texts[index], vectors.pop(index), more[2], allowed, nested)
    return out


def _linked(
    found: Candidates,
    tokens: Tokens,
    read: Sequence[Vectors],
    weights: NDArray[np.float32],
    allowed: NDArray[np.bool_],
    nested: bool,
) -> Candidates:
    """Candidates with the relations between those of them that can be entities at any threshold."""
    taken = np.array(decode(found, -np.inf, nested=nested), np.int64)
    pairs, logits = links(found.places[taken], tokens, read, weights, allowed, LINK_FLOOR)
    return replace(found, links=np.stack([taken[pairs[:, 0]], taken[pairs[:, 1]], pairs[:, 2]], 1), link_logits=logits)


def decode(found: Candidates, least: float, *, nested: bool) -> list[int]:
    """Which candidates are entities: in order of their scores, each that overlaps none taken before.

    Args:
        found: the candidates of a text, the likeliest first.
        least: the logit from which on a candidate can be an entity.
        nested: whether one may lie inside another; two that cross never stand together.
    """
    taken: list[int] = []
    places = found.places[: int((found.logits >= least).sum())]
    free = np.ones(len(places), bool)
    for index, place in enumerate(places):
        if free[index]:
            taken.append(index)
            free &= _apart(places, place, nested)
    return taken


def _apart(places: NDArray[np.int64], place: NDArray[np.int64], nested: bool) -> NDArray[np.bool_]:
    """(n,) whether each of n stretches can be an entity beside another one."""
    start_N, end_N, kind_N = places.T
    start, end, kind = place.tolist()
    apart_N = (end_N <= start) | (end <= start_N)
    if not nested:
        return apart_N
    inside_N = ((start <= start_N) & (end_N <= end)) | ((start_N <= start) & (end <= end_N))
    return apart_N | (inside_N & ((start_N != start) | (end_N != end) | (kind_N != kind)))


def _batches(jobs: list[tuple[int, Window]], frame: int, cells: int) -> Iterator[list[tuple[int, Window]]]:
    """Windows of about one length, as many as fit into a batch."""
    start = 0
    while start < len(jobs):
        end = start + 1
        while end < len(jobs) and (end - start + 1) * (jobs[end][1].stop - jobs[end][1].start + frame) <= cells:
            end += 1
        yield jobs[start:end]
        start = end


def _padded(
    framed: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Ids, mask and shapes, (batch, longest) each."""
    longest = max(len(ids) for ids, _ in framed)
    ids_BL, mask_BL, shapes_BL = (np.zeros((len(framed), longest), np.int64) for _ in range(3))
    for row, (ids, shapes) in enumerate(framed):
        ids_BL[row, : len(ids)], shapes_BL[row, : len(ids)], mask_BL[row, : len(ids)] = ids, shapes, 1
    return ids_BL, mask_BL, shapes_BL


def _taken(
    logits_LWK: NDArray[np.float32], tokens: Tokens, window: Window, before: int, floor: float
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """What one window says of the tokens whose entities are taken from it."""
    offset = before - window.start
    own_LWK = logits_LWK[window.first + offset : window.last + offset]
    start_N, width_N, type_N = np.nonzero(own_LWK > floor)
    first_N = start_N + window.first
    real_N = first_N + width_N < window.stop
    start_N, width_N, type_N, first_N = start_N[real_N], width_N[real_N], type_N[real_N], first_N[real_N]
    places = np.stack([tokens.starts[first_N], tokens.ends[first_N + width_N], type_N], 1)
    return places.astype(np.int64), own_LWK[start_N, width_N, type_N].astype(np.float32)


def _ranked(parts: list[tuple[NDArray[np.int64], NDArray[np.float32]]]) -> Candidates:
    places = np.concatenate([part[0] for part in parts] or [np.zeros((0, 3), np.int64)])
    logits = np.concatenate([part[1] for part in parts] or [np.zeros(0, np.float32)])
    order = np.lexsort((places[:, 2], places[:, 1], places[:, 0], -logits))
    return Candidates(places[order], logits[order])
