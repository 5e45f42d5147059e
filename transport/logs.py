"""How a serving process logs: one JSON object a line, on standard error.

A dotted name, then ids, codes, numbers of nodes, durations. Tracebacks come without the values of
variables: a log must not hold what a message or a store held (ATTACKS 37).
"""

import sys

import structlog


def log_as_json_lines() -> None:
    """Log so from now on, in this process."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
