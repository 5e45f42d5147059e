import datetime as dt
import io
import struct
import traceback
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from corridor.errors import CorridorError
from corridor.node.importing import Ceilings
from support.case_files import cases_of, read, write_csv, write_template

GOOD = [{"prs_Gender": "Feminine", "vic_LocationOfRecruitment": "MD"}]


def refusal(*paths: Path, ceilings: Ceilings | None = None) -> CorridorError:
    """The error of an import that must fail."""
    with pytest.raises(CorridorError, match=r"Nothing was imported\.$") as raised:
        read(*paths, ceilings=ceilings)
    return raised.value


def rewritten(path: Path, target: Path, name: str, content: bytes) -> Path:
    """A workbook with one member replaced or added."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w", 8) as archive:
        for member in source.namelist():
            if member != name:
                archive.writestr(member, source.read(member))
        archive.writestr(name, content)
    return target


def workbook(path: Path) -> Path:
    """A small good workbook."""
    return write_template(
        path, [("prs_Gender", "Gender"), ("cas_Status", "Status")], [["Feminine"]]
    )


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.csv").code == "import.file_not_found"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert refusal(tmp_path).code == "import.file_not_found"


def test_a_file_without_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    assert refusal(tmp_path / "a.csv").code == "import.empty_file"


def test_a_header_without_rows(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("prs_Gender,cas_Status\n,\n")
    assert refusal(tmp_path / "a.csv").code == "import.empty_file"


def test_a_template_that_nobody_filled_in(tmp_path: Path) -> None:
    path = write_template(tmp_path / "a.xlsx", [("prs_Gender", "Gender")], [])
    assert refusal(path).code == "import.empty_file"


def test_a_workbook_that_is_no_htcds(tmp_path: Path) -> None:
    book = Workbook()
    book.worksheets[0].append(["name", "Gender", "Status"])
    book.worksheets[0].append(["x", "y", "z"])
    book.save(tmp_path / "a.xlsx")
    error = refusal(tmp_path / "a.xlsx")
    assert error.code == "import.not_htcds"
    assert "a.xlsx" in str(error)
    assert "Sheet" in str(error)


def test_a_list_of_htcds_names_is_no_case_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("type,name\ntext,prs_Gender\ntext,cas_Status\n")
    assert refusal(tmp_path / "a.csv").code == "import.not_htcds"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.xls", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "old Excel workbook"),
        ("a.pdf", b"%PDF-1.7 ...", "PDF"),
        ("a.csv.gz", b"\x1f\x8b\x08...", "gzip"),
        ("a.doc", b"some text", "no workbook"),
    ],
)
def test_a_file_of_another_kind_is_refused_by_name(
    tmp_path: Path, name: str, content: bytes, kind: str
) -> None:
    (tmp_path / name).write_bytes(content)
    error = refusal(tmp_path / name)
    assert error.code == "import.unsupported_file"
    assert kind in str(error)


@pytest.mark.parametrize(
    ("member", "kind"),
    [("content.xml", "OpenDocument"), ("xl/workbook.bin", "xlsb"), ("x.txt", "zip archive")],
)
def test_another_archive_is_refused_by_name(tmp_path: Path, member: str, kind: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr(member, "x")
    error = refusal(tmp_path / "a.xlsx")
    assert error.code == "import.unsupported_file"
    assert kind in str(error)


def test_a_workbook_with_a_password(tmp_path: Path) -> None:
    ole = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(500) + "EncryptedPackage".encode("utf-16-le")
    (tmp_path / "a.xlsx").write_bytes(ole)
    assert refusal(tmp_path / "a.xlsx").code == "import.password_protected"


def test_a_workbook_that_was_cut_off(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx")
    (tmp_path / "b.xlsx").write_bytes(path.read_bytes()[:-2000])
    assert refusal(tmp_path / "b.xlsx").code == "import.damaged_file"


def test_a_workbook_that_lost_bytes_in_the_middle(tmp_path: Path) -> None:
    whole = workbook(tmp_path / "a.xlsx").read_bytes()
    for cut in (9, 500, len(whole) // 2):
        (tmp_path / "b.xlsx").write_bytes(whole[:cut] + whole[cut + 7 :])
        assert refusal(tmp_path / "b.xlsx").code == "import.damaged_file"


def test_a_workbook_whose_sheet_is_no_xml(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx")
    bad = rewritten(path, tmp_path / "b.xlsx", "xl/workbook.xml", b"<workbook")
    assert refusal(bad).code == "import.damaged_file"


LAUGHS = '<!ENTITY a0 "Masculine">' + "".join(
    f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
)


@pytest.mark.parametrize(
    ("entities", "used"),
    [
        ('<!ENTITY e SYSTEM "file://{}">', "&e;"),
        ('<!ENTITY e "Masculine">', "&e;"),
        (LAUGHS, "&a9;"),  # a thousand million times the word
        ('<!ENTITY % e SYSTEM "file://{}"> %e;', "Feminine"),
    ],
    ids=["external", "internal", "billion-laughs", "parameter"],
)
def test_a36_no_entity_of_a_workbook_is_looked_up(tmp_path: Path, entities: str, used: str) -> None:
    other = tmp_path / "other-file.txt"
    other.write_text("Masculine")
    path = workbook(tmp_path / "a.xlsx")
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.startswith("<worksheet")
    bent = f"<!DOCTYPE worksheet [{entities.format(other)}]>" + sheet.replace("Feminine", used)
    bad = rewritten(path, tmp_path / "b.xlsx", "xl/worksheets/sheet1.xml", bent.encode())
    if used == "Feminine":  # what is only declared says nothing
        assert [case["prs_Gender"] for case in cases_of(bad)] == ["Feminine"]
    else:
        error = refusal(bad)
        assert error.code == "import.damaged_file"
        assert "Masculine" not in str(error)


def test_nanoseconds_of_a_parquet_file_are_passed_over(tmp_path: Path) -> None:
    day = pa.array([1_600_000_000_000_000_001], pa.timestamp("ns"))
    table = pa.table({"prs_Gender": ["Feminine"], "cas_IncomingReferralDate": day})
    pq.write_table(table, tmp_path / "a.parquet")
    (case,) = cases_of(tmp_path / "a.parquet")
    assert case["referred_on"] == dt.date(2020, 9, 13)


def test_a37_a_day_that_no_calendar_has_is_refused_without_being_shown(tmp_path: Path) -> None:
    day = pa.array([2_147_483_647], pa.date32())
    table = pa.table({"prs_Gender": ["Feminine"], "prs_Birthdate": day})
    pq.write_table(table, tmp_path / "a.parquet")
    error = refusal(tmp_path / "a.parquet")
    assert error.code == "import.damaged_file"
    assert "2147483647" not in "".join(traceback.format_exception(error))


def test_a_parquet_file_that_was_cut_off(tmp_path: Path) -> None:
    pq.write_table(pa.table({"prs_Gender": ["Feminine"]}), tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "b.parquet").write_bytes(whole[:-20])
    assert refusal(tmp_path / "b.parquet").code == "import.damaged_file"


def test_a36_a_decompression_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx")
    bomb = rewritten(path, tmp_path / "b.xlsx", "xl/media/zeros.bin", bytes(64 << 20))
    error = refusal(bomb)
    assert error.code == "import.decompression_bomb"
    assert "would unpack to" in str(error)


def test_a36_a_bomb_whose_directory_lies_about_its_size_is_found(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx")
    bomb = rewritten(path, tmp_path / "b.xlsx", "xl/media/zeros.bin", bytes(8 << 20))
    raw = bytearray(bomb.read_bytes())
    honest, lie = struct.pack("<L", 8 << 20), struct.pack("<L", 1000)
    assert raw.count(honest) == 2
    (tmp_path / "c.xlsx").write_bytes(bytes(raw).replace(honest, lie))
    assert refusal(tmp_path / "c.xlsx").code == "import.decompression_bomb"


def test_a36_a_sheet_that_reaches_to_its_last_corner_is_not_opened(tmp_path: Path) -> None:
    book = Workbook()
    page = book.worksheets[0]
    page["A1"], page["B1"], page["XFD1048576"] = "prs_Gender", "cas_Status", "far away"
    book.save(tmp_path / "a.xlsx")
    assert refusal(tmp_path / "a.xlsx").code == "import.too_large"


@pytest.mark.parametrize(
    "ceilings",
    [Ceilings(rows=3), Ceilings(columns=1), Ceilings(cells=10), Ceilings(unpacked_bytes=9)],
)
def test_a36_each_ceiling_holds_for_workbooks(tmp_path: Path, ceilings: Ceilings) -> None:
    error = refusal(workbook(tmp_path / "a.xlsx"), ceilings=ceilings)
    assert error.code in ("import.too_large", "import.decompression_bomb")


@pytest.mark.parametrize("ceilings", [Ceilings(rows=1), Ceilings(columns=1)])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_each_ceiling_holds_for_tables(tmp_path: Path, kind: str, ceilings: Ceilings) -> None:
    path = tmp_path / f"a.{kind}"
    if kind == "csv":
        write_csv(path, GOOD * 2)
    else:
        pq.write_table(pa.Table.from_pylist(GOOD * 2), path)
    assert refusal(path, ceilings=ceilings).code == "import.too_large"


@pytest.mark.parametrize("encoding", ["cp1251", "latin-1", "utf-16"])
def test_a_csv_in_another_encoding_names_the_line_and_the_way_out(
    tmp_path: Path, encoding: str
) -> None:
    text = "prs_Gender,vic_LocationOfRecruitment\nFeminine,MD\nFeminine,"
    text += "Türkiye\n" if encoding == "latin-1" else "Молдова\n" * (encoding == "cp1251")
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    error = refusal(tmp_path / "a.csv")
    assert error.code == "import.wrong_encoding"
    assert f"line {1 if encoding == 'utf-16' else 3}" in str(error)
    assert "CSV UTF-8" in str(error)


def test_the_byte_of_a_wrong_encoding_is_counted_over_long_files(tmp_path: Path) -> None:
    head = b"prs_Gender,cas_Status\n" + b"Feminine,Active\n" * 100_000
    (tmp_path / "a.csv").write_bytes(head + b"Feminine,\xff\n")
    error = refusal(tmp_path / "a.csv")
    assert f"line 100002, byte {len(head) + 9} " in str(error)


def test_a_letter_cut_off_at_the_end_is_no_utf8(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("prs_Gender,cas_Status\nFeminine,é".encode()[:-1])
    assert refusal(tmp_path / "a.csv").code == "import.wrong_encoding"


def test_a_row_with_more_cells_than_the_header_would_shift_values(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("prs_Gender,cas_Status\nFeminine,Active\nFeminine,a,b,c\n")
    error = refusal(tmp_path / "a.csv")
    assert error.code == "import.malformed_row"
    assert "row 3" in str(error)


def test_a_quote_that_never_ends(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('prs_Gender,cas_Status\nFeminine,"Active\n')
    assert refusal(tmp_path / "a.csv").code == "import.malformed_row"


def test_events_alone_are_nobodys(tmp_path: Path) -> None:
    events = [{"x_CaseReference": "C1", "hte_Type": "Transit", "hte_Country": "MD"}]
    assert refusal(write_csv(tmp_path / "a.csv", events)).code == "import.no_cases"


def test_more_persons_than_the_charter_allows(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", GOOD * 3)
    with pytest.raises(CorridorError) as raised:
        read(path, max_persons=2)
    assert raised.value.code == "import.too_many_persons"
    assert read(path, max_persons=3)[1].persons == 3


def test_one_bad_file_among_good_ones_refuses_them_all(tmp_path: Path) -> None:
    good = write_csv(tmp_path / "good.csv", GOOD)
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    assert "bad.csv" in str(refusal(good, tmp_path / "bad.csv"))


def test_cells_without_a_place_count_too(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx")
    sheet = io.BytesIO()
    sheet.write(b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">')
    sheet.write(b"<sheetData><row>" + b"<c/>" * 3000 + b"</row></sheetData></worksheet>")
    bad = rewritten(path, tmp_path / "b.xlsx", "xl/worksheets/sheet1.xml", sheet.getvalue())
    assert refusal(bad).code == "import.too_large"
