from pathlib import Path

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from corridor.errors.importing import BadCountryMappingError
from corridor.ids import CountryCode
from corridor.node.importing.countries import (
    LANGUAGES,
    CountryResolver,
    Located,
    country_codes,
    fold,
    parse_country_mapping,
    read_country_mapping,
)
from corridor.node.importing.report import shortened

RESOLVER = CountryResolver(None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_cldr_name_in_the_six_languages_is_found(language: str) -> None:
    names = Locale(language).territories
    assert {
        code: RESOLVER.locate(names[code]).code for code in country_codes() if code in names
    } == {code: code for code in country_codes() if code in names}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Moldavie", "MD"),
        ("Republic of Moldova", "MD"),
        ("Moldova, Republic of", "MD"),
        ("  MOLDOVA\u00a0", "MD"),
        ("Молдавия", "MD"),
        ("UK", "GB"),
        ("Ivory Coast", "CI"),
        ("Côte d’Ivoire", "CI"),
        ("Burma", "MM"),
        ("Turkey", "TR"),
        ("Türkiye", "TR"),
        ("Kosovo", "XK"),
        ("XK", "XK"),
        ("ROU", "RO"),
        ("ua", "UA"),
        ("NO", "NO"),
        ("Iran (Islamic Republic of)", "IR"),
        ("Korea (Democratic People's Republic of)", "KP"),
        ("Congo, Democratic Republic of the", "CD"),
        ("Niger", "NE"),
        ("Nigeria", "NG"),
        ("Guinea-Bissau", "GW"),
        ("صربيا", "RS"),
    ],
)
def test_common_ways_of_writing_a_country_are_found_without_remark(text: str, code: str) -> None:
    assert RESOLVER.locate(text) == Located(CountryCode(code))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Sofia, Bulgaria", "BG"),
        ("Bulgaria, Sofia", "BG"),
        ("Chișinău (Moldova)", "MD"),
        ("Atlanta, Georgia, USA", "US"),
        ("Italia - Torino", "IT"),
        ("Benin City, Nigeria", "NG"),
    ],
)
def test_a_country_is_taken_out_of_an_address_and_reported(text: str, code: str) -> None:
    assert RESOLVER.locate(text) == Located(CountryCode(code), "country.from_address")


@pytest.mark.parametrize("text", ["Los Angeles, CA", "Baltimore, MD", "Moldovia", "no", "No"])
def test_what_only_looks_like_a_country_is_none(text: str) -> None:
    assert RESOLVER.locate(text) == Located(None, "country.unresolved")


def test_na_is_never_namibia_and_is_reported() -> None:
    assert RESOLVER.locate("NA") == Located(None, "country.ambiguous_code")


def test_two_countries_in_one_text_are_none() -> None:
    assert RESOLVER.locate("Romania / Italy") == Located(None, "country.several")


@pytest.mark.parametrize(
    "text", ["", "  ", "-", "?", "unknown", "Неизвестно", "inconnu", "غير معروف"]
)
def test_a_word_for_unknown_is_no_problem(text: str) -> None:
    assert RESOLVER.locate(text) == Located(None)


def test_a_near_miss_is_suggested_and_never_applied() -> None:
    assert RESOLVER.suggestion("Moldovia") == "MD"
    assert RESOLVER.suggestion("Chișinău, Moldovia") == "MD"
    assert RESOLVER.suggestion("Atlantis") is None


def test_several_citizenships_stand_apart_by_semicolons_or_commas() -> None:
    assert [found.code for found in RESOLVER.locate_all("Moldova; RO")] == ["MD", "RO"]
    assert RESOLVER.locate_all("Romania, Moldova") == (
        Located(CountryCode("RO"), "country.comma_list"),
        Located(CountryCode("MD"), "country.comma_list"),
    )
    assert RESOLVER.locate_all("Korea, Republic of") == (Located(CountryCode("KR")),)


def test_a_mapping_file_decides_first(tmp_path: Path) -> None:
    path = tmp_path / "countries.csv"
    path.write_text(
        "text,code,count\nTransnistria,MD,4\nNA,NA\nno idea,-\nAtlantis,,7\n", encoding="utf-8"
    )
    resolver = CountryResolver(read_country_mapping(path))
    assert resolver.locate("transnistria") == Located(CountryCode("MD"))
    assert resolver.locate("NA") == Located(CountryCode("NA"))
    assert resolver.locate("No idea") == Located(None)
    assert resolver.locate("Atlantis") == Located(None, "country.unresolved")
    assert resolver.locate("Tiraspol, Transnistria").code == "MD"


def test_a_mapping_file_can_be_toml(tmp_path: Path) -> None:
    path = tmp_path / "countries.toml"
    path.write_text('"Приднестровье" = "MD"\n', encoding="utf-8")
    assert CountryResolver(read_country_mapping(path)).locate("ПРИДНЕСТРОВЬЕ").code == "MD"


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("a.csv", "Transnistria,MD\nAtlantis,QQ\n", "line 2"),
        ("a.csv", "Transnistria\n", "line 1"),
        ("a.csv", "text,code\n???,MD\n", "line 2"),
        ("a.csv", "Transnistria,MD\ntransnistria,UA\n", "line 2"),
        ("a.toml", "Transnistria = 3\n", "Transnistria"),
        ("a.toml", "= 3\n", "TOML"),
    ],
)
def test_a_bad_mapping_file_is_refused_with_the_line(
    tmp_path: Path, name: str, text: str, place: str
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadCountryMappingError, match=place):
        read_country_mapping(path)


def test_several_mapping_files_hold_together_and_may_not_contradict_each_other(
    tmp_path: Path,
) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("text,code\nAtlantis,GR\n", encoding="utf-8")
    other.write_text("\ufefftext;code;count;suggestion\nLemuria;MG;2;\n", encoding="utf-8")
    resolver = CountryResolver(read_country_mapping(one, other))
    assert [resolver.locate(text).code for text in ("Atlantis", "Lemuria")] == ["GR", "MG"]
    other.write_text("Atlantis,IT\n", encoding="utf-8")
    with pytest.raises(BadCountryMappingError, match=r"other\.csv, line 1.*above"):
        read_country_mapping(one, other)


def test_a_text_that_the_report_cuts_short_is_known_by_its_beginning() -> None:
    long = "A house behind the market of a town that nobody could name, Pridnestrovie"
    mapping = parse_country_mapping("m.csv", [("line 1", shortened(long), "MD")])
    assert CountryResolver(mapping).locate(long).code == "MD"
    assert CountryResolver(mapping).locate(long[:40]).code is None


@given(st.text(max_size=40))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.sampled_from(sorted(country_codes())), st.sampled_from(LANGUAGES))
def test_case_and_spaces_do_not_matter(code: CountryCode, language: str) -> None:
    name = Locale(language).territories.get(code)
    if name is not None:
        assert RESOLVER.locate(f"  {name.upper()}\u00a0").code == code
