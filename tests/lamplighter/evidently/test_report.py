"""The report as a reader and as Evidently get it."""

import json
import re
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from lamplighter.core.drift import ColumnDrift, Quality
from lamplighter.core.profiles.profile import ColumnKind
from lamplighter.core.quality.confusion import Confusion
from lamplighter.core.records.measurement import Measurement
from lamplighter.errors import ReportError
from lamplighter.evidently.measure import measure
from lamplighter.evidently.quiet import quiet
from lamplighter.evidently.report import report

COLUMNS: dict[str, ColumnKind] = {"distance": "numeric", "carrier": "categorical"}
SECTIONS = {"quality": "Quality of ", "drift": "Data Drift Summary", "summary": "Dataset Summary"}
QUALITY = Quality("2013-04-02", [Measurement(metric="f1", value=0.4321, n=77)])


def flights(rows: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "distance": random.normal(1234.5, 321.0, rows),
            "carrier": random.choice(["Zephyrair", "Quokkajet", "Wombatline"], rows),
        }
    )


REFERENCE, CURRENT = flights(1500, 1), flights(300, 2)


def data_of(page: str) -> str:
    """The part of a page that was made of data; the rest is Evidently's script."""
    start = page.index("var metric_")
    return page[:start][-2000:] + page[start : page.index("</script>", start)]


def sections_of(page: str) -> set[str]:
    data = data_of(page)
    return {name for name, heading in SECTIONS.items() if heading in data}


def left_out(page: str) -> str:
    found = re.search(r'Left out: (.*?)\."', data_of(page))
    return found[1] if found else ""


def test_a_page_is_whole_and_asks_nothing_of_the_network() -> None:
    page = report(REFERENCE, CURRENT, COLUMNS, title="flight-delays <2013-04-06>", quality=QUALITY)

    assert page.startswith("<!DOCTYPE html>")
    assert "<title>flight-delays &lt;2013-04-06&gt;</title>" in page
    assert sections_of(page) == {"quality", "drift", "summary"}
    assert left_out(page) == ""
    assert "Drift of 300 rows, against 1,500 of the reference." in page
    head, tail = page[:3000], page[-3000:]
    assert not re.search(r"(src|href)\s*=", head + tail)
    assert len(page) < 4_200_000


def test_the_summary_can_be_left_away() -> None:
    assert sections_of(report(REFERENCE, CURRENT, COLUMNS, title="t", summary=False)) == {"drift"}


def test_the_report_shows_what_was_recorded_however_it_was_measured() -> None:
    recorded = [
        ColumnDrift(column="distance", method="energy", score=0.654321, threshold=0.2, drifted=True),
        ColumnDrift(column="carrier", method="chi_square", score=0.987654, is_p_value=True, drifted=False),
    ]

    page = report(REFERENCE, CURRENT, COLUMNS, title="t", drift=recorded, summary=False)
    data = data_of(page)

    assert "Drift is detected for 50.0% of columns (1 out of 2)." in data
    for shown in ('"energy"', "0.654321", '"chi-square p_value"', "0.987654"):
        assert shown in data
    assert "Wasserstein" not in data


def test_a_snapshot_loads_into_evidently_with_the_recorded_results() -> None:
    from evidently.core.report import Snapshot
    from evidently.metrics import ValueDrift

    at = datetime(2013, 4, 6, tzinfo=UTC)
    found = measure(REFERENCE, CURRENT, COLUMNS)

    text = report(REFERENCE, CURRENT, COLUMNS, title="6 April", at=at, quality=QUALITY, form="snapshot")
    snapshot = Snapshot.loads(text)

    assert (snapshot.get_name(), datetime.fromisoformat(json.loads(text)["timestamp"])) == ("6 April", at)
    for column in found:
        assert snapshot.metric_results[ValueDrift(column=column.column).metric_id].value == column.score
    names = {metric["metric_name"].partition("(")[0] for metric in snapshot.dict()["metrics"]}
    assert {"DriftedColumnsCount", "ValueDrift", "RowCount", "StdValue", "F1Score"} <= names
    assert sections_of(snapshot.get_html_str(as_iframe=False)) == {"quality", "drift", "summary"}


def test_the_summary_has_the_numbers_of_the_whole_preset() -> None:
    from evidently import DataDefinition, Dataset, Report
    from evidently.core.report import Snapshot
    from evidently.presets import DataSummaryPreset

    definition = DataDefinition(numerical_columns=["distance"], categorical_columns=["carrier"])
    sides = (Dataset.from_pandas(side[[*COLUMNS]], data_definition=definition) for side in (CURRENT, REFERENCE))
    with quiet():
        whole = Report([DataSummaryPreset()]).run(*sides).dict()["metrics"]
    ours = Snapshot.loads(report(REFERENCE, CURRENT, COLUMNS, title="t", form="snapshot")).dict()["metrics"]

    found = {metric["id"]: metric["value"] for metric in ours}
    assert {metric["id"]: found[metric["id"]] for metric in whole} == {
        metric["id"]: metric["value"] for metric in whole
    }


