"""Tiny real objects: an encoder that transformers opens, a toy task, a student of it and its model file."""

from __future__ import annotations

import functools
import gc
import hashlib
import io
import json
import os
import random
import sys
import zipfile

os.environ["HF_HUB_OFFLINE"] = "1"  # before anything imports huggingface_hub
if "PYTEST_XDIST_WORKER" in os.environ and hasattr(os, "sched_setaffinity"):
    # Processes of tests side by side share the cores, before numpy and torch count them: no thread waits for another's.
    _number, _count = int(os.environ["PYTEST_XDIST_WORKER"][2:]), int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    _cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, _cores[_number::_count] or _cores)

import numpy as np
import pytest
from hypothesis import settings

gc.set_threshold(50_000, 20, 100)  # torch.export makes very many objects: looking through them took a fifth of its time

# New examples on every run where one develops; the same ones where a change is judged, and many for a search.
settings.register_profile("develop", deadline=None, print_blob=True)
settings.register_profile("judge", deadline=None, print_blob=True, derandomize=True)
settings.register_profile("search", deadline=None, print_blob=True, max_examples=3_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "develop"))

LABELS = ("parcel", "praise", "refund")
LINKS = ("before", "earns")  # relations of the toy task
ALONE = {"pairing": None, "options": False, "thresholds": []}  # settings of a model of single texts and labels
WORDS = {
    "parcel": (["parcel", "box", "late", "ship", "courier"], ["包裹", "快递", "发货", "送到"]),
    "praise": (["love", "great", "nice", "good", "thanks"], ["喜欢", "很好", "满意", "谢谢"]),
    "refund": (["refund", "money", "card", "paid", "charge"], ["退款", "付钱", "扣费", "账单"]),
}
FILLER = (
    ["the", "my", "is", "was", "please", "today", "about", "this", "very"],
    ["我", "的", "了", "今天", "请", "这个"],
)
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def digests(path):
    """SHA-256 of a model file and its entries: what differs is seen at once; pytest compares long bytes for hours."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    return {name: hashlib.sha256(data).hexdigest() for name, data in {"": path.read_bytes(), **entries}.items()}


def make_rows(count: int, seed: int) -> list[tuple[str, int]]:
    """(text, label index): half in English, half in Chinese; each text holds two words of its label."""
    draw = random.Random(seed)
    rows = []
    for number in range(count):
        label, chinese = number % len(LABELS), number // len(LABELS) % 2
        words = draw.sample(WORDS[LABELS[label]][chinese], 2) + draw.choices(FILLER[chinese], k=4)
        draw.shuffle(words)
        rows.append((("" if chinese else " ").join(words), label))
    return rows


def make_marked_rows(count, seed):
    """(text, (entities, 3)): the words of a label are entities of its type; half in English, half in Chinese."""
    draw = random.Random(seed)
    rows = []
    for number in range(count):
        chinese, text, found = number % 2, "", []
        for place in range(5):
            text += "" if chinese or not place else " "
            label = draw.randrange(len(LABELS))
            word = draw.choice((WORDS[LABELS[label]] if draw.random() < 0.4 else FILLER)[chinese])
            if word not in FILLER[chinese]:
                found.append((len(text), len(text) + len(word), label))
            text += word
        rows.append((text, np.array(found, np.int64).reshape(-1, 3)))
    return rows


def links_of(gold):
    """(entities, entities, 2) the toy's relations: a parcel comes before every later refund, and earns any praise."""
    found = np.zeros((len(gold), len(gold), 2), np.float32)
    for head, (start, _, kind) in enumerate(gold.tolist()):
        for tail, (other, _, to) in enumerate(gold.tolist()):
            found[head, tail, 0] = kind == 0 and to == 2 and other > start
            found[head, tail, 1] = kind == 0 and to == 1
    return found


