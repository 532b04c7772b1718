"""No pattern of ours takes long over a text made to hold it up.

Each is tried the way its module uses it: one that is only ever matched from the beginning need not
be quick at being searched for.
"""

import importlib
import inspect
import pkgutil
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import services
import shared

# What grows with the square of this takes seconds; what grows with itself, a millisecond.
_LENGTH = 8_000
_SECONDS = 0.1
_SEEDS = (
    "a", "0", " ", "-", ".", "@", "/", ":", "=", ";", "\n", "\t", "я", "\u200b", "ab", "a.", "a-",
    "0-", "1,", "a b ", "[", "(", '"', "\\", "<a ", "a@", "<", "&", "FREQ=DAILY;", "а. б. ",
)  # fmt: skip
_ENDS = ("", "!", "\x00", "@", "\n!")


Try = Callable[[Any], Any]
_ANYWHERE = "search|sub|split|findall|finditer"


def _patterns() -> Iterator[tuple[str, bool, Try]]:
    """Every compiled pattern a module of ours holds; whether of bytes; and how it is used."""
    for package in (services, shared):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" in found.name or "platform_migrations" in found.name:
                continue
            module = importlib.import_module(found.name)
            for name, value in vars(module).items():
                if not isinstance(value, re.Pattern):
                    continue
                source = inspect.getsource(module)
                searched = re.search(rf"\b{name}\.(?:{_ANYWHERE})\(", source)
                yield (
                    f"{found.name}.{name}",
                    isinstance(value.pattern, bytes),
                    value.search if searched else value.fullmatch,
                )


def test_no_pattern_takes_long_over_a_text_made_to_hold_it_up() -> None:
    slow = []
    for name, of_bytes, tried in _patterns():
        for seed in _SEEDS:
            for end in _ENDS:
                text = (seed * _LENGTH)[:_LENGTH] + end
                given = text.encode() if of_bytes else text
                started = time.process_time()
                tried(given)
                if time.process_time() - started > _SECONDS:
                    slow.append((name, seed, end))
                    break
    assert not slow
