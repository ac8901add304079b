"""How Baton's processes log: one line of words and values each, on stderr, with plain tracebacks.

Values of variables are never shown: they hold what leads and secrets are made of.
"""

import sys

import structlog


def configure_logs() -> None:
    """Set the process's logs up; call it once at its start."""
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
