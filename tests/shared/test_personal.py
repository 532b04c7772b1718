"""The register of personal data: nothing that looks personal is missing, nothing in it is gone."""

import importlib
import json
import re
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy import Date, DateTime, Enum, Integer, MetaData, Table

from shared import tables
from shared.asyncapi import contract
from shared.migrations import SERVICES
from shared.personal import PLATFORM, Register, traces_of, undeclared

ANNA: Final = UUID("0190c5a0-0000-7000-8000-00000000beef")
# Numbers, dates and codes say nothing of a person, whatever they are called.
_DUMB: Final = (Integer, Date, DateTime, Enum)


def _register(service: str) -> Register:
    found: Register = importlib.import_module(f"services.{service}.domain.personal").REGISTER
    return found


def _metadata(service: str) -> MetaData:
    found: MetaData = importlib.import_module(f"services.{service}.models").Base.metadata
    return found


def _told(table: Table) -> list[str]:
    return [one.name for one in table.columns if not isinstance(one.type, _DUMB)]


def _tables(service: str) -> dict[str, Table]:
    return {**_metadata(service).tables, **tables.Base.metadata.tables}


@pytest.mark.parametrize("service", SERVICES)
def test_every_column_that_looks_personal_is_in_the_register(service: str) -> None:
    columns = {name: _told(table) for name, table in _tables(service).items()}

    assert undeclared(_register(service), columns) == []


def test_a_new_column_that_looks_personal_is_noticed() -> None:
    new = {
        "people": ["id", "full_name", "birth_date", "region"],
        "visits": ["visited_by", "contact_phone", "note", "weight"],
    }

    assert undeclared(PLATFORM, new) == [
        "people.birth_date",
        "people.full_name",
        "visits.contact_phone",
        "visits.note",
        "visits.visited_by",
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_the_register_names_only_what_there_is(service: str) -> None:
    found, register = _tables(service), _register(service)
    there = {f"{name}.{one.name}" for name, table in found.items() for one in table.columns}
    listed = register.names() | {one for one in register.impersonal if not one.endswith(".*")}

    assert listed - there == set()
    whole = {one.removesuffix(".*") for one in register.impersonal if one.endswith(".*")}
    assert whole - found.keys() == set()
    assert register.names().isdisjoint(register.impersonal)


@pytest.mark.parametrize("service", SERVICES)
def test_no_column_is_registered_twice(service: str) -> None:
    said = [(one.table, column) for one in _register(service).held for column in one.columns]

    assert len(said) == len(set(said))


def test_no_event_has_a_field_for_a_name_or_a_contact() -> None:
    """Contracts and columns of the outbox cannot promise it for words: those are protocols'."""
    fields = {name for model in contract() for name in model.model_fields}

    assert {name for name in fields if re.search(r"full_name|e_?mail|phone", name)} == set()


def test_a_person_is_taken_out_of_text_however_it_is_written_and_nobody_else_is() -> None:
    traces = traces_of(ANNA, "Анна Иванова", "a.ivanova@example.org", "+7 843 000-00-00", None)
    said = {
        "words": ["Назначена АННА ИВАНОВА, анна иванова.", "Анна Ивановарова", 7, None],
        "mail": "550 <A.Ivanova@example.org> unknown",
    }

    found = traces.scrubbed(said)

    called = "Удалённый человек 0000beef"
    assert found == {
        "words": [f"Назначена {called}, {called}.", "Анна Ивановарова", 7, None],
        "mail": f"550 <{called}> unknown",
    }
    assert traces.are_in(said)
    assert not traces.are_in(found)


def test_a_name_of_a_letter_is_not_looked_for_within_words() -> None:
    traces = traces_of(ANNA, "А", None)

    assert traces.scrubbed(["А", "А роза упала"]) == [traces.instead, "А роза упала"]
    assert json.dumps(traces.telling) == "[]"
