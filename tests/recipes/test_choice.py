"""The mixture of the general model holds no text that it is evaluated on."""

from __future__ import annotations

import json

import pytest
from recipes.choice import LABEL, without_evaluated
from recipes.choice_rows import Question

REVIEW = "送来的时候外壳裂了一条缝，客服第二天就换了新的"
QUICK = "the quick brown fox jumps over the lazy dog and then it sleeps all day long"
SHORT = "很好用"


@pytest.fixture
def place(tmp_path):
    """A folder of evaluation sets: texts, a mention inside an object, a list, and labels, one of them rare."""
    rows = [
        {"sentence": REVIEW, "label": "Positive"},
        {"sentence1": SHORT, "target": {"span1_text": "隔壁修鞋的老师傅"}, "label": "contradiction"},
        {"keyword": [QUICK, "秋天的第一杯奶茶"], "label": "contradiction"},
        *({"sentence": str(number), "label": "entailment"} for number in range(LABEL + 1)),
        *({"sentence": str(number), "label": "seldom"} for number in range(LABEL)),
    ]
    folder = tmp_path / "fewclue" / "some" / "set"
    folder.mkdir(parents=True)
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    (folder / "test_public.json").write_text("".join(lines), encoding="utf-8")
    return tmp_path / "fewclue"


def question(*sides, options=("是", "不是"), source="made"):
    return Question(source, "对吗？", sides, options, 0)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (question(REVIEW), "exact"),
        (question(f" {REVIEW.replace('，', ',')}\n"), "exact"),  # in another spelling
        (question(REVIEW.replace("，", "")), "overlapping"),
        (question("别的一句话", REVIEW), "exact"),  # the second side of a pair
        (question("哪一个？", options=("晴天", REVIEW)), "exact"),
        (question("秋天的第一杯奶茶"), "exact"),  # in a list
        (question("是谁来了？", options=("隔壁修鞋的老师傅", "邮递员")), "exact"),  # in an object
        (question("是谁来了？", options=("隔壁修鞋的老师傅！", "邮递员")), "overlapping"),  # but for its mark
        (question(f"有人写道：“{REVIEW[:16]}”，我不信。"), "overlapping"),
        (question("ok", options=(f"he says {QUICK.upper()}", "no")), "overlapping"),
        (question("neither", options=("seldom", "often")), "exact"),  # stands in too few rows to be a label
        (question("neither", options=("contradiction", "no")), "exact"),
        (question("neither", options=("entailment", "no")), None),  # a label is no text
        (question(SHORT), None),  # what everybody says
        (question(REVIEW[:12] + "。" + REVIEW[14:]), None),  # no run of 13
        (question("今天食堂的粥太稀了"), None),
    ],
)
def test_a_question_goes_with_any_text_of_an_evaluation_set(place, asked, why):
    kept, counts = without_evaluated([asked], place)
    assert kept == ([] if why else [asked])
    assert counts == {"made": {"made": 1, "exact": why == "exact", "overlapping": why == "overlapping", "trained": 0}}


def test_it_is_counted_source_by_source_and_what_is_left_keeps_its_order(place):
    rows = [question(f"第{number}个问题在这里", source=f"source {number % 2}") for number in range(10_003)]
    for number in (0, 4_999, 5_000, 10_002):  # rows are looked at 5,000 at a time
        rows[number] = question(REVIEW, source="told")
    rows[5_001] = question(f"他写道：{REVIEW}", source="told")
    rows[5_002] = question("老地方见吧", "明天见", options=("一", "二", "三"), source="told")
    kept, counts = without_evaluated(rows, place)
    gone = {0, 4_999, 5_000, 5_001, 10_002}
    assert kept == [row for number, row in enumerate(rows) if number not in gone]
    assert counts["told"] == {"made": 6, "exact": 4, "overlapping": 1, "trained": 0}
    others = [sum(counts[f"source {way}"][name] for way in (0, 1)) for name in ("made", "exact", "overlapping")]
    assert others == [len(rows) - 6, 0, 0]
