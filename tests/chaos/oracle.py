"""What must hold once a fault has healed, by statements of its own; each check lists differences.

The load is paused and everything sent has been answered when these are asked.
"""

import asyncio
import hashlib
from collections import Counter
from datetime import datetime
from email import message_from_bytes
from email import policy as email_policy
from typing import Any, Final

import httpx

from deploy.local.processes import SERVICES
from tests.chaos.journal import Effect, Ledger
from tests.chaos.stage import Stage
from tests.independent import check

_STEPS: Final = """
select execution_id::text, version, command, actor, words from execution_steps
where party <> 'system' and command is not null
"""
# An execution's steps are numbered 1, 2, 3… up to its version.
_HISTORIES: Final = """
select e.id from executions e left join (
    select execution_id, count(*) as n, min(version) as least, max(version) as most
    from execution_steps group by execution_id
) s on s.execution_id = e.id
where (s.n, s.least, s.most) is distinct from (e.version::bigint, 1, e.version)
"""
_STEPS_AND_OUTBOX: Final = """
select s.execution_id, s.version, o.id, o.version, o.n from execution_steps s full join (
    select cast(data as jsonb) ->> 'execution_id' as id,
           (cast(data as jsonb) ->> 'version')::int as version, count(*) as n
    from outbox where topic = 'assignments.executions' group by 1, 2
) o on o.id = s.execution_id::text and o.version = s.version
where s.version is null or o.n is distinct from 1
"""
_ASSIGNMENTS_AND_OUTBOX: Final = """
select a.id, a.version, o.n from assignments a full join (
    select cast(data as jsonb) ->> 'assignment_id' as id, count(*) as n,
           count(distinct cast(data as jsonb) ->> 'version') as versions
    from outbox where topic = 'assignments.assignments' group by 1
) o on o.id = a.id::text
where (o.n, o.versions) is distinct from (a.version::bigint, a.version::bigint)
"""
# The newest event says what the row says.
_LAST_WORDS: Final = """
select e.id from executions e join outbox o
  on o.topic = 'assignments.executions' and o.key = e.id::text
 and (cast(o.data as jsonb) ->> 'version')::int = e.version
where (cast(o.data as jsonb) ->> 'status', cast(o.data as jsonb) ->> 'due',
       cast(o.data as jsonb) ->> 'done', (cast(o.data as jsonb) ->> 'returns')::int,
       (cast(o.data as jsonb) ->> 'extensions')::int)
   is distinct from (e.status, e.due::text, e.done::text, e.returns, e.extensions)
"""
_SEQUENCES: Final = """
select s.topic, s.partition, s.last_seq, o.n, o.least, o.most, o.unpublished
from outbox_streams s full join (
    select topic, partition, count(*) as n, min(seq) as least, max(seq) as most,
           count(*) filter (where published_at is null) as unpublished
    from outbox group by topic, partition
) o on (o.topic, o.partition) = (s.topic, s.partition)
where s.last_seq <> coalesce(o.n, 0) or o.most is distinct from o.n or o.least <> 1
   or o.unpublished > 0
"""


async def answers(stage: Stage, ledger: Ledger) -> list[str]:
    """Every command is answered, and every refusal was a problem."""
    found = [f"never answered: {line}" for line in ledger.open.values()]
    found += [f"two winners: {line}" for line in ledger.twice]
    return found + [f"no problem+json: {line}" for line in stage.client.malformed]


async def commands(stage: Stage, ledger: Ledger) -> list[str]:
    """What people did to executions is what was acknowledged: nothing lost, doubled or invented."""
    rows = await stage.sql("assignments", _STEPS)
    there = {(row[0], row[1]): Effect(row["command"], row["actor"], row["words"]) for row in rows}
    found = [
        f"acknowledged and lost: {one} {ledger.moves[one]}" for one in ledger.moves.keys() - there
    ]
    found += [
        f"done and never acknowledged: {one} {there[one]}" for one in there.keys() - ledger.moves
    ]
    for one in there.keys() & ledger.moves.keys():
        said, kept = ledger.moves[one], there[one]
        if said != kept:
            found.append(f"{one}: acknowledged {said}, kept {kept}")
    return found


