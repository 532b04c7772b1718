"""How often Python looks for cycles of objects."""

import gc


def spare_the_collector() -> None:
    """Look for cycles seldom.

    Imports, requests and batches make thousands of objects without any cycle; looking through
    them took a third of a worker's time (ADR 0012). Memory stays what it was.
    """
    gc.set_threshold(20_000, 20, 100)
