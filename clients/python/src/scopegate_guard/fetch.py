"""Questions to the issuer."""

import json
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any


def fetch(url: str, timeout: float, *, token: str | None = None, form: Mapping[str, str] | None = None) -> Any:
    """Fetches JSON, with a bearer token, or as the answer to a form.

    Raises `OSError` where there is no answer or not one of success, `ValueError` where it is not JSON.
    """
    headers = {"Accept": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    body = None if form is None else urllib.parse.urlencode(form).encode()
    request = urllib.request.Request(url, data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=timeout) as response:
        return json.load(response)
