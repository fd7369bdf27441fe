"""The embedded encoder, trained further on one GPU: a fixed time, the whole text in the card's memory.

    python -m recipes.encoder_gpu --pack PACK --start FOLDER --out OUT --seconds 300

Starts from a folder as `save_embedded` writes it, or, to see what that is worth, from random weights of its shape, for
which it is the teacher (`--scratch`). Two halves. In the first, hidden tokens are found again in most of
what is read; in the second, most of it is pairs of passages. All the time a Chinese sentence lands on the vector that
the starting encoder has for its English side, and English stays where it was. The table of token embeddings is rounded
in training as it is when it is stored.

Knows the losses, their weights and the loop. Shapes: B rows, L places of a row, D width, V vocabulary, N hidden tokens.
"""

from __future__ import annotations

import argparse
import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from danlu.models.base import EMBEDDED, open_base, save_embedded
from danlu.models.storage import coarsened, load_small, save_small
from recipes.gpu import Clock, Told, between, compiled, loaded, log, read_all, save_parts, set_rates, told_apart
from recipes.packed import CLS, SEP, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray
    from transformers import BertModel

PAD, UNKNOWN, MASK = 0, 1, 4
TABLE = "embeddings.word_embeddings.weight"
ENGLISH = ("enwiki", "novels-en", "dialogue-en", "speeches-en")


@dataclass(frozen=True)
class Half:
    """What a step reads in one half of the training; rows of each kind.

    Attributes:
        masked: rows with hidden tokens.
        masked_weight: of their loss.
        pairs: of passages, the second a short one; of one source.
        long_pairs: of passages, the second a long one; of all sources. They take turns with those above.
        parallel: Chinese sentences with their English sides.
        english: English passages.
    """

    masked: int
    masked_weight: float
    pairs: int
    long_pairs: int
    parallel: int
    english: int


FIRST = Half(masked=1024, masked_weight=1.0, pairs=512, long_pairs=512, parallel=512, english=512)
SECOND = Half(masked=512, masked_weight=0.2, pairs=1536, long_pairs=1024, parallel=1024, english=512)


@dataclass(frozen=True)
class Recipe:
    """Every number of the recipe; lengths in tokens, special ones among them.

    Attributes:
        turn: the share of the time at which the second half begins.
        hidden: the share of tokens that are hidden.
        joined: how often a token goes by the number drawn for the one before it; which are hidden goes by numbers.
        chunk: rows of up to 128 tokens that pass through the layers at a time, half as many of 256; the compiler sees
            few shapes.
        temperature: of contrast.
        table_rate: peak learning rate of the token embeddings and of the head.
        body_rate: of all else.
    """

    turn: float = 0.5
    short: int = 64
    length: int = 128
    long: int = 256
    hidden: float = 0.2
    joined: float = 0.4
    chunk: int = 512
    temperature: float = 0.05
    table_rate: float = 1e-3
    body_rate: float = 4e-4
    seed: int = 11


