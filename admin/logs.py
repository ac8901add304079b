"""Logging of every process: one structured line per entry, on stderr, with plain tracebacks.

Tracebacks never show local variables: they hold personal data and secrets.
"""

import sys

import structlog


def configure_logs() -> None:
    """Configure the logs. Call it once, at the start of the process."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"], drop_missing=True),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
