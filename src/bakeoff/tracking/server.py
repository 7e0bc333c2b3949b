"""Whether a tracking server answers, asked in seconds; MLflow itself would wait for minutes."""

from __future__ import annotations

import socket
import ssl
import urllib.request
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from bakeoff.tracking.secrets import without_credentials

PROBE_SECONDS = 5.0
_AWAY = (502, 503, 504)
"""What a proxy answers for a server behind it that does not."""


class StoreUnreachable(RuntimeError):
    """The tracking store does not answer."""


def probe(uri: str) -> None:
    """Asks for an answer within five seconds; stores that are no server are always there.

    Raises:
        StoreUnreachable: nothing listens there, or what listens says nothing.
    """
    parts = urlsplit(uri)
    try:
        if parts.scheme in ("http", "https"):
            _ask(without_credentials(uri).rstrip("/") + "/health")
        elif parts.hostname and parts.port:
            socket.create_connection((parts.hostname, parts.port), timeout=PROBE_SECONDS).close()
    except OSError as error:
        reason = getattr(error, "reason", None) or error
        raise StoreUnreachable(f"{parts.hostname}:{parts.port or parts.scheme} does not answer ({reason})") from error


def _ask(address: str) -> None:
    """Any answer will do, also one that wants a password or a certificate; half the time to connect, half to answer."""
    try:
        urllib.request.urlopen(address, timeout=PROBE_SECONDS / 2).close()
    except HTTPError as error:
        if error.code in _AWAY:
            raise
    except URLError as error:
        if not isinstance(error.reason, ssl.SSLError):
            raise
