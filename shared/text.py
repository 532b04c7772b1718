"""What a human may write into a field: Unicode text without control or direction tricks."""

import re
import unicodedata
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

# C0 except tab and newline, C1, bidirectional overrides and isolates, surrogates, BOM.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)

UNFIT: Final = "unfit"


def unfit(message: str) -> PydanticCustomError:
    """For a schema's own check: the parts of a request do not fit each other, said in Russian."""
    return PydanticCustomError(UNFIT, "{message}", {"message": message})


def clean(value: str) -> str:
    """NFC-normalised; raises `PydanticCustomError` on characters nobody types."""
    if _FORBIDDEN.search(value):
        raise PydanticCustomError("forbidden_characters", "Text has control characters")
    return unicodedata.normalize("NFC", value)


Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=300),
    AfterValidator(clean),
]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000),
    AfterValidator(clean),
]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
RegionCode = Annotated[str, StringConstraints(pattern=r"^\d{2}$")]
