"""Transformers' progress bars are not shown where danlu opens or hands over a model, and are left as they were."""

from __future__ import annotations

import pytest
from transformers.utils import logging

from danlu.factory.handover import hand_over
from danlu.models.base import open_base
from danlu.models.decoder import open_decoder
from danlu.models.quiet import quiet


@pytest.fixture(autouse=True)
def _shown():
    """Bars as they are where nobody has switched them off."""
    before = logging.is_progress_bar_enabled()
    logging.enable_progress_bar()
    yield
    if not before:
        logging.disable_progress_bar()


def test_models_are_opened_and_handed_over_without_a_bar(tiny_base_folder, tmp_path, capfd):
    open_base(str(tiny_base_folder))
    hand_over("decoder", tmp_path / "decoder")
    open_decoder(str(tmp_path / "decoder"))
    assert capfd.readouterr() == ("", "")
    assert logging.is_progress_bar_enabled()


def test_bars_come_back_as_they_were_also_after_a_mistake():
    with quiet():
        assert not logging.is_progress_bar_enabled()
    assert logging.is_progress_bar_enabled()
    with pytest.raises(ZeroDivisionError), quiet():
        _ = 1 / 0
    assert logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    with quiet():
        pass
    assert not logging.is_progress_bar_enabled()
