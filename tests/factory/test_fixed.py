"""The fixed evaluation on tiny sets of the same layout, and bits a character by hand."""

from __future__ import annotations

import gzip
import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers

from danlu.errors import DataError
from danlu.factory.fixed import STRETCH, TASKS, bits_per_character, evaluate_encoder, hidden_tokens
from danlu.models.fresh import SHAPES, fresh_decoder
from danlu.text.tokenizer import END, START, encode, train_tokenizer


def letters(texts):
    """A toy encoder: the share of each letter."""
    out = np.array([[text.count(letter) + 0.01 for letter in "abcd"] for text in texts], np.float32)
    return out / np.linalg.norm(out, axis=1, keepdims=True)


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


@pytest.fixture
def data(tmp_path):
    few = tmp_path / "fewclue"
    columns = {"eprstmt": ("sentence", "label"), "tnews": ("sentence", "label_desc"), "csldcp": ("content", "label")}
    for task, (text, label) in columns.items():
        rows = [{text: letter * 4 + "d", label: letter} for letter in "abc" for _ in range(3)]
        for name in ["test_public", *(f"train_{fold}" for fold in range(5))]:
            write(few / task / f"{name}.json", rows)
        wrong = [{text: row[text], label: "abc"["bca".index(row[label])]} for row in rows]
        write(few / task / "train_4.json", wrong)  # so that a fold that is not read is missed
    pairs = [("aab", "aba", 1), ("bcc", "ccb", 1), ("aaa", "bbb", 0), ("abc", "ddd", 0)]
    for name in ["test_public", *(f"train_{fold}" for fold in range(5))]:
        write(few / "bustm" / f"{name}.json", [{"sentence1": a, "sentence2": b, "label": str(y)} for a, b, y in pairs])
    rows = [{"text_a": a, "text_b": b, "label": str(y)} for a, b, y in pairs]
    for task, parts in (("lcqmc", ("dev", "test")), ("afqmc", ("train", "test"))):
        for part in parts:
            write(tmp_path / "pairs" / task / f"{part}.jsonl.gz", rows)
    degrees = [("aaaa", "aaaa", 5.0), ("aaaa", "aaab", 4), ("aaaa", "aabb", 2.5), ("aaaa", "bbbb", 0)]
    for task in ("stsb-zh", "stsb-en"):
        rows = [{"text_a": a, "text_b": b, "label": y} for a, b, y in degrees]
        write(tmp_path / "pairs" / task / "test.jsonl.gz", rows)
    return tmp_path


def test_every_task_is_measured(data):
    told = []
    figures = evaluate_encoder(letters, data, tell=told.append)
    assert told == list(TASKS) == list(figures)
    few = {"eprstmt", "tnews", "csldcp"}
    assert {found["value"] for name, found in figures.items() if name not in few} == {100.0}
    assert figures["tnews"] == {"metric": "accuracy", "value": 80.0, "deviation": 44.72}
    assert figures["stsb-en"] == {"metric": "Spearman", "value": 100.0}


def test_an_encoder_that_says_nothing_is_no_better_than_chance(data):
    figures = evaluate_encoder(lambda texts: np.ones((len(texts), 2), np.float32), data, ["tnews", "lcqmc"])
    assert figures["tnews"]["value"] == pytest.approx(33.33, abs=0.01)
    assert figures["lcqmc"]["value"] == 50.0


def test_a_missing_set_is_named(data):
    (data / "fewclue" / "tnews" / "train_3.json").unlink()
    with pytest.raises(DataError, match=r"train_3\.json"):
        evaluate_encoder(letters, data, ["tnews"])


def test_bits_a_character_are_those_of_all_tokens_once():
    texts = ["今天天气很好", "a nice day, a nice day", "好" * 300]
    tokenizer = train_tokenizer(lambda: texts, 320, coverage=1.0)
    torch.manual_seed(0)
    model = fresh_decoder(SHAPES["tiny"], tokenizer.get_vocab_size()).eval()
    ids = [START, *encode(tokenizer, texts[:1])[0], END]
    with torch.inference_mode():
        found = torch.log_softmax(model(input_ids=torch.tensor([ids])).logits[0].float(), -1)
    bits = -sum(float(found[place, token]) for place, token in enumerate(ids[1:])) / math.log(2)
    assert bits_per_character(model, tokenizer, texts[:1]) == pytest.approx(bits / len(texts[0]), rel=1e-4)
    read = []
    assert 0 < bits_per_character(model, tokenizer, texts, read.append) < 20
    assert sum(read) == sum(map(len, texts))


TOKENS = ["[PAD]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghij"]


def asked(texts, answer):
    """The masked accuracy of a model of one line, the bits a character needs, and how many places it is asked about.

    Args:
        texts: letters with blanks between them.
        answer: (B, L) ids as the model sees them to (B, L) ids that it says.
    """
    tokenizer = Tokenizer(models.WordLevel({token: index for index, token in enumerate(TOKENS)}, "[PAD]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    masks = []

    def bert(*, input_ids, attention_mask):
        assert ((input_ids > 0) == (attention_mask > 0)).all()
        masks.append(int((input_ids == TOKENS.index("[MASK]")).sum()))
        said = torch.nn.functional.one_hot(answer(input_ids), len(TOKENS))
        return SimpleNamespace(last_hidden_state=said.float())

    model = SimpleNamespace(bert=bert, cls=lambda states: states)
    return *hidden_tokens(model, tokenizer, texts), sum(masks)


def only(letter):
    return lambda ids: torch.full_like(ids, TOKENS.index(letter))


def test_the_share_of_hidden_tokens_that_are_found_again():
    # A fifth is hidden, rounded down, of each stretch: 2 of ten, 1 of nine, none of four, 25 and 1 of 126 and 5.
    texts = ["a " * 10, "b " * 9, "a " * 4, "", "c " * (STRETCH + 5)]
    assert asked(texts, only("a"))[::2] == (2 / 29, 29)
    assert asked(texts, only("b"))[::2] == (1 / 29, 29)
    assert asked(texts, only("c"))[::2] == (26 / 29, 29)
    assert asked(texts[2:4], only("a")) == (0, 0, 0)


def test_the_bits_that_a_hidden_character_needs():
    # A model that is sure by one nat: of its own letter it needs log(e + n - 1) - 1 nats, of another one more.
    sum_of_all = math.e + len(TOKENS) - 1
    _, right, _ = asked(["a " * 10], only("a"))
    _, wrong, _ = asked(["a " * 10], only("b"))
    assert right == pytest.approx(math.log2(sum_of_all / math.e), rel=1e-5)
    assert wrong == pytest.approx(math.log2(sum_of_all), rel=1e-5)


def test_what_is_hidden_is_not_seen_and_is_asked_for_where_it_stood():
    text = " ".join("abcdefghij")

    def by_place(ids):  # the mark of the start is at place 0, and "a" at place 1
        return (torch.arange(ids.shape[1]) + TOKENS.index("a") - 1).clamp(0, len(TOKENS) - 1).expand_as(ids)

    assert asked([text] * 7, by_place)[::2] == (1, 14)
    assert asked([text] * 7, lambda ids: ids)[::2] == (0, 14)
    assert asked([text, *["a " * 5] * 130], by_place)[2] == 132  # in batches of 64 and what is left
    assert asked(["a " * 5] * 130, only("a"))[::2] == (1, 130)
    assert asked([*["a " * 5] * 100, *["b " * 5] * 30], only("a"))[::2] == (100 / 130, 130)
