import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from danlu.corpus.shards import MOST_TOKENS, ShardWriter, open_shard
from danlu.errors import DataError


@given(pieces=st.lists(st.lists(st.integers(0, MOST_TOKENS - 1), min_size=1, max_size=9), max_size=9))
def test_what_is_written_is_read(tmp_path_factory, pieces):
    folder = tmp_path_factory.mktemp("shards") / "news"
    with ShardWriter(folder) as writer:
        for piece in pieces:
            writer.append(piece)
        writer.finish({"tokens": writer.tokens, "pieces": writer.pieces})
    shard = open_shard(folder)
    assert shard.name == "news"
    assert [shard.piece(index).tolist() for index in range(len(shard.lengths))] == pieces
    assert shard.about == {"tokens": sum(map(len, pieces)), "pieces": len(pieces)}


def test_an_interrupted_shard_leaves_nothing(tmp_path):
    def interrupted():
        with ShardWriter(tmp_path / "news") as writer:
            writer.append([1, 2])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_a_new_shard_replaces_the_old_one_only_when_whole(tmp_path):
    for piece in ([1, 2], [3]):
        with ShardWriter(tmp_path / "news") as writer:
            writer.append(piece)
            writer.finish({})
    assert open_shard(tmp_path / "news").tokens.tolist() == [3]
    assert [path.name for path in tmp_path.iterdir()] == ["news"]


@pytest.mark.parametrize("damage", ["tokens.bin", "starts.npy", "about.json"])
def test_a_damaged_shard_is_refused(tmp_path, damage):
    with ShardWriter(tmp_path / "news") as writer:
        writer.append([1, 2, 3])
        writer.finish({})
    data = (tmp_path / "news" / damage).read_bytes()
    (tmp_path / "news" / damage).write_bytes(data[:-1])
    with pytest.raises(DataError, match="no whole shard"):
        open_shard(tmp_path / "news")


def test_starts_that_go_back_are_refused(tmp_path):
    folder = tmp_path / "news"
    folder.mkdir()
    (folder / "tokens.bin").write_bytes(b"\0" * 8)
    (folder / "about.json").write_text(json.dumps({}))
    np.save(folder / "starts.npy", np.array([0, 6, 4]))
    with pytest.raises(DataError):
        open_shard(folder)
    np.save(folder / "starts.npy", np.array([]))
    with pytest.raises(DataError):
        open_shard(folder)
