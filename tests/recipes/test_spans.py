"""The general extractor's recipe: what is marked without people, what is put to the model, and what it is told."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import astuple
from itertools import islice

import numpy as np
import pytest
import torch
from recipes.spans import Recipe, Sentence, batches, export, masks, put, repeated, sentences, settings_of, train
from recipes.spans_en import Subjects, kinds_of, subject_of, unknown
from recipes.spans_types import CALLED, FINER
from recipes.spans_zh import marks_of

from danlu.models.open_span import WIDEST, open_settings, open_spans
from danlu.text.entities import Reading
from danlu.text.pieces import by_character, frame
from danlu.train.spans import Piece, loss, stretches
from recipes import spans


def said(text, words):
    """What is marked in a Chinese sentence, by its text."""
    cut = [tuple(word.split("/")) for word in words.split()]
    assert "".join(word for word, _ in cut) == text
    found = marks_of(text, cut, {"法国": ("country", "place")}, {"文明": 5_000})
    return {text[start:end]: kinds[0] for start, end, kinds in found}


def test_chinese_names_are_known_by_dictionary_endings_and_brackets():
    assert said(
        "2023年3月5日，北京大学教授王明在法国看了电影《长路》，花了30元。",
        "2023/m 年/m 3/m 月/m 5/m 日/m ，/x 北京大学/nt 教授/n 王明/nr 在/p 法国/ns 看/v 了/ul 电影/n 《/x 长路/n 》/x "
        "，/x 花/v 了/ul 30/m 元/m 。/x",
    ) == {
        "2023年3月5日": "date",
        "北京大学": "school",
        "教授": "position",
        "王明": "person",
        "法国": "country",
        "《长路》": "movie",
        "30元": "money",
    }


def test_words_that_are_names_by_chance_are_not_marked():
    assert said("文明城市很高兴", "文明/nr 城市/n 很/d 高兴/a") == {}


@pytest.mark.parametrize(
    ("sentence", "kinds"),
    [
        ("Ada Bell (born 1950) is a Danish chess player who lives in Rome.", ("player", "athlete", "person")),
        ("Long Road is a 1995 film directed by a man.", ("film", "movie", "work")),
        ("It rains.", ()),
    ],
)
def test_the_first_sentence_says_what_something_is(sentence, kinds):
    assert kinds_of(sentence) == kinds


def test_subjects_are_found_in_other_articles():
    articles = ["Ada Bell\nADA BELL is a Danish physicist.", "Rome\nRome is a city in Italy.", "X\nNothing is said."]
    subjects = Subjects(articles)
    text = "In Rome, Ada Bell's friend Carl Moss saw Bell."
    marks = subjects.marks_of(text, subject_of(articles[0]))
    assert [(text[start:end], kinds[-1]) for start, end, kinds in marks] == [
        ("Rome", "place"), ("Ada Bell", "person"), ("Bell", "person"),
    ]  # fmt: skip
    assert [text[start:end] for start, end in unknown(text, marks)] == ["Carl", "Moss"]


def test_every_kind_is_called_something_in_both_languages():
    assert all(names and english for names, english in CALLED.values())
    assert FINER.keys() <= CALLED.keys()
    assert {kind for finer in FINER.values() for kind in finer} <= CALLED.keys()


def sentence(marks, unknown=(), length=8):
    ids = np.array([2, *range(5, 5 + length), 3])
    return Sentence(Piece(ids, np.ones(len(ids), np.int64), np.zeros((0, 3), np.int64)), list(marks), list(unknown))


def test_what_nobody_knows_is_neither_right_nor_wrong():
    batch = [sentence([(1, 1, ("place",))], [(5, 6)]), sentence([(2, 0, ("movie", "work"))])]
    kinds = ["place", "scene", "work", "movie", "book"]
    real = stretches(torch.ones(2, 10, dtype=torch.long), Reading((2,), (3,), 100, WIDEST), WIDEST)
    marks, known = masks(batch, kinds, real)
    assert marks[0].tolist() == [[1, 1, 0]]
    assert sorted(marks[1].tolist()) == [[2, 0, 2], [2, 0, 3]]
    assert not known[0, 1, 1, 1]  # the place may be a sight
    assert known[0, 1, 1, 2]  # and is no work
    assert known[1, 2, 0, 4]  # a movie is no book
    assert not known[0, 4, 1].any()  # it reaches into a word with a capital letter
    assert not known[0, 6, 0].any()
    assert known[0, 7, 0].all()
    assert not known[0, 9].any()  # beyond the sentence
    scores = torch.where(known, -9.0, 50.0)
    for row, own in enumerate(marks):
        for first, width, kind in own.tolist():
            scores[row, first, width, kind] = 9.0
    assert loss(scores, known, marks).max() < 0.2  # whatever is said of the unknown


def test_kinds_that_stand_in_a_batch_are_put_and_others_beside_them():
    recipe = Recipe(kinds=4)
    batch = [sentence([(1, 0, ("movie", "work", "rare"))])]
    drawn = put(batch, ["movie", "work", "place", "person", "date"], recipe, random.Random(0))
    assert {"movie", "work"} <= set(drawn)
    assert "rare" not in drawn  # of too few rows
    assert len(drawn) == len(set(drawn)) == 4


def test_rare_kinds_are_shown_more_often_and_batches_are_bounded():
    recipe = Recipe(usual=100, least=1, most=5, tokens=40)
    found = [sentence([(1, 0, ("rare",))]), *(sentence([(1, 0, ("usual",))]) for _ in range(30))]
    shown = repeated(found, Counter({"rare": 4, "usual": 200}), recipe)
    assert sum(each is found[0] for each in shown) == 5
    assert len(shown) == 35
    first, second = ([list(map(id, batch)) for batch in islice(batches(shown, recipe, 3), 30)] for _ in range(2))
    assert first == second
    assert all(len(batch) <= 4 for batch in first)


@pytest.fixture
def rows(tmp_path):
    """Sentences in which box and card are things, as the tiny vocabulary knows them."""
    draw = random.Random(0)
    for way in ("zh", "en"):
        lines = []
        for _ in range(60):
            thing = draw.choice(["box", "card"])
            text = f"my {thing} is late" if draw.random() < 0.5 else f"the {thing} again"
            at = text.index(thing)
            kinds = ["product", thing]
            row = {"text": text, "marks": [[at, at + len(thing), kinds]], "unknown": [], "source": "here"}
            lines.append(json.dumps(row))
        (tmp_path / f"{way}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def test_rows_are_read_with_their_marks(rows, tiny_base):
    tokenizer = by_character(tiny_base.tokenizer)
    before, after = frame(tokenizer)
    found = sentences(rows / "zh.jsonl", tiny_base, Reading(tuple(before), tuple(after), 100, WIDEST), Recipe())
    assert len(found) == 60
    for each in found:
        ((first, width, kinds),) = each.marks
        assert kinds[0] == "product"
        assert 0 < first < first + width + 1 < len(each.piece.ids)


def test_a_stopped_training_goes_on_as_it_was(rows, tiny_base_folder, tmp_path, monkeypatch):
    from danlu.models.base import open_base

    monkeypatch.setattr(spans, "open_base", lambda: open_base(str(tiny_base_folder)))
    recipe = Recipe(least=2, kinds=3, tokens=60)
    keep = spans.checkpoint
    taken = []

    def stop(work, *parts, **state):
        keep(work, *parts, **state)
        taken.append(state["step"])
        if len(taken) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(spans, "SAVED", -1)
    for name in ("once", "again"):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(spans, "planned_steps", lambda _minutes, _spent, _step: 56)
        if name == "again":
            monkeypatch.setattr(spans, "checkpoint", stop)
            with pytest.raises(KeyboardInterrupt):
                train(rows, tmp_path / name, 1.0, recipe)
        train(rows, tmp_path / name, 1.0, recipe)
        monkeypatch.setattr(spans, "checkpoint", keep)
    first, second = (torch.load(tmp_path / name / "state.pt", weights_only=True) for name in ("once", "again"))
    assert first["step"] == second["step"] == 56
    for key, value in first["model"].items():
        assert torch.allclose(value, second["model"][key], atol=1e-6), key
    marked = [{"text": "my box is late", "entities": [{"start": 3, "end": 6, "type": "product"}]}] * 20
    (tmp_path / "marked.jsonl").write_text("".join(json.dumps(row) + "\n" for row in marked), encoding="utf-8")
    export(tmp_path / "once", tmp_path / "kept", [tmp_path / "marked.jsonl"])
    base = open_base(str(tiny_base_folder))
    model = open_spans(base, tmp_path / "kept")
    assert model is not None
    stored, again = open_settings(base, tmp_path / "kept"), settings_of(model, base, [tmp_path / "marked.jsonl"])
    assert stored is not None
    assert astuple(stored) == pytest.approx(astuple(again), abs=0.05)  # but for what int8 rounds
