"""Synthetic national case files: invented persons, plainly marked, in real HTCDS workbooks.

    routes     where people are taken from and to, how, and how that changed over the years
    casework   a seed → persons and their cases, as plain values
    workbook   cases → a workbook in the official layout, with the dirt of real ones

Nothing in them is about anybody. The numbers are made up, with the shapes of the field's
public reports: they show what Corridor does, and nothing about trafficking. Every workbook says
so on its first visible line, in its properties and in every case reference.

A workbook follows from country, people, seed and the versions in requirements.lock, byte for
byte. Its only source of chance is one PCG64 generator made from the seed.
"""

from corridor.node.synthetic.workbook import SyntheticWorkbook, write_country_workbook

__all__ = ["SyntheticWorkbook", "write_country_workbook"]
