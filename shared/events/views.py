"""Part of an event, declared by a consumer that hears very many of them."""

from typing import Annotated, Self

import msgspec

# What a column of four bytes holds.
Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)]


class View(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The fields of an event that a consumer keeps; all others are not even built.

    Ten times faster than the event's own model, and as strict about what it does read.
    """

    @classmethod
    def read(cls, data: bytes) -> Self:
        """The view of an event's JSON text. Raises `msgspec.DecodeError`."""
        return msgspec.json.decode(data, type=cls)
