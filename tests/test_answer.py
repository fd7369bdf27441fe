"""A model file that chooses among options: the probabilities of one question sum to 1, in whatever order they come."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import danlu
from danlu import artifact
from danlu.answer import chances, read
from danlu.archive import pack, unpack
from danlu.artifact import pad_ngrams
from danlu.errors import ArtifactError, OptionError
from danlu.text.pair import sides
from danlu.text.question import ask, pairs, parts
from danlu.types import Prediction

OPTION = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def model(question_file):
    return danlu.load(question_file)


def test_it_chooses_as_its_student_does(model, question_student, question_rows):
    """The file reads a question once for all of its options; the student reads it beside each."""
    student, tokenizer = question_student
    encoder = artifact.Tokenizer.from_str(tokenizer)
    for text in question_rows[1][0][:10]:
        rows = pairs(text)
        ids = [encoder.encode(side).ids for row in rows for side in sides(row)]
        longest = max(map(len, ids))
        padded = torch.tensor([one + [0] * (longest - len(one)) for one in ids])
        mask = torch.tensor([[1] * len(one) + [0] * (longest - len(one)) for one in ids])
        grams = map(torch.from_numpy, pad_ngrams(rows, 10))
        with torch.inference_mode():
            buckets, counts = grams
            sides_of = torch.arange(len(ids))
            inputs = {"token_ids": padded, "token_mask": mask, "static_ids": padded, "static_mask": mask}
            inputs |= {"sides": sides_of, "ngram_ids": buckets, "ngram_counts": counts}
            expected = student(*(inputs[name] for name in student.inputs)).numpy()
        np.testing.assert_allclose(model.logits(rows), expected, atol=1e-4)
        odds = (expected[:, 0] - expected[:, 1]) / 1.25
        shares = np.exp(odds) / np.exp(odds).sum()
        np.testing.assert_allclose(chances(model, [text], 1.25)[0], shares, atol=1e-4)


def test_what_an_answer_is(model, question_rows):
    texts, truth = question_rows[1]
    assert (model.options, model.pairing, model.labels) == (True, "ordered", ("right", "wrong"))
    given_ = [(parts(text)[0], list(parts(text)[1:])) for text in texts]
    found = model.predict(given_)
    assert found == model.predict(texts)
    right = 0
    for (_, options), answer, place in zip(given_, found, truth, strict=True):
        assert isinstance(answer, Prediction)
        assert answer.label in options
        assert answer.top[0] == (answer.label, answer.probability)
        assert len(answer.top) == min(3, len(options))
        assert answer.abstained == (answer.probability < 0.5)
        right += answer.label == options[place]
    assert right / len(truth) > 0.6  # guessing gets 0.36
    for shares in chances(model, texts, 1.25):
        assert shares.sum() == pytest.approx(1)


@settings(max_examples=20)
@given(st.text(st.characters(categories=["L"]), min_size=1, max_size=30), st.data())
def test_the_order_of_options_changes_nothing(model, question, data):
    options = data.draw(st.lists(OPTION, min_size=2, max_size=5, unique_by=lambda o: danlu.artifact.clean(o) or o))
    turned = data.draw(st.permutations(options))
    first, second = model.predict([(question, options), (question, turned)])
    assert first.probability == pytest.approx(second.probability, abs=1e-5)
    assert sum(chances(model, read([(question, options)]), 1.25)[0]) == pytest.approx(1)
    if len(first.top) > 1 and first.top[0][1] - first.top[1][1] > 1e-4:
        assert first.label == second.label


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("a question", "this is one string"),
        (["a question"], "Question 0 is str, and this model chooses among a question's options"),
        ([("q", ["a", "b"]), ("q",)], "Question 1 is tuple"),
        ([("q", "ab")], "options of question 0 are not a list of strings"),
        ([("q", ["a", 1])], "options of question 0 are not a list of strings"),
        ([(1, ["a", "b"])], "Question 0 is int, not a string"),
        ([("q", ["a"])], "Question 0 has 1 options"),
        ([("q", ["a", " a "])], "Question 0 has an option twice"),
        ([("q", ["a", "\u200b"])], "Question 0 or one of its options is empty"),
        ([(" ", ["a", "b"])], "Question 0 or one of its options is empty"),
    ],
)
def test_what_is_no_question_is_refused(model, asked, told):
    with pytest.raises(OptionError, match="Fix:") as error:
        model.predict(asked)
    assert told in str(error.value)


def test_a_single_answer_and_many_are_the_same(model, question_rows):
    texts = question_rows[1][0][:8]
    together = model.predict(texts)
    for text, answer in zip(texts, together, strict=True):
        alone = model.predict([text])[0]
        assert alone.label == answer.label
        assert alone.probability == pytest.approx(answer.probability, abs=1e-5)
    assert model.predict([]) == []


@pytest.mark.parametrize("changes", [{"options": 1}, {"pairing": None}, {"labels": ["wrong", "right"]}])
def test_settings_that_danlu_does_not_write_are_refused(question_entries, changes, tmp_path):
    config = {**json.loads(question_entries["config.json"]), **changes}
    data = pack({**question_entries, "config.json": json.dumps(config).encode()})
    assert unpack(data)
    (tmp_path / "forged.danlu").write_bytes(data)
    with pytest.raises(ArtifactError):
        danlu.load(tmp_path / "forged.danlu")


def test_marks_in_what_people_write_add_no_option(model):
    text = ask("a\x1db", ["c\x1dd", "e"])
    assert len(parts(text)) == 3
    assert model.predict([("a\x1db", ["c\x1dd", "e"])])[0].label in {"c\x1cd", "e"}
