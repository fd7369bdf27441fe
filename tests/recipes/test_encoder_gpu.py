"""What the encoder's recipe for one GPU reads, hides and learns; tiny, on a processor."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from recipes.encoder_gpu import MASK, PAD, UNKNOWN, Half, Parallel, Recipe, Text, between_marks, hide, open_start
from recipes.packed import CLS, SEP, pack

from danlu.models.base import _open_embedded, pooled, save_embedded
from danlu.models.storage import coarsened, load_small
from recipes import encoder_gpu

CPU = torch.device("cpu")
SOURCES, DOCUMENTS = ("enwiki", "news"), 40
SMALL = Recipe(short=16, length=32, long=64, chunk=4)
HALVES = (Half(4, 1.0, 8, 8, 4, 4), Half(4, 0.2, 8, 8, 4, 4))


def documents(seed, tokens):
    """Documents of one to five sentences; the tokens of each come from its own range, in rising order."""
    draw = np.random.default_rng(seed)
    for number in range(DOCUMENTS):
        first, found = tokens * number, [CLS]
        for size in draw.integers(1, 15, draw.integers(1, 6)):
            found += [*(5 + first + np.arange(size)), SEP]
            first += size
        yield np.array(found, np.uint16)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A pack in which a token says where it stands: 100 numbers a document, 4,000 a source."""
    folder = tmp_path_factory.mktemp("pack")
    for place, name in enumerate(SOURCES):
        rising = (np.where(d > 4, d + 4000 * place, d).astype(np.uint16) for d in documents(place, 100))
        pack(rising, folder / "encoder" / f"{name}.xz")
    return folder


@pytest.fixture(scope="module")
def text(folder):
    return Text(folder / "encoder", CPU)


def inside(ids):
    """Each row without its marks, which stand where they must."""
    rows = []
    for row in ids.tolist():
        last = row.index(SEP)
        assert row[0] == CLS
        assert set(row[last + 1 :]) <= {PAD}
        rows.append(row[1:last])
    return rows


