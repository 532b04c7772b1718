"""Faults of time: the clock is moved under fire, and a due moment or a month ends."""

from datetime import datetime, time, timedelta

from deploy.season.plan import MOSCOW
from tests.chaos import blows
from tests.chaos.stage import Stage, eventually
from tests.receiver import answer, close, hang

# Within the day for which a command's key is kept: commands under way live through a jump.
_SHORTLY = timedelta(minutes=20)
_TICKS = timedelta(seconds=1)
_CROSSED_SECONDS = 30.0
_FROZEN_SECONDS = 60.0
_LETTERS_SECONDS = 60.0


async def cross_midnight(stage: Stage) -> None:
    """A due day ends in Moscow, and elsewhere before and after."""
    now = (await stage.now()).astimezone(MOSCOW)
    await _cross(stage, datetime.combine(now.date() + timedelta(days=1), time(), MOSCOW))


async def cross_month(stage: Stage) -> None:
    """A month ends in Kaliningrad, the last of all, and is frozen under fire.

    The subscriber says nothing, then errors; the mail server is killed among the letters.
    """
    now = (await stage.now()).astimezone(MOSCOW)
    first = (now.date().replace(day=1) + timedelta(days=32)).replace(day=1)
    before = len(_letters(stage))
    if stage.platform is not None:
        stage.platform.answers += [hang, answer(500), close, answer(503)]
    await _cross(stage, datetime.combine(first, time(1), MOSCOW))

    async def unfrozen() -> list[str]:
        found = await stage.sql("rating", "select period from slices where frozen_at is not null")
        month = f"{first - timedelta(days=1):%Y-%m}"
        return [] if month in {row[0] for row in found} else [f"{month} is not frozen"]

    await eventually(unfrozen, _FROZEN_SECONDS)
    for least in (5, 30):

        async def few(least: int = least) -> list[str]:
            sent = len(_letters(stage)) - before
            return [] if sent >= least else [f"{sent} letters of {least}"]

        await eventually(few, _LETTERS_SECONDS)
        await blows.kill(stage, "mail")


def _letters(stage: Stage) -> list[str]:
    return [path.name for path in stage.stack.mail_dir.glob("*.eml")]


async def _cross(stage: Stage, moment: datetime) -> None:
    """To shortly before the moment while nothing is under way; over it while everything is."""
    if await stage.now() < moment - _SHORTLY:
        await stage.load.pause()
        await stage.settled()
        await stage.client.set_clock(moment - _SHORTLY)
        stage.load.go()
    await stage.a_moment(stage.brief)
    await stage.client.set_clock(moment - _TICKS)

    async def before() -> list[str]:
        now = await stage.now()
        return [] if now > moment + _TICKS else [f"it is {now}"]

    await eventually(before, _CROSSED_SECONDS)
