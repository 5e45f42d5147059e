"""From a plan and an edition to this node's vector x, before any noise.

    columns     the stored columns a table needs → rows of whole numbers, domains closed
    statement   the plan → SQL over such rows: consent, `where`, derivations
    pushdown    the same `where` for an engine that holds the edition and can leave rows out
    crossing    places on the axes → the cells of each row
    engine      DuckDB over Arrow, shut off from files and network; part by part → x
    bounding    which rows and cells of a person count, and what they add

    edition ─ columns ─→ rows ─ statement, engine ─→ places ─ crossing ─→ cells ─ bounding ─→ x

What is computed stands in `queries.plan`, with the proof that one person changes x by at most Δ.
Whether it succeeds depends on the plan and the node, never on what the data say: every value
has a place, every sum fits 64 bits. How long it takes does depend on the data.
"""

from corridor.node.evaluation.engine import count_new, evaluate

__all__ = ["count_new", "evaluate"]
