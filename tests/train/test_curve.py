from danlu.train.curve import curve


def test_a_page_with_both_lines():
    lines = [{"step": s, "loss": 9 / s, "tokens": 10 * s, "seconds": 60.0 * s} for s in range(1, 9)]
    lines[3]["held_out"] = 2.5
    lines[7]["held_out"] = 1.5
    page = curve(lines)
    assert page.count("<polyline") == 2
    assert page.count('class="held"') == 1
    assert "8 steps, 80 tokens, 8 minutes: training loss 1.125, held-out loss 1.500" in page
    assert "src=" not in page
    assert "nan" not in page.lower()


def test_one_line_and_none():
    assert "<svg" in curve([{"step": 1, "loss": 2.0, "tokens": 5, "seconds": 1.0}])
    assert "No step is done yet" in curve([])
