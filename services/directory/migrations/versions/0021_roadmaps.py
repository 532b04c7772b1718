"""Roadmaps, working groups, activities, annual reports, and the policy behind them."""

from datetime import date

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

# The rubric and the numbers are ours: the source names the functions and not their measures.
_POLICY = {
    "at_risk_days": 14,
    "min_reviews": 2,
    "max_points": 5,
    "criteria": [
        {"code": "result", "title": "Подтверждённый результат"},
        {"code": "replicability", "title": "Возможность повторить в другом кластере"},
        {"code": "employers", "title": "Участие предприятий"},
        {"code": "novelty", "title": "Новизна для отрасли"},
    ],
    "leader_places": 5,
    "leader_zone": "green",
}

# What was approved stays as it was approved, whoever writes.
_IMMUTABLE = """
create function refuse_change_of_approved_report() returns trigger language plpgsql as $$
begin
    if old.status <> 'draft' and (
        new.content <> old.content or new.content_hash is distinct from old.content_hash
        or new.status = 'draft' or new.year <> old.year or new.association <> old.association
    ) then
        raise exception 'an approved report does not change';
    end if;
    return new;
end $$;
create trigger approved_report_is_immutable before update on annual_reports
    for each row execute function refuse_change_of_approved_report()
"""


def upgrade() -> None:
    policies = op.create_table(
        "association_policies",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_association_policies")),
        sa.UniqueConstraint("effective_from", name=op.f("uq_association_policies_effective_from")),
    )
    op.create_table(
        "annual_reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("association", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=True),
        sa.Column("assembled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["association"], ["associations.code"], name=op.f("fk_annual_reports_association")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annual_reports")),
        sa.UniqueConstraint("association", "year", name=op.f("uq_annual_reports_association_year")),
    )
    op.create_table(
        "milestones",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("association", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("subject_year", sa.Integer(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("due_on >= starts_on", name=op.f("ck_milestones_in_order")),
        sa.ForeignKeyConstraint(
            ["association"], ["associations.code"], name=op.f("fk_milestones_association")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestones")),
        sa.UniqueConstraint(
            "association", "year", "code", name=op.f("uq_milestones_association_year_code")
        ),
    )
    op.create_table(
        "activities",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("association", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("milestone_id", sa.Uuid(), nullable=True),
        sa.Column("participants", sa.Integer(), nullable=False),
        sa.Column("audience", sa.Integer(), nullable=False),
        sa.Column("link", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_activities_in_order")),
        sa.ForeignKeyConstraint(
            ["association"], ["associations.code"], name=op.f("fk_activities_association")
        ),
        sa.ForeignKeyConstraint(
            ["milestone_id"], ["milestones.id"], name=op.f("fk_activities_milestone_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities")),
    )
    op.create_index(op.f("ix_activities_association"), "activities", ["association"], unique=False)
    op.create_table(
        "deliverables",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("milestone_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("rule", sa.String(length=32), nullable=False),
        sa.Column("document", sa.String(), nullable=True),
        sa.Column("link", sa.String(), nullable=True),
        sa.Column("document_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["milestone_id"], ["milestones.id"], name=op.f("fk_deliverables_milestone_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliverables")),
        sa.UniqueConstraint(
            "milestone_id", "position", name=op.f("uq_deliverables_milestone_id_position")
        ),
    )
    op.create_table(
        "working_groups",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("association", sa.String(), nullable=False),
        sa.Column("direction_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("members", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_working_groups_in_order")),
        sa.ForeignKeyConstraint(
            ["association"], ["associations.code"], name=op.f("fk_working_groups_association")
        ),
        sa.ForeignKeyConstraint(
            ["direction_id"], ["directions.id"], name=op.f("fk_working_groups_direction_id")
        ),
        sa.ForeignKeyConstraint(["lead_id"], ["people.id"], name=op.f("fk_working_groups_lead_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_working_groups")),
    )
    op.create_index(
        op.f("ix_working_groups_association"), "working_groups", ["association"], unique=False
    )
    op.create_table(
        "group_reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("association", sa.String(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("milestone_id", sa.Uuid(), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("link", sa.String(), nullable=True),
        sa.Column("reported_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["association"], ["associations.code"], name=op.f("fk_group_reports_association")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["working_groups.id"], name=op.f("fk_group_reports_group_id")
        ),
        sa.ForeignKeyConstraint(
            ["milestone_id"], ["milestones.id"], name=op.f("fk_group_reports_milestone_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_reports")),
        sa.UniqueConstraint(
            "group_id", "milestone_id", name=op.f("uq_group_reports_group_id_milestone_id")
        ),
    )
    op.create_index(
        op.f("ix_group_reports_association"), "group_reports", ["association"], unique=False
    )
    op.bulk_insert(
        policies,
        [
            {
                "version": 1,
                "effective_from": date(2023, 9, 1),
                "document": _POLICY,
                "note": "Первая редакция",
            }
        ],
    )
    function, trigger = _IMMUTABLE.split("end $$;")
    op.execute(function + "end $$")
    op.execute(trigger)


def downgrade() -> None:
    op.drop_index(op.f("ix_group_reports_association"), table_name="group_reports")
    op.drop_table("group_reports")
    op.drop_index(op.f("ix_working_groups_association"), table_name="working_groups")
    op.drop_table("working_groups")
    op.drop_table("deliverables")
    op.drop_index(op.f("ix_activities_association"), table_name="activities")
    op.drop_table("activities")
    op.drop_table("milestones")
    op.drop_table("annual_reports")
    op.drop_table("association_policies")
    op.execute("drop function refuse_change_of_approved_report()")
