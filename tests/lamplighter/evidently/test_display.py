"""What a report may show of a column."""

import pandas as pd
import pytest

from lamplighter.core.counts import LARGEST
from lamplighter.core.drift.columns import Undecided
from lamplighter.evidently.display import OTHER, shown


def column(*values: object) -> pd.DataFrame:
    return pd.DataFrame({"x": pd.Series(values, dtype=object)})


def test_private_numbers_are_those_of_a_standardised_reference() -> None:
    ours, theirs = shown(column(10.0, 20.0, 30.0), column(20.0, None, float("inf")), "x", "numeric", private=True)

    assert (ours.mean(), ours.std(ddof=0)) == pytest.approx((0.0, 1.0))
    assert theirs.fillna(-1).tolist() == [0.0, -1, -1]


def test_private_categories_are_numbered_by_frequency_new_ones_last() -> None:
    ours, theirs = shown(
        column("DL", "AA", "AA", None), column("UA", "UA", "UA", "DL"), "x", "categorical", private=True
    )

    assert ours.tolist() == ["value 2", "value 1", "value 1", None]
    assert theirs.tolist() == ["value 3", "value 3", "value 3", "value 2"]


def test_a_code_is_the_same_in_another_run() -> None:
    reference = column("DL", "AA", "AA")
    today, tomorrow = (
        shown(reference, column(*values), "x", "categorical", private=True)[1]
        for values in (["UA", "DL"], ["DL", "WN", "WN"])
    )

    assert today[1] == tomorrow[0] == "value 2"


@pytest.mark.parametrize("private", [False, True])
def test_only_the_most_frequent_categories_have_a_name(private: bool) -> None:
    many = [f"c{number}" for number in range(LARGEST + 20)]
    ours, theirs = shown(column(*many, "c60"), column("c60", "new"), "x", "categorical", private=private)

    assert ours.nunique() == LARGEST + 1
    assert (ours == OTHER).sum() == 20
    assert theirs.tolist() == ["value 1" if private else "c60", OTHER]


def test_whole_numbers_are_written_alike() -> None:
    ours, theirs = shown(column(1, 2), column(1.0, None), "x", "categorical")

    assert (ours.tolist(), theirs.tolist()) == (["1", "2"], ["1", None])


def test_a_sample_without_values_cannot_be_shown() -> None:
    with pytest.raises(Undecided, match="no finite value in the current window"):
        shown(column(1.0), column(float("inf")), "x", "numeric")
