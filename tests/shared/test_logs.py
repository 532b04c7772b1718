"""Lines of log: one each, without secrets, and an error only where somebody must act."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import structlog

from shared.observability import configure_logging

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjdXJfYWRtaW4ifQ.c2lnbmF0dXJl"
SECRETS = ("hunter2", "s3cr3t", TOKEN, "dGhlOnB3")
Capture = pytest.CaptureFixture[str]


@contextmanager
def logging_of_a_service() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.handlers, root.level)
    try:
        configure_logging("probe")
        yield
    finally:
        root.handlers, root.level = before
        structlog.reset_defaults()


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.rstrip("\n").split("\n")]


def test_nothing_secret_reaches_a_log(capsys: Capture) -> None:
    with logging_of_a_service():
        logger = structlog.get_logger("probe")
        logger.warning(
            "asked",
            headers={"Authorization": f"Bearer {TOKEN}", "X-Request-ID": "kept-1"},
            sent=[{"client_secret": "s3cr3t", "grant_type": "kept-2"}],
            password="hunter2",
            dsn="postgresql://rating:hunter2@db:5432/kept-3",
            note=f"Basic dGhlOnB3ZA== and {TOKEN} in a text",
        )
        logging.getLogger("a.library").error("refused %s", f"authorization: Bearer {TOKEN}")
        try:
            int(f"postgresql://rating:hunter2@db/x and {TOKEN}")
        except ValueError:
            logger.exception("failed")

    found = lines(capsys.readouterr().out)
    text = json.dumps(found)
    assert len(found) == 3
    assert not [secret for secret in SECRETS if secret in text]
    assert all(kept in text for kept in ("kept-1", "kept-2", "kept-3", "ValueError", "asked"))


def test_what_is_logged_stays_one_line(capsys: Capture) -> None:
    with logging_of_a_service():
        forged = (
            'x\n{"level": "info", "event": "all is well", "actor": "cur_admin"}\r\n\x1b[2J\u2028'
        )
        structlog.get_logger("probe").warning(forged, path=forged, error=repr(forged))
        logging.getLogger("a.library").error("refused %s", forged)

    text = capsys.readouterr().out
    found = text.rstrip("\n").split("\n")
    assert len(found) == 2
    assert all(json.loads(line)["event"] != "all is well" for line in found)
    assert "\x1b" not in text


def test_what_the_kafka_client_tries_again_is_a_warning_and_its_surprises_are_errors(
    capsys: Capture,
) -> None:
    with logging_of_a_service():
        client = logging.getLogger("aiokafka.client")
        client.error("Unable connect to node with id %s", 111)
        try:
            int("x")
        except ValueError:
            client.exception("Unexpected error in fetcher routine")
        logging.getLogger("a.library").error("refused")
        structlog.get_logger("probe").error("the producer's log was replaced")

    assert [line["level"] for line in lines(capsys.readouterr().out)] == [
        "warning",
        "error",
        "error",
        "error",
    ]
