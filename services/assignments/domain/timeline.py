"""What happened to an execution, said in whole Russian sentences."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from services.assignments.domain.executions import PARTY_NAMES, Command, Party


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `kind` is for programs, `title` and `text` are for people."""

    at: datetime
    kind: str
    title: str
    party: Party
    # Who it was: a token's subject, shown to few.
    subject: str | None = None
    deputy: bool = False
    text: str | None = None
    # What was handed in with it, and what else it said, line by line.
    evidence: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


# What everyone says in the same words, after who did it.
_DID: Final[Mapping[Command, str]] = {
    Command.ACKNOWLEDGE: "принял исполнение к сведению",
    Command.START: "начал работу",
    Command.SUBMIT: "сдал отчёт",
    Command.PRE_CHECK: "проверил отчёт и оставил замечание",
    Command.RETURN: "вернул отчёт на доработку",
    Command.FORWARD: "передал отчёт в ЦУР",
    Command.ACCEPT: "принял исполнение",
    Command.CANCEL_EXTENSION: "отозвал просьбу о продлении срока",
    Command.REFUSE_EXTENSION: "отказал в продлении срока",
    Command.WITHDRAW: "отозвал исполнение",
    Command.SUPERSEDE: "заменил исполнение другим поручением",
}
# And what happens by itself.
_BY_ITSELF: Final[Mapping[Command, str]] = {
    Command.ROUTE: "Исполнение направлено координатору региона.",
    Command.REROUTE: "Исполнение передано новому координатору региона.",
    Command.FORWARD: "Отчёт передан в ЦУР: отчёты кластера проходят без проверки координатора.",
    Command.WITHDRAW: "Исполнение отозвано.",
    Command.CLOSE: "Исполнение закрыто: событие, которого требовало поручение, наступило.",
    Command.EXPIRE: "День срока кончился, отчёт не сдан: исполнение просрочено.",
}


def who(party: Party, *, deputy: bool = False) -> str:
    """The party as the beginning of a sentence."""
    if deputy:
        return "Заместитель координатора региона"
    name = PARTY_NAMES[party]
    return name[0].upper() + name[1:]


def title_of(
    command: Command | None,
    party: Party,
    details: Mapping[str, Any],
    *,
    due0: date,
    deputy: bool = False,
) -> str:
    """The sentence for a step of an execution."""
    if command is None:
        return f"Исполнение выдано, срок — {_said(due0)}."
    if party is Party.SYSTEM and command in _BY_ITSELF:
        return _BY_ITSELF[command]
    did = _DID[command] if command in _DID else _with_details(command, details)
    return f"{who(party, deputy=deputy)} {did}."


def _with_details(command: Command, details: Mapping[str, Any]) -> str:
    match command:
        case Command.DELEGATE:
            return (
                f"передал исполнение кластеру с внутренним сроком {_day(details, 'internal_due')}"
            )
        case Command.ACCEPT_PART:
            return (
                f"снял с контроля {_points(details.get('points', ()))};"
                f" на контроле: {_numbers(details.get('left', ()))}"
            )
        case Command.REQUEST_EXTENSION:
            late = "" if details.get("in_time", True) else " (просьба подана после срока)"
            return (
                f"попросил продлить срок с {_day(details, 'due')}"
                f" до {_day(details, 'wanted')}{late}"
            )
        case Command.GRANT_EXTENSION if details.get("in_time", True):
            return f"продлил срок с {_day(details, 'due')} до {_day(details, 'granted')}"
        case Command.GRANT_EXTENSION:
            return (
                f"назначил контрольный срок {_day(details, 'granted')};"
                f" срок {_day(details, 'due')} остался прежним, потому что просьба была поздней"
            )
        case Command.REDATE:
            return f"перенёс срок с {_day(details, 'before')} на {_day(details, 'due')}"
        case _:
            return f"изменил исполнение ({command.value})"


def notes_of(details: Mapping[str, Any], form: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The answers of a report, in the order of its form and under the titles of its fields."""
    answers: Mapping[str, Any] = details.get("fields", {})
    return tuple(
        f"{field['title']}: {_answer(answers[field['code']])}"
        for field in form
        if field["code"] in answers
    )


def subtask_given(text: str, due: date, *, at: datetime, by: str) -> Entry:
    title = f"Координатор региона дал кластеру подзадачу со сроком {_said(due)}."
    return Entry(at, "subtask_given", title, Party.COORDINATOR, by, text=text)


def subtask_done(words: str | None, *, at: datetime, by: str | None) -> Entry:
    title = "Исполнитель закрыл подзадачу координатора."
    return Entry(at, "subtask_done", title, Party.ADDRESSEE, by, text=words)


def subtask_cancelled(text: str, *, at: datetime) -> Entry:
    title = "Координатор региона снял подзадачу."
    return Entry(at, "subtask_cancelled", title, Party.COORDINATOR, text=text)


def co_executor_added(cluster_name: str | None, *, at: datetime) -> Entry:
    title = f"Добавлен соисполнитель: {cluster_name or 'кластер, которого нет в справочнике'}."
    return Entry(at, "co_executor_added", title, Party.CONTROLLER)


def extension_lapsed(wanted: date, *, at: datetime) -> Entry:
    title = f"Просьба о продлении до {_said(wanted)} снята: исполнение закончено."
    return Entry(at, "extension_lapsed", title, Party.SYSTEM)


def file_added(name: str, party: Party, *, at: datetime, by: str) -> Entry:
    side = PARTY_NAMES[party]
    return Entry(at, "file_added", f"Приложен файл «{name}» ({side}).", party, by)


_OFFICE_TO: Final[Mapping[str, str]] = {
    "coordinator": "координатору региона",
    "authority_head": "руководителю РОИВ",
}


def reminded(offices: Iterable[str], rungs: Iterable[str], state: str, *, at: datetime) -> Entry:
    """A message mentioned the execution: to whom, under which rungs, and what became of it."""
    to = " и ".join(_OFFICE_TO.get(office, office) for office in offices)
    title = f"Напоминание {to} ({'; '.join(rungs)}): {state}."
    return Entry(at, "reminded", title, Party.SYSTEM)


def _answer(value: Any) -> str:
    if isinstance(value, bool):
        return "да" if value else "нет"
    return str(value).replace(".", ",") if isinstance(value, float) else str(value)


def _points(points: Sequence[int]) -> str:
    return f"{'пункт' if len(points) == 1 else 'пункты'} {_numbers(points)}"


def _numbers(points: Sequence[int]) -> str:
    return ", ".join(map(str, points)) or "—"


def _day(details: Mapping[str, Any], name: str) -> str:
    found = details.get(name)
    return _said(date.fromisoformat(found)) if isinstance(found, str) else "(не назван)"


def _said(day: date) -> str:
    return f"{day:%d.%m.%Y}"