def vocabulary() -> list[str]:
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    english = [word for name in LABELS for word in WORDS[name][0]] + FILLER[0]
    chinese = sorted({c for name in LABELS for word in WORDS[name][1] for c in word} | set("".join(FILLER[1])))
    pieces = ["##ing", "##ed", "##s", "##er", "##ly", "box", "pay", "car"]
    singles = [*letters, *(f"##{c}" for c in letters), *".,!?-'，。！？"]
    return list(dict.fromkeys([*SPECIAL, *singles, *english, *chinese, *pieces]))


def make_tokenizer():
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordPiece({token: i for i, token in enumerate(vocabulary())}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.add_special_tokens(SPECIAL)
    return tokenizer


@pytest.fixture(scope="session")
def tiny_base_folder(tmp_path_factory):
    """A BERT of two layers and 32 dimensions with random weights and its tokenizer, as transformers saves them."""
    import torch
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny-base")
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL, strict=True))
    PreTrainedTokenizerFast(tokenizer_object=make_tokenizer(), **names).save_pretrained(folder)
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(vocabulary()),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
        initializer_range=0.05,
    )
    model = BertModel(config)
    model.embeddings.position_embeddings.weight.data *= 0.1  # words count for more than places, as in a trained one
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_base(tiny_base_folder):
    from danlu.models.base import open_base

    return open_base(str(tiny_base_folder))


@pytest.fixture(scope="session")
def static_base(tiny_base):
    """The tiny base with static embeddings: what it makes of each token alone."""
    from dataclasses import replace

    from danlu.compress.distil import light_embeddings

    everything = np.arange(tiny_base.tokenizer.get_vocab_size())
    return replace(tiny_base, static=light_embeddings(tiny_base, everything))


@pytest.fixture(scope="session")
def narrow_base(static_base):
    """The tiny base with a narrow encoder of one layer, and random weights."""
    from dataclasses import replace

    import torch

    from danlu.models.narrow import Narrow, config_of

    torch.manual_seed(11)
    return replace(static_base, narrow=Narrow(config_of(32, 1, 128), 32, static_base.static.shape[1]).eval())


@pytest.fixture(scope="session")
def make_marked():
    """Makes rows with entities: (count, seed) to (text, (entities, 3) first character, one after the last, type)."""
    return make_marked_rows


@pytest.fixture(scope="session")
def links_of_marked():
    """From the entities of a marked row to the toy's relations between them, (entities, entities, 2)."""
    return links_of


@pytest.fixture(scope="session")
def toy_rows():
    """(texts, truth) of 60 training rows, then of 60 others."""
    train, test = make_rows(60, seed=1), make_rows(60, seed=2)
    return tuple(
        ([text for text, _ in rows], np.array([label for _, label in rows], dtype=np.int64)) for rows in (train, test)
    )


@pytest.fixture(scope="session", params=["unordered", "ordered"])
def pair_rows(request):
    """(texts, truth) of 80 training pairs, then of 80 others; 1 where both sides speak of one thing, or of the same."""
    from danlu.text.pair import join

    found = []
    for seed in (3, 4):
        rows, draw = make_rows(160, seed), random.Random(seed)
        texts, truth = [], []
        for number in range(80):
            first, topic = rows[number]
            others = [text for text, label in rows[80:] if (label == topic) == (number % 2 == 1)]
            texts.append(join(first, draw.choice(others), request.param))
            truth.append(number % 2)
        found.append((texts, np.array(truth, dtype=np.int64)))
    return tuple(found)


def lesson_of(base, texts, truth, labels):
    """A task as a student gets it: soft targets, and the base's vectors with the head that fits them."""
    from danlu.adapt.linear import Centre, encode
    from danlu.compress.distil import Lesson
    from danlu.train.regression import softmax_regression

    targets = (0.1 / labels + 0.9 * np.eye(labels)[truth]).astype(np.float32)
    vectors = encode(base.model, base.tokenizer, texts, 32)
    centre = Centre(vectors.mean(0))
    head = softmax_regression(centre.apply(vectors), targets, strength=10.0)
    return Lesson(texts, targets, np.ones(len(texts), np.float32), vectors, (head.weight, head.bias, centre.mean))


