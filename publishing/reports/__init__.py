"""Ready-made reports: what others' forms ask for, asked at once and filled with intervals.

    definitions.py   what a report is, and its parser; data/ has one file for each
    asking.py        the one question of a report, whose tables share one budget
    forecasting.py   how exact its figures will be
    filling.py       a release as the report's form has it
    fitting.py       which reports a question is asked for
    drawing.py       the picture of a filled table
    files.py         the filled report as JSON, CSV and workbook

Where HTCDS and a form name things differently, `data/crosswalk.toml` says what becomes what, and
what is lost on the way; `docs/reports.md` shows it.
"""
