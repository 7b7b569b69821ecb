from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from recorder_core.datasets.formats.xml_file import read_xml, write_xml
from recorder_core.errors import DataError


def _read(folder, text):
    path = folder / "a.xml"
    path.write_text(text, encoding="utf-8")
    return read_xml(path)


def test_elements_know_their_line(tmp_path):
    root = _read(tmp_path, '<?xml version="1.0"?>\n<a>\n <b c="1"> ä </b>\n <b/>\n</a>')
    assert (root.tag, root.line) == ("a", 2)
    assert [child.line for child in root.all("b")] == [3, 4]
    assert root.text_of("b") == "ä"
    assert root.children[0].attribute("c") == "1"
    assert root.text_of("b/x", "none") == "none"
    with pytest.raises(DataError, match="it has no <b/x>"):
        root.text_of("b/x")
    with pytest.raises(DataError, match="<b> has no attribute d"):
        root.children[0].attribute("d")


@pytest.mark.parametrize(
    "definition",
    [
        '<!DOCTYPE a [<!ENTITY x "y">]>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a SYSTEM "http://localhost/a.dtd">',
        '<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]>',
        "<!DOCTYPE a>",
    ],
)
def test_document_type_definitions_are_refused(tmp_path, definition):
    with pytest.raises(DataError, match="line 2: a document type definition is not accepted"):
        _read(tmp_path, f'<?xml version="1.0"?>\n{definition}\n<a>&x;</a>')


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("<a>\n<b>\n</a>", "line 3 is damaged: mismatched tag"),
        ("<a>\n", "line 2 is damaged: no element found"),
        ("", "line 1 is damaged: no element found"),
        ("<a>\n&other;</a>", "line 2 is damaged: undefined entity"),
        ("<a b='1' b='2'/>", "line 1 is damaged: duplicate attribute"),
        ("<a/><a/>", "line 1 is damaged: junk after"),
        ('<?xml version="1.0" encoding="none"?><a/>', r"a\.xml"),
    ],
)
def test_damage_is_named(tmp_path, text, sentence):
    with pytest.raises(DataError, match=sentence):
        _read(tmp_path, text)


def test_deep_nesting_is_no_trouble(tmp_path):
    depth = 50_000
    assert _read(tmp_path, "<a>" * depth + "</a>" * depth).tag == "a"


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_xml(tmp_path / "none.xml")


def test_text_that_xml_does_not_have_is_refused(tmp_path):
    root = ET.Element("a")
    root.text = "bell \x07"
    with pytest.raises(DataError, match=r"a\.xml cannot be written"):
        write_xml(tmp_path / "a.xml", root)
    assert not (tmp_path / "a.xml").exists()