@pytest.fixture(scope="session")
def pair_lesson(tiny_base, pair_rows):
    """The toy task of pairs as a student gets it."""
    return lesson_of(tiny_base, *pair_rows[0], 2)


@pytest.fixture(scope="session")
def toy_lesson(tiny_base, toy_rows):
    """The toy task as a student gets it."""
    return lesson_of(tiny_base, *toy_rows[0], 3)


@pytest.fixture(scope="session")
def toy_students(tiny_base, toy_lesson):
    """{name: (student, tokenizer JSON)}: n-grams alone; averaged tokens with n-grams; these and static embeddings."""
    from danlu.compress.distil import (
        LIGHT,
        light_branch,
        light_embeddings,
        ngram_branch,
        static_branch,
        static_encoder,
    )
    from danlu.compress.vocabulary import small_tokenizer
    from danlu.models.base import token_ids
    from danlu.models.student import Student

    ngrams = ngram_branch(toy_lesson, 3_000, 10)
    tokenizer, old_ids = small_tokenizer(tiny_base, toy_lesson.texts, 32, 30_000)
    tokens = light_branch(
        LIGHT["static"],
        static_encoder(light_embeddings(tiny_base, old_ids)),
        toy_lesson,
        token_ids(tokenizer, toy_lesson.texts, 32),
        steps=30,
        seed=0,
    )
    static = static_branch(toy_lesson, tokenizer, light_embeddings(tiny_base, old_ids), 32)
    return {
        "ngram": (Student(None, None, ngrams, (0.0, 0.0, 1.0)).eval(), ""),
        "both": (Student(tokens, None, ngrams, (0.6, 0.0, 0.7)).eval(), tokenizer.to_str()),
        "all": (Student(tokens, static, ngrams, (0.6, 0.5, 0.7)).eval(), tokenizer.to_str()),
    }


@pytest.fixture(scope="session")
def toy_entries(toy_students):
    """{name: entries of a model file} of the toy students."""
    from danlu.compress.export import to_onnx

    found = {}
    for name, (student, tokenizer) in toy_students.items():
        length = 32 if tokenizer else 0
        config = {"labels": LABELS, "temperature": 1.25, "abstain_below": 0.5, "text_length": length}
        config["token_length"] = 8 if student.static else length
        found[name] = {
            "card.json": json.dumps({"name": name, "task": {"labels": LABELS}}).encode(),
            "config.json": json.dumps({**config, "ngram_bits": 10, "max_chars": 500, **ALONE}).encode(),
            "model.onnx": to_onnx(student),
            "tokenizer.json": tokenizer.encode(),
        }
    return found


@pytest.fixture(scope="session")
def toy_files(toy_entries, tmp_path_factory):
    """{name: path of a model file} of the toy students."""
    from danlu.archive import save

    folder = tmp_path_factory.mktemp("models")
    for name, entries in toy_entries.items():
        save(folder / f"{name}.danlu", entries)
    return {name: folder / f"{name}.danlu" for name in toy_entries}


@pytest.fixture(scope="session")
def pair_file(pair_rows, tiny_base, pair_lesson, tmp_path_factory):
    """A model file of the toy task of pairs: n-grams alone."""
    from danlu.archive import save
    from danlu.compress.distil import ngram_branch
    from danlu.compress.export import to_onnx
    from danlu.models.student import Student
    from danlu.text.pair import pairing_of

    config = {"labels": ["other", "same"], "temperature": 1.0, "abstain_below": 0.5, "text_length": 0}
    config |= {"token_length": 0, "ngram_bits": 10, "max_chars": 500, **ALONE, "pairing": pairing_of(pair_rows[0][0])}
    path = tmp_path_factory.mktemp("pairs") / "pairs.danlu"
    card = {"task": {"labels": ["other", "same"], "language": "mixed"}}
    graph = to_onnx(Student(None, None, ngram_branch(pair_lesson, 3_000, 10), (0.0, 0.0, 1.0)).eval())
    parts = {"card.json": json.dumps(card).encode(), "config.json": json.dumps(config).encode()}
    save(path, {**parts, "model.onnx": graph, "tokenizer.json": b""})
    return path


