"""Questions read and compiled under a charter, and remembered: most are asked more than once.

Reading and compiling are deterministic, so what is remembered is what would be computed again.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from corridor.protocols.charter import Charter
from corridor.queries.asking import indicator_question
from corridor.queries.catalogue import Catalogue
from corridor.queries.domains import Domains, make_domains
from corridor.queries.plan import Plan, compile_plan
from corridor.queries.question import Question
from corridor.queries.sql import Asked, read_sql

REMEMBERED = 128
"""So many questions, and so many plans; what was not asked for the longest goes first."""


class Compiler:
    """Reads and compiles under this catalogue; any thread may use it.

    Attributes:
        domains: the catalogue's fields under a charter; raises QuestionError.
        plan: a question compiled under a charter; raises QuestionError.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.domains: Callable[[Charter], Domains] = lru_cache(4)(
            lambda charter: make_domains(catalogue, charter)
        )
        self.plan: Callable[[Question, Charter], Plan] = lru_cache(REMEMBERED)(
            lambda question, charter: compile_plan(question, self.domains(charter))
        )
        self._sql: Callable[[str, Charter], Asked] = lru_cache(REMEMBERED)(
            lambda text, charter: read_sql(text, self.domains(charter))
        )
        self._indicator: Callable[[str, frozenset[tuple[str, str]], Charter], Asked] = lru_cache(
            REMEMBERED
        )(self._read_indicator)

    def sql(self, text: str, charter: Charter) -> Asked:
        """What a text in SQL asks.

        Raises:
            QuestionError: it is none that can be asked, and where it is wrong.
        """
        return self._sql(text, charter)

    def indicator(self, name: str, parameters: Mapping[str, Any], charter: Charter) -> Asked:
        """What an indicator asks with these parameters.

        Raises:
            QuestionError: there is no such indicator, or a parameter is wrong.
        """
        given = frozenset((str(key), str(value)) for key, value in parameters.items())
        return self._indicator(name, given, charter)

    def _read_indicator(
        self, name: str, given: frozenset[tuple[str, str]], charter: Charter
    ) -> Asked:
        domains = self.domains(charter)
        question = indicator_question(domains, name, dict(sorted(given)))
        return Asked(question, domains.catalogue.indicator(name).views)
