"""`ETag` and `If-Match`: `"v7"` is the seventh version of whatever the address names."""

from typing import Annotated

from fastapi import Depends, Header, Response

from shared.errors import VersionRequired


def tag(response: Response, version: int) -> None:
    """Say which version the answer is."""
    response.headers["ETag"] = f'"v{version}"'


async def _expected_version(
    if_match: Annotated[
        str | None,
        Header(
            pattern=r'^"v\d{1,9}"$',
            description='Версия, к которой относится запрос, например "v3"; иначе 412',
        ),
    ] = None,
) -> int | None:
    return int(if_match[2:-1]) if if_match else None


ExpectedVersion = Annotated[int | None, Depends(_expected_version)]


async def _required_version(expected: ExpectedVersion) -> int:
    if expected is None:
        raise VersionRequired(
            "Это решение нельзя взять назад: прочитайте запись и пришлите в If-Match версию из её"
            ' ETag, например "v3".',
            field="If-Match",
        )
    return expected


# A route with it declares 428, and its document then demands the header.
RequiredVersion = Annotated[int, Depends(_required_version)]
