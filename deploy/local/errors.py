"""Failures of the stack, said in the words of the person at the terminal."""

from typing import Final

_LINES: Final = 20


class StackError(Exception):
    """The stack cannot do what was asked; the message is Russian and says what to do next."""


def last_lines(output: bytes) -> str:
    """The end of a log or of what a command has said."""
    return "\n".join(output.decode(errors="replace").splitlines()[-_LINES:])
