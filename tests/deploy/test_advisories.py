"""What pip-audit's answer means: a flaw fails, silence of the advisories is said to be that."""

from typing import Any

import pytest

from deploy.advisories import verdict

CLEAN = {"name": "sound", "version": "1", "vulns": []}
PASSED_OVER = {"name": "unknown", "skip_reason": "Dependency not found on PyPI"}
FLAWED = {
    "name": "flawed",
    "version": "2",
    "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["3"]}],
}


@pytest.mark.parametrize(
    ("found", "code", "says"),
    [
        ([CLEAN, PASSED_OVER], 0, "1 of 2 packages checked"),
        ([PASSED_OVER, PASSED_OVER], 0, "SKIPPED: no advisories can be had here (Dependency not"),
        ([], 0, "SKIPPED"),
        ([CLEAN, FLAWED, PASSED_OVER], 1, "flawed 2: PYSEC-2026-1, mended in ['3']"),
    ],
)
def test_the_verdict(found: list[dict[str, Any]], code: int, says: str) -> None:
    given, said = verdict(found)

    assert given == code
    assert said[0].startswith(says)
