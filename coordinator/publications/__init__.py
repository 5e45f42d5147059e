"""What pages show of publications and boards, and the pages that everybody sees.

    site          the pages that everybody sees: an application of its own, without accounts
    everybody     its views: list, one publication, files, verifying, feed
    methodology   the note on method that is made of releases
    figures       released tables, as templates show them
    words         states, steps and refusals, in every language

In templates/ is what the workbench shows (its views: `workbench.publications`, `workbench.boards`)
and what both show; in open/templates/, what everybody's pages have of their own.
"""

from pathlib import Path

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
