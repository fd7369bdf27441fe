"""The data of the examples is what their README says."""

import csv
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from danlu.corpus.dedup import exact_key, near_duplicates

FOLDER = Path(__file__).parents[1] / "examples" / "service-desk"
INTENTS = {"account", "app", "damaged", "delivery", "exchange", "invoice", "promotion", "refund"}
HAN, LATIN = re.compile("[\u3400-\u9fff]"), re.compile("[A-Za-z]")


def labelled(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def texts(name: str) -> list[str]:
    if name.endswith(".csv"):
        return [row["text"] for row in labelled(name)]
    lines = (FOLDER / name).read_text(encoding="utf-8").split("\n")
    return [json.loads(line)["text"] for line in lines if line]


FILES = ("train.csv", "test.csv", "unlabeled.jsonl")


@pytest.mark.parametrize(("name", "each"), [("train.csv", 16), ("test.csv", 75)])
def test_labels_are_balanced(name: str, each: int) -> None:
    assert Counter(row["label"] for row in labelled(name)) == dict.fromkeys(INTENTS, each)
    assert all(row.keys() == {"text", "label"} for row in labelled(name))


def test_unlabelled_rows_have_text_only() -> None:
    lines = (FOLDER / "unlabeled.jsonl").read_text(encoding="utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line]
    assert len(rows) == 1_500
    assert all(row.keys() == {"text"} for row in rows)


@pytest.mark.parametrize("name", FILES)
def test_texts_are_clean(name: str) -> None:
    for text in texts(name):
        assert text
        assert text == text.strip()
        assert "\n" not in text
        assert "\ufffd" not in text


def test_no_text_repeats_another_in_any_file() -> None:
    everything = [text for name in FILES for text in texts(name)]
    assert len({exact_key(text) for text in everything}) == len(everything) == 2_228
    assert near_duplicates(everything, 0.85) == []


def test_scripts_are_counted_as_the_readme_says() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name in FILES:
        kinds = Counter((bool(HAN.search(text)), bool(LATIN.search(text))) for text in texts(name))
        line = f"| `{name}` | {kinds[True, False]} | {kinds[False, True]} | {kinds[True, True]} |"
        assert line in readme


def test_the_readme_names_every_intent() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z]+)` \|", readme, re.MULTILINE)) == INTENTS


# --- pairs

PAIRS = Path(__file__).parents[1] / "examples" / "same-question"


def pairs(name: str) -> list[dict[str, str]]:
    with (PAIRS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_pairs_are_balanced_and_counted_as_the_readme_says() -> None:
    readme = (PAIRS / "README.md").read_text(encoding="utf-8")
    for name, rows in (("train.csv", 96), ("unlabeled.csv", 240), ("test.csv", 144)):
        found = pairs(name)
        assert len(found) == rows
        if name != "unlabeled.csv":
            assert Counter(row["label"] for row in found) == {"same": rows // 2, "different": rows // 2}
            assert f"| `{name}` | {rows} | `question1`, `question2`, `label` | {rows // 2} | {rows // 2} |" in readme
        kinds = Counter(sum(bool(HAN.search(row[side])) for side in ("question1", "question2")) for row in found)
        assert f"| `{name}` | {kinds[2]} | {kinds[0]} | {kinds[1]} |" in readme


def test_no_question_is_in_two_files_and_no_pair_stands_twice() -> None:
    sides = [
        {row[side] for row in pairs(name) for side in ("question1", "question2")}
        for name in ("train.csv", "test.csv", "unlabeled.csv")
    ]
    assert sum(map(len, sides)) == len(set().union(*sides)) == 213
    for name in ("train.csv", "test.csv", "unlabeled.csv"):
        found = [frozenset((row["question1"], row["question2"])) for row in pairs(name)]
        assert len(set(found)) == len(found)


# --- questions with options

REPLIES = Path(__file__).parents[1] / "examples" / "right-reply"
SIZES = {"train.jsonl": 64, "unlabeled.jsonl": 200, "test.jsonl": 152}


def questions(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (REPLIES / name).read_text(encoding="utf-8").split("\n") if line]


@pytest.mark.parametrize("name", SIZES)
def test_questions_are_as_many_and_of_the_shape_that_the_readme_says(name: str) -> None:
    found = questions(name)
    fields = ["message", "options"] + ["answer"] * (name != "unlabeled.jsonl")
    listed = ", ".join(f"`{field}`" for field in fields)
    assert len(found) == SIZES[name]
    assert f"| `{name}` | {len(found)} | {listed} |" in (REPLIES / "README.md").read_text(encoding="utf-8")
    for row in found:
        assert list(row) == fields
        assert len(set(row["options"])) == 4
        assert row.get("answer", "A") in "ABCD"
        texts = [row["message"], *row["options"]]
        assert all(text == text.strip() and text for text in texts)
        assert len({bool(HAN.search(text)) for text in texts}) == 1
    assert sum(bool(HAN.search(row["message"])) for row in found) == len(found) / 2
    if name != "unlabeled.jsonl":
        assert max(Counter(row["answer"] for row in found).values()) < 0.4 * len(found)


def test_no_message_and_no_reply_is_in_two_files() -> None:
    files = [questions(name) for name in SIZES]
    messages = [row["message"] for rows in files for row in rows]
    assert len({exact_key(message) for message in messages}) == len(messages)
    assert near_duplicates(messages, 0.85) == []
    replies = [{option for row in rows for option in row["options"]} for rows in files]
    assert sum(map(len, replies)) == len(set().union(*replies)) == 208


# --- entities

ORDERS = Path(__file__).parents[1] / "examples" / "order-desk"
TYPES = {"date", "person", "place", "product", "quantity"}


def orders(name: str) -> list[dict[str, Any]]:
    lines = (ORDERS / name).read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def order_texts(name: str) -> list[str]:
    if name.endswith(".txt"):
        return [line for line in (ORDERS / name).read_text(encoding="utf-8").split("\n") if line]
    return [row["text"] for row in orders(name)]


def test_entities_are_where_they_are_said_to_be() -> None:
    for name in ("train.jsonl", "test.jsonl"):
        for row in orders(name):
            assert all(row["text"][e["start"] : e["end"]] == e["text"] for e in row["entities"])
            assert {e["type"] for e in row["entities"]} <= TYPES


def test_orders_are_counted_as_the_readme_says() -> None:
    readme = (ORDERS / "README.md").read_text(encoding="utf-8")
    for name in ("train.jsonl", "test.jsonl"):
        counts = Counter(entity["type"] for row in orders(name) for entity in row["entities"])
        assert (
            f"| `{name}` | {len(orders(name))} | " + " | ".join(str(counts[kind]) for kind in sorted(TYPES)) in readme
        )
    assert f"| `unlabeled.txt` | {len(order_texts('unlabeled.txt'))} |" in readme


def test_no_order_repeats_another() -> None:
    everything = [text for name in ("train.jsonl", "test.jsonl", "unlabeled.txt") for text in order_texts(name)]
    assert len({exact_key(text) for text in everything}) == len(everything)
    assert near_duplicates(everything, 0.85) == []


# --- entities with relations

LABELLED_NEWS = ("train.jsonl", "dev.jsonl", "test.jsonl")
NEWS = Path(__file__).parents[1] / "examples" / "who-works-where"
LINKED = {  # what each relation leads from and to
    "based_in": ("company", "city"),
    "bought": ("company", "company"),
    "job_of": ("person", "job"),
    "left": ("person", "company"),
    "works_for": ("person", "company"),
}


def news(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (NEWS / name).read_text(encoding="utf-8").split("\n") if line]


def test_relations_lead_between_entities_of_the_right_types() -> None:
    for name in LABELLED_NEWS:
        for row in news(name):
            kinds = [entity["type"] for entity in row["entities"]]
            assert all(row["text"][e["start"] : e["end"]] == e["text"] for e in row["entities"])
            for each in row["relations"]:
                assert (kinds[each["head"]], kinds[each["tail"]]) == LINKED[each["type"]]


def test_news_is_counted_as_the_readme_says() -> None:
    readme = (NEWS / "README.md").read_text(encoding="utf-8")
    for name in LABELLED_NEWS:
        rows = news(name)
        for field, kinds in (("entities", ("city", "company", "job", "person")), ("relations", sorted(LINKED))):
            counts = Counter(each["type"] for row in rows for each in row[field])
            assert f"| `{name}` | {len(rows)} | " + " | ".join(str(counts[kind]) for kind in kinds) in readme
    lines = (NEWS / "unlabeled.txt").read_text(encoding="utf-8").split("\n")
    assert f"| `unlabeled.txt` | {sum(map(bool, lines))} |" in readme


def test_no_news_repeats_another() -> None:
    everything = [row["text"] for name in LABELLED_NEWS for row in news(name)]
    everything += [line for line in (NEWS / "unlabeled.txt").read_text(encoding="utf-8").split("\n") if line]
    assert len({exact_key(text) for text in everything}) == len(everything)
    assert near_duplicates(everything, 0.85) == []


# --- several labels

HOTLINE = Path(__file__).parents[1] / "examples" / "city-hotline"
TOPICS = {"bus", "dogs", "lighting", "noise", "parking", "road", "trees", "waste", "water"}


def messages(name: str) -> list[dict[str, object]]:
    lines = (HOTLINE / name).read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def test_messages_are_counted_as_the_readme_says() -> None:
    readme = (HOTLINE / "README.md").read_text(encoding="utf-8")
    for name in ("train.jsonl", "test.jsonl"):
        rows = messages(name)
        sizes = Counter(len(row["labels"]) for row in rows)
        assert f"| `{name}` | {len(rows)} | `text`, `labels`" in readme
        assert f"| {sizes[0]} | {sizes[1]} | {sizes[2]} | {sizes[3]} |" in readme
        assert set().union(*(row["labels"] for row in rows)) == TOPICS
    assert all(row.keys() == {"text"} for row in messages("unlabeled.jsonl"))
    for name in ("train.jsonl", "test.jsonl", "unlabeled.jsonl"):
        han = Counter(bool(HAN.search(str(row["text"]))) for row in messages(name))
        assert f"| `{name}` | {han[True]} | {han[False]} |" in readme


def test_no_message_repeats_another_in_any_file() -> None:
    everything = [
        str(row["text"]) for name in ("train.jsonl", "test.jsonl", "unlabeled.jsonl") for row in messages(name)
    ]
    assert len({exact_key(text) for text in everything}) == len(everything)


# --- scores

ALIKE = Path(__file__).parents[1] / "examples" / "how-alike"


def alike(name: str) -> list[dict[str, str]]:
    with (ALIKE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_scored_pairs_are_counted_as_the_readme_says() -> None:
    readme = (ALIKE / "README.md").read_text(encoding="utf-8")
    for name in ("train.csv", "test.csv", "unlabeled.csv"):
        found = alike(name)
        fields = ["sentence1", "sentence2"] + ["score"] * (name != "unlabeled.csv")
        assert all(list(row) == fields for row in found)
        kinds = Counter(sum(bool(HAN.search(row[side])) for side in fields[:2]) for row in found)
        listed = ", ".join(f"`{field}`" for field in fields)
        assert f"| `{name}` | {len(found)} | {listed} | {kinds[2]} | {kinds[0]} | {kinds[1]} |" in readme
        if name != "unlabeled.csv":
            scores = [float(row["score"]) for row in found]
            assert all(0 <= score <= 5 and score * 5 == round(score * 5) for score in scores)
            parts = Counter(min(4, int(score)) for score in scores)
            assert f"| `{name}` | " + " | ".join(str(parts[part]) for part in range(5)) + " |" in readme


def test_no_scored_sentence_is_in_two_files_and_no_pair_stands_twice() -> None:
    names = ("train.csv", "test.csv", "unlabeled.csv")
    sides = [{row[side] for row in alike(name) for side in ("sentence1", "sentence2")} for name in names]
    assert sum(map(len, sides)) == len(set().union(*sides)) == 400
    for name in names:
        found = [frozenset((row["sentence1"], row["sentence2"])) for row in alike(name)]
        assert len(set(found)) == len(found)


# --- inference

FOLLOWS = Path(__file__).parents[1] / "examples" / "does-it-follow"
RELATIONS = {"contradiction", "entailment", "neutral"}


def inferences(name: str) -> list[dict[str, str]]:
    with (FOLLOWS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_premise_has_a_hypothesis_of_each_label_and_all_are_counted_as_the_readme_says() -> None:
    readme = (FOLLOWS / "README.md").read_text(encoding="utf-8")
    for name, rows in (("train.csv", 48), ("unlabeled.csv", 24), ("test.csv", 60)):
        found = inferences(name)
        fields = ["premise", "hypothesis"] + ["label"] * (name != "unlabeled.csv")
        assert len(found) == rows
        assert all(list(row) == fields for row in found)
        assert all(len({bool(HAN.search(row[side])) for side in fields[:2]}) == 1 for row in found)
        listed, half = ", ".join(f"`{field}`" for field in fields), rows // 2
        assert f"| `{name}` | {rows} | {listed} | {half} | {half} |" in readme
        assert sum(bool(HAN.search(row["premise"])) for row in found) == half
        for premise, times in Counter(row["premise"] for row in found).items():
            assert times == 3
            given = {row["label"] for row in found if row["premise"] == premise and "label" in row}
            assert given == (RELATIONS if name != "unlabeled.csv" else set())


def test_no_sentence_of_an_inference_is_in_two_files() -> None:
    files = [inferences(name) for name in ("train.csv", "unlabeled.csv", "test.csv")]
    sentences = [{row[side] for row in rows for side in ("premise", "hypothesis")} for rows in files]
    everything = list(set().union(*sentences))
    assert len({exact_key(text) for text in everything}) == sum(map(len, sentences)) == 44 * 4
    assert near_duplicates(everything, 0.85) == []


# --- keywords

KEYWORDS = Path(__file__).parents[1] / "examples" / "right-keywords"


def abstracts(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (KEYWORDS / name).read_text(encoding="utf-8").split("\n") if line]


def test_each_abstract_has_right_and_wrong_keywords_as_the_readme_says() -> None:
    readme = (KEYWORDS / "README.md").read_text(encoding="utf-8")
    for name, count in (("train.jsonl", 32), ("test.jsonl", 40)):
        rows = abstracts(name)
        assert len(rows) == count
        assert all(list(row) == ["id", "abst", "keyword", "label"] for row in rows)
        assert sum(bool(HAN.search(row["abst"])) for row in rows) == count / 2
        assert (
            f"| `{name}` | {count} | `id`, `abst`, `keyword` (a list), `label` | {count // 2} | {count // 2} |"
            in readme
        )
        for text in {row["abst"] for row in rows}:
            wrong, right = sorted((row for row in rows if row["abst"] == text), key=lambda row: row["label"])
            assert (wrong["label"], right["label"]) == ("0", "1")
            assert (
                len(wrong["keyword"]) == len(right["keyword"]) == len(set(right["keyword"]))
            )  # no list tells by its length
            assert 1 <= len(set(right["keyword"]) - set(wrong["keyword"])) < len(right["keyword"])


def test_no_abstract_is_in_two_files_or_like_another() -> None:
    train, test = ({row["abst"] for row in abstracts(name)} for name in ("train.jsonl", "test.jsonl"))
    assert len(train | test) == len(train) + len(test) == 36
    assert near_duplicates([*train, *test], 0.5) == []
    assert len({row["id"] for name in ("train.jsonl", "test.jsonl") for row in abstracts(name)}) == 72


# --- pronouns

PRONOUNS = Path(__file__).parents[1] / "examples" / "who-is-it"


def sentences(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (PRONOUNS / name).read_text(encoding="utf-8").split("\n") if line]


def test_nouns_and_pronouns_are_where_they_are_said_to_be() -> None:
    readme = (PRONOUNS / "README.md").read_text(encoding="utf-8")
    first = 0
    for name, count in (("train.jsonl", 32), ("test.jsonl", 40)):
        rows = sentences(name)
        assert len(rows) == count
        assert sum(bool(HAN.search(row["text"])) for row in rows) == count / 2
        assert f"| `{name}` | {count} | `idx`, `target`, `label`, `text` | {count // 2} | {count // 2} |" in readme
        for row in rows:
            assert list(row) == ["idx", "target", "label", "text"]
            for number in "12":
                word, start = row["target"][f"span{number}_text"], row["target"][f"span{number}_index"]
                assert row["text"][start:].startswith(word)
        for text in {row["text"] for row in rows}:
            other, right = sorted((row for row in rows if row["text"] == text), key=lambda row: row["label"])
            assert (other["label"], right["label"]) == ("false", "true")
            assert other["target"]["span2_index"] == right["target"]["span2_index"]
            first += right["target"]["span1_index"] < other["target"]["span1_index"]
    assert first == 18  # of 36: the place of a noun tells nothing


def test_no_sentence_with_a_pronoun_is_in_two_files_or_like_another() -> None:
    train, test = ({row["text"] for row in sentences(name)} for name in ("train.jsonl", "test.jsonl"))
    assert len(train | test) == len(train) + len(test) == 36
    assert near_duplicates([*train, *test], 0.5) == []
    assert len({row["idx"] for name in ("train.jsonl", "test.jsonl") for row in sentences(name)}) == 72
