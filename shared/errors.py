"""Refusals in business terms. HTTP is `shared.problems`' affair."""

from collections.abc import Mapping
from typing import ClassVar


class DomainError(Exception):
    """A refusal the caller can understand and act on; anything else is a bug.

    `code` is stable and for programs; the message is Russian and for people; `field` names the
    part of the request that is at fault, where there is one; `current` is the state that stood
    in the way, as the caller would read it now.
    """

    code: ClassVar[str] = "domain_error"
    title: ClassVar[str] = "Запрос отклонён"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.current: Mapping[str, str | int] | None = None


class NotFound(DomainError):
    """The thing asked about does not exist, or the caller may not know that it does."""

    code = "not_found"
    title = "Не найдено"


class Conflict(DomainError):
    """The request makes sense, but not in the current state."""

    code = "conflict"
    title = "Противоречит текущему состоянию"


class Invalid(DomainError):
    """The request is well-formed, and what it says cannot be."""

    code = "invalid"
    title = "Недопустимое значение"


class Forbidden(DomainError):
    """The caller is known and may not do this."""

    code = "forbidden"
    title = "Недостаточно прав"


class Unavailable(DomainError):
    """Something the answer needs is away for now; the same request may succeed later."""

    code = "unavailable"
    title = "Временно недоступно"


class VersionMismatch(DomainError):
    """The thing has changed since the caller read it; the request says which version it meant."""

    code = "version_mismatch"
    title = "Запись изменилась"


class VersionRequired(DomainError):
    """What cannot be taken back is done to what the caller has read, and the request says which."""

    code = "version_required"
    title = "Нужна версия записи"


def expect_version(version: int, expected: int | None) -> None:
    """Raise `VersionMismatch` where a version was expected and it is not this one."""
    if expected is not None and version != expected:
        raise VersionMismatch(
            f"Запись уже в версии {version}, а запрос сделан к версии {expected}."
            " Прочитайте её снова.",
            field="If-Match",
        )
