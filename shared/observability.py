"""Logs as JSON lines, metrics by name, and the request id that ties them together."""

import logging
import sys
from typing import Any, Final

import structlog
from prometheus_client import Counter, Gauge, Histogram

from shared.masking import mask_secrets

REQUESTS: Final = Histogram(
    "http_request_duration_seconds",
    "Time to answer a request, by route template",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
PUBLISHED: Final = Counter("outbox_published_total", "Events sent to the broker")
OUTBOX_LAG: Final = Gauge("outbox_lag_seconds", "Age of the oldest event that is not published")
CONSUMED: Final = Counter("consumer_events_total", "Events applied", ["topic"])
HEALED: Final = Counter(
    "consumer_healed_total", "Events the broker did not have and the feed did", ["topic"]
)
REPLACED: Final = Counter(
    "consumer_logs_replaced_total", "Partitions whose producer has another log now", ["topic"]
)
RECONCILED: Final = Counter(
    "reconciliations_total", "Comparisons with the owner of the facts", ["outcome"]
)
MENDED: Final = Counter(
    "reconciliation_mended_total", "Versions of facts put right by reconciliations", ["kind"]
)
DEAD: Final = Counter("consumer_dead_letters_total", "Messages passed by", ["topic"])
COMPLETE_THROUGH: Final = Gauge(
    "consumer_complete_through_seconds", "Unix time all events up to which were heard"
)
RESTARTS: Final = Counter(
    "worker_task_restarts_total", "Times a task waited out an outage and began anew", ["task"]
)
WEBHOOK_ATTEMPTS: Final = Counter(
    "webhook_attempts_total", "Attempts at pushing to subscribers", ["outcome"]
)
WEBHOOK_DELIVERIES: Final = Counter(
    "webhook_deliveries_total", "Pushes decided: delivered, failed or abandoned", ["state"]
)
WEBHOOKS_DISABLED: Final = Counter(
    "webhook_subscriptions_disabled_total", "Subscriptions disabled for their receivers' sake"
)


def show(counter: Counter, *labels: str) -> None:
    """Have the counter there from the start: of one that comes with its first event, an alert on
    the increase does not see that event.
    """
    for label in labels:
        counter.labels(label)


def configure_logging(service: str, level: str = "INFO") -> None:
    """JSON lines on stdout for our own and for libraries' records."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, _soften_retried],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            lambda _, __, event: {"service": service, **event},
            # Last, so that the text of an exception has been through it too.
            mask_secrets,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # Not the access log: requests are counted (`/metrics`), and every line of it costs.
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    for name in ("httpx", "httpcore", "aiokafka", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _soften_retried(
    _: Any, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """What the Kafka client says of a broker that is away, it tries again itself: a warning.

    An error is for a person to act on. Whatever is not tried again reaches our code as an
    exception, and the client's own surprises come with a traceback: those stay what they are.
    """
    record: logging.LogRecord = event["_record"]
    if record.name.startswith("aiokafka") and record.exc_info is None and event["level"] == "error":
        event["level"] = "warning"
    return event
