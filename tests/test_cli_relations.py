"""What the command line says of relations beside an answer."""

from __future__ import annotations

from danlu.cli_relations import relations_line
from danlu.types import Extraction, Relation, Span


def test_no_control_character_of_a_text_or_a_type_reaches_the_terminal():
    text = "A\x1b]0;x\x07nn \u202ejoins\n Acme"
    head, tail = Span(0, 9, "p"), Span(10, len(text), "f")
    line = relations_line(Extraction(text, (head, tail), (Relation(head, tail, "wor\x1b[2Jks", 0.5),)))
    assert line == " | A]0;xnn —wor[2Jks→ joins Acme (0.50)"
    assert relations_line(Extraction(text, (head, tail), ())) == ""
