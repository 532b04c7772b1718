"""A name within a letter adds neither a header nor a person to it."""

from email import message_from_bytes, policy
from uuid import UUID

import pytest

from shared.mail import AddressInvalid, letter
from tests.conftest import NOW

MARK = UUID(int=1)
SPLIT = (
    "Тема\r\nBcc: all@example.org\n\n<script>alert(1)</script>\x0bX-Other: 1\u2028Cc: x@example.org"
)


def test_a_subject_of_many_lines_is_one() -> None:
    made = letter(
        MARK, sender="a@example.org", to="b@example.org", subject=SPLIT, text=SPLIT, at=NOW
    )
    read = message_from_bytes(made.as_bytes(), policy=policy.default)

    assert {name.lower() for name in read} == {
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "x-notification-id",
        "auto-submitted",
        "content-type",
        "content-transfer-encoding",
        "mime-version",
    }
    assert read["Subject"] == " ".join(SPLIT.split())
    assert [one.addr_spec for one in read["To"].addresses] == ["b@example.org"]
    assert read.get_content_type() == "text/plain"


@pytest.mark.parametrize(
    "address",
    [
        "b@example.org\r\nBcc: all@example.org",
        "b@example.org\nc@example.org",
        "b@example.org, c@example.org",
        "Все <b@example.org>",
        "b@example.org>",
        "@example.org",
        "b@",
        "",
    ],
)
def test_an_address_of_many_is_none(address: str) -> None:
    with pytest.raises(AddressInvalid):
        letter(MARK, sender="a@example.org", to=address, subject="Т", text="Т", at=NOW)
