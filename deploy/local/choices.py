"""Which of several parts the stack is to run on, as the environment asks."""

import os
from enum import StrEnum
from typing import TypeVar

from deploy.local.errors import StackError

_Choice = TypeVar("_Choice", bound=StrEnum)


def chosen(variable: str, usual: _Choice) -> _Choice:
    """What the variable names, or the usual one. Raises `StackError` for one there is not."""
    asked, kind = os.environ.get(variable, usual), type(usual)
    try:
        return kind(asked)
    except ValueError:
        raise StackError(f"{variable}={asked}: есть только {', '.join(kind)}.") from None