@pytest.fixture(scope="session")
def beside_files(pair_file, tmp_path_factory):
    """{what stands beside the text: path of a model file}: the toy model of pairs, as if it had learned from such."""
    from danlu.archive import save, unpack

    entries, folder = unpack(pair_file.read_bytes()), tmp_path_factory.mktemp("beside")
    for beside in ("mention", "keywords"):
        config = json.loads(entries["config.json"]) | {"pairing": "ordered", "beside": beside}
        save(folder / f"{beside}.danlu", {**entries, "config.json": json.dumps(config).encode()})
    return {beside: folder / f"{beside}.danlu" for beside in ("mention", "keywords")}


def make_questions(count, seed):
    """(question with options, place of the right one): the right option speaks of what the question speaks of."""
    from danlu.text.question import ask

    draw, rows = random.Random(seed), make_rows(6 * count, seed)
    found = []
    for number in range(count):
        text, topic = rows[number]
        near = [text for text, label in rows[count:] if label == topic]
        far = [text for text, label in rows[count:] if label != topic]
        options = list(dict.fromkeys([draw.choice(near), *draw.sample(far, 1 + number % 3)]))
        right = options[0]
        draw.shuffle(options)
        found.append((ask(text, options), options.index(right)))
    return found


@pytest.fixture(scope="session")
def question_rows():
    """(questions, places of the right options) of 60 training questions of 2 to 4 options, then of 40 others."""
    found = []
    for count, seed in ((60, 5), (40, 6)):
        rows = make_questions(count, seed)
        found.append(([text for text, _ in rows], np.array([place for _, place in rows], dtype=np.int64)))
    return tuple(found)


@pytest.fixture(scope="session")
def question_lesson(tiny_base, question_rows):
    """The pairs of the training questions, right or wrong, as a student gets them."""
    from dataclasses import replace

    from danlu.evals.questions import Questions
    from danlu.text.question import pairs

    texts, truth = [], []
    for text, place in zip(*question_rows[0], strict=True):
        texts += pairs(text)
        truth += [int(number != place) for number in range(len(pairs(text)))]
    questions = Questions.of([len(pairs(text)) for text in question_rows[0][0]])
    return replace(lesson_of(tiny_base, texts, np.array(truth, dtype=np.int64), 2), questions=questions)


@pytest.fixture(scope="session")
def question_student(tiny_base, question_lesson):
    """(student, tokenizer JSON) of the toy questions: averaged tokens, static embeddings and n-grams."""
    from danlu.compress import distil
    from danlu.compress.vocabulary import small_tokenizer
    from danlu.models.base import token_ids
    from danlu.models.student import Student

    lesson, texts = question_lesson, question_lesson.texts
    tokenizer, old_ids = small_tokenizer(tiny_base, texts, 32, 30_000)
    table = distil.light_embeddings(tiny_base, old_ids)
    sequences = token_ids(tokenizer, texts, 32)
    tokens = distil.light_branch(
        distil.LIGHT["static"], distil.static_encoder(table), lesson, sequences, steps=60, seed=0
    )
    static = distil.static_branch(lesson, tokenizer, table, 32)
    student = Student(tokens, static, distil.ngram_branch(lesson, 3_000, 10), (0.6, 0.5, 0.7)).eval()
    student.shared = True
    return student, tokenizer.to_str()


