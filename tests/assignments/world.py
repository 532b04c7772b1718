"""What may happen to executions, stated a second time: from the specification, not from the code.

The table below is SPEC §4 in one place; nothing here imports the service's domain.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

OPEN: Final = [
    "issued",
    "routed",
    "acknowledged",
    "in_progress",
    "submitted",
    "returned",
    "forwarded",
]
EDIT: Final = ["issued", "routed", "acknowledged", "in_progress", "returned"]
FINAL: Final = ["accepted", "withdrawn", "superseded"]
# way · states · command · whose (E executor, C coordinator, Z centre, L lead) · becomes (= stays)
_MOVES: Final = """
cluster,co      routed                             acknowledge        C  acknowledged
cluster,co      routed                             delegate           C  acknowledged
cluster,co      acknowledged,in_progress,returned  delegate           C  =
authority       issued                             acknowledge        E  acknowledged
*               acknowledged,returned              start              E  in_progress
*               in_progress                        submit             E  submitted
cluster         submitted                          pre_check          C  =
cluster         submitted                          return             C  returned
cluster         submitted                          forward            C  forwarded
cluster         forwarded                          return             Z  returned
cluster         forwarded                          accept             Z  accepted
cluster         forwarded                          accept_part        Z  returned
authority       submitted                          return             Z  returned
authority       submitted                          accept             Z  accepted
authority       submitted                          accept_part        Z  returned
co              submitted                          return             L  returned
co              submitted                          accept             L  accepted
*               edit                               request_extension  EC =
*               open                               cancel_extension   EC =
*               open                               grant_extension    Z  =
*               open                               refuse_extension   Z  =
*               edit                               redate             Z  =
*               open                               withdraw           Z  withdrawn
*               open                               supersede          Z  superseded
"""
_CENTRE: Final = {"cur_admin", "cur_controller"}
_REGION: Final = {"coordinator", "deputy"}
_OWING: Final = {"cluster", "authority_head"}
# Which roles may give the command at all.
MAY: Final[dict[str, set[str]]] = {
    "acknowledge": _REGION | {"authority_head"},
    "delegate": _REGION,
    "start": _OWING,
    "submit": _OWING,
    "pre_check": _REGION,
    "return": _REGION | _CENTRE | {"cluster"},
    "forward": _REGION,
    "accept": _CENTRE | {"cluster"},
    "accept_part": _CENTRE,
    "request_extension": _OWING | _REGION,
    "cancel_extension": _OWING | _REGION,
    "grant_extension": _CENTRE,
    "refuse_extension": _CENTRE,
    "redate": _CENTRE,
    "withdraw": _CENTRE,
    "supersede": _CENTRE,
}
COMMANDS: Final = tuple(MAY)
SEES_ALL: Final = _CENTRE | {"secretary", "operator", "auditor", "platform", "service"}


def _read() -> dict[tuple[str, str, str], tuple[str, str]]:
    table = {}
    for line in _MOVES.strip().splitlines():
        ways, states, command, whose, to = line.split()
        named = {"open": OPEN, "edit": EDIT}.get(states, states.split(","))
        for way in ("cluster", "authority", "co") if ways == "*" else ways.split(","):
            for state in named:
                # An authority has nobody between itself and the centre.
                by = whose.replace("C", "") if way == "authority" else whose
                table[way, state, command] = (by, state if to == "=" else to)
    return table


MOVES: Final = _read()


@dataclass(frozen=True)
class Who:
    """An actor: the token's role and rows."""

    role: str
    sub: str = ""
    regions: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()


@dataclass
class Asked:
    """A request for a later date that waits."""

    wanted: date
    in_time: bool
    by: str


