import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.node.importing.values import (
    Cell,
    PicklistReader,
    Reading,
    read_birthdate,
    read_date,
    read_number,
    read_yes,
)
from support.case_files import TODAY, htcds_fields


@pytest.mark.parametrize(
    "cell",
    [
        dt.date(2024, 3, 31),
        dt.datetime(2024, 3, 31, 15, 30),  # noqa: DTZ001
        "2024-03-31",
        "2024/3/31",
        "20240331",
        "2024-03-31T10:00:00Z",
        "31.03.2024",
        "31.3.2024",
        "31. 3. 2024",
        "31/03/2024",
        "31-03-2024",
        "31 March 2024",
        "March 31, 2024",
        "31st Mar 2024",
        "31 mars 2024",
        "31 de marzo de 2024",
        "31 марта 2024",
        "31 март 2024",
        "٣١/٠٣/٢٠٢٤",
        " 2024-03-31 ",
    ],
)
def test_a_date_is_read_in_many_forms(cell: Cell) -> None:
    assert read_date(cell, TODAY) == Reading(dt.date(2024, 3, 31))


@pytest.mark.parametrize(
    ("cell", "day", "problem"),
    [
        ("03/04/2024", dt.date(2024, 4, 3), "date.day_first"),
        ("03/25/2024", dt.date(2024, 3, 25), "date.month_first"),
        (45382.0, dt.date(2024, 3, 31), "date.excel_serial"),
        ("45382", dt.date(2024, 3, 31), "date.excel_serial"),
    ],
)
def test_a_date_that_needs_a_rule_is_read_and_reported(
    cell: Cell, day: dt.date, problem: str
) -> None:
    assert read_date(cell, TODAY) == Reading(day, ((problem, ""),))


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("31.02.2024", "date.impossible"),
        ("2024-13-01", "date.impossible"),
        ("45/45/2024", "date.impossible"),
        ("2024", "date.incomplete"),
        (2024.0, "date.incomplete"),
        ("03/2024", "date.incomplete"),
        ("March 2024", "date.incomplete"),
        ("31.03.24", "date.two_digit_year"),
        ("2026-11-25", "date.future"),
        ("1899-12-31", "date.before_1900"),
        ("soon", "date.unreadable"),
        (True, "date.unreadable"),
        (dt.time(10), "date.unreadable"),
    ],
)
def test_what_is_no_date_is_rejected_with_its_reason(cell: Cell, problem: str) -> None:
    assert read_date(cell, TODAY) == Reading(None, ((problem, ""),))


def test_today_is_not_the_future() -> None:
    assert read_date(TODAY, TODAY).value == TODAY


def test_nobody_is_older_than_120() -> None:
    assert read_birthdate("1900-01-01", TODAY).problems == (("date.too_long_ago", ""),)
    assert read_birthdate("1910-01-01", TODAY).value == dt.date(1910, 1, 1)


@given(st.dates(dt.date(1900, 1, 1), TODAY))
def test_every_way_of_writing_a_day_means_that_day(day: dt.date) -> None:
    for text in (f"{day:%Y-%m-%d}", f"{day:%d.%m.%Y}", f"{day:%d/%m/%Y}", f"{day:%d %B %Y}"):
        assert read_date(text, TODAY).value == day


@pytest.mark.parametrize(
    "cell",
    [
        *(float("nan"), float("inf"), float("-inf"), 1e300, -0.5, -(2**63), 10**300),
        *("NaN", "inf", "-Infinity", "1e400", "9" * 5000, "-" + "9" * 5000, "0x1F", "\u00b2"),
    ],
    ids=lambda cell: f"{type(cell).__name__} {str(cell)[:9]}",
)
def test_a12_what_is_no_number_of_years_is_none(cell: Cell) -> None:
    assert read_number(cell, 120).value is None
    assert read_date(cell, TODAY).value is None
    assert read_date(f"31 March {cell}", TODAY).value is None


