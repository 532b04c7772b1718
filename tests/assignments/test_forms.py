"""What a report must hold: the answers to its assignment's form, evidence of the kind demanded."""

from typing import Final

from tests.assignments.stand import REPORT, Found, Stand

FORM: Final = [
    {"code": "note", "title": "Примечание", "kind": "text", "required": False},
    {"code": "workshops", "title": "Мастерских", "kind": "integer", "required": True},
    {"code": "share", "title": "Доля", "kind": "number", "required": False},
    {"code": "ready", "title": "Готово", "kind": "boolean", "required": False},
    {"code": "since", "title": "С какого дня", "kind": "date", "required": False},
]


async def test_a_report_answers_the_form(stand: Stand) -> None:
    id_ = await stand.one("in_progress", control={"form": FORM})
    wrong: list[tuple[Found, str]] = [
        ({}, "workshops"),
        ({"workshops": None}, "workshops"),
        ({"workshops": ""}, "workshops"),
        ({"workshops": 4.5}, "workshops"),
        ({"workshops": True}, "workshops"),
        ({"workshops": "4"}, "workshops"),
        ({"workshops": 10**16}, "workshops"),
        ({"workshops": 4, "share": True}, "share"),
        ({"workshops": 4, "share": "0,5"}, "share"),
        ({"workshops": 4, "ready": 1}, "ready"),
        ({"workshops": 4, "ready": "да"}, "ready"),
        ({"workshops": 4, "since": "2023-02-30"}, "since"),
        ({"workshops": 4, "since": "20231001"}, "since"),
        ({"workshops": 4, "note": 7}, "note"),
        ({"workshops": 4, "colour": "red"}, "colour"),
    ]
    for fields, field in wrong:
        found = await stand.do(
            "cluster",
            id_,
            "submit",
            {**REPORT, "fields": fields},
            expect=(422, "report_fields_invalid"),
        )
        assert found["errors"][0]["field"] == f"body.fields.{field}", fields
    before = await stand.read(id_)
    assert before["status"] == "in_progress"
    answers = {"workshops": 4, "share": 0.5, "ready": False, "since": "2023-10-01", "note": "Да"}

    await stand.do("cluster", id_, "submit", {**REPORT, "fields": answers})

    steps = (await stand.get(f"/v1/executions/{id_}/steps"))["items"]
    assert steps[-1]["details"] == {"fields": answers}


async def test_zero_and_false_are_answers_and_blanks_are_not(stand: Stand) -> None:
    fields = [{**field, "required": True} for field in FORM[:4]]
    id_ = await stand.one("in_progress", control={"form": fields})
    answers: Found = {"note": "Да", "workshops": 0, "share": 0, "ready": False}
    blank = {**REPORT, "fields": {**answers, "note": "  "}}
    await stand.do("cluster", id_, "submit", blank, expect=(422, "report_fields_invalid"))
    await stand.do("cluster", id_, "submit", {**REPORT, "fields": answers})


async def test_an_assignment_may_demand_a_kind_of_evidence(stand: Stand) -> None:
    wants_file = await stand.one("in_progress", control={"evidence": "file"})
    await stand.do("cluster", wants_file, "submit", expect=(422, "evidence_missing"))
    wants_link = await stand.one("in_progress", control={"evidence": "link"})
    await stand.do("cluster", wants_link, "submit")


async def test_a_form_with_one_code_twice_is_refused(stand: Stand) -> None:
    control = {"form": [FORM[0], FORM[0]]}
    await stand.issue(control=control, expect=(422, "invalid_request"))
