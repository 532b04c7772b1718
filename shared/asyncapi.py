"""The event contract as an AsyncAPI 3 document, made from the event models."""

from importlib import import_module
from typing import Any, Final

from shared.events.base import PARTITIONS, Checkpoint, Event, checkpoint_type

PRODUCERS: Final = ("directory", "meetings", "assignments", "rating")


def contract() -> list[type[Event]]:
    """Every event type there is, by name."""
    for producer in PRODUCERS:
        import_module(f"shared.events.{producer}")
    return sorted(Event.concrete(), key=lambda model: model.type)


def document() -> dict[str, Any]:
    """The AsyncAPI document: a channel per topic, a message per type."""
    schemas: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    channels: dict[str, Any] = {}
    for model in contract():
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= schema.pop("$defs", {})
        schemas[model.type] = schema
        messages[model.type] = {
            "name": model.type,
            "title": model.__name__,
            "summary": (model.__doc__ or "").strip().splitlines()[0],
            "contentType": "application/json",
            "headers": {"$ref": "#/components/schemas/CloudEventHeaders"},
            "payload": {"$ref": f"#/components/schemas/{model.type}"},
        }
        channel = channels.setdefault(model.topic, _channel(model.topic))
        channel["messages"][model.type] = {"$ref": f"#/components/messages/{model.type}"}
    for topic, channel in channels.items():
        kind = checkpoint_type(topic)
        schemas[kind] = Checkpoint.model_json_schema()
        messages[kind] = {
            "name": kind,
            "title": "Checkpoint",
            "summary": (Checkpoint.__doc__ or "").strip().splitlines()[0],
            "contentType": "application/json",
            "headers": {"$ref": "#/components/schemas/CloudEventHeaders"},
            "payload": {"$ref": f"#/components/schemas/{kind}"},
        }
        channel["messages"][kind] = {"$ref": f"#/components/messages/{kind}"}
    schemas["CloudEventHeaders"] = _HEADERS
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "События программы «Профессионалитет»",
            "version": "1.0.0",
            "description": (
                "CloudEvents 1.0, двоичный режим Kafka. Тип не правится: новое поле — "
                "необязательное, иначе .v2 рядом. Событие несёт все факты своего предмета и "
                "версию: достаточно хранить новейшую. Пропущенное читается из ленты "
                "GET /v1/events/{topic}/{partition}?after={seq}."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": {
            f"publish.{topic}": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{topic}"},
                "title": f"{topic.split('.', 1)[0]} сообщает",
            }
            for topic in channels
        },
        "components": {"schemas": schemas, "messages": messages},
    }


def _channel(topic: str) -> dict[str, Any]:
    return {
        "address": topic,
        "title": topic,
        "description": (
            f"{PARTITIONS} разделов; раздел — CRC-32 кода региона (где региона нет, ключа) "
            f"по модулю {PARTITIONS}."
        ),
        "messages": {},
        "bindings": {"kafka": {"topic": topic, "partitions": PARTITIONS}},
    }


_HEADERS: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time"],
    "properties": {
        "ce_specversion": {"type": "string", "const": "1.0"},
        "ce_id": {"type": "string", "format": "uuid"},
        "ce_source": {"type": "string", "examples": ["/assignments"]},
        "ce_type": {"type": "string", "examples": ["assignments.execution.accepted.v1"]},
        "ce_subject": {"type": "string", "description": "Ключ: id предмета"},
        "ce_time": {"type": "string", "format": "date-time"},
        "ce_dataschema": {"type": "string", "format": "uri-reference"},
        "seq": {
            "type": "string",
            "pattern": "^[0-9]+$",
            "description": "Номер в разделе: 1, 2, 3… без пропусков; у контрольной точки его нет",
        },
    },
}
