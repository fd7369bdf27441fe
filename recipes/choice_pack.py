"""Questions in tokens, as one small file, and as batches of a few shapes on any device.

Knows token sequences, how they lie in the file, and how rows lie side by side. Does not know words, models or losses.

A row is made of pieces, and each piece is a sequence of tokens with one mark: [CLS] and nothing; the question and the
sides with [SEP] behind; the options with [MASK] in front. Sequences recur (questions, labels), so the file has a table
of them, and a row names them by number. What comes of it is what `danlu.models.choice.lay_out` makes of the same rows.

Shapes: R rows, P pieces, T tokens of all rows; B rows of a batch, L tokens and K options of its widest row.
"""

from __future__ import annotations

import io
import lzma
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from danlu.models.choice import OPTION_START, Laid, Marks, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

START, QUESTION, SIDE, OPTION = range(4)
# Lengths of rows in a batch. All divide 7680: batches of a multiple of it have no place too few.
BUCKETS = (32, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512)


@dataclass(frozen=True)
class Asked:
    """A row with its answer, and whether tokens of its text may be hidden."""

    row: Row
    answer: int
    masked: bool


@dataclass(frozen=True)
class Batch:
    """Rows of about one length.

    Attributes:
        index_B: which rows.
        length: places of each.
        options: of each, at most.
        tokens: of all, without padding.
    """

    index_B: torch.Tensor
    length: int
    options: int
    tokens: int


@dataclass(frozen=True)
class Packed:
    """Every row, laid out one after the other on a device.

    Attributes:
        ids_T: tokens, special ones among them.
        block_T: 0 for question and text, n for the n-th option of the row.
        position_T: of each token.
        text_T: whether it is of the text.
        start_R: where each row begins.
        length_R: its tokens.
        mask_O: where each option's mask stands in its row; options of all rows.
        first_R: which of these is the row's first.
        options_R: how many options it has.
        answer_R: the index of the right one.
        masked_R: whether tokens of the text may be hidden.
        marks: of the vocabulary.
        no_yes: token ids that the head starts from.
    """

    ids_T: torch.Tensor
    block_T: torch.Tensor
    position_T: torch.Tensor
    text_T: torch.Tensor
    start_R: torch.Tensor
    length_R: torch.Tensor
    mask_O: torch.Tensor
    first_R: torch.Tensor
    options_R: torch.Tensor
    answer_R: torch.Tensor
    masked_R: torch.Tensor
    marks: Marks
    no_yes: tuple[int, int]

    def laid(self, batch: Batch) -> Laid:
        """The rows of a batch side by side; no step waits for the device."""
        index_B, device = batch.index_B, self.ids_T.device
        at_L, at_K = torch.arange(batch.length, device=device), torch.arange(batch.options, device=device)
        inside_BL = at_L < self.length_R[index_B][:, None]
        place_BL = (self.start_R[index_B][:, None] + at_L).clamp_max(len(self.ids_T) - 1)
        real_BK = at_K < self.options_R[index_B][:, None]
        option_BK = (self.first_R[index_B][:, None] + at_K).clamp_max(len(self.mask_O) - 1)
        return Laid(
            self.ids_T[place_BL].long().masked_fill(~inside_BL, self.marks.pad),
            self.block_T[place_BL].long().masked_fill(~inside_BL, -1),
            self.position_T[place_BL].long().masked_fill(~inside_BL, 0),
            self.text_T[place_BL] & inside_BL,
            self.mask_O[option_BK].masked_fill(~real_BK, 0),
            real_BK,
        )


