"""No pattern of ours takes long over a text made to hold it up."""

import importlib
import pkgutil
import re
import time
from collections.abc import Iterator

import services
import shared

# What grows with the square of this takes seconds; what grows with itself, a millisecond.
_LENGTH = 20_000
_SECONDS = 0.5
_SEEDS = (
    "a", "0", " ", "-", ".", "@", "/", ":", "=", ";", "\n", "\t", "я", "\u200b", "ab", "a.", "a-",
    "0-", "1,", "a b ", "[", "(", '"', "\\", "<a ", "a@", "<", "&", "FREQ=DAILY;", "а. б. ",
)  # fmt: skip
_ENDS = ("", "!", "\x00", "@", "\n!")


def _patterns() -> Iterator[tuple[str, "re.Pattern[str] | re.Pattern[bytes]"]]:
    """Every compiled pattern a module of ours holds."""
    for package in (services, shared):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" in found.name or "platform_migrations" in found.name:
                continue
            module = importlib.import_module(found.name)
            for name, value in vars(module).items():
                if isinstance(value, re.Pattern):
                    yield f"{found.name}.{name}", value


def test_no_pattern_takes_long_over_a_text_made_to_hold_it_up() -> None:
    slow = []
    for name, pattern in dict(_patterns()).items():
        for seed in _SEEDS:
            for end in _ENDS:
                text = (seed * _LENGTH)[:_LENGTH] + end
                given = text.encode() if isinstance(pattern.pattern, bytes) else text
                started = time.process_time()
                pattern.search(given)  # type: ignore[arg-type]
                if time.process_time() - started > _SECONDS:
                    slow.append((name, seed, end))
                    break
    assert not slow
