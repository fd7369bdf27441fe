"""The one-file model: it predicts as its student does, for any text, and is written whole or not at all."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import danlu
from danlu import artifact
from danlu.archive import save
from danlu.artifact import pad_ngrams
from danlu.errors import OptionError
from danlu.text.shorten import shorten
from danlu.types import Prediction

TEXTS = ["my parcel box is late", "退款 了 扣费", "", "great 谢谢", "?", "A" * 900, "card " * 50, "é ﬁ ①"]
ANY_TEXT = st.lists(st.characters() | st.sampled_from("\ud800\udfff\u202e退款"), max_size=40).map("".join)


@pytest.fixture(scope="module", params=["ngram", "both", "all"])
def name(request):
    return request.param


@pytest.fixture(scope="module")
def model(name, toy_files):
    return danlu.load(toy_files[name])


def test_an_opened_file_predicts_as_its_student(name, model, toy_students, toy_rows):
    student, tokenizer = toy_students[name]
    texts = toy_rows[1][0]
    with torch.inference_mode():
        expected = np.concatenate([student(*_feed(student, tokenizer, text)).numpy() for text in texts])
    np.testing.assert_allclose(model.logits(texts), expected, atol=1e-4)
    assert (expected.argmax(1) == toy_rows[1][1]).mean() > 0.8
    calibrated = np.exp(expected / 1.25) / np.exp(expected / 1.25).sum(1, keepdims=True)
    np.testing.assert_allclose(model.probabilities(texts), calibrated, atol=1e-4)


def _feed(student, tokenizer, text):
    """One text's inputs, in the student's order; one with static embeddings reads 8 of its tokens with its encoder."""
    feed = []
    if tokenizer:
        ids = artifact.Tokenizer.from_str(tokenizer).encode(text).ids
        read = (shorten(ids, 8), ids) if student.static else (ids,)
        feed += [part for chosen in read for part in (torch.tensor([chosen]), torch.ones(1, len(chosen)))]
    return (*feed, *map(torch.from_numpy, pad_ngrams([text], 10)))


def test_what_a_prediction_is(name, model):
    assert (model.name, model.labels, model.card["name"]) == (name, ("parcel", "praise", "refund"), name)
    for text, found, row in zip(TEXTS, model.predict(TEXTS), model.probabilities(TEXTS), strict=True):
        assert isinstance(found, Prediction), text
        assert (type(found.label), type(found.probability), type(found.abstained)) == (str, float, bool)
        assert (found.label, found.probability) == found.top[0]
        assert [p for _, p in found.top] == pytest.approx(sorted(row.tolist(), reverse=True))
        assert dict(found.top) == pytest.approx(dict(zip(model.labels, row.tolist(), strict=True)))
        assert found.abstained == (found.probability < 0.5)


def test_no_texts_give_no_predictions(model):
    assert model.predict([]) == []
    assert model.probabilities([]).shape == (0, 3)


@pytest.mark.parametrize("texts", ["one text", ["fine", 1], [None], [b"bytes"], [["nested"]], {"a": 1, 2: 3}])
def test_what_is_no_list_of_strings_is_refused(model, texts):
    with pytest.raises(OptionError, match="Fix: "):
        model.predict(texts)


def test_a_very_long_text_counts_as_its_beginning(model):
    assert model.predict(["包裹 late " * 100_000]) == model.predict([("包裹 late " * 100)[:500]])


@settings(max_examples=40)
@given(st.lists(ANY_TEXT, max_size=6))
def test_any_text_gets_a_distribution_and_the_same_alone(model, texts):
    together = model.probabilities(texts)
    assert np.isfinite(together).all()
    np.testing.assert_allclose(together.sum(1), np.ones(len(texts)), atol=1e-5)
    for row, text in zip(together, texts, strict=True):
        np.testing.assert_allclose(model.probabilities([text])[0], row, atol=1e-4)


def test_hidden_characters_and_spellings_change_nothing(model):
    plain = model.probabilities(["my parcel 退款 12"])
    np.testing.assert_array_equal(model.probabilities(["  my\tpar\u00adcel\u200b 退款\ud800 １２"]), plain)


def test_many_texts_of_all_lengths_are_answered_as_one_by_one(model):
    texts = [("快递 late box " * 60)[: 3 * number % 700] for number in range(300)]
    alone = np.concatenate([model.probabilities([text]) for text in texts[::7]])
    np.testing.assert_allclose(model.probabilities(texts)[::7], alone, atol=1e-4)


def test_saving_never_replaces_unless_it_is_forced(toy_entries, tmp_path):
    path = tmp_path / "new" / "m.danlu"
    save(path, toy_entries["ngram"])
    with pytest.raises(OptionError, match=r"m\.danlu exists"):
        save(path, toy_entries["both"])
    assert danlu.load(path).card["name"] == "ngram"
    save(path, toy_entries["both"], force=True)
    assert danlu.load(path).card["name"] == "both"
    assert [file.name for file in path.parent.iterdir()] == ["m.danlu"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_saving_that_fails_leaves_nothing(toy_entries, tmp_path):
    (tmp_path / "m.danlu").mkdir()
    for force in (False, True):
        with pytest.raises((OptionError, IsADirectoryError)):
            save(tmp_path / "m.danlu", toy_entries["ngram"], force=force)
    assert [file.name for file in tmp_path.iterdir()] == ["m.danlu"]


def test_predicting_loads_no_training_library(name, toy_files):
    program = """
import sys
import danlu
assert len(danlu.load(sys.argv[1]).predict(["my parcel", "退款"])) == 2
assert "torch" not in sys.modules and "transformers" not in sys.modules and "scipy" not in sys.modules
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program, str(toy_files[name])], check=True)
