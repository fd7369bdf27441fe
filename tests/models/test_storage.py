import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models

from danlu.errors import OptionError
from danlu.models.storage import (
    GROUP,
    TOKENIZER,
    coarsened,
    load_config,
    load_small,
    load_tokenizer,
    save_small,
    save_tokenizer,
)

HALF = torch.finfo(torch.float16)
SIZES = st.floats(-40, 40).map(lambda power: 2**power)  # from what fp16 cannot tell from 0 to what it cannot hold


def drawn(rows, columns, seed, size=1.0):
    """Weights whose groups differ in size, with whole rows and single weights of 0 among them."""
    generator = torch.Generator().manual_seed(seed)
    matrix = size * torch.randn(rows, columns, generator=generator)
    spread = torch.exp(2 * torch.randn(rows, -(-columns // GROUP), generator=generator))
    matrix *= spread.repeat_interleave(GROUP, 1)[:, :columns]
    matrix[torch.rand(rows, generator=generator) < 0.1] = 0
    return matrix * (torch.rand(rows, columns, generator=generator) < 0.9)


def groups(matrix):
    return matrix.split(GROUP, dim=1)


@given(st.integers(1, 5), st.integers(1, 7), st.integers(0, 2**31), st.floats(1e-6, 1e3))
def test_what_is_stored_comes_back_nearly(tmp_path_factory, rows, columns, seed, size):
    path = tmp_path_factory.mktemp("small") / "w.safetensors"
    generator = torch.Generator().manual_seed(seed)
    state = {
        "rough": size * torch.randn(rows, columns, generator=generator),
        "fine": torch.randn(columns, generator=generator),
        "zero": torch.zeros(2, 3),
    }
    save_small(state, path, rough=lambda key: key in {"rough", "zero"})
    back = load_small(path)
    assert back.keys() == state.keys()
    assert all(value.dtype == torch.float32 for value in back.values())
    allowed = state["rough"].abs().amax(1, keepdim=True) / 254 * 1.01 + 1e-9
    assert ((back["rough"] - state["rough"]).abs() <= allowed).all()
    assert torch.allclose(back["fine"], state["fine"], rtol=1e-3, atol=1e-6)
    assert not back["zero"].any()


@given(st.integers(1, 9), st.integers(1, 100), st.integers(0, 2**31), SIZES)
@example(3, 32, 0, 1.0)
@example(3, 192, 0, 1.0)
@example(3, 33, 0, 1.0)
def test_int4_is_off_by_half_a_level_and_opens_as_it_was_foretold(tmp_path_factory, rows, columns, seed, size):
    path = tmp_path_factory.mktemp("small") / "w.safetensors"
    state = {"coarse": drawn(rows, columns, seed, size), "rough": drawn(rows, columns, seed + 1)}
    save_small(state, path, rough=lambda _: True, coarse=lambda key: key == "coarse")
    back = load_small(path)
    assert back["coarse"].dtype == torch.float32
    assert torch.equal(back["coarse"], coarsened(state["coarse"]))
    assert torch.equal(coarsened(back["coarse"]), back["coarse"])
    for was, now in zip(groups(state["coarse"]), groups(back["coarse"]), strict=True):
        largest = was.abs().amax(1, keepdim=True)
        level = (largest / 7).clamp(HALF.smallest_normal, HALF.max) * (1 + HALF.eps)
        held = was.clamp(-7 * HALF.max, 7 * HALF.max)
        assert ((now - held).abs() <= level / 2).all()
        assert not now[largest[:, 0] == 0].any()


@given(st.integers(1, 9), st.integers(1, 100), st.integers(0, 2**31))
def test_groups_know_nothing_of_one_another(rows, columns, seed):
    matrix = drawn(rows, columns, seed)
    assert torch.equal(coarsened(matrix), torch.cat([coarsened(group) for group in groups(matrix)], 1))
    assert torch.equal(coarsened(-matrix), -coarsened(matrix))


@pytest.mark.parametrize("columns", [1, 31, 32, 33, 192, 256, 384])
def test_int4_takes_half_a_byte_and_a_sixteenth(tmp_path, columns):
    path = tmp_path / "w.safetensors"
    save_small({"w": drawn(5, columns, 0)}, path, coarse=lambda _: True)
    stored = load_file(path)
    assert {key: (tuple(value.shape), value.dtype) for key, value in stored.items()} == {
        "w": ((5, -(-columns // 2)), torch.uint8),
        "w.scale": ((5, -(-columns // GROUP)), torch.float16),
    }


def test_levels_lie_in_their_halves_of_a_byte(tmp_path):
    save_small({"w": torch.tensor([[7.0, -7.0, 3.0]])}, tmp_path / "w", coarse=lambda _: True)
    stored = load_file(tmp_path / "w")
    assert stored["w"].tolist() == [[15 | 1 << 4, 11]]
    assert stored["w.scale"].tolist() == [[1.0]]


def test_int8_of_before_opens(tmp_path):
    save_file({"w": torch.tensor([[-127, 64]], dtype=torch.int8), "w.scale": torch.tensor([0.5])}, tmp_path / "w")
    assert load_small(tmp_path / "w")["w"].tolist() == [[-63.5, 32.0]]


def test_half_precision_and_gradients_are_no_matter():
    matrix = drawn(4, 64, 0).half().requires_grad_()
    assert torch.equal(coarsened(matrix), coarsened(matrix.detach().float()))
    assert not coarsened(matrix).requires_grad


def test_a_tokenizer_is_stored_in_bytes_that_repeat(tmp_path):
    tokenizer = Tokenizer(models.WordLevel({"炉": 0, "[UNK]": 1}, unk_token="[UNK]"))
    whole = tokenizer.to_str()
    tokenizer.enable_truncation(3)
    save_tokenizer(tokenizer, tmp_path)
    first = (tmp_path / TOKENIZER).read_bytes()
    assert load_tokenizer(tmp_path).to_str() == whole
    save_tokenizer(load_tokenizer(tmp_path), tmp_path)
    assert (tmp_path / TOKENIZER).read_bytes() == first


@pytest.mark.parametrize("kind", ["rough", "coarse"])
@pytest.mark.parametrize(
    "value",
    [torch.zeros(0, 32), torch.zeros(2, 0), torch.zeros(4), torch.full((2, 3), torch.nan), torch.tensor([[torch.inf]])],
)
def test_what_cannot_be_rounded_is_refused(tmp_path, kind, value):
    with pytest.raises(ValueError, match="w "):
        save_small({"w": value}, tmp_path / "w.safetensors", **{kind: lambda _: True})


def test_what_float16_cannot_hold_is_refused(tmp_path):
    with pytest.raises(ValueError, match="w holds"):
        save_small({"w": torch.tensor([1e6])}, tmp_path / "w.safetensors")


def test_a_name_may_end_as_scales_do(tmp_path):
    state = {"norm.scale": torch.ones(3), "w": torch.ones(2, 2)}
    save_small(state, tmp_path / "w.safetensors", coarse=lambda key: key == "w")
    assert load_small(tmp_path / "w.safetensors").keys() == state.keys()


def test_damaged_files_are_named_with_their_fix(tmp_path):
    save_small({"w": torch.ones(40, 40)}, tmp_path / "w.safetensors")
    whole = (tmp_path / "w.safetensors").read_bytes()
    (tmp_path / "config.json").write_text('{"half')
    (tmp_path / TOKENIZER).write_bytes(b"junk")
    for size in (0, 4, len(whole) // 2):
        (tmp_path / "w.safetensors").write_bytes(whole[:size])
        with pytest.raises(OptionError, match=r"w\.safetensors cannot be opened.*install danlu again"):
            load_small(tmp_path / "w.safetensors")
    with pytest.raises(OptionError, match=r"absent\.safetensors"):
        load_small(tmp_path / "absent.safetensors")
    with pytest.raises(OptionError, match=r"config\.json"):
        load_config(tmp_path / "config.json")
    with pytest.raises(OptionError, match=TOKENIZER):
        load_tokenizer(tmp_path)
