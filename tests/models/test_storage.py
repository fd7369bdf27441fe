import torch
from hypothesis import given
from hypothesis import strategies as st

from danlu.models.storage import load_small, save_small


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
