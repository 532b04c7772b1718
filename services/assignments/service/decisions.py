"""What each command may refuse, and what its step says: looked at before anything changes."""

from datetime import date
from typing import Any

from services.assignments.domain import extensions as asking
from services.assignments.domain.deadlines import (
    check_new_due,
    effective_due,
    move_to_working_day,
    part_of_term,
)
from services.assignments.domain.executions import (
    Command,
    DateInvalid,
    Demand,
    ExecutorRole,
    NotYourMove,
    Order,
    Party,
    check_evidence,
    remaining_points,
)
from services.assignments.domain.forms import check_fields
from services.assignments.domain.policies import Policy
from services.assignments.models import Assignment, Execution, Extension


def decide(
    execution: Execution,
    order: Order,
    party: Party,
    today: date,
    assignment: Assignment | None,
    extension: Extension | None,
    policy: Policy | None,
    parties: frozenset[Party],
) -> dict[str, Any]:
    """What the step says beyond its words. Raises what the command may refuse."""
    on = order.on
    match order.command:
        case Command.DELEGATE if on is not None:
            last = execution.due
            if policy is not None:
                last = effective_due(last, execution.returned_on, policy)
            if not today <= on <= last:
                raise DateInvalid(
                    f"Внутренний срок — от сегодня до срока исполнения ({last:%d.%m.%Y}).",
                    field="body.internal_due",
                )
            return {"internal_due": on}
        case Command.SUBMIT:
            demand = assignment.evidence if assignment is not None else Demand.ANY
            check_evidence(demand, order.evidence)
            form = assignment.form if assignment is not None else []
            answers = check_fields(form, order.fields or {})
            return {"fields": answers} if answers else {}
        case Command.ACCEPT_PART:
            points = [point["number"] for point in assignment.points] if assignment else []
            left = remaining_points(points, execution.accepted_points, order.points)
            return {"points": sorted(set(order.points)), "left": left}
        case Command.REQUEST_EXTENSION if on is not None:
            if extension is not None:
                raise asking.ExtensionOpen(
                    f"Просьба о продлении до {extension.wanted:%d.%m.%Y} ещё рассматривается."
                )
            in_time = asking.asked_in_time(today, due=execution.due)
            # Granted as asked, it would be this day: it must be one that can be granted.
            wanted = _working(on, execution, policy)
            asking.check_wanted(wanted, due=_standing(execution, in_time=in_time))
            return {"wanted": on, "due": execution.due, "in_time": in_time}
        case Command.CANCEL_EXTENSION | Command.REFUSE_EXTENSION:
            asked = _asked(extension)
            if party is not Party.CONTROLLER and asked.party not in parties:
                raise NotYourMove(order.command, [asked.party])
            return {"wanted": asked.wanted}
        case Command.GRANT_EXTENSION:
            asked = _asked(extension)
            granted = _working(on or asked.wanted, execution, policy)
            standing = _standing(execution, in_time=asked.in_time)
            asking.check_wanted(granted, due=standing, field="body.due")
            return {"granted": granted, "due": execution.due, "in_time": asked.in_time}
        case Command.REDATE if on is not None:
            check_new_due(on, issued_on=execution.issued_on)
            due = _working(on, execution, policy)
            if due == execution.due:
                raise DateInvalid(f"Срок и так {due:%d.%m.%Y}.", field="body.due")
            details = {"before": execution.due, "due": due}
            if execution.role is ExecutorRole.CO and policy is not None:
                # As for whoever joins later: its share of what is left.
                begun = min(max(execution.issued_on, today), due)
                share = policy.co_executor_percent
                details["internal_due"] = part_of_term(begun, due, share, policy)
            return details
        case Command.SUPERSEDE if order.successor is not None:
            return {"by": order.successor}
        case _:
            return {}


def _asked(extension: Extension | None) -> Extension:
    if extension is None:
        raise asking.NoExtensionOpen("Просьбы о продлении, которая ждёт решения, нет.")
    return extension


def _standing(execution: Execution, *, in_time: bool) -> date:
    """The date a later one must lie after: a late request is about the control date."""
    due = execution.due
    return due if in_time else max(due, execution.control_due or due)


def _working(day: date, execution: Execution, policy: Policy | None) -> date:
    if policy is None:
        return day
    return move_to_working_day(day, policy, not_before=min(day, execution.issued_on))[0]
