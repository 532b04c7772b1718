"""One stored sample per event type: today's model must still read it and still write its fields."""

import json
from pathlib import Path

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from cloudevents.core.formats.json import JSONFormat

from services.rating.domain.heard import HeardFacts
from services.rating.repository.facts import FACT_FIELDS
from shared.asyncapi import contract, document
from shared.envelopes import kafka_headers
from shared.events.assignments import ExecutionEvent
from shared.events.base import Event, partition_of
from shared.ids import new_id

SAMPLES = Path(__file__).parent / "samples"
TYPES = contract()


@pytest.mark.parametrize("model", TYPES, ids=lambda model: model.type)
def test_the_stored_sample_is_still_read_and_written_whole(model: type[Event]) -> None:
    sample = json.loads((SAMPLES / f"{model.type}.json").read_text())

    written = json.loads(model.model_validate(sample).model_dump_json())

    missing = {name for name in sample if sample[name] != written.get(name)}
    assert not missing


def test_no_type_was_dropped() -> None:
    stored = {path.stem for path in SAMPLES.glob("*.json")}
    assert stored == {model.type for model in TYPES}


@pytest.mark.parametrize("model", TYPES, ids=lambda model: model.type)
def test_a_type_is_service_subject_verb_version(model: type[Event]) -> None:
    service, subject, verb, version = model.type.split(".")
    assert model.topic.startswith(f"{service}.")
    assert verb.endswith("ed") or verb in {"made", "withdrawn", "overdue", "frozen", "sent"}
    assert (subject.isalpha(), version) == (True, "v1")


def test_an_independent_parser_reads_our_headers_as_a_cloud_event() -> None:
    (model,) = [one for one in TYPES if one.type == "assignments.execution.accepted.v1"]
    sample = (SAMPLES / f"{model.type}.json").read_text()
    event = model.model_validate_json(sample)
    headers = kafka_headers(model.topic, model.type, new_id(), event.key, event.occurred_at, 42)

    message = KafkaMessage(headers=dict(headers), key=event.key.encode(), value=sample.encode())
    parsed = from_binary_event(message, JSONFormat())

    assert parsed.get_type() == model.type
    assert parsed.get_source() == "/assignments"
    assert parsed.get_subject() == event.key
    assert parsed.get_time() == event.occurred_at


@pytest.mark.parametrize(
    "model", [one for one in TYPES if issubclass(one, ExecutionEvent)], ids=lambda model: model.type
)
def test_the_ratings_view_of_facts_reads_the_same_as_the_event_itself(
    model: type[ExecutionEvent],
) -> None:
    sample = (SAMPLES / f"{model.type}.json").read_bytes()

    view = HeardFacts.read(sample)

    event = model.model_validate_json(sample)
    fields = HeardFacts.__struct_fields__
    assert {name: getattr(view, name) for name in fields} == event.model_dump(include=set(fields))
    assert set(fields) == set(FACT_FIELDS)


@pytest.mark.parametrize(("text", "partition"), [("16", 0), ("77", 0), ("01", 2), ("95", 6)])
def test_the_partition_of_a_region_is_part_of_the_contract(text: str, partition: int) -> None:
    assert partition_of(text) == partition


def test_every_type_is_in_the_asyncapi_document() -> None:
    described = document()
    assert {model.type for model in TYPES} <= described["components"]["messages"].keys()
    assert {model.topic for model in TYPES} == described["channels"].keys()