async def things_made(stage: Stage, ledger: Ledger) -> list[str]:
    """Assignments, protocols and files: those acknowledged and no others, each once."""
    found = []
    for kind, service, query in (
        ("assign", "assignments", "select id::text from assignments where origin = 'other'"),
        ("approve", "meetings", "select id::text from protocols where status = 'approved'"),
        ("open", "meetings", "select id::text from protocols"),
        ("item", "meetings", "select id::text from protocol_items"),
        ("convene", "meetings", "select id::text from meetings"),
        ("upload", "assignments", "select id::text from files"),
    ):
        there = {row[0] for row in await stage.sql(service, query)}
        acknowledged = ledger.made.get(kind, {}).keys()
        found += [f"{kind}: acknowledged and lost: {one}" for one in acknowledged - there]
        found += [f"{kind}: never acknowledged: {one}" for one in there - acknowledged]
    items = await stage.sql(
        "meetings",
        "select id::text from protocol_items i where exists"
        " (select from protocols p where p.id = i.protocol_id and p.status = 'approved')",
    )
    issued = await stage.sql(
        "assignments", "select protocol_item_id::text from assignments where origin = 'protocol'"
    )
    if Counter(row[0] for row in items) != Counter(row[0] for row in issued):
        found.append(f"{len(items)} items approved, {len(issued)} assignments issued")
    wrong = await stage.sql(
        "assignments",
        "select a.id from assignments a where executions <>"
        " (select count(*) from executions e where e.assignment_id = a.id)",
    )
    return found + [f"assignment {row[0]} has another number of executions" for row in wrong]


async def files(stage: Stage, ledger: Ledger) -> list[str]:
    """Files acknowledged since the last look are whole in the store."""
    found = []
    folder = stage.stack.state_dir / "files" / "executions"
    for one in ledger.made.get("upload", {}).values():
        path = folder / one["execution_id"] / one["id"]
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != one["sha256"]:
            found.append(f"file {one['id']} is not what was uploaded")
    return found


async def histories(stage: Stage, _: Ledger) -> list[str]:
    """Each change of an execution or an assignment became exactly one event with its version."""
    found = []
    for query in (_HISTORIES, _STEPS_AND_OUTBOX, _ASSIGNMENTS_AND_OUTBOX, _LAST_WORDS):
        found += [f"history: {dict(row)}" for row in await stage.sql("assignments", query)]
    return found


async def logs(stage: Stage, _: Ledger) -> list[str]:
    """Every outbox is numbered without gaps and published; every consumer stands at its end."""
    found = []
    heads: dict[tuple[str, int], tuple[int, str | None]] = {}
    for service in SERVICES:
        found += [f"{service}: {dict(row)}" for row in await stage.sql(service, _SEQUENCES)]
        for row in await stage.sql(
            service,
            "select s.topic, s.partition, s.last_seq, o.id::text as head"
            " from outbox_streams s left join outbox o"
            " on (o.topic, o.partition, o.seq) = (s.topic, s.partition, s.last_seq)",
        ):
            heads[row["topic"], row["partition"]] = (row["last_seq"], row["head"])
    for service in SERVICES:
        for row in await stage.sql(
            service, "select topic, partition, seq, event_id from consumer_positions"
        ):
            head = heads[row["topic"], row["partition"]]
            if (row["seq"], row["event_id"]) != head:
                found.append(f"{service} at {dict(row)}, the log ends with {head}")
    return found


async def copies(stage: Stage, _: Ledger) -> list[str]:
    """Every version of the facts is in the rating, the newest there and in meetings, as owned."""
    columns = "execution_id::text, version, status, due::text, done::text, returns, extensions"
    owned = await stage.sql(
        "assignments",
        "select f->>'execution_id', (f->>'version')::int, f->>'status', f->>'due', f->>'done',"
        " (f->>'returns')::int, (f->>'extensions')::int from (select cast(data as jsonb) as f"
        " from outbox where topic = 'assignments.executions') o",
    )
    heard = await stage.sql("rating", f"select {columns} from execution_versions")
    mine, theirs = {tuple(row) for row in owned}, {tuple(row) for row in heard}
    found = [f"not heard: {one}" for one in mine - theirs]
    found += [f"heard of nobody: {one}" for one in theirs - mine]
    newest = {tuple(row) for row in await stage.sql("rating", f"select {columns} from executions")}
    last: dict[str, Any] = {}
    for row in mine:
        last[row[0]] = max(last.get(row[0], row), row, key=lambda one: one[1])
    found += [f"not the newest: {one}" for one in newest ^ set(last.values())]
    agenda = await stage.sql("meetings", "select execution_id::text, version from known_executions")
    wanted = {(one[0], one[1]) for one in last.values()}
    found += [f"meetings differ: {one}" for one in {tuple(row) for row in agenda} ^ wanted]
    return found


async def dead_letters(stage: Stage, _: Ledger) -> list[str]:
    """What was put aside is what was put in."""
    found = []
    for service in SERVICES:
        rows = await stage.sql(service, "select type, event_id, reason from dead_letters")
        unreadable = [row for row in rows if row["type"] == "unreadable"]
        if len(unreadable) != stage.unreadable.get(service, 0):
            found.append(
                f"{service}: {len(unreadable)} unreadable of {stage.unreadable.get(service, 0)}"
            )
        others = Counter(row["event_id"] for row in rows if row["type"] != "unreadable")
        found += [
            f"{service} put aside {one} {times} times"
            for one, times in others.items()
            if one not in stage.forged or times > 1
        ]
    return found


