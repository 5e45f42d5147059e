"""The workbench: pages for analysts and IOM's coordinators, beside the API of the same desks.

site         what its pages have of their own; the list of views
desks        who decides behind them
access       who asks, when somebody signed in asks
overview     the first page
comparing    cells of answers side by side
asking       composing, pricing, asking; the form (composing, choices), the forecast (forecasting)
following    questions that were asked (progress_words)
answers      releases: tables and views (answer_tables, answer_words, seen)
*_words      what indicators, views and refusals are called in every language; what both sites
             say and draw of answers is in `coordinator.pictures`
figures      numbers as a language writes them
"""

from corridor.coordinator.workbench.desks import Desks

__all__ = ["Desks"]
