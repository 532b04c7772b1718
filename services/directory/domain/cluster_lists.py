"""A list of clusters: its columns, and what each row does to the directory."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from services.directory.domain.clusters import (
    STATUS_NAMES,
    ClusterActionNotAllowed,
    ClusterStatus,
    step_to,
)
from services.directory.domain.imports import Facts, Plan, RowAction
from services.directory.domain.list_cells import NOTHING, Hints, RowReader, plain, shown
from services.directory.domain.names import IndustryNames, RegionNames
from services.directory.domain.relations import OrganisationNotThere, RelationOverlaps
from shared.listings.cells import Field, ListedRow, folded

FIELDS: Final = (
    Field("code", ("Код", "Код кластера", "Шифр", "ID кластера")),
    Field(
        "name",
        (
            "Наименование кластера",
            "Название кластера",
            "Кластер",
            "Наименование",
            "Название",
            "Полное наименование кластера",
        ),
        required=True,
    ),
    Field(
        "region",
        (
            "Регион",
            "Субъект РФ",
            "Субъект",
            "Субъект Российской Федерации",
            "Код региона",
            "Регион (субъект РФ)",
        ),
        required=True,
    ),
    Field(
        "industry",
        ("Отрасль", "Отрасль экономики", "Направление", "Отраслевое направление", "Код отрасли"),
        required=True,
    ),
    Field(
        "cohort",
        ("Когорта", "Год", "Год отбора", "Год вхождения", "Год победы", "Год создания", "Волна"),
        required=True,
    ),
    Field("status", ("Статус", "Состояние", "Статус кластера")),
    Field(
        "core_college",
        ("Базовый колледж", "Базовая ПОО", "Базовая организация", "Колледж", "Базовая площадка"),
    ),
)
_STATUSES: Final[Mapping[str, ClusterStatus]] = {
    **{name: status for status, name in STATUS_NAMES.items()},
    **{status.value: status for status in ClusterStatus},
    "планируемый": ClusterStatus.PLANNED,
    "создается": ClusterStatus.PLANNED,
    "действующий": ClusterStatus.ACTIVE,
    "активен": ClusterStatus.ACTIVE,
    "активный": ClusterStatus.ACTIVE,
    "работает": ClusterStatus.ACTIVE,
    "реорганизован": ClusterStatus.REORGANISED,
    "реорганизованный": ClusterStatus.REORGANISED,
    "реорганизуемый": ClusterStatus.REORGANISED,
    "закрытый": ClusterStatus.CLOSED,
    "ликвидирован": ClusterStatus.CLOSED,
}
_NEW: Final = frozenset({ClusterStatus.PLANNED, ClusterStatus.ACTIVE})
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_YEAR: Final = re.compile(r"(\d{1,9})(?:[.,]0+)?(?: ?(?:г|год|года)\.?)?")
FIRST_COHORT, LAST_COHORT = 2022, 2100


@dataclass(frozen=True, slots=True)
class KnownCluster:
    """A cluster as a list can say it; the college is today's, by its code.

    `college_due` is the day from which another one is appointed already.
    """

    id: UUID
    code: str
    name: str
    region: str
    industry: str
    cohort: int
    status: ClusterStatus
    core_college: str | None
    college_due: date | None = None

    @property
    def facts(self) -> Facts:
        return {
            "code": self.code,
            "name": self.name,
            "region": self.region,
            "industry": self.industry,
            "cohort": self.cohort,
            "status": self.status.value,
            "core_college": self.core_college,
        }


@dataclass(frozen=True, slots=True)
class KnownCollege:
    """A college: code, name, and its region and days, where those are known."""

    code: str
    name: str
    region: str | None
    valid_from: date | None = None
    valid_to: date | None = None

    def stays(self, since: date) -> bool:
        """Whether it is there from the day on, with no last day named."""
        return self.valid_to is None and (self.valid_from or since) <= since


@dataclass(frozen=True, slots=True)
class Known:
    """The part of the directory that a list of clusters is compared with, as of a day."""

    day: date
    regions: Sequence[tuple[str, str, str]]
    industries: Sequence[tuple[str, str]]
    colleges: Sequence[KnownCollege]
    clusters: Sequence[KnownCluster]


class ClusterPlanner:
    """Compares rows with the directory as it is known, and with the rows before them."""

    def __init__(self, known: Known, rows: Sequence[ListedRow]) -> None:
        """`rows` are all of the list: a code one of them has is not given to another."""
        self._day = known.day
        self._hints = Hints()
        self._regions = RegionNames(known.regions)
        self._industries = IndustryNames(known.industries)
        self._colleges: defaultdict[str, list[KnownCollege]] = defaultdict(list)
        for college in known.colleges:
            self._colleges[folded(college.name)].append(college)
        self._college_codes = {college.code: college for college in known.colleges}
        self._by_code = {cluster.code: cluster for cluster in known.clusters}
        self._by_name: defaultdict[tuple[str, str], list[KnownCluster]] = defaultdict(list)
        for cluster in known.clusters:
            self._by_name[cluster.region, folded(cluster.name)].append(cluster)
        self._taken = {*self._by_code, *(_said_code(row) for row in rows)}
        self._codes_seen: dict[str, int] = {}
        # Row number, and whether it has a code.
        self._names_seen: dict[tuple[str, str], tuple[int, bool]] = {}
        self._numbers: dict[str, int] = {}

    def plan(self, row: ListedRow) -> Plan:
        """What the row does, as the preview shows it."""
        reader = RowReader(row)
        code = self._code(reader)
        name = reader.line("name", required=True)
        region = self._region(reader)
        industry = self._industry(reader)
        cohort = self._cohort(reader)
        said = self._status(reader)
        target = self._target(reader, code, name, region)
        status = said or (target.status if target else ClusterStatus.ACTIVE)
        self._note(reader, row.number, target.code if target else code, name, region)
        college = self._core_college(reader, region, target, status)
        self._check_step(reader, target, status)
        if reader.flaws:
            return Plan.refused(reader.flaws)
        assert region is not None
        after: Facts = {
            "code": target.code if target else code or self._new_code(region, cohort),
            "name": target.name if target and plain(target.name) == name else name,
            "region": region,
            "industry": industry,
            "cohort": cohort,
            "status": status.value,
            "core_college": college,
        }
        if target is None:
            return Plan(RowAction.CREATE, after=after)
        before = target.facts
        action = RowAction.UNCHANGED if after == before else RowAction.CHANGE
        return Plan(action, target.id, before, after)

    def _code(self, reader: RowReader) -> str:
        code = reader.text("code").casefold()
        if code and not _CODE.fullmatch(code):
            reader.say(
                "code",
                "code_malformed",
                f"Код {shown(code)}: допустимы до 64 латинских букв, цифр и дефисов.",
            )
            return ""
        return code

    def _region(self, reader: RowReader) -> str | None:
        said = reader.text("region", required=True)
        found = self._regions.code_of(said) if said else None
        if said and found is None:
            hint = self._hints.like(said, self._regions.names.values())
            reader.say("region", "unknown_region", f"Нет региона {shown(said)}.{hint}")
        return found

    def _industry(self, reader: RowReader) -> str | None:
        said = reader.text("industry", required=True)
        found = self._industries.code_of(said) if said else None
        if said and found is None:
            hint = self._hints.like(said, self._industries.names.values())
            reader.say("industry", "unknown_industry", f"Нет отрасли {shown(said)}.{hint}")
        return found

    def _cohort(self, reader: RowReader) -> int:
        said = reader.text("cohort", required=True)
        if not said:
            return 0
        found = _YEAR.fullmatch(said)
        if found is None:
            reader.say("cohort", "not_a_year", f"Не год: {shown(said)}. Пишите, например, 2023.")
            return 0
        year = int(found[1])
        if not FIRST_COHORT <= year <= LAST_COHORT:
            reader.say(
                "cohort",
                "year_out_of_range",
                f"Год {year} вне пределов {FIRST_COHORT}–{LAST_COHORT}.",
            )
        return year

    def _status(self, reader: RowReader) -> ClusterStatus | None:
        """None where the list says nothing, or nothing that is known."""
        said = reader.text("status")
        if not said:
            return None
        found = _STATUSES.get(folded(said)) or _STATUSES.get(said.casefold())
        if found is None:
            names = ", ".join(STATUS_NAMES.values())
            reader.say("status", "unknown_status", f"Нет статуса {shown(said)}. Есть: {names}.")
        return found

    def _check_step(
        self, reader: RowReader, target: KnownCluster | None, status: ClusterStatus
    ) -> None:
        """A new cluster is planned or at work; one that is known goes the ways clusters go."""
        if target is None:
            if status not in _NEW:
                reader.say(
                    "status",
                    "status_of_new",
                    f"Новый кластер планируется или действует, а не «{STATUS_NAMES[status]}».",
                )
        elif status is not target.status:
            try:
                step_to(status, target.status)
            except ClusterActionNotAllowed as error:
                reader.say("status", error.code, str(error))

    def _target(
        self, reader: RowReader, code: str, name: str, region: str | None
    ) -> KnownCluster | None:
        """The cluster the row is about: by its code, without one by region and name."""
        if code:
            found = self._by_code.get(code)
            if found is not None and region is not None and found.region != region:
                reader.say(
                    "code",
                    "code_of_another_region",
                    f"Код {code} — у кластера региона {self._regions.names[found.region]}.",
                )
            return found
        if not name or region is None:
            return None
        named = self._by_name.get((region, folded(name)), [])
        if len(named) > 1:
            codes = ", ".join(sorted(cluster.code for cluster in named)[:5])
            reader.say(
                "name",
                "name_ambiguous",
                f"В регионе несколько таких кластеров: укажите код ({codes}).",
            )
            return None
        return named[0] if named else None

    def _note(
        self, reader: RowReader, number: int, code: str, name: str, region: str | None
    ) -> None:
        """Two rows must not say two things of one cluster."""
        if code:
            before = self._codes_seen.setdefault(code, number)
            if before != number:
                reader.say("code", "row_repeated", f"Этот кластер ({code}) уже в строке {before}.")
                return
        if name and region is not None:
            first, coded = self._names_seen.setdefault((region, folded(name)), (number, bool(code)))
            # Two of the same name have codes that tell them apart.
            if first != number and not (coded and code):
                reader.say("name", "row_repeated", f"Этот кластер уже в строке {first}.")

    def _core_college(
        self,
        reader: RowReader,
        region: str | None,
        target: KnownCluster | None,
        status: ClusterStatus,
    ) -> str | None:
        """The code of the core college from today on: a closed cluster has none."""
        found = self._college(reader, region, target)
        if target is not None and status is ClusterStatus.CLOSED:
            return None
        if found is None or (target is not None and found == target.core_college):
            return found
        college = self._college_codes[found]
        if not college.stays(self._day):
            reader.say(
                "core_college",
                OrganisationNotThere.code,
                f"{shown(college.name)} есть в справочнике не на все дни начиная с сегодняшнего.",
            )
        if target is not None and target.college_due is not None:
            reader.say(
                "core_college",
                RelationOverlaps.code,
                f"Другой базовый колледж уже назначен с {target.college_due:%d.%m.%Y}.",
            )
        return found

    def _college(
        self, reader: RowReader, region: str | None, target: KnownCluster | None
    ) -> str | None:
        """The code of the college; a blank cell leaves it as it is, «нет» takes it away."""
        said = reader.line("core_college")
        if not said:
            return target.core_college if target else None
        if said.casefold() in NOTHING:
            return None
        by_code = self._college_codes.get(said.casefold())
        named = [by_code] if by_code else self._colleges.get(folded(said), [])
        here = [college for college in named if college.region in {region, None}]
        if len(here) == 1:
            return here[0].code
        if not named:
            hint = self._hints.like(said, [one.name for one in self._college_codes.values()])
            reader.say(
                "core_college",
                "unknown_college",
                f"Нет колледжа {shown(said)} в справочнике.{hint}",
            )
        elif here:
            codes = ", ".join(sorted(college.code for college in here)[:5])
            reader.say(
                "core_college",
                "college_ambiguous",
                f"Таких колледжей несколько: укажите код ({codes}).",
            )
        elif region is not None:
            other = self._regions.names.get(named[0].region or "", "другого")
            reader.say(
                "core_college", "college_of_another_region", f"Этот колледж — региона {other}."
            )
        return None

    def _new_code(self, region: str, cohort: int) -> str:
        """The next free number of the region's clusters of that year."""
        start = f"{region}-{cohort}-"
        number = self._numbers.get(start, 0) + 1
        while (code := f"{start}{number:02}") in self._taken:
            number += 1
        self._numbers[start] = number
        return code


def _said_code(row: ListedRow) -> str:
    cell = row.cells.get("code")
    return cell.text.casefold() if cell else ""
