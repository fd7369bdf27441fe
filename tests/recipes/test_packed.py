"""Text packed in tokens: every document comes back, and its sentences are its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recipes.packed import CLS, LONGEST, SEP, SHORTEST, as_sentences, as_written, pack, sentences, unpack

from danlu.corpus.prepare import pieces_of
from danlu.corpus.shards import ShardWriter
from danlu.text.tokenizer import END, START, encode, train_tokenizer

DOCUMENTS = ["今天天气很好。我们去公园吧！\n带上水。", "a nice day. we go out. fine", "好" * 40, "短"]


@given(st.lists(st.lists(st.integers(0, 2**16 - 1), max_size=30), max_size=5))
def test_a_stream_comes_back(tmp_path_factory, parts):
    path = tmp_path_factory.mktemp("packs") / "encoder" / "news.xz"
    count = pack((np.array(part, np.uint16) for part in parts), path)
    assert unpack(path).tolist() == [token for part in parts for token in part]
    assert count == sum(map(len, parts))
    assert [each.name for each in path.parent.iterdir()] == ["news.xz"]


def test_a_document_falls_into_its_sentences():
    assert sentences("今天天气真的非常好。我们一起去公园走走吧！带上水和吃的东西；") == [
        *("今天天气真的非常好。", "我们一起去公园走走吧！", "带上水和吃的东西；")
    ]
    assert sentences("Title\nIt rains in 3.5 places. It pours here.") == [
        *("Title", "It rains in 3.5 places.", "It pours here.")
    ]
    assert sentences(" \n\n") == []


@given(st.text("今天。！ \nab.", max_size=60))
def test_nothing_but_blanks_is_lost_and_only_the_first_two_are_very_short(text):
    found = sentences(text)
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(len(part) >= SHORTEST for part in found[2:])


def test_a_long_document_is_read_from_its_beginning():
    assert sum(map(len, sentences("好" * (2 * LONGEST)))) == LONGEST


def test_the_encoder_s_documents_bear_their_marks(tiny_base):
    documents = ["包裹快递。退款付钱给我们账单谢谢。", "\n", "money card"]
    found = list(as_sentences(documents, tiny_base.tokenizer, 1000))
    assert [document.dtype for document in found] == [np.uint16] * 2
    assert [[int(document[0]), int(document[-1])] for document in found] == [[CLS, SEP]] * 2
    assert [(document == SEP).sum() for document in found] == [2, 1]
    assert list(as_sentences(documents, tiny_base.tokenizer, 0)) == []


@pytest.mark.parametrize("context", [4, 7, 512])
def test_the_decoder_s_documents_are_whole_again(tmp_path, context):
    tokenizer = train_tokenizer(lambda: DOCUMENTS, 320, coverage=1.0)
    with ShardWriter(tmp_path / "news") as writer:
        for document in DOCUMENTS:
            for piece in pieces_of(tokenizer, document, context):
                writer.append(piece)
        writer.finish({})
    whole = [token for ids in encode(tokenizer, DOCUMENTS) for token in (START, *ids, END)]
    assert np.concatenate(list(as_written(tmp_path, "news", 1000))).tolist() == whole
    first = [START, *encode(tokenizer, DOCUMENTS[:1])[0], END]
    assert np.concatenate(list(as_written(tmp_path, "news", 1))).tolist() == first
    with ShardWriter(tmp_path / "empty") as writer:
        writer.finish({})
    assert list(as_written(tmp_path, "empty", 1000)) == []
