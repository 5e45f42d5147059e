"""Moments as people read them. Inside, a moment is whole seconds since 1970 UTC."""

from datetime import UTC, datetime


def iso(seconds: int) -> str:
    """`2026-11-24T05:00:00Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
