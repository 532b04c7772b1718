"""A list of coordinators and deputies: its columns, and what each row does to the directory."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from services.directory.domain.appointments import OFFICE_NAMES, Office
from services.directory.domain.imports import Facts, Plan, RowAction
from services.directory.domain.list_cells import Hints, RowReader, plain, shown
from services.directory.domain.names import RegionNames
from shared.listings.cells import Field, ListedRow, folded

FIELDS: Final = (
    Field("region", ("Регион", "Субъект РФ", "Субъект", "Код региона"), required=True),
    Field(
        "full_name",
        (
            "ФИО",
            "Ф.И.О.",
            "Фамилия, имя, отчество",
            "ФИО координатора",
            "Региональный координатор",
            "Координатор",
        ),
        required=True,
    ),
    Field("office", ("Роль", "Роль в проекте")),
    Field("phone", ("Телефон", "Контактный телефон", "Мобильный телефон", "Тел.")),
    Field("email", ("Почта", "Электронная почта", "E-mail", "Email", "Эл. почта", "Адрес почты")),
    Field(
        "valid_from",
        ("С какой даты", "Дата назначения", "Назначен с", "Дата начала", "С"),
        required=True,
    ),
    Field("valid_to", ("По какую дату", "Дата окончания", "Назначен по", "По")),
)
# Each row is a handful of statements: two per region and year are far fewer.
MOST_ROWS: Final = 1000
_OFFICES: Final[Mapping[str, Office]] = {
    "координатор": Office.COORDINATOR,
    "региональный координатор": Office.COORDINATOR,
    "coordinator": Office.COORDINATOR,
    "заместитель": Office.DEPUTY,
    "заместитель координатора": Office.DEPUTY,
    "зам": Office.DEPUTY,
    "зам координатора": Office.DEPUTY,
    "deputy": Office.DEPUTY,
}
_EMAIL: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,24}"
)
_PHONE: Final = re.compile(r"\+?[0-9 ()-]{5,30}")
_FEWEST_NAMES: Final = 2
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A person of the directory, or one without an id yet: whom that row of the list enters."""

    id: UUID | None
    full_name: str
    email: str | None
    phone: str | None
    row: int | None = None

    @property
    def identity(self) -> Facts:
        """Who is meant, whatever the contacts are."""
        if self.id is not None:
            return {"person_id": str(self.id)}
        return {"person_id": None, "person_row": self.row}


@dataclass(frozen=True, slots=True)
class KnownTenure:
    """Who holds an office of a region, both days included."""

    id: UUID
    region: str
    office: Office
    person: KnownPerson
    valid_from: date
    valid_to: date | None

    @property
    def facts(self) -> Facts:
        return {
            "region": self.region,
            "office": self.office.value,
            "full_name": self.person.full_name,
            "email": self.person.email,
            "phone": self.person.phone,
            **self.person.identity,
            "valid_from": self.valid_from.isoformat(),
            "valid_to": self.valid_to.isoformat() if self.valid_to else None,
        }

    def meets(self, first: date, last: date | None) -> bool:
        """Whether the two share a day."""
        return self.valid_from <= (last or date.max) and first <= (self.valid_to or date.max)


@dataclass(frozen=True, slots=True)
class KnownOffices:
    """The part of the directory that a list of coordinators is compared with."""

    regions: Sequence[tuple[str, str, str]]
    people: Sequence[KnownPerson]
    tenures: Sequence[KnownTenure]


@dataclass(frozen=True, slots=True)
class _Wanted:
    region: str
    office: Office
    full_name: str
    email: str | None
    phone: str | None
    first: date
    last: date | None


