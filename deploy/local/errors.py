"""Failures of the stack, said in the words of the person at the terminal."""


class StackError(Exception):
    """The stack cannot do what was asked; the message is Russian and says what to do next."""
