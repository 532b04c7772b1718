"""What a human may write into a field: Unicode text without control or direction tricks."""

import re
import unicodedata
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, HttpUrl, StringConstraints
from pydantic_core import PydanticCustomError

# C0 except tab and newline, C1, bidirectional overrides and isolates, surrogates, BOM, what a wrong
# decoding leaves, and what XML cannot hold.
_FORBIDDEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffd-\uffff]"
)
# What makes two equal-looking names differ: letters nobody sees.
_INVISIBLE: Final = re.compile(
    "[\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2060-\u2065\u206a-\u206f\u3164\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
# What would make two lines of one, of a letter's head for example.
_BREAK: Final = re.compile("[\t\n\u2028\u2029]+")

UNFIT: Final = "unfit"


def unfit(message: str) -> PydanticCustomError:
    """For a schema's own check: the parts of a request do not fit each other, said in Russian."""
    return PydanticCustomError(UNFIT, "{message}", {"message": message})


def compose(value: Any) -> Any:
    """NFC-normalised, where it is a text: before it is measured, for some letters become two."""
    return unicodedata.normalize("NFC", value) if isinstance(value, str) else value


def clean(value: str) -> str:
    """NFC-normalised; raises `PydanticCustomError` on characters nobody types."""
    if _FORBIDDEN.search(value):
        raise PydanticCustomError("forbidden_characters", "Text has control characters")
    return unicodedata.normalize("NFC", value)


def clean_line(value: str) -> str:
    """As `clean`, and of one line: a tab or a break in it is a blank.

    Raises `PydanticCustomError`, on invisible letters too.
    """
    if _INVISIBLE.search(value):
        raise PydanticCustomError("forbidden_characters", "A line has invisible characters")
    return clean(_BREAK.sub(" ", value))


Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=300),
    BeforeValidator(compose),
    AfterValidator(clean_line),
]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000),
    BeforeValidator(compose),
    AfterValidator(clean),
]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
RegionCode = Annotated[str, StringConstraints(pattern=r"^\d{2}$")]


def _without_user(url: HttpUrl) -> HttpUrl:
    """Nobody's name and password are kept in a link, nor a host that only looks like one."""
    if url.username is not None or url.password is not None:
        raise unfit("В ссылке не должно быть имени пользователя и пароля")
    return url


# To a proof of what was done: shown to people, and followed by nobody of ours.
Link = Annotated[
    HttpUrl,
    Field(max_length=2000, examples=["https://example.org/act.pdf"]),
    AfterValidator(_without_user),
]
