"""The people of the season: a name that fits whoever is entered, the same on any machine."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from deploy.season.api import Api

ADMIN: Final = "cur_admin"
_SURNAMES: Final = (
    "Иванова", "Петрова", "Сидорова", "Кузнецова", "Смирнова", "Попова", "Васильева", "Соколова",
    "Михайлова", "Новикова", "Фёдорова", "Морозова", "Волкова", "Алексеева", "Лебедева",
    "Семёнова", "Егорова", "Павлова", "Козлова", "Степанова",
)  # fmt: skip
_NAMES: Final = ("Анна", "Мария", "Елена", "Ольга", "Наталья", "Ирина", "Татьяна", "Светлана")
_FATHERS: Final = ("Сергеевна", "Андреевна", "Ивановна", "Петровна", "Алексеевна", "Юрьевна")


def name_of(office: str, place: str) -> str:
    """Who holds the office there."""
    number = sum(map(ord, f"{place}{office}"))
    return " ".join(
        names[number * step % len(names)]
        for names, step in ((_SURNAMES, 7), (_NAMES, 5), (_FATHERS, 11))
    )


async def enter_person(api: Api, office: str, place: str, at: datetime) -> str:
    """Enter whoever holds the office there; their id. Raises `Refused`."""
    body: Mapping[str, Any] = {
        "full_name": name_of(office, place),
        "email": f"{office.replace('_', '-')}-{place}@example.org",
    }
    person = await api.post(ADMIN, "directory", "/v1/people", body, at=at)
    return str(person["id"])
