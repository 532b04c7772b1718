"""What a field of text keeps is no longer than the field, and what one is told of its length."""

from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI
from pydantic import Field, TypeAdapter, ValidationError

from shared import problems
from shared.text import Line, Text

# One character as it is typed, three once it is composed.
GROWING = "\ufb2c"


@pytest.mark.parametrize(("kind", "longest"), [(Line, 300), (Text, 10_000)])
def test_a_text_is_measured_once_composed(kind: type[str], longest: int) -> None:
    field = TypeAdapter(kind)

    assert field.validate_python("и\u0306" * longest) == "й" * longest
    kept = field.validate_python(GROWING * (longest // 3))
    assert len(kept) <= longest
    assert field.validate_python(kept) == kept
    with pytest.raises(ValidationError, match="string_too_long"):
        field.validate_python(GROWING * (longest // 3 + 1))


@pytest.mark.parametrize(
    ("value", "told"), [(" ж ", "Слишком коротко"), ("жжжж", "Слишком длинно")]
)
async def test_of_a_text_it_is_said_how_long_it_is_and_not_how_many(value: str, told: str) -> None:
    app = FastAPI()
    problems.install(app)

    @app.get("/")
    async def read(called: Annotated[Line, Field(min_length=2, max_length=3)]) -> str:
        return called

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test"
    ) as client:
        answer = await client.get("/", params={"called": value})

    assert answer.status_code == 422
    assert answer.json()["detail"] == f"query.called: {told}"