class CoordinatorPlanner:
    """Compares rows with the tenures that are known, and with the rows before them."""

    def __init__(self, known: KnownOffices) -> None:
        self._hints = Hints()
        self._regions = RegionNames(known.regions)
        self._people: defaultdict[str, list[KnownPerson]] = defaultdict(list)
        for person in known.people:
            self._people[folded(person.full_name)].append(person)
        self._tenures: defaultdict[tuple[str, Office], list[KnownTenure]] = defaultdict(list)
        for tenure in known.tenures:
            self._tenures[tenure.region, tenure.office].append(tenure)
        self._open = {tenure.id for tenure in known.tenures if tenure.valid_to is None}
        self._seen: defaultdict[tuple[str, Office], list[tuple[int, date, date | None]]] = (
            defaultdict(list)
        )

    def plan(self, row: ListedRow) -> Plan:
        """What the row does, as the preview shows it."""
        reader = RowReader(row)
        wanted = self._wanted(reader)
        if wanted is None or reader.flaws:
            return Plan.refused(reader.flaws)
        self._note(reader, row.number, wanted)
        plan = self._same(reader, wanted)
        if plan is None:
            person = self._person(reader, wanted) or self._newcomer(row.number, wanted)
            plan = self._new(reader, wanted, person)
        if reader.flaws:
            return Plan.refused(reader.flaws)
        self._ends(plan, wanted)
        self._remembers(plan, row.number)
        return plan

    def _ends(self, plan: Plan, wanted: _Wanted) -> None:
        """The rows that follow find the tenure ended, and do not end it once more."""
        if plan.target is None or plan.after is None:
            return
        said = plan.after.get("predecessor_until", plan.after["valid_to"])
        last = date.fromisoformat(str(said)) if said is not None else None
        held = self._tenures[wanted.region, wanted.office]
        held[:] = [replace(one, valid_to=last) if one.id == plan.target else one for one in held]

    def _remembers(self, plan: Plan, number: int) -> None:
        """The rows that follow find whom this one enters, and the contacts that it gives."""
        after = plan.after
        assert after is not None, "only a refused row leaves nothing behind"
        full_name = str(after["full_name"])
        email, phone = (str(after[one]) if after[one] else None for one in ("email", "phone"))
        named = self._people[folded(full_name)]
        known = next((one for one in named if one.identity.items() <= after.items()), None)
        if known is None:
            named.append(KnownPerson(None, full_name, email, phone, number))
            return
        mended = replace(known, email=email, phone=phone)
        if mended == known:
            return
        named[:] = [mended if one == known else one for one in named]
        for held in self._tenures.values():
            held[:] = [replace(one, person=mended) if one.person == known else one for one in held]

    def _wanted(self, reader: RowReader) -> _Wanted | None:
        said = reader.text("region", required=True)
        region = self._regions.code_of(said) if said else None
        if said and region is None:
            hint = self._hints.like(said, self._regions.names.values())
            reader.say("region", "unknown_region", f"Нет региона {shown(said)}.{hint}")
        full_name = reader.line("full_name", required=True)
        if full_name and len(folded(full_name).split()) < _FEWEST_NAMES:
            reader.say("full_name", "name_incomplete", f"Нужны фамилия и имя: {shown(full_name)}.")
        office = self._office(reader)
        email = reader.text("email")
        if email and not _EMAIL.fullmatch(email):
            reader.say("email", "email_malformed", f"Не адрес почты: {shown(email)}.")
        phone = reader.text("phone")
        if phone and not _PHONE.fullmatch(phone):
            reader.say("phone", "phone_malformed", f"Не телефон: {shown(phone)}.")
        first = reader.day("valid_from", required=True)
        last = reader.day("valid_to")
        if first and last and last < first:
            reader.say("valid_to", "dates_reversed", "Последний день раньше первого.")
        if region is None or first is None:
            return None
        return _Wanted(region, office, full_name, email or None, phone or None, first, last)

    @staticmethod
    def _office(reader: RowReader) -> Office:
        said = reader.text("office")
        found = _OFFICES.get(folded(said)) if said else Office.COORDINATOR
        if found is None:
            reader.say(
                "office",
                "unknown_office",
                f"Нет роли {shown(said)}. Есть: координатор, заместитель.",
            )
        return found or Office.COORDINATOR

    def _note(self, reader: RowReader, number: int, wanted: _Wanted) -> None:
        """Two rows must not fill one office on one day."""
        seen = self._seen[wanted.region, wanted.office]
        for before, first, last in seen:
            if first <= (wanted.last or date.max) and wanted.first <= (last or date.max):
                reader.say(
                    "region",
                    "row_repeated",
                    f"На эти даты {OFFICE_NAMES[wanted.office]} региона уже в строке {before}.",
                )
                return
        seen.append((number, wanted.first, wanted.last))

    def _same(self, reader: RowReader, wanted: _Wanted) -> Plan | None:
        """The very tenure the row tells of, with what it changes; None where there is none."""
        held = next(
            (
                tenure
                for tenure in self._tenures[wanted.region, wanted.office]
                if tenure.valid_from == wanted.first
                and folded(tenure.person.full_name) == folded(wanted.full_name)
            ),
            None,
        )
        if held is None:
            return None
        if wanted.last and held.valid_to and wanted.last > held.valid_to:
            reader.say(
                "valid_to",
                "tenure_ended",
                f"Последний день уже назван: {held.valid_to:%d.%m.%Y}; отдалить его нельзя.",
            )
        after = held.facts | self._contacts(held.person, wanted)
        if wanted.last is not None:
            after["valid_to"] = wanted.last.isoformat()
        action = RowAction.UNCHANGED if after == held.facts else RowAction.CHANGE
        return Plan(action, held.id, held.facts, after)

    def _new(self, reader: RowReader, wanted: _Wanted, person: KnownPerson) -> Plan:
        """A new tenure, and the end of the one it follows."""
        before = [
            tenure
            for tenure in self._tenures[wanted.region, wanted.office]
            if tenure.meets(wanted.first, wanted.last)
        ]
        follows = before[0] if len(before) == 1 and self._gives_way(before[0], wanted) else None
        if before and follows is None:
            held = before[0]
            until = f"по {held.valid_to:%d.%m.%Y}" if held.valid_to else "бессрочно"
            reader.say(
                "valid_from",
                "appointment_overlaps",
                f"{OFFICE_NAMES[wanted.office].capitalize()} региона уже назначен"
                f" с {held.valid_from:%d.%m.%Y} {until} ({held.person.full_name}).",
            )
        after: Facts = {
            "region": wanted.region,
            "office": wanted.office.value,
            "full_name": person.full_name,
            **self._contacts(person, wanted),
            **person.identity,
            "valid_from": wanted.first.isoformat(),
            "valid_to": wanted.last.isoformat() if wanted.last else None,
        }
        if follows is None:
            return Plan(RowAction.CREATE, after=after)
        after["predecessor_until"] = (wanted.first - _DAY).isoformat()
        return Plan(RowAction.CHANGE, follows.id, follows.facts, after)

    def _gives_way(self, held: KnownTenure, wanted: _Wanted) -> bool:
        """Whether the tenure ends by another's beginning: it began before, and has no last day.

        One that a row of this list has named may still come nearer.
        """
        other = folded(held.person.full_name) != folded(wanted.full_name)
        return held.id in self._open and held.valid_from < wanted.first and other

    def _person(self, reader: RowReader, wanted: _Wanted) -> KnownPerson | None:
        """Who of the directory or of the rows before is meant; None for somebody new."""
        named = self._people.get(folded(wanted.full_name), [])
        if wanted.email is not None:
            mail = wanted.email.casefold()
            same = [one for one in named if one.email and one.email.casefold() == mail]
            named = same or [one for one in named if one.email is None]
        if len(named) > 1:
            reader.say(
                "full_name",
                "person_ambiguous",
                "В справочнике несколько таких людей: укажите почту того, кто назначается.",
            )
            return None
        return named[0] if named else None

    @staticmethod
    def _newcomer(number: int, wanted: _Wanted) -> KnownPerson:
        return KnownPerson(None, wanted.full_name, wanted.email, wanted.phone, number)

    @staticmethod
    def _contacts(person: KnownPerson, wanted: _Wanted) -> Facts:
        """E-mail and phone after the row: a blank cell leaves them as they are."""
        phone = person.phone
        if wanted.phone is not None and plain(phone or "") != wanted.phone:
            phone = wanted.phone
        return {"email": wanted.email or person.email, "phone": phone}
