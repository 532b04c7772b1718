"""Extracts of protocols, and what an approval would unfold into."""

from datetime import date
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.meetings.schemas.fields import ITEM_ID, PROTOCOL_ID, reads
from services.meetings.schemas.items import ITEM, ItemRead
from shared.events.meetings import AddresseeKind, Control

_CLUSTER: Final[JsonDict] = {
    "id": "0190c5a0-0000-7000-8000-000000000170",
    "name": "Кластер «Машиностроение»",
}


class ClusterName(BaseModel):
    """A cluster of the addressee."""

    model_config = reads(_CLUSTER)

    id: UUID
    name: str = Field(max_length=300)


class ExtractItem(ItemRead):
    """An item that concerns the addressee."""

    model_config = reads({**ITEM, "clusters": [_CLUSTER]})

    clusters: list[ClusterName] = Field(
        max_length=2000, description="Какие кластеры адресата; пусто — орган власти региона"
    )


class ExtractRead(BaseModel):
    """The addressee's part of an approved protocol."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "protocol_id": PROTOCOL_ID,
                    "full_number": "5/2023",
                    "signed_on": "2023-10-04",
                    "content_hash": "9f86d081884c7d659a2feaa0c55ad015"
                    "a3bf4f1b2b0b822cd15d6c15b0f00a08",
                    "region": "16",
                    "cluster_id": None,
                    "name": "Республика Татарстан",
                    "items": [{**ITEM, "clusters": [_CLUSTER]}],
                }
            ]
        }
    )

    protocol_id: UUID
    full_number: str = Field(max_length=40)
    signed_on: date
    content_hash: str = Field(max_length=64, description="Всего протокола, не выписки")
    region: str | None = Field(max_length=2)
    cluster_id: UUID | None
    name: str = Field(max_length=300)
    items: list[ExtractItem] = Field(max_length=100)


class RegionShare(BaseModel):
    """How much of an item falls to a region."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"region": "16", "executions": 6, "has_coordinator": True}]}
    )

    region: str = Field(max_length=2)
    executions: int
    has_coordinator: bool = Field(description="Есть ли координатор в этот день")


class ItemFanOut(BaseModel):
    """What an item would unfold into, if the protocol were approved on the day."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "item_id": ITEM_ID,
                    "position": 1,
                    "kind": "cluster",
                    "executions": 14,
                    "regions": [{"region": "16", "executions": 6, "has_coordinator": True}],
                    "without_coordinator": ["63"],
                    "due": "2023-10-20",
                    "control": {"points": ["План", "Смета"], "evidence": "file"},
                }
            ]
        }
    )

    item_id: UUID
    position: int
    kind: AddresseeKind
    executions: int
    regions: list[RegionShare] = Field(max_length=100)
    without_coordinator: list[str] = Field(
        max_length=100, description="Регионы, где исполнение будет ждать координатора"
    )
    due: date | None = Field(
        description="Срок с переносом с нерабочего дня; у ряда — первый; null — срока не выйдет"
    )
    control: Control = Field(description="Форма отчёта, подтверждение, пункты приёмки")


class FanOut(BaseModel):
    """What the whole protocol would unfold into."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "protocol_id": PROTOCOL_ID,
                    "at": "2023-10-04",
                    "executions": 14,
                    "regions": 2,
                    "without_coordinator": ["63"],
                    "items": [],
                }
            ]
        }
    )

    protocol_id: UUID
    at: date
    executions: int
    regions: int
    without_coordinator: list[str] = Field(max_length=100)
    items: list[ItemFanOut] = Field(max_length=100)
