import pytest

from danlu.models.shelf import NEEDED, SHELF, SUMS, shelf, write_sums


def test_what_the_package_holds_is_whole():
    (encoder,) = [kept for kept in shelf() if kept.name == "encoder"]
    assert encoder.folder == SHELF / "encoder"
    assert encoder.broken == ()
    assert 1 < encoder.megabytes < 50
    assert encoder.card.startswith("# ")
    assert sum(kept.megabytes for kept in shelf()) < 60


def model(folder):
    folder.mkdir()
    for name in NEEDED:
        (folder / name).write_bytes(name.encode())
    write_sums(folder)
    return folder


def broken(folder):
    (kept,) = shelf(folder)
    return kept.broken


def test_changed_missing_and_unknown_files_are_named(tmp_path):
    folder = model(tmp_path / "toy")
    assert broken(tmp_path) == ()
    (folder / "model.safetensors").write_bytes(b"other")
    (folder / "config.json").unlink()
    (folder / "more.bin").write_bytes(b"new")
    assert broken(tmp_path) == ("config.json", "model.safetensors", "more.bin")


@pytest.mark.parametrize("text", [None, "", "no sums", "\x00\n  \n"])
def test_without_sums_nothing_is_whole(tmp_path, text):
    folder = model(tmp_path / "toy")
    if text is None:
        (folder / SUMS).unlink()
    else:
        (folder / SUMS).write_text(text)
    assert set(broken(tmp_path)) >= NEEDED