@pytest.fixture(scope="session")
def question_entries(question_student):
    """The entries of a model file that chooses among options."""
    from danlu.compress.export import to_onnx

    student, tokenizer = question_student
    config = {"labels": ["right", "wrong"], "temperature": 1.25, "abstain_below": 0.5, "text_length": 32}
    config |= {
        "token_length": 32,
        "ngram_bits": 10,
        "max_chars": 500,
        "pairing": "ordered",
        "options": True,
        "thresholds": [],
    }
    card = {"task": {"kind": "choice", "labels": [], "language": "mixed"}}
    return {
        "card.json": json.dumps(card).encode(),
        "config.json": json.dumps(config).encode(),
        "model.onnx": to_onnx(student),
        "tokenizer.json": tokenizer.encode(),
    }


@pytest.fixture(scope="session")
def question_file(question_entries, tmp_path_factory):
    """A model file that chooses among options."""
    from danlu.archive import save

    path = tmp_path_factory.mktemp("questions") / "questions.danlu"
    save(path, question_entries)
    return path


@pytest.fixture(scope="session")
def toy_extractor(tiny_base):
    """The entries of a model file that finds the words of the toy task's labels."""
    from danlu.adapt import span
    from danlu.compress.export import spans_to_onnx
    from danlu.extractor import KIND
    from danlu.factory.extract_material import cut_base
    from danlu.text.entities import Reading
    from danlu.text.pieces import frame, read
    from danlu.train.spans import Training

    rows = make_marked_rows(80, 1)
    small = cut_base(tiny_base, [text for text, _ in rows], 30_000)
    before, after = frame(small.tokenizer)
    reading = Reading(tuple(before), tuple(after), 40, 4)
    tokens = read(small.tokenizer, [text for text, _ in rows])
    pieces = [piece for each, (_, gold) in zip(tokens, rows, strict=True) for piece in span.encode(each, gold, reading)]
    training = Training(80, 16, rate=1e-3, head_rate=1e-2)
    network = span.head(small, small.model, LABELS, reading.widest, 0)
    network = span.fit(network, pieces, np.ones(len(pieces), np.float32), reading, training)
    config = {"kind": KIND, "labels": LABELS, "scale": 1.0, "shift": 0.0, "threshold": 0.5, "nested": False}
    card = {"name": "spans", "task": {"kind": "extraction", "labels": LABELS, "language": "mixed"}}
    return {
        "card.json": json.dumps(card).encode(),
        "config.json": json.dumps({**config, "window": reading.window, "widest": reading.widest}).encode(),
        "model.onnx": spans_to_onnx(network),
        "tokenizer.json": small.tokenizer.to_str().encode(),
    }


@pytest.fixture(scope="session")
def toy_linker(tiny_base):
    """The entries of a model file that also finds which parcel a refund follows, and the network it was made from."""
    from danlu.adapt import span
    from danlu.compress.export import spans_to_onnx
    from danlu.extractor import KIND
    from danlu.factory.extract_material import cut_base
    from danlu.text.entities import Reading
    from danlu.text.links import allowed_of
    from danlu.text.pieces import frame, read
    from danlu.train.spans import Training

    rows = make_marked_rows(120, 1)
    small = cut_base(tiny_base, [text for text, _ in rows], 30_000)
    before, after = frame(small.tokenizer)
    reading = Reading(tuple(before), tuple(after), 40, 4)
    pieces = [
        piece
        for tokens, (_, gold) in zip(read(small.tokenizer, [text for text, _ in rows]), rows, strict=True)
        for piece in span.encode(tokens, gold, reading, links_of(gold))
    ]
    triples = [(0, 0, 2), (0, 1, 1)]
    network = span.head(small, small.model, LABELS, reading.widest, 0, allowed_of(triples, 3, 2))
    training = Training(160, 16, rate=1e-3, head_rate=1e-2)
    network = span.fit(network, pieces, np.ones(len(pieces), np.float32), reading, training)
    config = {"kind": KIND, "labels": LABELS, "scale": 1.0, "shift": 0.0, "threshold": 0.5, "nested": False}
    links = {"labels": LINKS, "triples": triples, "scale": 1.0, "shift": 0.0, "threshold": 0.5}
    card = {"name": "links", "task": {"kind": "extraction", "labels": LABELS, "relations": LINKS, "language": "mixed"}}
    entries = {
        "card.json": json.dumps(card).encode(),
        "config.json": json.dumps(
            {**config, "window": reading.window, "widest": reading.widest, "links": links}
        ).encode(),
        "model.onnx": spans_to_onnx(network),
        "tokenizer.json": small.tokenizer.to_str().encode(),
    }
    return entries, small, reading, network


