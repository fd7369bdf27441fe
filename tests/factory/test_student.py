"""Students: what candidates share, and that the wording of labels reaches them in the order of the labels."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch

from danlu.adapt.linear import encode
from danlu.artifact import Model
from danlu.errors import OptionError
from danlu.evals.questions import Questions
from danlu.factory import student
from danlu.factory.asking import Asking
from danlu.factory.calibration import Calibration
from danlu.factory.draft import drafts
from danlu.factory.exam import Exam
from danlu.factory.general import General
from danlu.factory.lesson import make_lesson
from danlu.factory.plan import Sizes, make_plan
from danlu.factory.student import Shared, Source, names_of, probabilities, teach, votes
from danlu.models.base import token_ids
from danlu.models.choice import ChoiceModel
from danlu.text.pair import pairing_of, sides
from danlu.text.question import pairs, parts

PLAN = make_plan(
    Sizes(labelled=60, unlabelled=0, dev=0, has_test=False, labels=3, tokens=8, long_tokens=16, smallest=20, depth=2),
    0.5,
    25,
    10,
)

CROSSED = replace(PLAN, crossed=12)


@pytest.fixture(params=["plain", "static", "narrow"])
def shared(request, tiny_base, static_base, narrow_base, toy_lesson):
    base = {"plain": tiny_base, "static": static_base, "narrow": narrow_base}[request.param]
    return Shared(Source(base, base.model, PLAN, 0), toy_lesson)


def test_what_candidates_share_is_made_once(shared):
    assert shared.ngrams is shared.ngrams
    assert shared.vocabulary is shared.vocabulary
    assert shared.narrow is shared.narrow
    assert (shared.narrow is shared) == (shared.source.base.narrow is not None)


@pytest.mark.parametrize("texts", [0, 7, 500])
def test_int8_is_calibrated_by_the_exam_where_the_lesson_is_short(narrow_base, toy_lesson, monkeypatch, texts):
    few = replace(
        toy_lesson,
        texts=toy_lesson.texts[:20],
        targets=toy_lesson.targets[:20],
        weights=toy_lesson.weights[:20],
        vectors=toy_lesson.vectors[:20],
    )
    calibrated = []
    monkeypatch.setattr(student, "smooth", lambda _, batches: calibrated.append(len(list(batches))))
    exam = Exam([f"a text with number {n}" for n in range(texts)], np.full((texts, 3), 1 / 3, np.float32))
    teach("narrow", Shared(Source(narrow_base, narrow_base.model, PLAN, 0), few), exam if texts else None)
    assert calibrated == [min(20 + texts, student.CALIBRATION_TEXTS)]


def test_the_narrow_candidate_of_another_base_reads_the_tokens_of_the_package(tiny_base, toy_lesson):
    shared = Shared(Source(tiny_base, tiny_base.model, PLAN, 0), toy_lesson)
    taught, tokenizer = teach("narrow", shared, None)
    assert shared.narrow.source.base.name == "embedded"
    assert tokenizer.get_vocab_size() == len(shared.narrow.vocabulary[1]) == taught.tokens.encoder.rows.rows.shape[0]
    assert taught.static is not None
    assert teach("static", shared, None)[0].static is None


def test_every_candidate_of_a_plan_can_be_taught(shared, toy_rows):
    _, (texts, truth) = toy_rows
    exam = Exam(list(texts), np.eye(3, dtype=np.float32)[truth])
    steps = []
    for name in names_of(PLAN):
        taught, tokenizer = teach(name, shared, exam, steps.append)
        found = probabilities(taught, tokenizer, texts, name, PLAN)
        assert exam.score(found.argmax(1)) > 0.6, name
    assert sum(steps) == PLAN.light_steps + PLAN.narrow_steps + len(PLAN.layers) * PLAN.student_steps


@pytest.mark.parametrize("name", ["ngram", "transformer-2"])
def test_the_wording_of_labels_reaches_students_in_their_order(name, tiny_base, toy_lesson):
    source = Source(tiny_base, tiny_base.model, PLAN, 0)
    words = ["zebra", "quartz", "斑马鱼"]
    vectors = encode(tiny_base.model, tiny_base.tokenizer, words, PLAN.token_length)
    for order in ([0, 1, 2], [2, 0, 1]):
        wording = [words[k] for k in order], vectors[order]
        lesson = make_lesson(toy_lesson.texts, toy_lesson.targets, toy_lesson.weights, toy_lesson.vectors, wording)
        taught, tokenizer = teach(name, Shared(source, lesson), None)
        first = votes(taught, tokenizer, words, name, PLAN)[0]  # of the token branch, or of the n-grams alone
        assert first.argmax(1).tolist() == [order.index(k) for k in range(3)]


def test_a_student_reads_in_its_file_what_it_read_in_training(shared, toy_rows):
    """Fewer tokens than its texts have, so that it matters which."""
    plan = replace(PLAN, token_length=16, student_length=6)
    source = replace(shared.source, plan=plan)
    texts = [f"{text} {other}" for text, other in zip(toy_rows[1][0][:12], toy_rows[0][0][:12], strict=True)]
    assert max(len(ids) for ids in token_ids(source.base.tokenizer, texts, 99)) > 16
    name, stored = names_of(plan)[-1], {}
    exam = Exam(toy_rows[1][0], np.eye(3, dtype=np.float32)[toy_rows[1][1]])
    taught = teach(name, Shared(source, shared.lesson), exam)
    plain, _ = drafts(name, None, lambda: taught, plan, lambda key, make: stored.setdefault(key, make()))
    assert (plain.length, plain.chosen) == (16, 6)
    file = Model("", plain.entries("abc", {}, Calibration()))
    np.testing.assert_allclose(file.probabilities(texts), probabilities(*taught, texts, name, plan), atol=1e-4)
    cut = replace(plain, length=6)  # the first ones instead
    assert np.abs(Model("", cut.entries("abc", {}, Calibration())).logits(texts) - file.logits(texts)).max() > 1e-2


def test_a_base_without_static_embeddings_numbers_tokens_by_rarity(tiny_base, toy_lesson):
    tokenizer, _ = Shared(Source(tiny_base, tiny_base.model, PLAN, 0), toy_lesson).vocabulary
    often = Counter(i for ids in token_ids(tokenizer, toy_lesson.texts, PLAN.token_length) for i in ids[1:-1])
    words = [i for i in sorted(often) if len(tokenizer.id_to_token(i).removeprefix("##")) > 1]
    counts = [often[i] for i in words]
    assert counts == sorted(counts, reverse=True)
    single = [i for name, i in tokenizer.get_vocab().items() if len(name.removeprefix("##")) == 1]
    assert max(single) < min(words)


@pytest.mark.parametrize("name", names_of(CROSSED))
def test_students_of_pairs_read_in_their_file_what_they_read_in_training(name, static_base, pair_lesson, pair_rows):
    _, (texts, truth) = pair_rows
    pairing, stored = pairing_of(texts), {}
    exam = Exam(list(texts), np.eye(2, dtype=np.float32)[truth])
    torch.manual_seed(0)
    asking = Asking(("late", "good"), "is this about the same?", both=pairing == "unordered")
    general = General(ChoiceModel(static_base.model, (10, 11)).eval(), static_base.tokenizer, asking)
    before = [parameter.clone() for parameter in general.model.parameters()]
    taught = teach(name, Shared(Source(static_base, static_base.model, CROSSED, 0, general), pair_lesson), exam)
    assert all(torch.equal(a, b) for a, b in zip(before, general.model.parameters(), strict=True))
    found = probabilities(*taught, texts, name, CROSSED)
    assert exam.score(found.argmax(1)) > 0.6  # chance is 0.5, and the base here knows nothing
    plain, _ = drafts(name, pairing, lambda: taught, CROSSED, lambda key, make: stored.setdefault(key, make()))
    file = Model("", plain.entries("ab", {}, Calibration()))
    np.testing.assert_allclose(file.probabilities(texts), found, atol=1e-4)
    given = [sides(text) for text in texts]
    np.testing.assert_allclose(file.probabilities(given), found, atol=1e-4)
    if pairing == "unordered":
        np.testing.assert_array_equal(
            file.probabilities([(second, first) for first, second in given]), file.probabilities(given)
        )


@pytest.mark.parametrize("name", names_of(CROSSED))
def test_students_of_questions_read_in_their_file_what_they_read_in_training(
    name, static_base, question_lesson, question_rows
):
    asked, places = question_rows[1]
    texts = [text for question in asked for text in pairs(question)]
    questions = Questions.of([len(pairs(question)) for question in asked])
    targets = np.zeros((len(texts), 2), np.float32)
    targets[np.arange(len(texts)), (questions.place != places[questions.owner]).astype(int)] = 1
    exam, stored = Exam(texts, targets, questions), {}
    torch.manual_seed(0)
    general = General(
        ChoiceModel(static_base.model, (10, 11)).eval(), static_base.tokenizer, Asking((), "which is it?")
    )
    before = [parameter.clone() for parameter in general.model.parameters()]
    taught = teach(name, Shared(Source(static_base, static_base.model, CROSSED, 0, general), question_lesson), exam)
    assert all(torch.equal(a, b) for a, b in zip(before, general.model.parameters(), strict=True))
    found = probabilities(*taught, texts, name, CROSSED)
    # chance is 0.36; n-grams do not see which option a question is near, and the base here knows nothing
    assert name == "ngram" or exam.score(exam.answers(np.log(found))) > 0.45
    plain, small = drafts(
        name, "ordered", lambda: taught, CROSSED, lambda key, make: stored.setdefault(key, make()), options=True
    )
    assert (small is plain) == (name != "narrow")  # the only one wide enough for int8
    file = Model("", plain.entries(("right", "wrong"), {}, Calibration()))
    np.testing.assert_allclose(file.probabilities(texts), found, atol=1e-4)
    shares = np.exp(exam.questions.table(file.logits(texts))[0])
    top = dict(file.predict([asked[0]])[0].top)
    options = parts(asked[0])[1:]
    np.testing.assert_allclose(
        [top[o] for o in options[:3] if o in top], (shares / shares.sum())[: len(top)], atol=1e-4
    )


@pytest.mark.parametrize("more", [0, 1_000])
def test_a_student_of_questions_stands_alone_where_there_is_room_for_more_of_their_words(
    static_base, question_lesson, more
):
    torch.manual_seed(0)
    general = General(
        ChoiceModel(static_base.model, (10, 11)).eval(), static_base.tokenizer, Asking((), "which is it?")
    )
    plan = replace(CROSSED, vocabulary=100, crossed_vocabulary=more)
    shared = Shared(Source(static_base, static_base.model, plan, 0, general), question_lesson)
    (alone, large), (beside, small) = teach(names_of(plan)[-1], shared, None), teach("static", shared, None)
    assert beside.static is not None
    assert (alone.static is None, alone.ngrams is None) == (bool(more), bool(more))
    assert (large.get_vocab_size() > small.get_vocab_size()) == bool(more)


@pytest.mark.parametrize("bad", ["one text", ("one",), ("a", "b", "c"), ("a", None), [1, 2], 5])
def test_a_model_of_pairs_refuses_what_is_no_pair(bad, pair_model):
    with pytest.raises(OptionError, match=r"Pair 1 is .* Fix: "):
        pair_model.predict([("a", "b"), bad])
    assert len(pair_model.predict([["a", "b"], ("", "")])) == 2
