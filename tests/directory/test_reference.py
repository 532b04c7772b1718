"""The reference files hold what is publicly known about regions, industries and operators."""

import csv
import re
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from shared.text import clean

REFERENCE: Final = Path(__file__).parents[2] / "services" / "directory" / "reference"
FILES: Final = {
    "regions.csv": ["code", "name", "short_name", "federal_district", "timezone", "authority"],
    "industries.csv": ["code", "name"],
    "organisations.csv": ["code", "name", "kind", "level"],
}


def rows_of(file: str) -> list[dict[str, str]]:
    with (REFERENCE / file).open(encoding="utf-8", newline="") as source:
        return list(csv.DictReader(source, strict=True))


REGIONS: Final = {row["code"]: row for row in rows_of("regions.csv")}
INDUSTRIES: Final = rows_of("industries.csv")

DISTRICT_SIZES: Final = {
    "ЦФО": 18,
    "СЗФО": 11,
    "ЮФО": 8,
    "СКФО": 7,
    "ПФО": 14,
    "УФО": 6,
    "СФО": 10,
    "ДФО": 11,
    "вне округов": 4,
}

# Written by hand, apart from the time zone database, so that the two check each other.
MOSCOW_TIME: Final = 3
OTHER_TIME: Final = {
    2: "39",
    4: "18 30 63 64 73",
    5: "02 45 56 59 66 72 74 86 89",
    6: "55",
    7: "04 17 19 22 24 42 54 70",
    8: "03 38",
    9: "14 28 75",
    10: "25 27 79",
    11: "49 65",
    12: "41 87",
}
OFFSETS: Final = {
    code: next((hours for hours, codes in OTHER_TIME.items() if code in codes.split()), MOSCOW_TIME)
    for code in REGIONS
}

SUBJECTS_IN_THE_GENITIVE: Final = {
    "01": "Республики Адыгея",
    "07": "Кабардино-Балкарской Республики",
    "14": "Республики Саха (Якутия)",
    "16": "Республики Татарстан",
    "21": "Чувашской Республики",
    "41": "Камчатского края",
    "42": "Кемеровской области – Кузбасса",
    "48": "Липецкой области",
    "77": "города Москвы",
    "78": "Санкт-Петербурга",
    "79": "Еврейской автономной области",
    "83": "Ненецкого автономного округа",
    "86": "Ханты-Мансийского автономного округа – Югры",
    "91": "Республики Крым",
    "92": "города Севастополя",
    "93": "Донецкой Народной Республики",
    "95": "Херсонской области",
}


def alphabetical(name: str) -> str:
    return name.lower().replace("ё", "е")


@pytest.mark.parametrize(("file", "columns"), FILES.items())
def test_a_file_is_a_rectangle_of_clean_text(file: str, columns: list[str]) -> None:
    text = (REFERENCE / file).read_bytes().decode("utf-8")
    rows = rows_of(file)

    assert text.splitlines()[0] == ",".join(columns)
    assert text.endswith("\n")
    assert "\r" not in text
    assert all(list(row) == columns for row in rows)
    values = [value for row in rows for value in row.values()]
    assert all(value and clean(value) == value and "  " not in value for value in values)


@pytest.mark.parametrize(
    ("file", "column"),
    [
        ("regions.csv", "code"),
        ("regions.csv", "name"),
        ("regions.csv", "short_name"),
        ("regions.csv", "authority"),
        ("industries.csv", "code"),
        ("industries.csv", "name"),
        ("organisations.csv", "code"),
        ("organisations.csv", "name"),
    ],
)
def test_nothing_is_named_twice(file: str, column: str) -> None:
    values = [row[column].casefold() for row in rows_of(file)]

    assert len(values) == len(set(values))


def test_there_are_89_regions_under_the_codes_of_the_tax_service() -> None:
    known = {*range(1, 80), 83, 86, 87, *range(89, 96)}

    assert len(rows_of("regions.csv")) == 89
    assert list(REGIONS) == [f"{code:02}" for code in sorted(known)]


def test_a_short_name_is_no_longer_than_the_name() -> None:
    assert all(len(row["short_name"]) <= min(len(row["name"]), 22) for row in REGIONS.values())


def test_federal_districts_have_their_known_sizes() -> None:
    assert Counter(row["federal_district"] for row in REGIONS.values()) == DISTRICT_SIZES
    assert sum(DISTRICT_SIZES.values()) == 89


@pytest.mark.parametrize(
    ("code", "district"),
    [
        ("03", "ДФО"),
        ("75", "ДФО"),
        ("16", "ПФО"),
        ("26", "СКФО"),
        ("45", "УФО"),
        ("56", "ПФО"),
        ("77", "ЦФО"),
        ("78", "СЗФО"),
        ("83", "СЗФО"),
        ("91", "ЮФО"),
        ("93", "вне округов"),
    ],
)
def test_a_region_belongs_to_its_district(code: str, district: str) -> None:
    assert REGIONS[code]["federal_district"] == district


@pytest.mark.parametrize(("code", "hours"), OFFSETS.items())
def test_a_region_keeps_its_legal_time(code: str, hours: int) -> None:
    noon = datetime(2023, 10, 15, 12, tzinfo=ZoneInfo(REGIONS[code]["timezone"]))

    assert noon.utcoffset() == timedelta(hours=hours)


def test_every_region_outside_moscow_time_is_checked_by_hand() -> None:
    elsewhere = " ".join(OTHER_TIME.values()).split()

    assert len(elsewhere) == len(set(elsewhere)) == 36
    assert set(elsewhere) <= set(REGIONS)


def test_an_authority_is_named_generically() -> None:
    pattern = re.compile(r"Орган исполнительной власти .+ в сфере образования")

    assert all(pattern.fullmatch(row["authority"]) for row in REGIONS.values())


@pytest.mark.parametrize(("code", "subject"), SUBJECTS_IN_THE_GENITIVE.items())
def test_an_authority_names_its_region_in_the_genitive(code: str, subject: str) -> None:
    expected = f"Орган исполнительной власти {subject} в сфере образования"

    assert REGIONS[code]["authority"] == expected


def test_there_are_24_industries_with_short_codes() -> None:
    assert len(INDUSTRIES) == 24
    assert all(
        re.fullmatch(r"[a-z]+(-[a-z]+)*", row["code"]) and len(row["code"]) <= 32
        for row in INDUSTRIES
    )


def test_industries_are_in_alphabetical_order_with_ё_beside_е() -> None:
    names = [row["name"] for row in INDUSTRIES]

    assert names == sorted(names, key=alphabetical)
    # By code points «Лёгкая» would fall behind «Лесная»: plain sorting is not enough for readers.
    assert names != sorted(names)


def test_the_federal_level_is_the_scheme_of_the_source() -> None:
    organisations = rows_of("organisations.csv")

    assert [(row["name"], row["kind"]) for row in organisations] == [
        ("Минпросвещения России", "ministry"),
        ("АНО «РСВ»", "operator"),
        ("ВДЦ «Смена»", "operator"),
        ("ГУП", "operator"),
        ("ФИЦТО", "operator"),
        ("ИРПО", "operator"),
        ("ЦУР ФП", "operator"),
    ]
    assert {row["level"] for row in organisations} == {"strategic"}
