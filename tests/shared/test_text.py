"""What a field of text keeps is no longer than the field, however it was written."""

import pytest
from pydantic import TypeAdapter, ValidationError

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
