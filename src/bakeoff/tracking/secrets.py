"""Keeps passwords and tokens out of what is sent to a tracker: parameters, tags and text artifacts."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

HIDDEN = "***"

_KINDS = r"(?:hf|api|access|auth|bearer|refresh|github|session)[_-]?token|api[_-]?key|access[_-]?key|secret[_-]?key"
# Anchored on the word itself, and repeats bounded: a report holds megabytes that are searched for few of them.
_NAME = rf"(?:(?<![\w-])token|{_KINDS}|password|passwd|secret|credentials?)"
_SECRET_NAME = re.compile(rf"{_NAME}\Z", re.IGNORECASE)
_RULES = (
    # Numbers stay: a vocabulary may map the word "secret" to its index.
    (re.compile(rf'({_NAME}"\s*:\s*")[^"]+(?=")', re.IGNORECASE), rf"\g<1>{HIDDEN}"),
    (re.compile(rf"({_NAME}=)(?!null\b)[^\s&\"'<]+", re.IGNORECASE), rf"\g<1>{HIDDEN}"),
)
_URI = re.compile(r"(\b[a-z][a-z0-9+.-]{0,20}://)[^\s/@\"'<]{1,300}(?=@)", re.IGNORECASE)
_SIGNATURE = re.compile(r"([?&](?:sig|signature|x-amz-signature|x-amz-security-token)=)[^\s&\"'<]+", re.IGNORECASE)
_TOKEN = re.compile(r"(?<![\w-])(?:hf_|gh[pousr]_|github_pat_|sk-)[A-Za-z0-9_-]{30,}|\bAKIA[0-9A-Z]{16}\b")


def mask_text(text: str) -> str:
    """``text`` with the values of named secrets, user names and passwords in URIs, and known kinds of tokens hidden."""
    lower = text.lower()
    if any(word in lower for word in ("token", "key", "passw", "secret", "credential")):
        for pattern, replacement in _RULES:
            text = pattern.sub(replacement, text)
    if "://" in lower:
        text = _SIGNATURE.sub(rf"\g<1>{HIDDEN}", _URI.sub(rf"\g<1>{HIDDEN}", text))
    return _TOKEN.sub(HIDDEN, text)


def mask_value(name: str, value: object) -> str:
    """A parameter's value as text, hidden where its name says that it is secret."""
    if isinstance(value, str) and value and _SECRET_NAME.search(name):
        return HIDDEN
    return mask_text(str(value))


def without_credentials(uri: str) -> str:
    """The URI without user name and password: what may be written into a run's folder."""
    parts = urlsplit(uri)
    if "@" not in parts.netloc:
        return uri
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
