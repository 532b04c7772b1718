"""What the README shows can be typed as it stands."""

import re
import shlex
from typing import Final

import pytest

from tests.deploy.files import ROOT

README: Final = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS: Final = [
    line
    for block in re.findall(r"^```\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
    if re.match(r"curl|python|\.venv", line)
]


@pytest.mark.parametrize("command", [line for line in COMMANDS if line.startswith("curl")])
def test_an_address_is_one_that_http_can_carry(command: str) -> None:
    """Letters beyond ASCII are for curl to encode: the server refuses them as they are."""
    [address] = [word for word in shlex.split(command, comments=True) if "://" in word]

    assert address.isascii()


@pytest.mark.parametrize("command", [line for line in COMMANDS if "python -m" in line])
def test_what_runs_our_code_runs_it_where_it_is_installed(command: str) -> None:
    assert command.startswith(".venv/bin/python -m ")