@pytest.mark.parametrize(
    ("cell", "reading"),
    [
        (17.0, Reading(17)),
        ("17", Reading(17)),
        ("17 years", Reading(17, (("number.with_words", ""),))),
        ("unknown", Reading(None)),
        ("16-17", Reading(None, (("number.unreadable", ""),))),
        (17.5, Reading(None, (("number.unreadable", ""),))),
        (-1.0, Reading(None, (("number.out_of_range", ""),))),
        (121, Reading(None, (("number.out_of_range", ""),))),
        (True, Reading(None, (("number.unreadable", ""),))),
    ],
)
def test_an_age_is_a_whole_number_up_to_120(cell: Cell, reading: Reading[int]) -> None:
    assert read_number(cell, 120) == reading


@pytest.mark.parametrize("cell", [True, 1.0, "Yes", "TRUE", "oui", "sí", "да", "نعم", "x", "✓"])
def test_a_ticked_box_is_a_yes(cell: Cell) -> None:
    assert read_yes(cell) == Reading(value=True)


@pytest.mark.parametrize("cell", [False, 0.0, "No", "нет", "لا", "unknown"])
def test_an_unticked_box_is_a_no(cell: Cell) -> None:
    assert read_yes(cell) == Reading(value=False)


def test_an_unclear_consent_is_a_no_and_reported() -> None:
    assert read_yes("maybe") == Reading(value=False, problems=(("consent.unreadable", ""),))


CONTROL = PicklistReader(htcds_fields()["vic_MethodsOfControl"])
STATUS = PicklistReader(htcds_fields()["cas_Status"])
INDUSTRY = PicklistReader(htcds_fields()["vic_ForcedLabourIndustry"])


@pytest.mark.parametrize(
    "text", ["FollowUp", "Follow Up", "follow up", "FOLLOW\u00a0UP ", "Follow-up", "Follow up;"]
)
def test_labels_and_api_names_are_one_however_they_are_written(text: str) -> None:
    assert STATUS.one(text) == Reading("FollowUp")


def test_several_values_of_a_multi_select_are_sorted_and_stand_once() -> None:
    reading = CONTROL.several("False promises; Debt bondage ;DebtBondage;")
    assert reading == Reading(("DebtBondage", "FalsePromises"))


def test_values_separated_by_spaces_are_taken_apart_and_reported() -> None:
    reading = CONTROL.several("DebtBondage FalsePromises")
    assert reading.value == ("DebtBondage", "FalsePromises")
    assert [problem for problem, _ in reading.problems] == ["picklist.space_list"]


def test_what_is_unknown_among_several_values_is_left_out_and_reported() -> None:
    assert CONTROL.several("Debt bondage; Hypnosis") == Reading(
        ("DebtBondage",), (("picklist.unknown_value", "Hypnosis"),)
    )


def test_several_values_where_one_may_stand_are_none() -> None:
    assert STATUS.one("Active; Closed") == Reading(
        None, (("picklist.several_values", "Active; Closed"),)
    )


def test_a_label_with_a_semicolon_is_one_value() -> None:
    label = "Water supply; sewerage, waste management and remediation"
    assert INDUSTRY.one(label) == Reading("E_WaterSupplySewerageWasteManagement")


def test_a_mistyped_value_is_suggested_and_not_applied() -> None:
    assert STATUS.one("Closd") == Reading(None, (("picklist.unknown_value", "Closd"),))
    assert STATUS.suggestion("Closd") == "Closed"


@pytest.mark.parametrize(
    "field", [field for field in htcds_fields().values() if field.picklist], ids=lambda f: f.name
)
def test_every_value_and_every_label_of_the_standard_means_its_value(field: object) -> None:
    reader = PicklistReader(field)  # type: ignore[arg-type]
    for value, label in field.picklist.items():  # type: ignore[attr-defined]
        assert reader.one(value) == reader.one(label) == Reading(value)
        assert reader.several(label).value == (value,)
