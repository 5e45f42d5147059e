"""How much one asker may ask for: of the API, of the workbench, of what everybody may see."""

from flask import Response
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from corridor.errors.region import TooManyRequestsError


class Pace:
    """How much one asker may ask for in a minute: of everything, and of what takes work.

    It keeps one program that runs wild from slowing all others; what protects people in the data is
    the ledgers. Askers are told apart by a name: of a token or an account, or an address.
    """

    def __init__(self, *, requests: int, works: int) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._requests = RateLimitItemPerMinute(requests)
        self._works = RateLimitItemPerMinute(works)

    def demand(self, asker: str, *, works: bool) -> None:
        """Count a request.

        Raises:
            TooManyRequestsError: it is one too many; says how many seconds to wait.
        """
        item, kind = (self._works, "work") if works else (self._requests, "all")
        if not self._limiter.hit(item, kind, asker):
            raise TooManyRequestsError(item.get_expiry())

    def tell(self, asker: str, response: Response, *, works: bool) -> None:
        """Write what is left into a response, as draft-ietf-httpapi-ratelimit-headers does."""
        item, kind = (self._works, "work") if works else (self._requests, "all")
        left = self._limiter.get_window_stats(item, kind, asker).remaining
        response.headers["RateLimit-Policy"] = f'"{kind}";q={item.amount};w={item.get_expiry()}'
        response.headers["RateLimit"] = f'"{kind}";r={left};t={item.get_expiry()}'
