"""A scorer of stretches learns a plain task, its file answers as it does, and a student of it learns from it."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from danlu.adapt import span
from danlu.compress.distil_spans import distil
from danlu.compress.export import spans_to_onnx
from danlu.evals.entities import summary
from danlu.extractor import KIND, Extractor
from danlu.factory.extract_material import cut_base
from danlu.text.entities import Reading, decode
from danlu.text.pieces import frame, read
from danlu.train.spans import Training, batch_of, loss, stretches

LABELS = ("parcel", "praise", "refund")


@pytest.fixture(scope="module")
def taught(tiny_base, make_marked):
    rows = make_marked(80, 1)
    small = cut_base(tiny_base, [text for text, _ in rows], 30_000)
    before, after = frame(small.tokenizer)
    reading = Reading(tuple(before), tuple(after), 40, 4)
    tokens = read(small.tokenizer, [text for text, _ in rows])
    pieces = [piece for each, (_, gold) in zip(tokens, rows, strict=True) for piece in span.encode(each, gold, reading)]
    network = span.head(small, small.model, LABELS, 4, 0)
    training = Training(120, 16, rate=1e-3, head_rate=1e-2)
    trained = span.fit(network, pieces, np.ones(len(pieces), np.float32), reading, training)
    return small, reading, pieces, trained


def figures(network, small, reading, rows):
    found = span.predict(network, read(small.tokenizer, [text for text, _ in rows]), reading)
    given = [[(s, e, LABELS[k]) for s, e, k in c.places[decode(c, 0.0, nested=False)].tolist()] for c in found]
    truth = [[(s, e, LABELS[k]) for s, e, k in gold.tolist()] for _, gold in rows]
    return summary(truth, given, LABELS)


def test_it_learns(taught, make_marked):
    small, reading, _, network = taught
    assert figures(network, small, reading, make_marked(60, 2))["f1"] > 0.8


def test_a_student_of_half_the_depth_learns_from_it(taught, make_marked):
    small, reading, pieces, network = taught
    training = Training(60, 16, rate=1e-3, head_rate=1e-3)
    student = distil(network, 1, pieces, np.ones(len(pieces), np.float32), reading, training)
    assert student.encoder.config.num_hidden_layers == 1
    assert network.encoder.config.num_hidden_layers == 2
    assert figures(student, small, reading, make_marked(60, 2))["f1"] > 0.6


def test_its_file_answers_as_it_does(taught, make_marked):
    small, reading, _, network = taught
    config = {"kind": KIND, "labels": LABELS, "scale": 1.0, "shift": 0.0, "threshold": 0.5, "nested": False}
    entries = {
        "card.json": b"{}",
        "config.json": json.dumps({**config, "window": reading.window, "widest": reading.widest}).encode(),
        "model.onnx": spans_to_onnx(network),
        "tokenizer.json": small.tokenizer.to_str().encode(),
    }
    model = Extractor("toy", entries)
    texts = [text for text, _ in make_marked(20, 3)] + ["", "我的包裹😀" * 40, "\ud83d box"]
    ours = span.predict(network, read(small.tokenizer, texts), reading)
    for answer, found in zip(model.predict(texts), ours, strict=True):
        wanted = sorted(found.places[decode(found, 0.0, nested=False)].tolist())
        assert [[s.start, s.end, LABELS.index(s.type)] for s in answer.spans] == wanted
        assert all(0.5 <= s.probability <= 1 for s in answer.spans)


def test_the_same_seed_gives_the_same_weights(taught):
    small, reading, pieces, _ = taught
    training = Training(3, 8)
    one, other = (
        span.fit(
            span.head(small, small.model, LABELS, 4, 0), pieces, np.ones(len(pieces), np.float32), reading, training
        )
        for _ in range(2)
    )
    for first, second in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(first, second, rtol=0, atol=0)


def test_a_network_is_read_back(taught):
    small, reading, pieces, network = taught
    stored = {name: value.detach().numpy() for name, value in network.state_dict().items()}
    again = span.restored(small.model, stored, len(LABELS), reading.widest, 2)
    ids, mask, shapes = batch_of(pieces[:3])
    torch.testing.assert_close(again(ids, mask, shapes), network(ids, mask, shapes))


def test_the_loss_is_low_where_scores_part_entities_from_the_rest(taught):
    _, reading, pieces, _ = taught
    chosen = [piece for piece in pieces if len(piece.marks)][:4]
    _, mask, _ = batch_of(chosen)
    real = stretches(mask, reading, reading.widest)
    marks = [piece.marks for piece in chosen]
    good = torch.full((*real.shape, len(LABELS)), -9.0)
    for row, found in enumerate(marks):
        good[row, found[:, 0], found[:, 1], found[:, 2]] = 9.0
    assert loss(good, real, marks).max() < 0.1
    assert loss(-good, real, marks).min() > 9


def test_entities_that_cannot_be_reached_are_left_out(taught):
    small, reading, _, _ = taught
    (tokens,) = read(small.tokenizer, ["my parcel is late"])
    gold = np.array([[0, 2, 0], [4, 6, 0], [0, 17, 1]], np.int64)  # a word, a part of one, and all four words
    assert [len(piece.marks) for piece in span.encode(tokens, gold, reading)] == [2]
    narrow = Reading(reading.before, reading.after, 40, 2)
    assert [len(piece.marks) for piece in span.encode(tokens, gold, narrow)] == [1]
