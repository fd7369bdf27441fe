import json
import lzma

import pytest

from danlu.corpus.overlap import Guard, Seen
from danlu.corpus.prepare import Cleaning, prepare, prepare_all, simplifier, texts_of
from danlu.corpus.vocabulary import beginnings
from danlu.text.tokenizer import END, START, train_tokenizer

HELD = "今天下午三点的时候他们在学校门口等了很久也没有人来。"
TEXTS = [
    "第一篇文章。\n\n\n\n它有两行，还有２０２６年。",
    "第一篇文章！它有两行还有2026年",  # the same but for punctuation and width
    "短",
    "前面的话。" + HELD + "后面的话。",
    "一篇长文章，" + "讲了许多不同的事情、" * 30,
    "一篇长文章，" + "讲了许多不同的事情、" * 30 + "完",  # nearly the same
    "An English text about nothing in particular.",
]


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(lambda: TEXTS, 420, coverage=1.0)


def write(path, texts):
    rows = "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts)
    path.write_bytes(lzma.compress(rows.encode()))
    return path


def decoded(tokenizer, shard):
    """The documents of a shard, put together from their pieces; each piece begins where the one before ended."""
    last = END
    for index in range(len(shard.lengths)):
        piece = shard.piece(index).tolist()
        assert piece[0] == (START if last == END else last)
        last = piece[-1]
    assert last == END
    return list(texts_of(tokenizer, shard))


def test_the_way_of_a_source(tmp_path, tokenizer):
    cleaning = Cleaning(context=16, held_out=10**9)
    source = write(tmp_path / "news.jsonl.xz", TEXTS)
    read = []
    train, held_out = prepare(source, tmp_path / "shards", tokenizer, cleaning, Seen(), Guard([HELD]), read.append)
    texts = ["第一篇文章。\n\n它有两行，还有2026年。", "前面的话。后面的话。", TEXTS[4], TEXTS[6]]
    assert decoded(tokenizer, train) == texts
    assert train.lengths.max() == 16
    assert train.about["removed_and_kept"] == {
        "documents": 7,
        "characters": sum(map(len, TEXTS)),
        "short": 1,
        "repeated": 1,
        "nearly_repeated": 1,
        "evaluation_sentences": 1,
        "evaluation_documents": 1,
        "kept_documents": 4,
        "kept_characters": sum(map(len, texts)),
    }
    assert train.about["characters"] == sum(map(len, texts))
    assert len(held_out.tokens) == 0
    assert sum(read) == sum(map(len, TEXTS))


def test_held_out_documents_are_not_trained_on(tmp_path, tokenizer):
    texts = [f"这是第{number}篇，内容各不相同：{number * 7919}" for number in range(60)]
    source = write(tmp_path / "news.jsonl.xz", texts)
    train, held_out = prepare(source, tmp_path, tokenizer, Cleaning(held_out=4), Seen(), Guard([]))
    assert sorted(decoded(tokenizer, train) + decoded(tokenizer, held_out)) == sorted(texts)
    assert 5 <= len(decoded(tokenizer, held_out)) <= 25
    again, _ = prepare(source, tmp_path, tokenizer, Cleaning(held_out=4), Seen(), Guard([]))
    assert again.tokens.tobytes() == train.tokens.tobytes()


def test_a_text_of_an_earlier_source_does_not_come_again(tmp_path, tokenizer):
    seen = Seen()
    for name in ("a", "b"):
        source = write(tmp_path / f"{name}.jsonl.xz", ["只要一次的文章", f"自己的文章{name}"])
        train, _ = prepare(source, tmp_path, tokenizer, Cleaning(held_out=10**9), seen, Guard([]))
    assert decoded(tokenizer, train) == ["自己的文章b"]


def test_traditional_hanzi_become_simplified(tmp_path, tokenizer):
    pytest.importorskip("opencc")
    assert simplifier()("漢語體") == "汉语体"
    source = write(tmp_path / "old.jsonl.xz", ["這裡的書很多"])
    cleaning = Cleaning(simplify=True, held_out=10**9)
    train, _ = prepare(source, tmp_path, tokenizer, cleaning, Seen(), Guard([]))
    assert decoded(tokenizer, train) == ["这里的书很多"]
    assert "".join(beginnings([source], cleaning)) == "这里的书很多"


def test_evaluation_texts_are_found_in_both_spellings(tmp_path, tokenizer):
    pytest.importorskip("opencc")
    (tmp_path / "held.txt").write_text("這裡的書很多，都是朋友們送的\n", encoding="utf-8")
    source = write(tmp_path / "old.jsonl.xz", ["前面。这里的书很多，都是朋友们送的。後面還有。", "別的文章在這裡"])
    cleaning = Cleaning(simplify=True, held_out=10**9)
    ((train, _),) = prepare_all(
        [source], tmp_path / "s", tokenizer, cleaning, keep_out=[tmp_path / "held.txt"], quiet=True
    )
    assert decoded(tokenizer, train) == ["前面。后面还有。", "别的文章在这里"]


def test_removed_lines_leave_no_gap(tmp_path, tokenizer):
    source = write(tmp_path / "gap.jsonl.xz", ["头。\n" + (HELD + "\n") * 4 + "尾。"])
    train, _ = prepare(source, tmp_path, tokenizer, Cleaning(held_out=10**9), Seen(), Guard([HELD]))
    assert decoded(tokenizer, train) == ["头。\n\n尾。"]


def test_prepared_sources_are_not_prepared_again(tmp_path, tokenizer):
    paths = [write(tmp_path / f"{name}.jsonl.xz", ["只要一次的文章", f"自己的文章{name}"]) for name in "ab"]
    cleaning = Cleaning(held_out=10**9)
    prepare_all(paths[:1], tmp_path / "s", tokenizer, cleaning, quiet=True)
    before = (tmp_path / "s" / "a" / "tokens.bin").stat().st_mtime_ns
    (_, _), (second, _) = prepare_all(paths, tmp_path / "s", tokenizer, cleaning, quiet=True)
    assert (tmp_path / "s" / "a" / "tokens.bin").stat().st_mtime_ns == before
    assert decoded(tokenizer, second) == ["自己的文章b"]
