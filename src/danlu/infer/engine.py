"""Continues texts and scores them with a causal model, keeping keys and values of what has been read.

Knows token ids. Does not know tokenizers, prompts or tasks. A row's continuation depends on its prompt, its number and
the seed; its neighbours in the batch change nothing but rounding.

Suffixes: B rows still going, L longest prompt, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch

from danlu.errors import OptionError
from danlu.models.base import padded
from danlu.text.tokenizer import END, PAD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    # Row and the tokens written so far, to the tokens that may come next, (V,); a row that may write nothing is over.
    Allowed = Callable[[int, Sequence[int]], NDArray[np.bool_]]


_HEAD = 512  # tokens that are sorted first; they hold the nucleus nearly always


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen.

    Attributes:
        most: new tokens at most.
        temperature: divides the logits; 0 takes the most probable token.
        top_p: the smallest set of tokens with this probability together is drawn from (Holtzman et al., 2020).
        repetition: above 1, tokens that stand in the text already become less probable (CTRL: Keskar et al., 2019).
        stop: tokens that end a text; they are not part of it.
        seed: of the draws.
    """

    most: int = 128
    temperature: float = 1.0
    top_p: float = 1.0
    repetition: float = 1.0
    stop: tuple[int, ...] = (END,)
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuses what has no meaning."""
        for name, value, good in (
            ("most", self.most, self.most >= 0),
            ("temperature", self.temperature, 0 <= self.temperature < float("inf")),
            ("top_p", self.top_p, 0 < self.top_p <= 1),
            ("repetition", self.repetition, 0 < self.repetition < float("inf")),
        ):
            if not good:
                raise OptionError(f"Sampling cannot use {name} = {value}. Fix: most and temperature at least 0, top_p "
                                  "above 0 and at most 1, repetition above 0.")  # fmt: skip


@dataclass
class Continuation:
    """What was written after a prompt.

    Attributes:
        ids: the new tokens.
        log_probability: of them and of the end, under the model as it is: temperature and the like left aside.
        ended: whether the text came to an end, and was not cut.
    """

    ids: list[int] = field(default_factory=list[int])
    log_probability: float = 0.0
    ended: bool = False


def generate(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    sampling: Sampling | None = None,
    allowed: Allowed | None = None,
) -> list[Continuation]:
    """Continues each prompt.

    Args:
        model: a causal language model.
        prompts: token ids, at least one a prompt.
        sampling: how; by default 128 tokens at most, drawn as they are probable.
        allowed: which tokens may come next.

    Raises:
        OptionError: a prompt is empty, or longer than the model's context.
    """
    out = [Continuation() for _ in prompts]
    for row, token, log_probability in stream(model, prompts, sampling or Sampling(), allowed):
        out[row].log_probability += log_probability
        if token is None:
            out[row].ended = True
        else:
            out[row].ids.append(token)
    return out


@torch.inference_mode()
def stream(
    model: PreTrainedModel, prompts: Sequence[Sequence[int]], sampling: Sampling, allowed: Allowed | None = None
) -> Iterator[tuple[int, int | None, float]]:
    """The tokens of all continuations as they are written: row, token (None at the end), log-probability.

    Raises:
        OptionError: a prompt is empty, or longer than the model's context.
    """
    _check(model, prompts)
    device = next(model.parameters()).device
    texts = [list(prompt) for prompt in prompts]
    draws = [np.random.default_rng((sampling.seed, row)) for row in range(len(texts))]
    context: int = model.config.max_position_embeddings
    going = [row for row, text in enumerate(texts) if len(text) < context and sampling.most > 0]
    inputs_BL, mask_BL = _left_padded([texts[row] for row in going])
    inputs_BL, mask_BL = inputs_BL.to(device), mask_BL.to(device)
    cache = None
    while going:
        positions = (mask_BL.cumsum(1) - 1).clamp_min(0)[:, -inputs_BL.shape[1] :]
        read = model(
            input_ids=inputs_BL,
            attention_mask=mask_BL,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        cache = read.past_key_values
        logits_BV = read.logits[:, -1].float().cpu().numpy()
        keep: list[int] = []
        for place, (row, logits_V) in enumerate(zip(going, logits_BV, strict=True)):
            written = texts[row][len(prompts[row]) :]
            mask_V = allowed(row, written) if allowed else None
            if mask_V is not None and not mask_V.any():
                yield row, None, 0.0
                continue
            token = choose(logits_V, texts[row], sampling, draws[row], mask_V)
            log_probability = float(logits_V[token] - _log_sum_exp(logits_V))
            if token in sampling.stop:
                yield row, None, log_probability
                continue
            texts[row].append(token)
            yield row, token, log_probability
            if len(written) + 1 < sampling.most and len(texts[row]) < context:
                keep.append(place)
        going = [going[place] for place in keep]
        if going:
            index = torch.tensor(keep, device=device)
            if len(keep) < len(logits_BV):
                cache.batch_select_indices(index)
            inputs_BL = torch.tensor([[texts[row][-1]] for row in going], device=device)
            mask_BL = torch.cat([mask_BL[index], torch.ones_like(inputs_BL)], 1)


def choose(
    logits_V: NDArray[np.float32],
    text: Sequence[int],
    sampling: Sampling,
    draw: np.random.Generator,
    mask_V: NDArray[np.bool_] | None = None,
) -> int:
    """One token from its logits.

    Args:
        logits_V: of the next token.
        text: the tokens before it, for the repetition penalty.
        sampling: how.
        draw: asked for one number where chance decides.
        mask_V: the tokens that may be chosen, at least one.
    """
    changed_V = logits_V.astype(np.float64)
    if sampling.repetition != 1.0:
        seen = np.unique(np.asarray(text, np.int64))
        before = changed_V[seen]
        changed_V[seen] = np.where(before > 0, before / sampling.repetition, before * sampling.repetition)
    if mask_V is not None:
        changed_V[~mask_V] = -np.inf
    if sampling.temperature == 0:
        return int(changed_V.argmax())
    weights_V = np.exp((changed_V - changed_V.max()) / sampling.temperature)
    kept = _nucleus(weights_V, sampling.top_p) if sampling.top_p < 1 else np.flatnonzero(weights_V)
    below = np.cumsum(weights_V[kept])
    return int(kept[min(np.searchsorted(below, draw.random() * below[-1], side="right"), len(kept) - 1)])


def _nucleus(weights_V: NDArray[np.float64], top_p: float) -> NDArray[np.int64]:
    """The fewest tokens whose weights make up a share of all of them, heaviest first."""
    wanted = top_p * float(weights_V.sum())
    most = np.argpartition(-weights_V, _HEAD)[:_HEAD] if len(weights_V) > _HEAD else np.flatnonzero(weights_V)
    if weights_V[most].sum() < wanted:
        most = np.flatnonzero(weights_V)
    order = most[np.argsort(-weights_V[most], kind="stable")]
    return order[: int(np.searchsorted(np.cumsum(weights_V[order]), wanted)) + 1]


@torch.inference_mode()
def score(
    model: PreTrainedModel, texts: Sequence[Sequence[int]], given: Sequence[int] | None = None, *, rows: int = 32
) -> list[NDArray[np.float32]]:
    """The log-probability of each token of each text after the ones before it, in nats.

    Args:
        model: a causal language model.
        texts: token ids, at least one a text.
        given: how many tokens at each text's start are not scored; at least 1, as nothing stands before the first.
        rows: texts read at a time.

    Returns:
        (length - given,) for each text.

    Raises:
        OptionError: a text is empty, or longer than the model's context.
    """
    _check(model, texts)
    device = next(model.parameters()).device
    starts = [1] * len(texts) if given is None else list(given)
    out: list[NDArray[np.float32]] = [np.zeros(0, np.float32)] * len(texts)
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    for begin in range(0, len(order), rows):
        part = order[begin : begin + rows]
        inputs = padded([texts[index] for index in part], PAD)[0].to(device)
        logits = model(input_ids=inputs, use_cache=False).logits[:, :-1].float()
        found = torch.log_softmax(logits, -1).gather(2, inputs[:, 1:, None])[..., 0].cpu().numpy()
        for place, index in enumerate(part):
            out[index] = found[place, max(1, starts[index]) - 1 : len(texts[index]) - 1]
    return out


def _check(model: PreTrainedModel, texts: Sequence[Sequence[int]]) -> None:
    context: int = model.config.max_position_embeddings
    for number, text in enumerate(texts, 1):
        if not 0 < len(text) <= context:
            raise OptionError(
                f"Text {number} has {len(text)} tokens, and this model reads 1 to {context}. Fix: shorten or part it."
            )


def _left_padded(texts: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max((len(text) for text in texts), default=0)
    ids = torch.full((len(texts), longest), PAD)
    mask = torch.zeros_like(ids)
    for row, text in enumerate(texts):
        ids[row, longest - len(text) :] = torch.as_tensor(text)
        mask[row, longest - len(text) :] = 1
    return ids, mask


def _log_sum_exp(logits_V: NDArray[np.float32]) -> float:
    top = float(logits_V.max())
    return top + float(np.log(np.exp(logits_V.astype(np.float64) - top).sum()))
