"""From vectors of tokens to relations between entities: one way for teacher, student and shipped file.

Pairs of entities are scored where one window holds both whole; of several such windows the one counts that shows most
around them, so that each pair is scored once. Knows tokens, vectors and entities; does not know networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from danlu.text.pieces import places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from danlu.text.pieces import Tokens, Window

ENDS = 4  # vectors of a token: as the first and the last one of a head, and of a tail
REACH = 6  # tokens before the first and after the last of a pair that are listened to
HEARD = 4  # scores of a token for each relation: between a pair and around it, for either order of head and tail
LINK_FLOOR = -4.0  # the lowest logit that is kept: far below what any threshold takes


@dataclass(frozen=True)
class Vectors:
    """What a window says of its tokens, to score pairs by.

    Attributes:
        window: which tokens.
        ends: (window, ENDS, 2P).
        said: (window, HEARD, Q) how much a token speaks for each relation of a pair that it stands between or near.
    """

    window: Window
    ends: NDArray[np.float32]
    said: NDArray[np.float32]


@dataclass(frozen=True)
class Zones:
    """Where the words stand that say how entities are related: (M, M) tokens, the end being the one after the last.

    Attributes:
        between: start and end of what lies between two entities.
        before: start and end of what comes before both.
        after: start and end of what comes after both.
        order: 0 where the head comes first, else 1.
    """

    between: tuple[NDArray[np.int64], NDArray[np.int64]]
    before: tuple[NDArray[np.int64], NDArray[np.int64]]
    after: tuple[NDArray[np.int64], NDArray[np.int64]]
    order: NDArray[np.int64]

    @classmethod
    def of(cls, borders_M2: NDArray[np.int64], first: int, stop: int) -> Zones:
        """Those of all pairs of entities, given by first and last token, in a window's tokens from first to stop."""
        start_M, end_M = borders_M2[:, 0], borders_M2[:, 1] + 1
        low = np.minimum(end_M[:, None], end_M[None, :])
        left, right = np.minimum(start_M[:, None], start_M[None, :]), np.maximum(end_M[:, None], end_M[None, :])
        return cls(
            (low, np.maximum(low, np.maximum(start_M[:, None], start_M[None, :]))),
            (np.maximum(left - REACH, first), left),
            (right, np.minimum(right + REACH, stop)),
            (start_M[:, None] > start_M[None, :]).astype(np.int64),
        )


def allowed_of(triples: Sequence[tuple[int, int, int]], types: int, relations: int) -> NDArray[np.bool_]:
    """(types, relations, types) which of all are among some triples of head's type, relation and tail's type."""
    allowed = np.zeros((types, relations, types), bool)
    for head, relation, tail in triples:
        allowed[head, relation, tail] = True
    return allowed


def links(
    entities: NDArray[np.int64],
    tokens: Tokens,
    read: Sequence[Vectors],
    weights: NDArray[np.float32],
    allowed_KQK: NDArray[np.bool_],
    floor: float,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """(n, 3) head, tail and relation of every allowed pair of entities whose logit is above a floor, and (n,) logits.

    Args:
        entities: (M, 3) first character, character after the last, type; the likeliest first, since of one window at
            most as many are looked at as it has tokens: nested ones could be far more.
        tokens: of the text.
        read: its windows.
        weights: (Q, P + 1) of each relation: of the parts of a product, and what is added.
        allowed_KQK: whether a head of a type may have a relation to a tail of a type.
        floor: of the logits.
    """
    found = [places(tokens, start, end) for start, end, _ in entities.tolist()]
    borders = np.array([place or (-1, -1) for place in found], np.int64).reshape(-1, 2)
    parts = [(np.zeros((0, 2), np.int64), np.zeros(0), np.zeros((0, len(weights)), np.float32))]
    for each in read:
        inside = np.flatnonzero((borders[:, 0] >= each.window.start) & (borders[:, 1] < each.window.stop))
        inside = inside[: each.window.stop - each.window.start]
        kinds = entities[inside, 2]
        allowed_MMQ = allowed_KQK[kinds][:, :, kinds].transpose(0, 2, 1) & ~np.eye(len(kinds), dtype=bool)[:, :, None]
        pairs = np.nonzero(allowed_MMQ.any(-1))
        if not len(pairs[0]):
            continue
        own = borders[inside] - each.window.start
        scored_MMQ = _scores(each.ends, own, weights) + _heard(each.said, Zones.of(own, 0, len(each.said)))
        scored_MMQ[~allowed_MMQ] = -np.inf
        margin_MM = _margins(borders[inside], each.window, len(tokens))
        parts.append((np.stack([inside[side] for side in pairs], 1), margin_MM[pairs], scored_MMQ[pairs]))
    pairs_N2, margin_N, logits_NQ = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.lexsort((-margin_N, pairs_N2[:, 1], pairs_N2[:, 0]))
    pairs_N2, logits_NQ = pairs_N2[order], logits_NQ[order]
    first = np.ones(len(order), bool)
    first[1:] = (pairs_N2[1:] != pairs_N2[:-1]).any(1)
    rows, relation = np.nonzero(first[:, None] & (logits_NQ > floor))
    return np.concatenate([pairs_N2[rows], relation[:, None]], 1).astype(np.int64), logits_NQ[rows, relation]


def together(first: tuple[int, int], second: tuple[int, int], cut: Sequence[Window]) -> bool:
    """Whether some window holds two stretches of tokens, given by first and last, whole."""
    start, stop = min(first[0], second[0]), max(first[1], second[1])
    return any(window.start <= start and stop < window.stop for window in cut)


def _margins(borders_M2: NDArray[np.int64], window: Window, count: int) -> NDArray[np.float64]:
    """(M, M) tokens that a window shows beyond each pair, on the poorer side; no end of the text is poor."""
    before_M = borders_M2[:, 0] - window.start if window.start else np.full(len(borders_M2), count)
    after_M = window.stop - 1 - borders_M2[:, 1] if window.stop < count else np.full(len(borders_M2), count)
    side_M = np.minimum(before_M, after_M).astype(np.float64)
    return np.minimum(side_M[:, None], side_M[None, :])


def _scores(
    ends_LE2P: NDArray[np.float32], borders_M2: NDArray[np.int64], weights_Q: NDArray[np.float32]
) -> NDArray[np.float32]:
    """(M, M, Q) logits, a matrix product for each relation."""
    first_ME2P, last_ME2P = ends_LE2P[borders_M2[:, 0]], ends_LE2P[borders_M2[:, 1]]
    heads_MX, tails_MX = (first_ME2P[:, i] + last_ME2P[:, i + 1] for i in (0, 2))
    doubled = np.concatenate([weights_Q[:, :-1]] * 2, 1)
    return np.stack([(heads_MX * w) @ tails_MX.T + b for w, b in zip(doubled, weights_Q[:, -1], strict=True)], -1)


def _heard(said_LHQ: NDArray[np.float32], zones: Zones) -> NDArray[np.float32]:
    """(M, M, Q) what the words between and around pairs add: means over either."""
    until_LHQ = np.concatenate([np.zeros_like(said_LHQ[:1]), np.cumsum(said_LHQ, 0)])
    out = np.zeros((*zones.order.shape, said_LHQ.shape[2]), np.float32)
    for number, parts in enumerate(((zones.between,), (zones.before, zones.after))):
        rows = 2 * number + zones.order
        total = sum(until_LHQ[end, rows] - until_LHQ[start, rows] for start, end in parts)
        count = sum(end - start for start, end in parts)
        out += total / np.maximum(count, 1)[:, :, None]
    return out
