"""The suite's own accounts: what it must notice, it notices."""

from pathlib import Path

from tests.chaos.client import Trouble
from tests.chaos.faults import AWAY, BROKERS, KILLS, POSTGRES, STALE
from tests.chaos.journal import Effect, Journal, Ledger
from tests.chaos.rounds import unexpected


def ask(journal: Journal, key: str, who: str = "cur_controller-a") -> None:
    journal.write("invoke", key, kind="accept", who=who, words=None, meant={"e": 3}, body=None)


def test_a_command_whose_answer_was_lost_counts_once_it_is_known(tmp_path: Path) -> None:
    journal, ledger = Journal(tmp_path / "journal"), Ledger(tmp_path / "journal")
    ask(journal, "k")
    journal.write("unknown", "k", status=None, code="ReadError")
    ledger.catch_up()
    assert (list(ledger.open), ledger.moves) == (["k"], {})

    journal.write("ok", "k", status=200, attempts=2, moved=[["e", 4]], body={"id": "e"})
    ledger.catch_up()

    assert (ledger.open, ledger.twice) == ({}, [])
    assert ledger.moves == {("e", 4): Effect("accept", "cur_controller-a", None)}
    journal.close()


def test_two_winners_of_one_version_are_noticed(tmp_path: Path) -> None:
    journal, ledger = Journal(tmp_path / "journal"), Ledger(tmp_path / "journal")
    for key in ("k", "l"):
        ask(journal, key, f"cur_controller-{key}")
        journal.write("ok", key, status=200, attempts=1, moved=[["e", 4]], body={"id": "e"})

    ledger.catch_up()

    assert len(ledger.twice) == 1
    journal.close()


def test_a_trouble_is_excused_only_by_the_fault_that_brings_it() -> None:
    away = Trouble(0.0, "assignments", 503, AWAY)
    bug = Trouble(0.0, "assignments", 500, "internal_error")
    lost = Trouble(0.0, "assignments", None, "ReadError")
    [killed] = [fault for fault in KILLS if fault.name == "kill -9 assignments-api"]

    assert unexpected([POSTGRES], [away, lost]) == []
    assert unexpected([killed], [away, lost]) == [away]
    # The broker is never a reason for a client to see anything.
    assert unexpected(BROKERS, [away, lost]) == [away, lost]
    assert unexpected([POSTGRES, killed], [bug]) == [bug]
    assert unexpected([killed], [Trouble(0.0, "rating", 503, STALE)]) != []
