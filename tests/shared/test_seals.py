"""Secrets as they lie in tables: with which key, and what when it is another."""

import secrets

import pytest
from pydantic import ValidationError

from shared.seals import SealBroken, Seals
from shared.settings import DEVELOPMENT_SEAL, Environment
from tests.conftest import settings_for

DSN = "postgresql://nobody@localhost/nothing"


def make_key() -> str:
    return secrets.token_hex(24)


def sealed_by(keys: str, environment: Environment = Environment.PRODUCTION) -> Seals:
    return Seals.of(settings_for(DSN, environment=environment, sealing_keys=keys))


def test_what_is_sealed_opens_and_says_nothing() -> None:
    seals = sealed_by(make_key())

    kept, again = seals.seal("пароль"), seals.seal("пароль")

    assert (seals.open(kept), seals.open(again)) == ("пароль", "пароль")
    assert kept != again
    assert "пароль" not in kept


def test_a_new_key_goes_first_and_the_old_one_until_all_is_renewed() -> None:
    old, new = make_key(), make_key()
    kept = sealed_by(old).seal("x")
    both = sealed_by(f"{new}, {old}")

    renewed = both.renewed(kept)

    assert both.open(kept) == "x"
    assert sealed_by(new).open(renewed) == "x"
    assert both.renewed(renewed) == renewed
    with pytest.raises(SealBroken):
        sealed_by(new).open(kept)


@pytest.mark.parametrize("changed", [slice(8, None), slice(None, -4), slice(None, 7)])
def test_what_was_changed_behind_our_back_does_not_open(changed: slice) -> None:
    seals = sealed_by(make_key())
    kept = seals.seal("x")

    with pytest.raises(SealBroken):
        seals.open("sealed:" + kept[changed].removeprefix("sealed:"))


def test_what_lay_open_is_read_and_then_sealed() -> None:
    seals = sealed_by(make_key())

    assert seals.open("whsec_old") == "whsec_old"
    assert seals.open(seals.renewed("whsec_old")) == "whsec_old"
    assert seals.renewed("whsec_old") != "whsec_old"
    # What was deleted is not brought back.
    assert seals.renewed("") == ""


def test_production_without_a_key_takes_no_secret_and_keeps_those_it_has() -> None:
    seals = Seals.of(settings_for(DSN, environment=Environment.PRODUCTION))

    with pytest.raises(SealBroken):
        seals.seal("x")
    assert seals.renewed("whsec_old") == "whsec_old"


@pytest.mark.parametrize("keys", ["short", "a" * 31, f"{DEVELOPMENT_SEAL},short"], ids=str)
def test_a_wrong_key_stops_the_process_at_its_start(keys: str) -> None:
    with pytest.raises(ValidationError, match="SEALING_KEYS must be of 32 characters") as refused:
        settings_for(DSN, sealing_keys=keys)
    assert keys not in str(refused.value)


def test_the_key_of_development_is_refused_in_production() -> None:
    sealed_by(DEVELOPMENT_SEAL, Environment.DEVELOPMENT)
    with pytest.raises(ValidationError, match="that of development"):
        sealed_by(DEVELOPMENT_SEAL)