@pytest.fixture
def pair_model(pair_file):
    import danlu

    return danlu.load(pair_file)


@pytest.fixture(autouse=True)
def _denormals() -> None:
    """Forging flushes denormals to zero in its process; hypothesis draws them."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)


@pytest.fixture(autouse=True)
def _one_table_of_operators() -> None:
    """torch.onnx lists its operators anew for every export, which takes half a second; here the first list stays."""
    registration = sys.modules.get("torch.onnx._internal.exporter._registration")
    if registration and not isinstance(vars(registration.ONNXRegistry).get("from_torchlib"), staticmethod):
        registry = registration.ONNXRegistry
        registry.from_torchlib = staticmethod(functools.cache(registry.from_torchlib))


@pytest.fixture
def run(monkeypatch, capsys):
    """Calls `danlu` with arguments: (exit code, standard output, standard error)."""

    from danlu.cli import main

    def call(*arguments, stdin=b""):
        monkeypatch.setattr(sys, "argv", ["danlu", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        with pytest.raises(SystemExit) as stop:
            main()
        return stop.value.code or 0, *capsys.readouterr()

    return call


@pytest.fixture(scope="session")
def score_file(toy_rows, toy_lesson, tmp_path_factory):
    """A model file of scores from 0 to 5: praise has the highest, refunds the lowest; n-grams alone."""
    from dataclasses import replace

    from danlu.archive import save
    from danlu.compress.distil import ngram_branch
    from danlu.compress.export import to_onnx
    from danlu.models.student import Student

    places = np.array([0.5, 1.0, 0.0], np.float32)[toy_rows[0][1]][:, None]
    lesson = replace(toy_lesson, targets=places, apart=True)
    config = {"labels": ["score"], "temperature": 1.0, "abstain_below": 0.0, "text_length": 0, "token_length": 0}
    config |= {"ngram_bits": 10, "max_chars": 500, **ALONE, "range": [0.0, 5.0], "margin": 0.75}
    card = {"task": {"kind": "score", "labels": [], "language": "mixed", "range": [0.0, 5.0]}}
    graph = to_onnx(Student(None, None, ngram_branch(lesson, 3_000, 10), (0.0, 0.0, 1.0)).eval())
    path = tmp_path_factory.mktemp("scores") / "scores.danlu"
    parts = {"card.json": json.dumps(card).encode(), "config.json": json.dumps(config).encode()}
    save(path, {**parts, "model.onnx": graph, "tokenizer.json": b""})
    return path


@pytest.fixture(scope="session")
def several_file(toy_entries, tmp_path_factory):
    """The toy model as one of several labels: each logit is a decision of its own."""
    from danlu.archive import save

    config = json.loads(toy_entries["ngram"]["config.json"]) | {"thresholds": [0.5, 0.4, 0.6]}
    card = {"task": {"kind": "several", "labels": LABELS, "language": "mixed"}}
    path = tmp_path_factory.mktemp("several") / "several.danlu"
    changed = {"config.json": json.dumps(config).encode(), "card.json": json.dumps(card).encode()}
    save(path, {**toy_entries["ngram"], **changed})
    return path
