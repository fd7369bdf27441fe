"""A draft: a trained student exported in one precision, with all that it needs to become a model file.

Knows graphs and settings; does not know how a student was trained or which one ships.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from danlu.compress.distil import NGRAM_BITS
from danlu.compress.export import to_int8, to_onnx
from danlu.factory.student import MAX_CHARS, reads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tokenizers import Tokenizer

    from danlu.corpus.columns import Columns
    from danlu.factory.calibration import Calibration
    from danlu.factory.plan import Plan
    from danlu.models.student import Student
    from danlu.types import Pairing

WORTH_INT8 = 128  # hidden width from which int8 products are faster on every processor we know


@dataclass(frozen=True)
class Draft:
    """A candidate in one precision: what it needs to become a model file.

    Attributes:
        name: kind and depth.
        kind: ngram, static, narrow, transformer or cross.
        precision: int8 or float32.
        graph: ONNX.
        tokenizer: JSON.
        bits: of the n-gram hash.
        length: tokens read; 0 where it reads n-grams alone.
        chosen: how many of them its token branch reads; of a pair that it reads as one row, half of the row.
        pairing: of the texts.
        options: whether pairs are those of a question and each of its options.
    """

    name: str
    kind: str
    precision: str
    graph: bytes
    tokenizer: str
    bits: int
    length: int
    chosen: int
    pairing: Pairing | None
    options: bool = False

    def entries(
        self,
        labels: Sequence[str],
        card: dict[str, Any],
        calibration: Calibration,
        columns: Columns | None = None,
    ) -> dict[str, bytes]:
        """The entries of its model file.

        Args:
            labels: in the order of the logits.
            card: what is known of it.
            calibration: how its logits become answers.
            columns: how training rows were read, of which a file says what predicting and measuring need.
        """
        scored = {"range": list(calibration.range), "margin": calibration.margin} if calibration.range else {}
        config = {
            "labels": list(labels),
            "temperature": calibration.temperature,
            "abstain_below": calibration.abstain_below,
            "text_length": self.length,
            "token_length": self.chosen,
            "ngram_bits": self.bits,
            "max_chars": MAX_CHARS,
            "pairing": self.pairing,
            "options": self.options,
            "thresholds": list(calibration.thresholds),
            **scored,
            **({"answers": columns.answers} if columns and columns.answers else {}),
            **({"beside": columns.beside} if columns and columns.beside else {}),
        }
        return {
            "card.json": json.dumps(card, ensure_ascii=False, sort_keys=True).encode(),
            "config.json": json.dumps(config, ensure_ascii=False, sort_keys=True).encode(),
            "model.onnx": self.graph,
            "tokenizer.json": self.tokenizer.encode(),
        }


def drafts(
    name: str,
    pairing: Pairing | None,
    train: Callable[[], tuple[Student, Tokenizer | None]],
    plan: Plan,
    keep: Callable[[str, Callable[[], bytes]], bytes],
    *,
    options: bool = False,
) -> tuple[Draft, Draft]:
    """A candidate in float32 and in int8; one without matrix products worth it is float32 in both places.

    Args:
        name: of the candidate.
        pairing: of the texts.
        train: gives the trained student and the tokenizer of its token branch.
        plan: for the lengths.
        keep: stores and returns the bytes a function makes, under a name.
        options: whether pairs are those of a question and each of its options.
    """

    def exported() -> bytes:
        student, tokenizer = train()
        bits = NGRAM_BITS if student.ngrams else 0
        parts = [bits, tokenizer.to_str() if tokenizer else "", student.width]
        keep(f"{name}.json", lambda: json.dumps(parts).encode())
        student.shared = options
        return to_onnx(student)

    full = keep(f"{name}.onnx", exported)
    bits, tokenizer, width = json.loads(keep(f"{name}.json", bytes))
    small = keep(f"{name}.int8.onnx", lambda: to_int8(full)) if width >= WORTH_INT8 else None
    kind = name.split("-", 1)[0]
    length, chosen = (plan.token_length, reads(name, plan)) if tokenizer else (0, 0)
    plain = Draft(name, kind, "float32", full, tokenizer, bits, length, chosen, pairing, options)
    return plain, plain if small is None else replace(plain, precision="int8", graph=small)


def finer(plain: Draft, keep: Callable[[str, Callable[[], bytes]], bytes]) -> Draft:
    """A float32 draft in int8 of the finer kind."""
    graph = keep(f"{plain.name}.finer.onnx", lambda: to_int8(plain.graph, finer=True))
    return replace(plain, precision="int8", graph=graph)
