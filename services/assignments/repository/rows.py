"""Whose rows an actor reaches: the one place that turns `Actor.rows` into conditions."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, String, Uuid, any_, bindparam, exists, false, or_, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col

from services.assignments.models import Assignment, Execution
from shared.auth import Actor, Rows


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The executions this operation reaches for the actor."""
    return visible_by(actor.rows, own_rows(actor))


def visible_by(rows: frozenset[Rows], own: Mapping[str, Any]) -> ColumnElement[bool]:
    """The executions these rows are, where `own` are the actor's: parameters by name.

    Kinds of rows add up, and each goes by a claim of its own.
    """
    if Rows.ALL in rows:
        return true()
    regions = any_(bindparam("own_regions", own.get("own_regions"), ARRAY(String)))
    clusters = any_(bindparam("own_clusters", own.get("own_clusters"), ARRAY(Uuid)))
    industries = any_(bindparam("own_industries", own.get("own_industries"), ARRAY(String)))
    found: list[ColumnElement[bool]] = [false()]
    if Rows.REGION in rows:
        found.append(col(Execution.region) == regions)
    if Rows.CLUSTER in rows:
        found.append(col(Execution.cluster_id) == clusters)
        # A lead sees what its co-executors owe it.
        found.append(col(Execution.lead_cluster_id) == clusters)
    if Rows.INDUSTRY in rows:
        found.append(col(Execution.industry) == industries)
    return or_(*found)


def own_rows(actor: Actor) -> dict[str, Any]:
    """The parameters of `visible_by`."""
    return {
        "own_regions": list(actor.regions),
        "own_clusters": list(actor.clusters),
        "own_industries": list(actor.industries),
    }


def assignments_visible_to(actor: Actor) -> ColumnElement[bool]:
    """The assignments that have an execution the operation reaches for the actor."""
    if actor.reaches_all:
        return true()
    own = col(Execution.assignment_id) == col(Assignment.id)
    return exists().where(own, visible_to(actor))


def regions_open_to(actor: Actor) -> frozenset[str] | None:
    """The regions whose own rows (messages, absences) the operation reaches; `None`: every one."""
    if actor.reaches_all:
        return None
    return actor.regions if Rows.REGION in actor.rows else frozenset()
