"""Pictures above a page: nothing of what users name is taken for HTML, and each line of a key looks as its boxes do."""

from __future__ import annotations

import re

from lamplighter.evidently.sheets import Key, Sheet, Shown, with_sheets
from lamplighter.images.pictures import Line

PAGE = "<html><body class='light'><div>report</div></body></html>"


def test_a_page_without_sheets_stays_as_it_is() -> None:
    assert with_sheets(PAGE, []) == PAGE


def test_sheets_stand_in_their_order_before_the_report() -> None:
    page = with_sheets(PAGE, [Sheet("one", ["first", "second"]), Sheet("two", pictures=[Shown(b"jpeg", "north")])])
    places = [page.index(text) for text in ("<body class='light'>", "one", "first", "second", "two", "north", "report")]
    assert places == sorted(places)


def test_names_of_cameras_and_files_are_no_html() -> None:
    odd = '"><script>alert(1)</script>'
    shown = [Shown(b"jpeg", odd, odd)]
    page = with_sheets(PAGE, [Sheet(odd, [odd], shown, [Key(odd, Line((1, 2, 3), 2))])])
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") == 6


def test_a_key_has_the_line_of_its_boxes() -> None:
    keys = [Key("missed", Line((255, 176, 0), 4)), Key("found", Line((1, 2, 3), 2, dashed=True))]
    page = with_sheets(PAGE, [Sheet("sheet", keys=keys)])
    assert re.findall(r"border: ([^\"]*)\"></i>(\w+)", page) == [
        ("4px solid rgb(255,176,0)", "missed"),
        ("2px dashed rgb(1,2,3)", "found"),
    ]
