"""What people may type into a search, and a search engine takes for a language of its own."""

from typing import Final

# The parameters of ours people type words into.
WORDS: Final = frozenset({"q", "called"})
# Each fits every such parameter: not too short, not too long, of characters people type.
ABSURD: Final = (
    "-" * 40,
    "- " * 40 + "x",
    "-!" * 40,
    "-(" * 40,
    '-"' * 40,
    "x or -" * 15,
    "or " * 30 + "x",
    "и не на по от",
    '"' * 41,
    '"план -"отчёт" -"',
    "'" * 41,
    "(" * 41,
    "((((x))))",
    "& | ! <-> <2>",
    "a:*b:ABCD",
    "a-b-c-d-e-" * 9,
    "http://a.b/c-d?e=f&g " * 4,
    "a@b.c " * 16,
    "1e400 -0x1 1.2.3.4",
    "\\" * 41,
    "%_" * 20,
    "^(a+)+$ [[:alpha:]]{9}",
    "я" * 100,
    "«»„“–—№…" * 5,
    "№№№№№",
    "😀" * 40,
    "e\u0301" * 40,
)
