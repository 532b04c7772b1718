"""Known vulnerabilities of what is locked: `python -m deploy.advisories`.

pip-audit asks PyPI's advisories. Where these cannot be had (a closed network, a mirror without
them) it passes over every package and succeeds; that is not a pass, and here it is said aloud.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

LOCK: Final = Path("locks/runtime.txt")
_SECONDS: Final = 300


def verdict(found: Sequence[Mapping[str, Any]]) -> tuple[int, list[str]]:
    """The exit code for pip-audit's dependencies, and what to say about them."""
    asked = [one for one in found if "skip_reason" not in one]
    said = [
        f"{one['name']} {one['version']}: {flaw['id']}, mended in {flaw['fix_versions'] or 'none'}"
        for one in asked
        for flaw in one["vulns"]
    ]
    if said:
        return 1, said
    if not asked:
        reason = found[0]["skip_reason"] if found else "nothing is locked"
        return 0, [f"SKIPPED: no advisories can be had here ({reason})"]
    return 0, [f"{len(asked)} of {len(found)} packages checked, nothing known against them"]


def main() -> None:
    """Check the lock of what is deployed; exits with 1 where something is known against it."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(LOCK)]
    options = ["--disable-pip", "--require-hashes", "--format=json", "--progress-spinner=off"]
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments
            [*command, *options], capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        found = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, json.JSONDecodeError) as error:
        code, said = 0, [f"SKIPPED: the advisories do not answer ({type(error).__name__})"]
    else:
        code, said = verdict(found)
    print("\n".join(said))  # noqa: T201
    sys.exit(code)


if __name__ == "__main__":
    main()
