"""What is said of rows that may have several labels."""

from danlu.factory.several_facts import check_several
from danlu.text.several import hold
from danlu.types import Example


def test_labels_that_only_one_row_has_leave_enough_rows_for_folds():
    own = [Example(f"text {i}", hold(["shared", f"own {i}"]), "train.jsonl", i) for i in range(6)]
    found = check_several(own, [], {})
    assert [(each.level, each.code) for each in found] == [("error", "labels-of-their-own")]
    assert "6" in found[0].say("en")
    assert "6" in found[0].say("zh")
    free = [Example(f"free {i}", hold(["shared"]), "train.jsonl", i) for i in range(2)]
    assert all(each.level != "error" for each in check_several([*own, *free], [], {}))