def pack(rows: Iterable[Asked], marks: Marks, no_yes: tuple[int, int], path: Path) -> None:
    """Writes rows; a sequence is numbered where it first comes, and named 0 there, which costs next to nothing."""
    known: dict[bytes, int] = {b"": 0}
    named: list[int] = []
    about: list[tuple[int, int, int, int, int]] = []
    for asked in rows:
        row = asked.row
        pieces = [*([row.question] if row.question else []), *row.sides, *row.options]
        for sequence in pieces:
            key = np.array(sequence, "<u2").tobytes()
            named.append(known.get(key, -1) + 1)
            known.setdefault(key, len(known))
        about.append((bool(row.question), len(row.sides), len(row.options), asked.answer, asked.masked))
    if not about:
        raise ValueError("there are no rows to pack")
    if max(map(len, known)) > 2 * 255 or max(map(max, about)) > 255:
        raise ValueError("a sequence has more than 255 tokens, or a row more than 255 options")
    arrays = {
        "tokens": np.frombuffer(b"".join(known), "<u2"),
        "size": np.array([len(key) // 2 for key in known], np.uint8),
        "named": np.array(named, "<u4"),
        "about": np.array(about, np.uint8).T,
        "marks": np.array([marks.start, marks.end, marks.mask, marks.pad, *no_yes], np.int32),
    }
    raw = io.BytesIO()
    np.savez(raw, **arrays)
    settings = {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 2, "lp": 1, "pb": 1}
    path.write_bytes(lzma.compress(raw.getvalue(), filters=[settings]))


def open_pack(path: Path, device: torch.device) -> Packed:
    """Reads what `pack` wrote, and lays it out on the device."""
    with np.load(io.BytesIO(lzma.decompress(path.read_bytes()))) as arrays:
        tokens, size, named = arrays["tokens"], arrays["size"].astype(np.int32), arrays["named"].astype(np.int32)
        asked, sides, options, answer, masked = arrays["about"].astype(np.int64)
        start, end, mask, pad, no, yes = arrays["marks"].tolist()
    counts_R4 = np.stack([np.ones_like(asked), asked, sides, options], 1)
    kind_P = np.repeat(np.tile(np.arange(4), len(asked)), counts_R4.ravel())
    sequence_P = np.zeros(len(kind_P), np.int32)
    sequence_P[kind_P != START] = np.where(named == 0, np.cumsum(named == 0), named - 1)
    size_P = size[sequence_P]
    first_P = np.cumsum(size_P + 1) - size_P - 1
    row_P = np.repeat(np.arange(len(asked)), counts_R4.sum(1))
    start_R = first_P[np.cumsum(counts_R4.sum(1)) - counts_R4.sum(1)]
    is_option_P = kind_P == OPTION
    first_R = np.cumsum(options) - options
    number_P = np.where(is_option_P, np.cumsum(is_option_P) - first_R[row_P], 0)

    def on(array: NDArray[np.generic]) -> torch.Tensor:
        return torch.from_numpy(array.astype(np.int64)).to(device)

    ahead_P = is_option_P | (kind_P == START)
    piece_T = torch.repeat_interleave(on(size_P) + 1)
    here_T = torch.arange(len(piece_T), device=device)
    within_T = here_T - on(first_P)[piece_T]
    is_mark_T = within_T == on(np.where(ahead_P, 0, size_P))[piece_T]
    source_T = on(np.cumsum(size)[sequence_P] - size_P - ahead_P)[piece_T] + within_T
    mark_T = on(np.array([start, end, end, mask])[kind_P])[piece_T]
    ids_T = torch.where(is_mark_T, mark_T, on(tokens)[source_T.masked_fill(is_mark_T, 0)])
    block_T = on(number_P)[piece_T]
    position_T = torch.where(block_T > 0, within_T + OPTION_START, here_T - on(start_R[row_P])[piece_T])
    text_T = on(kind_P == SIDE)[piece_T].bool() & ~is_mark_T
    length_R = np.diff(start_R, append=len(piece_T))
    return Packed(
        ids_T.int(), block_T.short(), position_T.short(), text_T, on(start_R), on(length_R),
        on((first_P - start_R[row_P])[is_option_P]), on(first_R), on(options), on(answer), on(masked).bool(),
        Marks(start, end, mask, pad), (no, yes),
    )  # fmt: skip


def batches(packed: Packed, places: int, seed: int) -> Iterator[Batch]:
    """Endless batches of one bucket each, all full: what is left of a bucket comes first in the next epoch.

    Rows that are longer than the last bucket are left out.
    """
    lengths, options = packed.length_R.cpu().numpy(), packed.options_R.cpu().numpy()
    bucket = np.searchsorted(BUCKETS, lengths)
    members = [np.flatnonzero(bucket == number) for number in range(len(BUCKETS))]
    if not any(len(rows) for rows in members):
        raise ValueError(f"no row has at most {BUCKETS[-1]} tokens")
    left = [np.zeros(0, np.int64) for _ in BUCKETS]
    epoch = 0
    while True:
        rng = np.random.default_rng((seed, epoch))
        ready: list[tuple[int, NDArray[np.int64]]] = []
        for number, rows in enumerate(members):
            size = max(1, places // BUCKETS[number])
            waiting = np.concatenate([left[number], rng.permutation(rows)])
            full = len(waiting) // size * size
            ready += [(number, part) for part in waiting[:full].reshape(-1, size)]
            left[number] = waiting[full:]
        order = [ready[n] for n in rng.permutation(len(ready))]
        # One copy an epoch: the device is waited for no more often.
        sent = torch.from_numpy(np.concatenate([part for _, part in order] or [left[0][:0]])).to(packed.ids_T.device)
        at = 0
        for number, part in order:
            most = int(options[members[number]].max())
            yield Batch(sent[at : at + len(part)], BUCKETS[number], most, int(lengths[part].sum()))
            at += len(part)
        epoch += 1


def one_of_each(packed: Packed, places: int) -> Iterator[Batch]:
    """A batch of every shape that `batches` gives, of whatever rows there are."""
    lengths, options = packed.length_R.cpu().numpy(), packed.options_R.cpu().numpy()
    bucket = np.searchsorted(BUCKETS, lengths)
    for number, length in enumerate(BUCKETS):
        rows = np.flatnonzero(bucket == number)
        if len(rows):
            some = torch.from_numpy(np.resize(rows, max(1, places // length))).to(packed.ids_T.device)
            yield Batch(some, length, int(options[rows].max()), int(lengths[rows].sum()))
