"""What a server counts, in the text form that Prometheus reads."""

from __future__ import annotations

import threading
from collections import Counter

_BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Counters:
    """Requests by status, examples, and how long answers took."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._statuses: Counter[int] = Counter()
        self._buckets = [0] * len(_BOUNDS_S)
        self._seconds = 0.0
        self._examples = 0

    def add(self, status: int, seconds: float, examples: int = 0) -> None:
        """One request that has been answered."""
        with self._lock:
            self._statuses[status] += 1
            self._seconds += seconds
            self._examples += examples
            for place, bound in enumerate(_BOUNDS_S):
                self._buckets[place] += seconds <= bound

    def text(self) -> str:
        """All of them."""
        with self._lock:
            count = sum(self._statuses.values())
            lines = ["# TYPE bakeoff_requests_total counter"]
            lines += [f'bakeoff_requests_total{{status="{s}"}} {n}' for s, n in sorted(self._statuses.items())]
            lines += ["# TYPE bakeoff_examples_total counter", f"bakeoff_examples_total {self._examples}"]
            lines += ["# TYPE bakeoff_request_seconds histogram"]
            pairs = zip(_BOUNDS_S, self._buckets, strict=True)
            lines += [f'bakeoff_request_seconds_bucket{{le="{bound}"}} {found}' for bound, found in pairs]
            lines += [f'bakeoff_request_seconds_bucket{{le="+Inf"}} {count}']
            lines += [f"bakeoff_request_seconds_sum {self._seconds:.6f}", f"bakeoff_request_seconds_count {count}"]
        return "\n".join(lines) + "\n"
