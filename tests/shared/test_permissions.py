"""A table and what it stands for are one, or the service does not start."""

import pytest
from fastapi import APIRouter, Depends
from fastapi.routing import APIRoute

from shared.auth import Actor, PermissionDenied, Role, Rows, Scope, ScopeMissing, public
from shared.permissions import ANYONE, PUBLIC, Acting, Table, allow, complete, in_words, of


def offered() -> list[APIRoute]:
    router = APIRouter()

    @router.get("/closed")
    async def closed(actor: Acting) -> None: ...

    @router.get("/open", dependencies=[Depends(public)])
    async def wide_open() -> None: ...

    return [route for route in router.routes if isinstance(route, APIRoute)]


SOUND: Table = {"closed": allow(ANYONE), "wide_open": PUBLIC}


def test_a_sound_table_is_taken() -> None:
    assert complete(SOUND, offered()) == SOUND


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ({"closed": allow(ANYONE)}, "wide_open.*says nobody"),
        ({**SOUND, "gone": PUBLIC}, "permissions of nothing: gone"),
        ({**SOUND, "closed": PUBLIC}, "closed.*not as public"),
        ({**SOUND, "wide_open": allow(ANYONE)}, "wide_open.*not as public"),
    ],
)
def test_a_table_that_is_not_the_operations_stops_the_start(table: Table, complaint: str) -> None:
    with pytest.raises(RuntimeError, match=complaint):
        complete(table, offered())


def actor(*roles: Role, scopes: frozenset[Scope] = frozenset()) -> Actor:
    return Actor("somebody", frozenset(roles), scopes=scopes)


FEED = allow(of(Rows.ALL, Role.SERVICE), of(Rows.REGION, Role.COORDINATOR), scope=Scope.FEED)


def test_roles_add_their_rows_up_and_unnamed_ones_give_none() -> None:
    both = allow(of(Rows.REGION, Role.COORDINATOR), of(Rows.CLUSTER, Role.CLUSTER))

    assert both.rows_for(actor(Role.COORDINATOR, Role.CLUSTER)) == {Rows.REGION, Rows.CLUSTER}
    assert both.rows_for(actor(Role.CLUSTER, Role.AUDITOR)) == {Rows.CLUSTER}
    with pytest.raises(PermissionDenied):
        both.rows_for(actor(Role.AUDITOR))


def test_a_machine_without_the_scope_keeps_only_what_a_person_has() -> None:
    scoped = frozenset({Scope.FEED})

    assert FEED.rows_for(actor(Role.SERVICE, scopes=scoped)) == {Rows.ALL}
    assert FEED.rows_for(actor(Role.SERVICE, Role.COORDINATOR)) == {Rows.REGION}
    with pytest.raises(ScopeMissing):
        FEED.rows_for(actor(Role.SERVICE))


def test_of_two_entries_for_a_role_the_later_holds() -> None:
    found = allow(ANYONE, of(Rows.REGION, Role.COORDINATOR))

    assert found.reach[Role.COORDINATOR] is Rows.REGION
    assert found.reach[Role.AUDITOR] is Rows.ALL


def test_the_words_name_roles_rows_and_scope() -> None:
    assert in_words(PUBLIC) == "Доступно всем, без токена."
    assert in_words(allow(ANYONE)) == "Доступно всем ролям."
    assert in_words(FEED) == (
        "Кому доступно: все — сервис; свой регион — координатор."
        " Служебным учётным записям нужна область `feed:read`."
    )