async def scores(stage: Stage, _: Ledger) -> list[str]:
    """The board is what an independent hand works out of the owner's facts; so is its history."""
    await stage.heard()
    board = await stage.client.read("auditor", "rating", "/v1/ratings/regions")
    as_of = datetime.fromisoformat(board["as_of"])

    def compare(system: check.System, report: check.Report) -> None:
        check.check_rating(system, board["period"], as_of, stage.world.regions[:2], report)
        past = system.get(
            f"{system.rating}/v1/ratings/regions", period=board["period"], as_of=board["as_of"]
        )
        shown = {line["region"]: line for line in board["items"]}
        for line in past["items"]:
            if line != shown[line["region"]]:
                differing = sorted(key for key in line if line[key] != shown[line["region"]][key])
                report.differing.append(
                    f"the board is not its own history as of {as_of}, complete through"
                    f" {board['complete_through']}: {line['region']}, {differing}:"
                    f" {[shown[line['region']][key] for key in differing]} on the board,"
                    f" {[line[key] for key in differing]} in the history"
                )

    return (await independently(stage, compare)).differing


async def weight(stage: Stage, _: Ledger) -> list[str]:
    """There are scores at all: a comparison of nothing with nothing proves nothing."""
    [row] = await stage.sql("rating", "select sum(executions), sum(numerator) from standings")
    return [] if row[0] and row[1] else [f"nothing counts: {dict(row)}"]


async def slices(stage: Stage, _: Ledger) -> list[str]:
    """Each month was frozen once, and is what the independent hand makes of its facts."""
    rows = await stage.sql(
        "rating", "select id::text, period from slices where frozen_at is not null"
    )
    found = [] if len({row["period"] for row in rows}) == len(rows) else ["a month is frozen twice"]

    def compare(system: check.System, report: check.Report) -> None:
        for row in rows:
            check.check_slice(system, row["id"], stage.world.regions[:2], report)

    return found + (await independently(stage, compare)).differing


async def independently(stage: Stage, compare: Any) -> check.Report:
    """Run a comparison of `tests.independent.check` against the stack."""
    report = check.Report()
    headers = {"Authorization": f"Bearer {await stage.api._token('auditor')}"}

    def run() -> None:
        with httpx.Client(headers=headers, timeout=60, trust_env=False) as http:
            names = ("assignments", "directory", "rating")
            urls = {name: stage.stack.urls[name] for name in names}
            compare(check.System(http, **urls), report)

    await asyncio.to_thread(run)
    return report


async def letters(stage: Stage, _: Ledger) -> list[str]:
    """One letter to each head for each frozen month; a repetition only where a server died.

    A death between the mail server's yes and our commit repeats a letter under its own name.
    """
    rows = await stage.sql("rating", "select state, count(*) from slice_letters group by state")
    by_state = {row[0]: row[1] for row in rows}
    wanted = sum(by_state.values())
    sent = Counter[tuple[str, str]]()
    for path in await asyncio.to_thread(lambda: sorted(stage.stack.mail_dir.glob("*.eml"))):
        letter = message_from_bytes(path.read_bytes(), policy=email_policy.default)
        sent[str(letter["X-Envelope-To"]), str(letter["Message-ID"])] += 1
    found = []
    if by_state.get("prepared"):
        found.append(f"letters not sent: {by_state}")
    if len(sent) != wanted or len({name for _, name in sent}) != wanted:
        found.append(f"{wanted} letters prepared, {len(sent)} different ones arrived")
    # At most as many at once as the worker sends.
    most = 4 * (stage.ended_mail + stage.ended_rating)
    if sent.total() - len(sent) > most:
        found.append(f"{sent.total() - len(sent)} letters came twice, {most} may")
    return found


async def pushes(stage: Stage, _: Ledger) -> list[str]:
    """The subscriber got each event of a slice, and once it said yes to one, never again."""
    if stage.platform is None:
        return []
    rows = await stage.sql("rating", "select id::text from outbox where topic = 'rating.slices'")
    told = {row[0] for row in rows}
    got = Counter(stage.platform.accepted)
    found = [f"the subscriber never got {one}" for one in told - got.keys()]
    found += [f"the subscriber got a stranger {one}" for one in got.keys() - told]
    twice = sum(got.values()) - len(got)
    if twice > stage.ended_rating:
        found.append(f"{twice} pushes came again after a yes, {stage.ended_rating} workers died")
    return found


ALWAYS: Final = (answers, commands, things_made, files, histories, logs, copies, dead_letters)
WITH_SCORES: Final = (*ALWAYS, scores)
AT_THE_END: Final = (*WITH_SCORES, weight, slices, letters, pushes)
