"""What the rating holds about people: addressees of letters, accounts, and what they write."""

from typing import Final

from shared.personal import (
    FOR_EVER,
    PLATFORM,
    Fate,
    Held,
    Kind,
    Register,
    accounts,
    ids,
    words,
)

_LETTER: Final = "cur_admin, cur_controller, auditor; свой регион — authority_head"
_PUBLISHED: Final = "опубликованный срез неизменяем и заверен хешем"

REGISTER: Final = PLATFORM + Register(
    held=(
        Held(
            "slice_letters",
            ("addressee",),
            Kind.NAME,
            "кому письмо о срезе",
            _LETTER,
            FOR_EVER,
            Fate.PSEUDONYM,
            "заменяется псевдонимом",
        ),
        Held(
            "slice_letters",
            ("last_error", "delivery_note"),
            Kind.TEXT,
            "ответ почтового сервера и уведомление о доставке (в них бывает адрес)",
            _LETTER,
            FOR_EVER,
            Fate.CLEARED,
            "стирается; неотправленное письмо отменяется",
        ),
        ids("slice_letters", "person_id", why="кому письмо о срезе"),
        accounts("slice_letters", "acknowledged_by", why="кто ознакомился"),
        Held(
            "letter_files",
            ("pdf", "xlsx"),
            Kind.SEALED,
            "письмо таким, каким ушло: имя адресата — в обращении",
            _LETTER,
            FOR_EVER,
            Fate.KEPT,
            "отправленное официальное письмо хранится по 125-ФЗ; неотправленное удаляется",
        ),
        words("appeals", "text", "decision", why="спор о факте", basis="история балла"),
        accounts("appeals", "filed_by", "decided_by"),
        words("slices", "reason", why="почему срез пересмотрен", basis=_PUBLISHED),
        accounts("slices", "revised_by"),
        words("slice_corrections", "reason", why="что исправлено", basis=_PUBLISHED),
        accounts("methodologies", "created_by"),
        accounts("methodology_acts", "actor"),
        words("methodology_acts", "reason", "detail", why="почему методика такая"),
        accounts("reconciliations", "requested_by"),
        accounts("subscriptions", "owner", why="чья подписка (учётная запись программы)"),
        words("subscriptions", "description", "reason", why="для чего подписка"),
        words("assignments", "text", why="текст поручения: копия", basis="как у владельца"),
    ),
    impersonal={
        "clusters.name": "кластер",
        "deliveries.*": "события рейтинга, посланные программам",
        "delivery_attempts.*": "ответы программ-подписчиков",
        "execution_versions.addressee": "кластер или орган власти",
        "executions.addressee": "кластер или орган власти",
        "letter_files.letter_id": "письмо",
        "regions.name": "регион",
        "regions.short_name": "регион",
        "slice_rows.name": "регион",
        "slice_rows.short_name": "регион",
        "standing_lines.key": "регион",
    },
)
