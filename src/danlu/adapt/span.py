"""Task form: entities as scored stretches of tokens, all types in one pass (UniEX, arXiv 2305.10306).

All layers move, and the embeddings of the tokens that are read. Steps and batch are fixed before training; the
objective is in train/spans.py.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from danlu.models.base import embed, layers, token_embeddings, token_ids
from danlu.models.open_span import open_spans
from danlu.models.span import SpanNetwork
from danlu.runtime import autocast
from danlu.text.entities import Candidates, Reading, candidates
from danlu.text.pieces import places, windows
from danlu.train.batches import by_length
from danlu.train.links import link_loss
from danlu.train.loop import minimise
from danlu.train.spans import Piece, Training, batch_of, groups, loss, stretches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray
    from transformers import PreTrainedModel

    from danlu.models.base import Base
    from danlu.models.open_span import OpenSpans
    from danlu.text.pieces import Tokens

# Shapes: B windows in a batch, L tokens, W widths, K types.

FLOOR = -5.0  # the lowest logit of a candidate: far below what any threshold takes


def encode(
    tokens: Tokens, spans: NDArray[np.int64], reading: Reading, links: NDArray[np.float32] | None = None
) -> list[Piece]:
    """The windows of a text, each with the entities that lie in it whole and that a scorer can reach.

    Args:
        tokens: of the text.
        spans: (n, 3) first character, character after the last, type.
        reading: how texts are cut.
        links: (n, n, Q) from 0 to 1, how surely each relation leads from one entity to another; None where nobody says.
    """
    found = [
        (*place, kind, number)
        for number, (start, end, kind) in enumerate(spans.tolist())
        if (place := places(tokens, start, end))
    ]
    marks = np.array(found, np.int64).reshape(-1, 4)
    marks[:, 1] -= marks[:, 0]
    marks = marks[marks[:, 1] < reading.widest]
    pieces: list[Piece] = []
    for window in windows(len(tokens), reading.window, reading.widest) if len(tokens) else []:
        inside = (marks[:, 0] >= window.start) & (marks[:, 0] + marks[:, 1] < window.stop)
        shift = np.array([len(reading.before) - window.start, 0, 0])
        linked = None if links is None else links[np.ix_(marks[inside, 3], marks[inside, 3])]
        pieces.append(Piece(*reading.framed(tokens, window.start, window.stop), marks[inside, :3] + shift, linked))
    return pieces


def head(
    base: Base,
    encoder: PreTrainedModel,
    wording: Sequence[str],
    widest: int,
    seed: int,
    allowed: NDArray[np.bool_] | None = None,
    general: OpenSpans | None = None,
) -> SpanNetwork:
    """A network to train: a copy of an encoder under a scorer that starts from what the types are called.

    Of the embedded encoder it is what the general extractor makes of these names, which finds some already.

    Args:
        base: whose tokenizer and whole encoder read the names.
        encoder: to train, with any vocabulary.
        wording: what each type is called, in words.
        widest: tokens of the widest entity.
        seed: of the scorer's first weights.
        allowed: (types, relations, types) which relations there can be; None where none are looked for.
        general: the general extractor, by default the package's own where it belongs to the base.
    """
    names = embed(base.model, token_ids(base.tokenizer, wording, 64))
    names /= np.maximum(np.linalg.norm(names, axis=1, keepdims=True), 1e-9)
    rules = None if allowed is None else torch.from_numpy(allowed)
    torch.manual_seed(seed)
    general = general or open_spans(base)
    if general is not None:
        network = general.network(encoder, torch.from_numpy(names), widest, rules)
    else:
        names -= names.mean(0) if len(names) > 1 else 0.0
        names /= np.maximum(np.linalg.norm(names, axis=1, keepdims=True), 1e-9)
        network = SpanNetwork(copy.deepcopy(encoder), torch.from_numpy(names), widest, allowed=rules)
    for parameter in network.parameters():
        parameter.requires_grad_(True)
    return network


def fit(
    network: SpanNetwork,
    pieces: Sequence[Piece],
    weights: NDArray[np.float32],
    reading: Reading,
    training: Training,
    progress: Callable[[int], None] | None = None,
) -> SpanNetwork:
    """The network itself, trained, in evaluation mode.

    Args:
        network: where to start.
        pieces: windows with their entities.
        weights: (pieces,) how often each is drawn beside the others.
        reading: for the special tokens.
        training: the plan.
        progress: called with 1 after each step.
    """
    network.train()
    torch.manual_seed(training.seed)

    def losses() -> Iterator[torch.Tensor]:
        lengths = [len(piece.ids) for piece in pieces]
        for index in by_length(lengths, training.batch, training.seed, weights=weights):
            chosen = [pieces[i] for i in index]
            ids_BL, mask_BL, shapes_BL = batch_of(chosen)
            with autocast(torch.device("cpu")):
                hidden_BLD = network.hidden(ids_BL, mask_BL, shapes_BL)
            seen_BLD = F.dropout(hidden_BLD.float(), 0.1)
            real_BLW = stretches(mask_BL, reading, network.widest)
            own = loss(network.score(seen_BLD), real_BLW, [piece.marks for piece in chosen]).mean()
            yield own if network.links is None else own + link_loss(network.links, seen_BLD, chosen, reading)

    minimise(losses(), groups(network, training), steps=training.steps, progress=progress)
    return network.eval()


def restored(
    encoder: PreTrainedModel, stored: dict[str, NDArray[np.float32]], types: int, widest: int, depth: int
) -> SpanNetwork:
    """A trained network read back from its parameters, in evaluation mode.

    Args:
        encoder: of the same vocabulary, whose parameters are replaced.
        stored: name to value.
        types: how many.
        widest: tokens of the widest entity.
        depth: layers of the network.
    """
    model = copy.deepcopy(encoder)
    del layers(model)[depth:]
    model.config.num_hidden_layers = depth
    names = torch.zeros(types, token_embeddings(model).weight.shape[1])
    rules = torch.from_numpy(stored["links.allowed"]) if "links.allowed" in stored else None
    network = SpanNetwork(model, names, widest, allowed=rules)
    network.load_state_dict({name: torch.from_numpy(value) for name, value in stored.items()})
    return network.eval()


@torch.inference_mode()
def predict(
    network: SpanNetwork, texts: Sequence[Tokens], reading: Reading, *, nested: bool = False
) -> list[Candidates]:
    """The candidates of each text, by the code that a model file runs."""

    def score(*inputs: NDArray[np.int64]) -> list[NDArray[np.float32]]:
        out = network(*map(torch.from_numpy, inputs))
        return [part.float().numpy() for part in (out if isinstance(out, tuple) else (out,))]

    allowed = None if network.links is None else network.links.allowed.numpy()
    return candidates(score, texts, reading, FLOOR, nested=nested, allowed=allowed)