class Text:
    """Packed documents on a device: tokens without marks between sentences, and where sentences and documents begin."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        paths = sorted(folder.glob("*.xz"))
        streams = read_all(paths)
        marked = np.concatenate(streams)
        kept = marked != SEP
        place = np.cumsum(kept) - 1  # of each kept token among the kept
        after = np.flatnonzero(marked == SEP)
        before = np.concatenate([[-1], after[:-1]])
        begins = before + 1
        begins += marked[begins] == CLS
        self.start = place[begins]
        self.size = after - begins
        documents = np.flatnonzero(marked == CLS)
        self.first = np.searchsorted(begins, documents)  # the first sentence of each document
        self.many = np.diff(self.first, append=len(begins))
        source_ends = np.cumsum([len(stream) for stream in streams])
        source = np.searchsorted(source_ends, documents, side="right")
        names = [path.stem for path in paths]
        plain = marked[kept].astype(np.int32)
        ends = np.append(place[documents][1:], len(plain))
        plain[plain == CLS] = SEP  # between documents
        english = np.isin(source, [names.index(name) for name in ENGLISH if name in names])
        self.device = device
        self.tokens = self._there(plain)
        self.start, self.size, self.first, self.many, self.end = map(
            self._there, (self.start, self.size, self.first, self.many, ends)
        )
        pairable = self.many.cpu().numpy() >= 2
        self.by_source = [self._there(np.flatnonzero(pairable & (source == n))) for n in range(len(paths))]
        weight = np.array([len(found) ** 0.6 for found in self.by_source])
        self.weight = self._there(weight / weight.sum())
        self.english = self._there(np.flatnonzero(english))
        log(f"{len(plain):,} tokens, {len(documents):,} documents, {int(pairable.sum()):,} of them with passages")
        log(", ".join(f"{name} {share:.3f}" for name, share in zip(names, weight / weight.sum(), strict=True)))

    def _there(self, values: NDArray[Any]) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.device)

    def rows(self, count: int, length: int) -> torch.Tensor:
        """(count, length) stretches begun anywhere, between their marks."""
        at = self._below(torch.full((count,), len(self.tokens) - length, device=self.device))
        inside = self.tokens[at[:, None] + torch.arange(length - 2, device=self.device)].long()
        return F.pad(F.pad(inside, (1, 0), value=CLS), (0, 1), value=SEP)

    def pairs(self, count: int, left: int, right: int, *, one_source: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """Two passages a document: its first sentence or any run of sentences, and another run."""
        documents = self._of_one_source(count) if one_source else self._of_all(count)
        first, many, end = self.first[documents], self.many[documents], self.end[documents]
        title = torch.rand(count, device=self.device) < 0.5
        i = torch.where(title, 0, self._below(many))
        j = self._below(many - 1)
        j = first + j + (j >= i)
        i = first + i
        a, b = self.start[i], self.start[j]
        size_a = torch.where(title, self.size[i], self._below(torch.full_like(a, left - 8)) + 8)
        size_b = self._below(torch.full_like(a, right - 16)) + 16
        size_a = torch.minimum(size_a, torch.where(b > a, b, end) - a)
        size_b = torch.minimum(size_b, torch.where(a > b, a, end) - b)
        return self._windows(a, size_a, left), self._windows(b, size_b, right)

    def passages(self, count: int, length: int) -> torch.Tensor:
        """English passages that begin with a sentence."""
        documents = self._some(self.english, count)
        sentence = self.first[documents] + self._below(self.many[documents])
        start = self.start[sentence]
        size = torch.minimum(self._below(torch.full_like(start, length - 8)) + 8, self.end[documents] - start)
        return self._windows(start, size, length)

    def _of_one_source(self, count: int) -> torch.Tensor:
        """Documents of a source that has enough of them; harder to tell apart than those of all."""
        enough = torch.tensor([len(found) >= 2 * count for found in self.by_source])
        weight = self.weight.cpu() * enough
        if not weight.any():
            return self._of_all(count)
        return self._some(self.by_source[int(torch.multinomial(weight, 1))], count)

    def _of_all(self, count: int) -> torch.Tensor:
        per = torch.multinomial(self.weight, count, replacement=True).bincount(minlength=len(self.by_source))
        parts = zip(self.by_source, per.tolist(), strict=True)
        return torch.cat([self._some(found, n) for found, n in parts if n])

    def _some(self, found: torch.Tensor, count: int) -> torch.Tensor:
        return found[torch.randint(len(found), (count,), device=self.device)]

    def _below(self, limit: torch.Tensor) -> torch.Tensor:
        """A random whole number from 0 to below each limit."""
        return (torch.rand(limit.shape, device=self.device, dtype=torch.float64) * limit).long()

    def _windows(self, start: torch.Tensor, size: torch.Tensor, length: int) -> torch.Tensor:
        """(B, length) ids between their marks, padded at the end."""
        return between_marks(self.tokens, start, size, length)


def between_marks(tokens: torch.Tensor, start: torch.Tensor, size: torch.Tensor, length: int) -> torch.Tensor:
    """(B, length) windows of a stream: [CLS], at most length - 2 tokens, [SEP], padding."""
    place = torch.arange(length, device=tokens.device)[None]
    size = size.clamp(1, length - 2)[:, None]
    inside = tokens[(start[:, None] + place - 1).clamp(0, len(tokens) - 1)].long()
    ids = torch.where(place <= size, inside, torch.where(place == size + 1, SEP, PAD))
    ids[:, 0] = CLS
    return ids


class Parallel:
    """Translations on a device, and where the starting encoder has their English sides."""

    def __init__(self, path: Path, length: int, device: torch.device) -> None:
        stream = unpack(path).astype(np.int64)
        start = np.flatnonzero(stream == CLS)
        ends = np.flatnonzero(stream == SEP)
        assert len(ends) == 2 * len(start)
        zh, en = (start + 1, ends[::2] - start - 1), (ends[::2] + 1, ends[1::2] - ends[::2] - 1)
        tokens = torch.from_numpy(stream).to(device)
        self.zh, self.en = (
            between_marks(tokens, torch.from_numpy(a).to(device), torch.from_numpy(n).to(device), length).int()
            for a, n in (zh, en)
        )
        self.vectors = torch.zeros(0)

    @torch.no_grad()
    def ask(self, vectors: Callable[[torch.Tensor], torch.Tensor]) -> None:
        """Notes the vectors of the English sides."""
        self.vectors = torch.cat([vectors(part.long()) for part in self.en.split(8192)])


class Encoder(nn.Module):
    """A BERT encoder without dropout, with a head that finds hidden tokens."""

    def __init__(self, bert: BertModel, chunk: int) -> None:
        super().__init__()
        self.bert, self.chunk = bert, chunk
        width = bert.config.hidden_size
        self.transform, self.norm = nn.Linear(width, width), nn.LayerNorm(width)
        self.bias = nn.Parameter(torch.zeros(bert.config.vocab_size))
        nn.init.eye_(self.transform.weight)
        nn.init.zeros_(self.transform.bias)
        self.layer = bert_layer

    @property
    def table(self) -> nn.Parameter:
        """(V, D)."""
        return self.bert.embeddings.word_embeddings.weight

    def forward(self, ids_BL: torch.Tensor, table_VD: torch.Tensor, *, padded: bool) -> torch.Tensor:
        """(B, L, D) the last layer.

        Args:
            ids_BL: tokens.
            table_VD: their embeddings.
            padded: whether some may be padding.
        """
        shared: Any = self.bert.embeddings
        fixed_LD = shared.position_embeddings.weight[: ids_BL.shape[1]] + shared.token_type_embeddings.weight[0]
        chunks: list[torch.Tensor] = []
        for some_BL in ids_BL.split(min(self.chunk, self.chunk * 128 // ids_BL.shape[1])):
            x_BLD = shared.LayerNorm(F.embedding(some_BL, table_VD) + fixed_LD)
            if torch.is_autocast_enabled(ids_BL.device.type):
                x_BLD = x_BLD.to(torch.get_autocast_dtype(ids_BL.device.type))
            seen = (some_BL != PAD)[:, None, None] if padded else None
            for layer in self.bert.encoder.layer:
                x_BLD = self.layer(layer, x_BLD, seen, self.bert.config.num_attention_heads)
            chunks.append(x_BLD)
        return torch.cat(chunks)

    def vectors(self, ids_BL: torch.Tensor, table_VD: torch.Tensor) -> torch.Tensor:
        """(B, D) unit vectors: the mean over tokens."""
        x_BLD = self(ids_BL, table_VD, padded=True).float()
        real_BL1 = (ids_BL != PAD)[..., None].float()
        return F.normalize((x_BLD * real_BL1).sum(1) / real_BL1.sum(1), dim=-1)

    def said(self, hidden: torch.Tensor) -> torch.Tensor:
        """(..., D): the head in front of the table."""
        return self.norm(F.gelu(self.transform(hidden)))


def bert_layer(layer: Any, x_BLD: torch.Tensor, seen: torch.Tensor | None, heads: int) -> torch.Tensor:  # noqa: ANN401
    """One layer of BERT without dropout."""
    attention, out = layer.attention.self, layer.attention.output
    query, key, value = (
        part(x_BLD).unflatten(-1, (heads, -1)).transpose(1, 2)
        for part in (attention.query, attention.key, attention.value)
    )
    mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=seen)
    y_BLD = out.LayerNorm(x_BLD + out.dense(mixed.transpose(1, 2).flatten(2))).to(x_BLD.dtype)
    return layer.output.LayerNorm(y_BLD + layer.output.dense(F.gelu(layer.intermediate.dense(y_BLD)))).to(x_BLD.dtype)


def hide(ids_BL: torch.Tensor, share: float, joined: float, vocabulary: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Hides as many tokens of every row: the ids that are shown, and (B, N) which places to find again."""
    rank_BL = torch.rand(ids_BL.shape, device=ids_BL.device)
    together_BL = torch.rand(ids_BL.shape, device=ids_BL.device)[:, 1:] < joined
    rank_BL[:, 1:] = torch.where(together_BL, rank_BL[:, :-1], rank_BL[:, 1:])
    rank_BL[(ids_BL == CLS) | (ids_BL == SEP) | (ids_BL == UNKNOWN)] = -1
    places_BN = rank_BL.topk(round(share * 64) * ids_BL.shape[1] // 64, dim=1).indices
    fate_BN = torch.rand(places_BN.shape, device=ids_BL.device)
    drawn_BN = torch.randint(5, vocabulary, places_BN.shape, device=ids_BL.device)
    own_BN = ids_BL.gather(1, places_BN)
    shown_BN = torch.where(fate_BN < 0.8, MASK, torch.where(fate_BN < 0.9, drawn_BN, own_BN))
    return ids_BL.scatter(1, places_BN, shown_BN), places_BN


def contrast(a_BD: torch.Tensor, b_BD: torch.Tensor, temperature: float) -> torch.Tensor:
    """Each of one side among all of the other, both ways."""
    scores = a_BD @ b_BD.T / temperature
    target = torch.arange(len(a_BD), device=a_BD.device)
    return (F.cross_entropy(scores, target) + F.cross_entropy(scores.T, target)) / 2


def losses(
    model: Encoder, table: torch.Tensor, text: Text, parallel: Parallel, start: Callable[[torch.Tensor], torch.Tensor],
    loss_of: Callable[..., torch.Tensor], half: Half, recipe: Recipe, number: int,
) -> Iterator[tuple[str, torch.Tensor, float, int]]:  # fmt: skip
    """The losses of a step: name, value, weight, places read."""
    for turn in range(0, half.masked, recipe.chunk):
        rows, length = min(recipe.chunk, half.masked), recipe.length
        if (turn // recipe.chunk + number) % 2:
            rows, length = rows * recipe.length // recipe.long, recipe.long
        ids = text.rows(rows, length)
        shown, places_BN = hide(ids, recipe.hidden, recipe.joined, len(table))
        hidden_BLD = model(shown, table, padded=False)
        wanted = hidden_BLD.gather(1, places_BN[..., None].expand(-1, -1, hidden_BLD.shape[-1]))
        loss = loss_of(model.said(wanted).flatten(0, 1), table, model.bias, ids.gather(1, places_BN).flatten())
        yield "masked", loss, half.masked_weight * min(1.0, recipe.chunk / half.masked), ids.numel()
    if number % 2:
        left, right = text.pairs(half.long_pairs, recipe.short, recipe.long, one_source=False)
    else:
        left, right = text.pairs(half.pairs, recipe.short, recipe.length, one_source=True)
    found = contrast(model.vectors(left, table), model.vectors(right, table), recipe.temperature)
    yield "long pairs" if number % 2 else "pairs", found, 1.0, left.numel() + right.numel()
    index = torch.randint(len(parallel.zh), (half.parallel,), device=text.device)
    target, zh = parallel.vectors[index], parallel.zh[index].long()
    vectors = model.vectors(zh, table)
    far = (1 - (vectors * target).sum(-1)).mean()
    yield "parallel", 2 * far + contrast(vectors, target, recipe.temperature), 1.0, zh.numel()
    half_of_it = half.english // 2
    passages = torch.cat(
        [text.passages(half.english - half_of_it, recipe.short), parallel.en[index[:half_of_it]].long()]
    )
    far = (1 - (model.vectors(passages, table) * start(passages)).sum(-1)).mean()
    yield "english", far, 5.0, 2 * passages.numel()


def optimiser_of(model: Encoder, recipe: Recipe) -> torch.optim.Optimizer:
    """AdamW; the head and the table move faster than the body."""
    body = [p for name, p in model.bert.named_parameters() if name != TABLE]
    head = [*model.transform.parameters(), *model.norm.parameters(), model.bias]
    groups = [
        {"params": [model.table, *head], "lr": recipe.table_rate, "weight_decay": 0.0},
        {"params": body, "lr": recipe.body_rate, "weight_decay": 0.01},
    ]
    return torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)


def train(
    model: Encoder, text: Text, parallel: Parallel, seconds: float, recipe: Recipe, *, really_compile: bool,
    halves: Sequence[Half] = (FIRST, SECOND), teacher: Encoder | None = None,
) -> dict[str, float]:  # fmt: skip
    """Trains for so many seconds; what it came to.

    Args:
        model: trained in place.
        text: read.
        parallel: translations.
        seconds: of training, what comes before it left out.
        recipe: every number.
        really_compile: the layers and the loss of hidden tokens.
        halves: what a step reads in each half.
        teacher: whose vectors of English texts are learned; those of the model as it starts if None.
    """
    device = text.device
    layer, loss_of = (compiled(f) if really_compile else f for f in (bert_layer, told_apart))
    kept = [p.detach().clone() for p in model.parameters()]
    optimiser = optimiser_of(model, recipe)
    peaks = [group["lr"] for group in optimiser.param_groups]
    old = copy.deepcopy(teacher or model).requires_grad_(requires_grad=False)
    model.layer = old.layer = layer
    precision = torch.autocast(device.type, dtype=torch.bfloat16)

    def start(ids: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            return old.vectors(ids, old.table)

    with precision:
        parallel.ask(start)
    log(f"{len(parallel.zh):,} translations")

    def step(half: Half, number: int, done: float) -> None:
        rounded = coarsened(model.table.detach()).requires_grad_()
        with precision:
            for name, loss, weight, places in losses(
                model, rounded, text, parallel, start, loss_of, half, recipe, number
            ):
                (loss * weight).backward()
                told.add(name, loss, places)
        model.table.grad = rounded.grad  # as if nothing had been rounded (straight-through: Bengio et al., 2013)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        set_rates([optimiser], peaks, done, warmup=0.04, decay=0.6)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)

    told = Told(50)
    try:
        for number in range(4):  # compiles, and leaves no trace
            step(halves[number // 2], number, 0.0)
    except Exception as error:  # noqa: BLE001 - a compiler's errors have no type of their own
        log(f"not compiled: {type(error).__name__} {str(error)[:500]}")
        model.layer = old.layer = bert_layer
        loss_of = told_apart
        optimiser.zero_grad(set_to_none=True)
    optimiser.state.clear()
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), kept, strict=True):
            parameter.copy_(value)
    log("ready")
    clock, told = Clock(seconds, device), Told(50)
    while (done := clock()) < 1:
        step(halves[done >= recipe.turn], clock.steps, done)
        told.step(done)
    return {"steps": clock.steps, "seconds": seconds}


def open_start(folder: Path, chunk: int, *, scratch: bool = False) -> Encoder:
    """The encoder of a folder that `save_embedded` wrote, or random weights of its shape."""
    from transformers import BertConfig, BertModel

    config = BertConfig(**json.loads((folder / "config.json").read_text(encoding="utf-8")))
    bert = BertModel(config, add_pooling_layer=False)
    if not scratch:
        bert.load_state_dict(load_small(folder / "model.safetensors"))
    return Encoder(bert, chunk)


def save(model: Encoder, out: Path, told: dict[str, float]) -> None:
    """Writes the table as the package stores it, and all else in float16, in small files."""
    out.mkdir(parents=True, exist_ok=True)
    table = model.table.detach().float().cpu()
    save_small({TABLE: table}, out / "encoder-table.safetensors", coarse=lambda _: True)
    state = {key.removeprefix("bert."): value for key, value in model.state_dict().items()}
    save_parts({key: value for key, value in state.items() if key != TABLE}, out, "encoder")
    (out / "encoder.json").write_text(json.dumps(told), encoding="utf-8")


def trained(parts: Path) -> dict[str, torch.Tensor]:
    """What `save` wrote, in float32."""
    return load_small(parts / "encoder-table.safetensors") | loaded(parts, "encoder")


def export(parts: Path, start: Path, share: float, folder: Path = EMBEDDED) -> None:
    """Writes the package's files: weights between those of the start and the trained ones; all else stays as it is.

    Args:
        parts: what `save` wrote.
        start: the encoder that the training started from, kept apart from `folder`, which is replaced.
        share: how far from the start.
        folder: where to.

    Raises:
        ValueError: the start is the folder itself: a second export would go on from the first; or the training began
            with random weights, and the share is not 1.
    """
    if start.resolve() == folder.resolve():
        raise ValueError(f"{start} is about to be replaced: keep the encoder that the training started from elsewhere")
    told = json.loads((parts / "encoder.json").read_text(encoding="utf-8"))
    if told.get("scratch") and share != 1:
        raise ValueError(f"{parts} holds weights that began at random: between them and the start lies nothing")
    base = open_base()
    new = trained(parts)
    base.model.load_state_dict(between(load_small(start / "model.safetensors"), new, share))
    save_embedded(base.model, base.tokenizer, folder, base.static)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--pack", type=Path, help="the folder of recipes.packed")
    parser.add_argument("--start", type=Path, default=EMBEDDED, help="the folder of the encoder to start from")
    parser.add_argument("--scratch", action="store_true", help="begin with random weights; --start is the teacher")
    parser.add_argument("--out", type=Path, required=True, help="where the weights go")
    parser.add_argument("--export", action="store_true", help="make the package's encoder of the weights in --out")
    parser.add_argument("--share", type=float, default=0.6, help="with --export: how far from the start, up to 1")
    parser.add_argument("--seconds", type=float, default=390, help="of training")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--small", action="store_true", help="batches for a trial on a processor")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()
    if options.export:
        if options.start.resolve() == EMBEDDED.resolve():
            parser.error("--export needs --start: a copy of the encoder that the training started from")
        export(options.out, options.start, options.share)
        return
    if not options.pack or options.seconds <= 0:
        parser.error("to train, --pack and more than 0 --seconds are needed")
    recipe, device = Recipe(), torch.device(options.device)
    torch.manual_seed(recipe.seed)
    torch.set_float32_matmul_precision("high")
    text = Text(options.pack / "encoder", device)
    parallel = Parallel(options.pack / "parallel.xz", recipe.short, device)
    teacher = open_start(options.start, recipe.chunk).to(device)
    model = open_start(options.start, recipe.chunk, scratch=True).to(device) if options.scratch else teacher
    halves = (Half(32, 1.0, 32, 32, 48, 24), Half(16, 0.2, 48, 32, 48, 24)) if options.small else (FIRST, SECOND)
    told = train(
        model, text, parallel, options.seconds, recipe,
        really_compile=options.compile, halves=halves, teacher=teacher,
    )  # fmt: skip
    save(model, options.out, told | {"scratch": options.scratch})


if __name__ == "__main__":
    main()
