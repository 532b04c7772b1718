"""Addresses of operations that a path fits alike, and which of them is meant."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from fastapi.routing import APIRoute

_PARAMETER: Final = re.compile(r"\{[^}]*\}")


def nearer(operations: Sequence[APIRoute]) -> Mapping[str, tuple[re.Pattern[str], ...]]:
    """By an operation's address, the addresses that are meant where a path fits it and them.

    `/clusters/export.csv` is no cluster called so: what is spelled out goes before what is not.
    """
    regexes = {one.path: one.path_regex for one in operations}
    found = {
        path: tuple(regex for other, regex in regexes.items() if _is_nearer(other, path))
        for path in regexes
    }
    return {path: others for path, others in found.items() if others}


def _is_nearer(one: str, other: str) -> bool:
    if one.count("/") != other.count("/"):
        return False
    pairs = list(zip(one.split("/"), other.split("/"), strict=True))
    return all(mine == its or _PARAMETER.fullmatch(its) for mine, its in pairs) and any(
        not _PARAMETER.fullmatch(mine) and _PARAMETER.fullmatch(its) for mine, its in pairs
    )
