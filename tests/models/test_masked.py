"""The head for hidden tokens: what it finds, and files that are not whole."""

from __future__ import annotations

import shutil

import pytest
import torch
from safetensors.torch import save_file

from danlu.errors import OptionError
from danlu.models.base import EMBEDDED
from danlu.models.masked import HEAD, fill, open_masked, save_head
from danlu.models.shelf import SUMS
from danlu.models.storage import load_small


@pytest.fixture(scope="module")
def opened():
    return open_masked()


def test_masks_are_filled_text_by_text(opened):
    found = fill(*opened, ["中国的首都是[MASK]。", "no mask", "The movie was really [MASK], I [MASK] it."], most=3)
    assert [len(masks) for masks in found] == [1, 0, 2]
    assert "北京" in [token for token, _ in found[0][0]]
    for mask in (mask for masks in found for mask in masks):
        chances = [chance for _, chance in mask]
        assert len(mask) == 3
        assert chances == sorted(chances, reverse=True)
        assert 0 < sum(chances) <= 1
    assert fill(*opened, []) == []


def test_the_encoder_is_the_one_that_gives_vectors(opened):
    from danlu.models.base import open_base

    vectors = open_base().model.state_dict()
    assert all((opened[1].bert.state_dict()[key] == value).all() for key, value in vectors.items())


def test_a_head_is_stored_beside_its_encoder_and_named_where_it_is_damaged(tmp_path):
    folder = tmp_path / "encoder"
    shutil.copytree(EMBEDDED, folder)
    save_head(load_small(EMBEDDED / HEAD), folder)
    assert (folder / SUMS).read_text() == (EMBEDDED / SUMS).read_text()
    with pytest.raises(AssertionError):
        save_head({}, folder)
    whole = load_small(folder / HEAD)
    (folder / HEAD).write_bytes((folder / HEAD).read_bytes()[:1000])
    with pytest.raises(OptionError, match=HEAD):
        open_masked(folder / HEAD)
    bias = whole["bias"].clone()
    for broken in ({"bias": bias}, {**whole, "bias": bias[:5].clone()}, {**whole, "other": bias}):
        save_file(broken, folder / HEAD)
        with pytest.raises(OptionError, match=HEAD):
            open_masked(folder / HEAD)
    save_file({**whole, "bias": whole["bias"] * torch.nan}, folder / HEAD)
    with pytest.raises(OptionError, match="finite"):
        open_masked(folder / HEAD)
    (folder / HEAD).unlink()
    with pytest.raises(OptionError, match="no head"):
        open_masked(folder / HEAD)


def test_a_text_that_is_too_long_is_refused(opened):
    with pytest.raises(OptionError, match="512"):
        fill(*opened, ["a b c " * 400 + "[MASK]"])
