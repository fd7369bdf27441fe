"""The narrow encoder: what it reads, and that it is stored whole."""

from __future__ import annotations

import pytest
import torch

from danlu.errors import OptionError
from danlu.models.base import open_base
from danlu.models.choice import open_choice
from danlu.models.narrow import CONFIG, WEIGHTS, Narrow, config_of, load_narrow, narrow_sha256, save_narrow


@pytest.fixture
def narrow():
    torch.manual_seed(0)
    return Narrow(config_of(32, 2, 16), 12, 8).eval()


@torch.inference_mode()
def states(narrow):
    rows = narrow.rows(torch.linspace(-1, 1, 60).view(1, 5, 12), torch.linspace(1, -1, 40).view(1, 5, 8))
    return narrow(rows, torch.tensor([[1, 1, 1, 1, 0]]))


def test_both_tables_are_read(narrow):
    tokens, static = torch.ones(3, 12), torch.ones(3, 8)
    both = narrow.rows(tokens, static)
    assert both.shape == (3, 32)
    assert torch.allclose(both, narrow.rows(tokens, 0 * static) + narrow.rows(0 * tokens, static), atol=1e-6)
    assert not torch.allclose(both, narrow.rows(tokens, 0 * static), atol=1e-3)


def test_what_is_stored_opens_as_it_was(narrow, tmp_path):
    save_narrow(narrow, "abc", tmp_path)
    opened = load_narrow(tmp_path, "abc", 12, 8)
    assert opened.body.config.num_hidden_layers == 2
    assert torch.cosine_similarity(states(opened), states(narrow), dim=-1).min() > 0.999


@pytest.mark.parametrize("name", [WEIGHTS, CONFIG])
def test_a_damaged_file_is_named(narrow, tmp_path, name):
    save_narrow(narrow, "abc", tmp_path)
    (tmp_path / name).write_bytes(b"{")
    with pytest.raises(OptionError, match=name):
        load_narrow(tmp_path, "abc", 12, 8)
    (tmp_path / name).unlink()
    with pytest.raises(OptionError, match=name):
        load_narrow(tmp_path, "abc", 12, 8)


def test_weights_of_another_width_are_refused(narrow, tmp_path):
    save_narrow(narrow, "abc", tmp_path)
    with pytest.raises(OptionError, match=WEIGHTS):
        load_narrow(tmp_path, "abc", 13, 8)


def test_that_of_another_encoder_is_refused(narrow, tmp_path):
    save_narrow(narrow, "abc", tmp_path)
    with pytest.raises(OptionError, match="another encoder"):
        load_narrow(tmp_path, "abd", 12, 8)


def test_what_is_stored_has_a_checksum_of_its_own(narrow, tmp_path):
    save_narrow(narrow, "abc", tmp_path)
    first = narrow_sha256(tmp_path)
    assert first == narrow_sha256(tmp_path) != narrow_sha256()
    save_narrow(narrow, "abd", tmp_path)
    assert narrow_sha256(tmp_path) != first


def test_the_package_has_one_for_its_encoder_and_the_general_model_still_belongs_to_it():
    base = open_base()
    assert open_choice(base)
    assert base.narrow.from_tokens.in_features == base.model.config.hidden_size
    assert base.narrow.from_static.in_features == base.static.shape[1]
    assert base.narrow.body.config.hidden_size < base.model.config.hidden_size
