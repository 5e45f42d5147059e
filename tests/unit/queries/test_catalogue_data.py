"""The packaged data, and fields and values as people name them."""

import pytest

from corridor.errors.questions import QuestionError
from corridor.node import schema
from corridor.queries.catalogue import Source, parse_catalogue
from support.catalogue import catalogue, domains, read_data

DOMAINS = domains()


def test_every_column_of_a_field_is_in_the_store() -> None:
    for field in catalogue().fields.values():
        assert set(field.columns) <= set(schema.TABLES[field.table.value].names), field.name


def test_every_country_is_in_exactly_one_area_and_has_a_name() -> None:
    assert len(catalogue().country_names) == 250
    assert sum(len(area.countries) for area in catalogue().areas) == 250
    assert all(catalogue().country_names.values())


def test_the_bands_of_ages_leave_no_gap_and_do_not_overlap() -> None:
    for name in ("age_band", "minor"):
        bands = catalogue().field(name).bands
        for age in range(130):
            assert sum(band.holds(age) for band in bands) == 1


@pytest.mark.parametrize(
    ("name", "alias"),
    [
        ("gender", "gender"),
        ("prs_Gender", "gender"),
        ("PRS_GENDER", "gender"),
        ("hte_Country", "leg_to"),
        ("vic_AgeWhenTrafficked", "age"),
        ("vic_TypeOfExploitation", "exploitation"),
    ],
)
def test_a_field_goes_by_its_alias_and_its_htcds_name(name: str, alias: str) -> None:
    assert catalogue().field(name).name == alias


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("recruited_in", "md", "MD"),
        ("recruited_in", "Moldova", "MD"),
        ("gender", "Non-Conforming", "NonConforming"),
        ("gender", "NonSpecifiedUnknown", "unknown"),
        ("gender", "UNKNOWN", "unknown"),
        ("quarter", "2021-q3", "2021-Q3"),
        ("minor", "Adult (18+)", "adult"),
        ("exploitation", "sexual exploitation", "SexualExploitation"),
    ],
)
def test_a_value_goes_by_its_name_and_its_label(field: str, text: str, value: str) -> None:
    assert DOMAINS.value(catalogue().field(field), text) == value


@pytest.mark.parametrize(
    ("field", "text", "says"),
    [
        ("recruited_in", "Moldovia", r"did you mean MD \(Moldova\)\?"),
        ("exploitation", "SexualExploitaton", "did you mean SexualExploitation"),
        ("recruited_in", "%%%", "its values run from AD to ZW, and unknown"),
        ("minor", "%%%", "its values are minor, adult, unknown"),
        ("age", "7", "compare it with numbers from 0 to 99"),
    ],
)
def test_an_unknown_value_is_refused_with_what_comes_near(field: str, text: str, says: str) -> None:
    with pytest.raises(QuestionError, match=says):
        DOMAINS.value(catalogue().field(field), text)


def test_fields_of_steps_are_in_legs_only_and_fields_of_persons_everywhere() -> None:
    for source in Source:
        assert DOMAINS.field("gender", source).name == "gender"
    with pytest.raises(QuestionError, match="ask over legs"):
        DOMAINS.field("leg_kind", Source.SERVICES)


def test_a_country_in_two_areas_is_a_packaging_bug() -> None:
    def read(name: str) -> str:
        text = read_data(name)
        return text.replace('countries = "AQ"', 'countries = "AQ MD"') if "m49" in name else text

    with pytest.raises(ValueError, match="two areas"):
        parse_catalogue(read)
