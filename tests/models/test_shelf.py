from danlu.models.shelf import SHELF, shelf, write_sums


def test_what_the_package_holds_is_whole():
    (encoder,) = [kept for kept in shelf() if kept.name == "encoder"]
    assert encoder.folder == SHELF / "encoder"
    assert encoder.broken == ()
    assert 1 < encoder.megabytes < 45
    assert encoder.card.startswith("# ")
    assert sum(kept.megabytes for kept in shelf()) < 60


def test_a_changed_file_and_a_missing_one_are_named(tmp_path):
    folder = tmp_path / "toy"
    folder.mkdir()
    for name in ("a.bin", "b.bin", "c.bin"):
        (folder / name).write_bytes(name.encode())
    write_sums(folder)
    assert [kept.broken for kept in shelf(tmp_path)] == [()]
    (folder / "a.bin").write_bytes(b"other")
    (folder / "c.bin").unlink()
    assert [kept.broken for kept in shelf(tmp_path)] == [("a.bin", "c.bin")]


def test_a_folder_without_sums_is_no_model(tmp_path):
    (tmp_path / "notes").mkdir()
    assert shelf(tmp_path) == []
