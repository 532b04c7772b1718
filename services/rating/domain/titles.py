"""How an assignment is named within a sentence."""

from typing import Final

_LONGEST: Final = 80


def title(number: str, text: str) -> str:
    """`№ 1/2023 п. 1 «Представить план…»`: the words cut between two of them."""
    words = " ".join(text.split())
    if len(words) > _LONGEST:
        words = words[: _LONGEST + 1].rpartition(" ")[0] or words[:_LONGEST]
        words = words.rstrip(" ,;:—–-.") + "…"
    return f"№ {number} «{words}»"
