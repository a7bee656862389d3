"""Logging: structlog formats what the standard library logs; JSON in production, words elsewhere."""

from typing import Any

import structlog

SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def lines_formatter(*, json: bool) -> structlog.stdlib.ProcessorFormatter:
    """Each record as one line."""
    last: Any = structlog.processors.JSONRenderer()
    if not json:
        last = structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "logger", "event"])
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            last,
        ],
    )


def logging_config(*, level: str, json: bool) -> dict[str, Any]:
    """For Django's LOGGING. The root logger has a handler, so that django-q adds none of its own."""
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": lines_formatter, "json": json}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
            "django-q": {"level": "WARNING"},
            "urllib3": {"level": "ERROR"},  # below, it names whole addresses, where some platforms take their key
        },
    }
