"""What meetings hold about people: ids and accounts, and what people write and say."""

from typing import Final

from shared.personal import (
    BY_ROW,
    PLATFORM,
    Fate,
    Held,
    Kind,
    Register,
    accounts,
    ids,
    words,
)

_SEALED: Final = "утверждённый протокол неизменяем и заверен хешем (125-ФЗ: хранение документов)"
_DRAFT: Final = "до утверждения правит секретарь; " + _SEALED

REGISTER: Final = PLATFORM + Register(
    held=(
        ids("known_appointments", "person_id", why="кто занимает должность: копия справочника"),
        Held(
            "calendar_feeds",
            ("person_id",),
            Kind.PERSON,
            "личный календарь координатора",
            "сам владелец",
            "`RETENTION_CALENDARS_DAYS` после закрытия",
            Fate.DELETED,
            "календарь закрывается и удаляется",
        ),
        Held(
            "calendar_feeds",
            ("created_by",),
            Kind.SUBJECT,
            "чей это календарь",
            "сам владелец",
            "`RETENTION_CALENDARS_DAYS` после закрытия",
            Fate.DELETED,
            "календари названных учётных записей удаляются",
        ),
        ids("participations", "participant_id", why="кого ждали: кластер или координатор"),
        accounts("participations", "answered_by", "marked_by"),
        words("participations", "answer_reason", "note", why="почему не пришёл, что отмечено"),
        Held(
            "attendance_imports",
            ("rows", "filename"),
            Kind.TEXT,
            "список видеоконференции: имена, как их ввели участники",
            "секретарь, cur_admin",
            "`RETENTION_IMPORTS_DAYS` после загрузки",
            Fate.PSEUDONYM,
            "строка, отнесённая к человеку, заменяется; остальное уходит со сроком",
        ),
        accounts("attendance_imports", "created_by", "committed_by"),
        Held(
            "agenda_receipts",
            ("actor",),
            Kind.SUBJECT,
            "кто ознакомился с повесткой",
            BY_ROW,
            "бессрочно",
            Fate.KEPT,
            "доказательство уведомления; `sub` непрозрачен",
        ),
        words("agenda_items", "text", "presenter", "outcome_note", why="вопрос и докладчик"),
        accounts("agenda_items", "decided_by"),
        words("protocol_items", "text", "addressees", "control", why="поручение", basis=_DRAFT),
        words("protocols", "header", why="шапка протокола с утвердившими", basis=_SEALED),
        accounts("protocol_approvers", "subject", why="кто согласует"),
        accounts("protocol_decisions", "by", why="кто согласовал"),
        words("protocol_decisions", "reason", why="почему отклонено", basis=_SEALED),
        words("protocol_remarks", "text", "reason", why="замечание и ответ"),
        accounts("protocol_remarks", "made_by", "decided_by"),
        words(
            "meetings", "title", "place", "cancel_reason", why="название, место, почему отменено"
        ),
        words("meeting_moves", "reason", why="почему перенесено"),
        accounts("meeting_moves", "moved_by"),
        words("series_exceptions", "reason", why="почему не состоится"),
        accounts("series_exceptions", "created_by"),
        words("process_states", "evidence", why="ссылка на подтверждение"),
        accounts("process_states", "set_by"),
        words("processes", "owner", why="кто отвечает за сквозной процесс"),
        accounts("processes", "changed_by"),
        accounts("cyclogram_templates", "created_by"),
        accounts("cyclograms", "changed_by"),
    ),
    impersonal={
        "cluster_versions.name": "кластер",
        "known_clusters.name": "кластер",
        "known_regions.name": "регион",
        "processes.name": "процесс",
        "protocols.content_hash": "хеш",
    },
)
