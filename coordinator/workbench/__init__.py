"""The workbench: pages for analysts and IOM's coordinators, beside the API of the same desks.

site         what its pages have of their own; the list of views
desks        who decides behind them
access       who asks, when somebody signed in asks
overview     the first page
base_map     the map under pictures, where an operator has another
"""

from corridor.coordinator.workbench.desks import Desks

__all__ = ["Desks"]