@dataclass
class Model:
    """One execution as it ought to be."""

    id: str
    way: str
    region: str
    zone: str
    cluster: str | None
    status: str
    due: date
    issued_on: date
    at: datetime
    lead: "Model | None" = None
    points: tuple[int, ...] = ()
    controller: str | None = None
    version: int = 1
    internal_due: date | None = None
    control_due: date | None = None
    done: date | None = None
    returns: int = 0
    returned_on: date | None = None
    extensions: int = 0
    accepted: tuple[int, ...] = ()
    asked: Asked | None = None
    told_due: date | None = None
    told: list[dict[str, Any]] = field(default_factory=list)

    def today(self, now: datetime) -> date:
        return now.astimezone(ZoneInfo(self.zone)).date()

    def sees(self, who: Who) -> bool:
        if who.role in SEES_ALL:
            return True
        if who.role in _REGION | {"authority_head"}:
            return self.region in who.regions
        if who.role == "cluster":
            return self.cluster in who.clusters or self._leads(who)
        return False

    def _leads(self, who: Who) -> bool:
        return self.lead is not None and self.lead.cluster in who.clusters

    def stands(self, who: Who, *, away: bool) -> set[str]:
        """In which capacities the actor stands to it."""
        found = set()
        if who.role == "cur_admin" or (
            who.role == "cur_controller" and self.controller in (None, who.sub)
        ):
            found.add("Z")
        coordinates = who.role == "coordinator" or (who.role == "deputy" and away)
        if coordinates and self.region in who.regions and self.way != "authority":
            found.add("C")
        if who.role == "cluster":
            if self.cluster in who.clusters:
                found.add("E")
            if self._leads(who):
                found.add("L")
        if self.way == "authority" and who.role == "authority_head" and self.region in who.regions:
            found.add("E")
        return found

    def verdict(
        self, who: Who, command: str, now: datetime, said: dict[str, Any], *, away: bool = False
    ) -> tuple[int, str]:
        """The status and code of the answer; 200 changes nothing yet."""
        if who.role not in MAY[command]:
            return 403, "permission_denied"
        if not self.sees(who):
            return 404, "execution_not_found"
        move = MOVES.get((self.way, self.status, command))
        if move is None:
            return 409, "action_not_allowed"
        stands = self.stands(who, away=away)
        if not stands & set(move[0]):
            waits = who.role == "deputy" and "C" in move[0] and not away
            return 403, "coordinator_present" if waits else "not_your_move"
        return self._objection(command, now, said, stands) or (200, "")

    def _objection(
        self, command: str, now: datetime, said: dict[str, Any], stands: set[str]
    ) -> tuple[int, str] | None:
        on: Any = said.get("on")
        match command:
            case "delegate" if not self.today(now) <= on <= self.counted():
                return 422, "date_invalid"
            case "submit" if not said["evidence"]:
                return 422, "evidence_missing"
            case "accept_part":
                left = set(self.points) - set(self.accepted)
                wanted = set(said["points"])
                if not wanted or not wanted < left:
                    return 422, "points_invalid"
            case "request_extension" if self.asked:
                return 409, "extension_open"
            case "request_extension":
                base = self.due
                if self.today(now) > base:
                    base = max(base, self.control_due or base)
                if worked_before(on) <= base:
                    return 422, "date_invalid"
            case "cancel_extension" | "grant_extension" | "refuse_extension" if not self.asked:
                return 409, "no_extension_open"
            case "cancel_extension" if self.asked and self.asked.by not in stands:
                return 403, "not_your_move"
            case "grant_extension" if self.asked:
                base = self.due
                if not self.asked.in_time:
                    base = max(base, self.control_due or base)
                if worked_before(on or self.asked.wanted) <= base:
                    return 422, "date_invalid"
            case "redate" if on < self.issued_on or worked_before(on) == self.due:
                return 422, "date_invalid"
        return None

    def obey(self, who: Who, command: str, now: datetime, said: dict[str, Any]) -> None:
        """The command takes effect."""
        by, to = MOVES[self.way, self.status, command]
        today = self.today(now)
        on: Any = said.get("on")
        match command:
            case "delegate":
                self.internal_due = on
            case "submit" if self.way != "cluster":
                self.done = today
            case "forward":
                self.done = today
            case "return" if by == "Z":
                self._taken_back(today)
                self.returns += 1
            case "return" if by == "L":
                self.done = None
            case "accept_part":
                self._taken_back(today)
                self.accepted = tuple(sorted({*self.accepted, *said["points"]}))
            case "request_extension":
                party = "E" if "E" in self.stands(who, away=True) else "C"
                self.asked = Asked(on, today <= self.due, party)
            case "grant_extension" if self.asked:
                granted = worked_before(on or self.asked.wanted)
                if self.asked.in_time:
                    self.due, self.extensions = granted, self.extensions + 1
                else:
                    self.control_due = granted
                if self.way == "co":
                    self.internal_due = None
            case "redate":
                self.due = worked_before(on)
                if self.way == "co":
                    begun = min(max(self.issued_on, today), self.due)
                    half = begun + timedelta(days=(self.due - begun).days // 2)
                    self.internal_due = max(begun, worked_before(half))
                elif self.internal_due:
                    self.internal_due = min(self.internal_due, self.due)
        if command in {"cancel_extension", "grant_extension", "refuse_extension"}:
            self.asked = None
        self.becomes(to, now)

    def _taken_back(self, today: date) -> None:
        self.done, self.returned_on = None, today
        if self.internal_due and self.internal_due <= today:
            self.internal_due = None

    def counted(self) -> date:
        """The due date; after a return not before the days of the rework."""
        if self.returned_on is None:
            return self.due
        return max(self.due, worked_after(self.returned_on, 3))

    def becomes(self, status: str, now: datetime) -> None:
        """A new version in this state."""
        self.status = status
        if status in FINAL:
            self.asked = None
        self.version += 1
        self.at = max(now, self.at)
        self.told.append(self.facts())

    def expires(self, now: datetime) -> bool:
        """Whether its due day is over without a hand-in and nobody was told of this date yet."""
        if self.status in FINAL or self.done is not None or self.told_due == self.due:
            return False
        return self.counted() < now.astimezone(ZoneInfo(self.zone)).date()

    def facts(self) -> dict[str, Any]:
        """What a reader compares."""
        return {
            "version": self.version,
            "status": self.status,
            "due": self.due.isoformat(),
            "done": self.done.isoformat() if self.done else None,
            "returns": self.returns,
            "returned_on": self.returned_on.isoformat() if self.returned_on else None,
            "extensions": self.extensions,
        }

    def shown(self) -> dict[str, Any]:
        """The facts and what is shown beside them."""
        return {
            **self.facts(),
            "internal_due": self.internal_due.isoformat() if self.internal_due else None,
            "control_due": self.control_due.isoformat() if self.control_due else None,
            "accepted_points": list(self.accepted),
        }


# Autumn and winter 2023/24 by the official calendar: no Saturday is worked, 6 November is off.
_OFF: Final = {date(2023, 11, 6), date(2024, 2, 23), date(2024, 3, 8)} | {
    date(2024, 1, day) for day in range(1, 9)
}


def worked(day: date) -> bool:
    return day.weekday() < 5 and day not in _OFF


def worked_before(day: date) -> date:
    while not worked(day):
        day -= timedelta(days=1)
    return day


def worked_after(day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        count -= worked(day)
    return day