def test_undecided_columns_are_named_with_their_reason() -> None:
    current = CURRENT.assign(carrier=None)

    page = report(REFERENCE, current, COLUMNS | {"dest": "categorical"}, title="t", summary=False)

    assert left_out(page) == "carrier (every value is null in the current window); dest (not in the reference)"


def test_a_column_that_the_sample_lacks_is_left_out_though_it_has_a_score() -> None:
    recorded = [
        ColumnDrift(column=column, method="ks", score=0.5, threshold=0.05, is_p_value=True, drifted=False)
        for column in COLUMNS
    ]

    page = report(REFERENCE, CURRENT.assign(carrier=None), COLUMNS, title="t", drift=recorded, summary=False)

    assert left_out(page) == "carrier (every value is null in the current window)"


def test_no_section_at_all_is_an_error_that_says_why() -> None:
    with pytest.raises(
        ReportError, match=r"^no report can be made of 'april': distance \(no rows in the current window\)"
    ):
        report(REFERENCE, CURRENT.iloc[:0], COLUMNS, title="april")


def test_a_value_cannot_end_the_script_that_it_is_written_into() -> None:
    evil = "</script><script>alert(1)</script>"
    columns: dict[str, ColumnKind] = {"distance": "numeric", evil: "categorical"}
    reference, current = (side.assign(**{evil: evil}) for side in (REFERENCE, CURRENT))
    measured = [
        Measurement(metric="f1", reason=f"no label is {evil}"),
        Measurement(metric="recall", klass=evil, value=0.5, n=2),
    ]
    quality = Quality(evil, measured, [Confusion(segment="", version="", y_true=evil, y_pred=evil, n=2)])

    page = report(reference, current, columns | {f"{evil}2": "numeric"}, title=evil, quality=quality)

    assert sections_of(page) == {"quality", "drift", "summary"}
    assert "<script>alert" not in page
    assert r"\u2039script>alert(1)" in data_of(page)


def test_names_are_shown_in_the_head_and_not_obeyed() -> None:
    """Evidently reads the head as Markdown: an image in the name of a column would be fetched by every reader."""
    from markdown_it import MarkdownIt

    names = ["![x](http://127.0.0.1/a.png)", "[click](javascript:alert)", "__index_level_0__", "<img src=x>"]
    frame = pd.DataFrame({"distance": REFERENCE["distance"], **dict.fromkeys(names)})
    columns: dict[str, ColumnKind] = {"distance": "numeric", **dict.fromkeys(names, "numeric")}
    text = report(frame, frame, columns, title=f"t {names[0]}", notes=names, form="snapshot")
    head = json.loads(text)["widgets"][0]["params"]["text"]
    shown = MarkdownIt("commonmark").render(head)
    assert set(re.findall(r"<(\w+)", shown)) == {"h1", "p"}
    for name in names:
        assert (
            shown.replace("\u200b", "").replace("‹", "&lt;").count(name.replace("<", "&lt;").replace(">", "&gt;")) >= 2
        )


@pytest.mark.parametrize("form", ["html", "snapshot"])
def test_private_values_are_nowhere_in_the_clear(form: str) -> None:
    text = report(REFERENCE, CURRENT, COLUMNS, title="t", private={*COLUMNS}, quality=QUALITY, form=form)

    data = data_of(text) if form == "html" else text
    assert not [value for value in set(REFERENCE["carrier"]) if value in data]
    numbers = {float(number) for number in re.findall(r"-?\d+\.\d+", data)}
    for side in (REFERENCE, CURRENT):
        distance = side["distance"]
        near = [distance.mean(), distance.min(), distance.max(), distance.std(), distance.median()]
        assert not [value for value in near for number in numbers if abs(value - number) < 0.01]
    assert "value 1" in data


def test_what_is_not_private_is_in_the_clear() -> None:
    data = data_of(report(REFERENCE, CURRENT, COLUMNS, title="t", private={"distance"}))

    assert "Zephyrair" in data
    assert f"{CURRENT['distance'].mean():.2f}" not in data


def test_quality_is_shown_where_drift_cannot_be() -> None:
    page = report(REFERENCE, CURRENT.iloc[:0], COLUMNS, title="t", quality=QUALITY)

    assert sections_of(page) == {"quality"}
    assert left_out(page).startswith("distance (no rows in the current window)")


def test_quality_of_which_nothing_is_recorded_is_left_out_and_named() -> None:
    page = report(REFERENCE, CURRENT, COLUMNS, title="t", summary=False, quality=Quality("2013-04-02", []))

    assert (sections_of(page), left_out(page)) == ({"drift"}, "quality (nothing is recorded of 2013-04-02)")


def test_the_page_judges_nothing_by_a_threshold_of_evidently_s_own() -> None:
    assert "drift detection threshold" not in data_of(report(REFERENCE, CURRENT, COLUMNS, title="t"))