@pytest.mark.parametrize("one_source", [True, False])
@pytest.mark.parametrize("right", [32, 64])
def test_the_passages_of_a_pair_are_apart_in_one_document(text, one_source, right):
    torch.manual_seed(right)
    for _ in range(50):
        left, other = text.pairs(12, 16, right, one_source=one_source)
        assert (left.shape, other.shape) == ((12, 16), (12, right))
        sources = set()
        for a, b in zip(inside(left), inside(other), strict=True):
            assert len({(token - 5) // 100 for token in a + b}) == 1
            assert not set(a) & set(b)
            assert a == list(range(a[0], a[-1] + 1))
            assert b == list(range(b[0], b[-1] + 1))
            sources.add((a[0] - 5) // 4000)
        assert len(sources) == 1 or not one_source


def test_english_passages_begin_a_sentence(text):
    torch.manual_seed(0)
    begins = {int(text.tokens[start]) for start in text.start}
    rows = inside(text.passages(200, 16))
    assert all(row[0] in begins and row[-1] < 4005 for row in rows)
    assert all(len({(token - 5) // 100 for token in row}) == 1 for row in rows)


def test_rows_hold_text_from_anywhere(text):
    torch.manual_seed(0)
    rows = text.rows(200, 32)
    assert rows.shape == (200, 32)
    assert (rows[:, 0] == CLS).all()
    assert (rows[:, -1] == SEP).all()
    assert (rows != PAD).all()
    assert (rows[:, 1:-1] == SEP).any()  # between documents


@given(st.integers(0, 99), st.floats(0.05, 0.3), st.floats(0, 1), st.sampled_from([32, 64, 128]))
def test_as_many_tokens_of_each_row_are_hidden_and_never_a_mark(seed, share, joined, length):
    torch.manual_seed(seed)
    ids = torch.randint(5, 90, (6, length))
    ids[torch.rand(ids.shape) < 0.1] = UNKNOWN
    ids[torch.rand(ids.shape) < 0.1] = SEP
    ids[:, 0] = CLS
    shown, places = hide(ids, share, joined, 90)
    assert places.shape == (6, round(share * 64) * length // 64)
    assert all(len(set(row)) == len(row) for row in places.tolist())
    assert (ids.gather(1, places) >= 5).all()
    assert (shown.gather(1, places) >= MASK).all()
    assert torch.equal(shown.scatter(1, places, 0), ids.scatter(1, places, 0))


def test_neighbours_are_hidden_together():
    torch.manual_seed(0)
    ids = torch.randint(5, 90, (50, 128))
    runs = []
    for joined in (0.0, 0.5):
        hidden = torch.zeros(ids.shape).scatter(1, hide(ids, 0.2, joined, 90)[1], 1.0)
        runs.append(float((hidden[:, 1:] * hidden[:, :-1]).sum() / hidden.sum()))
    assert runs[0] < 0.25 < 0.35 < runs[1]


def test_windows_stand_between_their_marks():
    tokens = torch.arange(10, 30)
    found = between_marks(tokens, torch.tensor([0, 3, 18, 5]), torch.tensor([2, 9, 2, 0]), 6)
    assert found.tolist() == [
        [CLS, 10, 11, SEP, PAD, PAD],
        [CLS, 13, 14, 15, 16, SEP],
        [CLS, 28, 29, SEP, PAD, PAD],
        [CLS, 15, SEP, PAD, PAD, PAD],
    ]


@pytest.fixture
def start(static_base, tmp_path):
    """The folder of an encoder to start from."""
    save_embedded(static_base.model, static_base.tokenizer, tmp_path / "start", static_base.static)
    return tmp_path / "start"


@pytest.fixture
def material(start, tmp_path):
    """The toy encoder ready to be trained, text in its tokens, and translations."""
    model = open_start(start, SMALL.chunk)
    vocabulary = len(model.table)
    for place, name in enumerate(SOURCES):
        rows = (np.where(d > 4, 5 + d % (vocabulary - 5), d).astype(np.uint16) for d in documents(place, 7))
        pack(rows, tmp_path / "encoder" / f"{name}.xz")
    draw = np.random.default_rng(0)
    sides = [draw.integers(5, vocabulary, (2, 6)) for _ in range(30)]
    pack((np.array([CLS, *zh, SEP, *en, SEP], np.uint16) for zh, en in sides), tmp_path / "parallel.xz")
    parallel = Parallel(tmp_path / "parallel.xz", SMALL.short, CPU)
    assert inside(parallel.zh) == [zh.tolist() for zh, _ in sides]
    assert inside(parallel.en) == [en.tolist() for _, en in sides]
    torch.manual_seed(0)
    return model, Text(tmp_path / "encoder", CPU), parallel


def test_its_layers_are_bert_s(material, start):
    model, _, parallel = material
    ids = parallel.zh[:5].long()
    with torch.inference_mode():
        torch.testing.assert_close(model.vectors(ids, model.table), vectors(start, ids), atol=1e-5, rtol=1e-4)


def test_it_learns_and_what_is_exported_is_what_was_trained(material, start, tmp_path, monkeypatch, capsys):
    model, text, parallel = material
    before = copy.deepcopy(model.state_dict())
    told = encoder_gpu.train(model, text, parallel, 3, SMALL, really_compile=False, halves=HALVES)
    assert told["steps"] >= 2
    assert "nan" not in capsys.readouterr().err
    after = model.state_dict()
    assert all(value.isfinite().all() for value in after.values())
    moved = {key for key, value in after.items() if not torch.equal(value, before[key])}
    assert {key for key in after if key.endswith(".weight")} - moved == set()

    encoder_gpu.save(model, tmp_path / "out", told)
    assert json.loads((tmp_path / "out" / "encoder.json").read_text()) == told
    monkeypatch.setattr(encoder_gpu, "open_base", lambda: _open_embedded(start))
    made = tmp_path / "made"
    ids = parallel.zh[:8].long()
    with torch.inference_mode():
        wanted = {1.0: model.vectors(ids, coarsened(model.table)), 0.0: vectors(start, ids)}
        for share, expected in wanted.items():
            encoder_gpu.export(tmp_path / "out", start, share, made)
            found = vectors(made, ids)
            assert (found * expected).sum(-1).min() > 0.999
    table = load_small(made / "model.safetensors")[encoder_gpu.TABLE]
    assert torch.equal(table, load_small(start / "model.safetensors")[encoder_gpu.TABLE])


def vectors(folder, ids):
    return pooled(_open_embedded(folder).model, ids, (ids != PAD).long())


def test_random_weights_of_its_shape_learn_from_the_encoder(material, start):
    teacher, text, parallel = material
    model = open_start(start, SMALL.chunk, scratch=True)
    assert model.table.shape == teacher.table.shape
    assert not torch.allclose(model.table, teacher.table)
    kept = copy.deepcopy(teacher.state_dict())
    encoder_gpu.train(model, text, parallel, 1, SMALL, really_compile=False, halves=HALVES, teacher=teacher)
    assert all(torch.equal(value, kept[key]) for key, value in teacher.state_dict().items())
    with torch.inference_mode():
        wanted = vectors(start, parallel.en.long())
    torch.testing.assert_close(parallel.vectors.float(), wanted, atol=0.05, rtol=0)
