"""Errors of pictures: what an operator put beside the data to draw them with."""

from corridor.errors import InvalidInputError


class BaseMapError(InvalidInputError):
    """A file is no base map that pictures can be drawn on. Nothing was changed."""

    code = "pictures.base_map"

    def __init__(self, problem: str) -> None:
        """Say what is wrong with it, and where its form stands."""
        super().__init__(
            f"base-map.json: {problem}; the coordinator does not start with it, and nothing was "
            "changed. Mend it (its form is in docs/pictures.md), or move it away: then the map "
            "that comes with Corridor is drawn."
        )
        self.problem = problem
