"""Who of ЦУР decides: the controller an assignment names, that one's deputy, the admin."""

from tests.assignments.stand import HELPER, REASON, Stand
from tests.conftest import Tokens


async def test_the_controller_named_the_deputy_and_the_admin_decide_and_nobody_else(
    stand: Stand, token: Tokens
) -> None:
    stand.who["stand-in"] = token("cur_controller", sub="stand-in")
    control = {"controller": "controller", "controller_deputy": "stand-in"}
    for who in ("controller", "stand-in", "admin"):
        id_ = await stand.one("forwarded", control=control)
        await stand.do("another", id_, "accept", expect=(403, "not_your_move"))
        whole = f"/v1/assignments/{(await stand.read(id_))['assignment_id']}/withdraw"
        await stand.post("another", whole, REASON, expect=(403, "not_the_controller"))
        joining = f"/v1/executions/{id_}/co-executors"
        body = {"cluster_ids": [str(HELPER)]}
        await stand.post("another", joining, body, expect=(403, "not_the_controller"))
        assert (await stand.inbox("another"))["items"] == []
        assert (await stand.inbox(who))["total"] == 1
        await stand.do(who, id_, "accept")


async def test_the_admin_names_another_controller(stand: Stand) -> None:
    id_ = await stand.one("forwarded")
    path = f"/v1/assignments/{(await stand.read(id_))['assignment_id']}/controller"
    body = {"controller": "another"}
    await stand.post("controller", path, body, method="PUT", expect=(403, "permission_denied"))
    stale = {"If-Match": '"v9"'}
    await stand.post(
        "admin", path, body, method="PUT", expect=(412, "version_mismatch"), headers=stale
    )

    named = await stand.post("admin", path, body, method="PUT")

    assert (named["controller"], named["version"]) == ("another", 2)
    await stand.do("controller", id_, "accept", expect=(403, "not_your_move"))
    await stand.do("another", id_, "accept")


async def test_a_deputy_named_without_a_controller_restricts_nobody(stand: Stand) -> None:
    id_ = await stand.one("forwarded", control={"controller_deputy": "stand-in"})
    assert (await stand.inbox("another"))["total"] == 1
    whole = f"/v1/assignments/{(await stand.read(id_))['assignment_id']}/withdraw"
    await stand.post("another", whole, REASON)
