"""The guard against a real Scopegate, by way of examples/fastapi.

    SCOPEGATE_BINARY=… python -m unittest discover --start-directory clients/python/tests
"""

import base64
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "src"))

from scopegate_guard import InvalidToken, Issuer, Unavailable  # noqa: E402
from scopegate_guard.starlette import guarded  # noqa: E402

BINARY = Path(os.environ["SCOPEGATE_BINARY"]).resolve()
EXAMPLE = HERE.parents[2] / "examples" / "fastapi" / "main.py"
PASSWORD = "correct horse battery"


class Scopegate:
    """A server with a database of its own."""

    def __init__(self, stack: ExitStack) -> None:
        self.home = stack.enter_context(tempfile.TemporaryDirectory())
        self.env = {"SCOPEGATE_LISTEN": f"127.0.0.1:{free_port()}", "SCOPEGATE_BCRYPT_COST": "10"}
        for scope in ("items", "edit", "drive"):
            self.run("scope", "add", scope)
        self.run("subject-kind", "add", "car", "--scope", "drive")
        self.run("subject-kind", "add", "post", "--scope", "edit")
        self.run("user", "add", "ada", "--scope", "items", "--scope", "edit", "--password-stdin", given=PASSWORD)
        added = self.run("client", "add", "garage", "--grant", "client_credentials", "--scope", "revocations:read", "--json")
        self.secret: str = json.loads(added)["client_secret"]
        self.issuer = f"http://{self.env['SCOPEGATE_LISTEN']}"
        self.process: subprocess.Popen[str] | None = None
        stack.callback(self.stop)

    def run(self, *command: str, given: str | None = None) -> str:
        done = subprocess.run([BINARY, *command], cwd=self.home, env=self.env, input=given, text=True, capture_output=True)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return done.stdout

    def start(self) -> None:
        self.process = subprocess.Popen(
            [BINARY, "serve"], cwd=self.home, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self.process.stdout
        if not any("listening on" in line for line in self.process.stdout):
            raise AssertionError("the server did not start")

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def mint(self, subject: str, scope: str, *more: str) -> str:
        return self.run("token", "mint", "--subject", subject, "--scope", scope, *more).strip()

    def log_in(self, username: str, scope: str) -> str:
        form = {"grant_type": "password", "username": username, "password": PASSWORD, "scope": scope}
        with urlopen(f"{self.issuer}/token", urlencode(form).encode()) as answer:
            token: str = json.load(answer)["access_token"]
        return token

    def revoke(self, token: str) -> None:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        self.run("token", "revoke", claims["jti"])


def free_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def eventually(holds: Callable[[], bool], seconds: float = 20) -> None:
    """Waits until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError("it never came about")
        time.sleep(0.02)


def example(scopegate: Scopegate) -> TestClient:
    """The application of examples/fastapi."""
    os.environ |= {"ISSUER": scopegate.issuer, "CLIENT_ID": "garage", "CLIENT_SECRET": scopegate.secret}
    spec = importlib.util.spec_from_file_location("example", EXAMPLE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return TestClient(module.app)


class GuardTest(unittest.TestCase):
    def setUp(self) -> None:
        stack = ExitStack()
        self.addCleanup(stack.close)
        self.scopegate = Scopegate(stack)
        self.api = example(self.scopegate)

    def call(self, method: str, path: str, token: str | None) -> Any:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.api.request(method, path, headers=headers)

    def served(self, method: str, path: str, token: str) -> Any:
        """Calls until the issuer's keys and revocations are there."""
        eventually(lambda: self.call(method, path, token).status_code != 503)
        return self.call(method, path, token)

    def assert_refused(self, answer: Any, status: int, challenge: str) -> None:
        self.assertEqual(answer.status_code, status, answer.text)
        self.assertRegex(answer.headers["www-authenticate"], challenge)

    def test_a_car_token_drives_that_car_and_no_other(self) -> None:
        self.scopegate.start()
        token = self.scopegate.mint("car:7f3a", "drive")
        self.assertEqual(self.served("POST", "/cars/7f3a/drive", token).json(), {"car": "7f3a", "state": "driving"})
        self.assertEqual(self.call("POST", "/cars/8b21/drive", token).status_code, 404)
        self.assert_refused(self.call("GET", "/items", token), 403, 'error="insufficient_scope", scope="items"')

    def test_what_is_no_token_of_the_issuer_for_this_api_is_refused(self) -> None:
        self.scopegate.start()
        token = self.scopegate.mint("post:1", "edit")
        self.assertEqual(self.served("PATCH", "/posts/1?text=Hi", token).json()["by"], "post:1")
        head, body, signature = token.split(".")
        forged = f"{head}.{body}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
        unsigned = f"{encoded({'alg': 'none', 'typ': 'at+jwt', 'kid': '1'})}.{body}."
        for bad in ("garbage", forged, unsigned, f"{head}.{body}"):
            self.assert_refused(self.call("PATCH", "/posts/1?text=Hi", bad), 401, 'error="invalid_token"')
        self.assert_refused(self.call("PATCH", "/posts/1?text=Hi", None), 401, '^Bearer realm="api"$')

    def test_a_token_for_another_audience_is_refused(self) -> None:
        self.scopegate.env["SCOPEGATE_ALLOWED_AUDIENCE"] = "https://other.example"
        self.scopegate.start()
        ours = self.scopegate.mint("post:1", "edit")
        self.served("PATCH", "/posts/1?text=Hi", ours)
        theirs = self.scopegate.mint("post:1", "edit", "--audience", "https://other.example")
        self.assert_refused(self.call("PATCH", "/posts/1?text=Hi", theirs), 401, "another audience")

    def test_an_expired_token_is_refused(self) -> None:
        self.scopegate.start()
        token = self.scopegate.mint("post:1", "edit", "--expires-in", "1s")
        self.assertEqual(self.served("PATCH", "/posts/1?text=Hi", token).status_code, 200)
        eventually(lambda: self.call("PATCH", "/posts/1?text=Hi", token).status_code == 401)
        self.assert_refused(self.call("PATCH", "/posts/1?text=Hi", token), 401, "expired")

    def test_a_token_that_was_revoked_is_refused_within_a_second(self) -> None:
        self.scopegate.start()
        before, after = self.scopegate.mint("post:1", "edit"), self.scopegate.mint("post:1", "edit")
        self.scopegate.revoke(before)
        self.assert_refused(self.served("PATCH", "/posts/1?text=Hi", before), 401, "revoked")
        self.assertEqual(self.call("PATCH", "/posts/1?text=Hi", after).status_code, 200)
        self.scopegate.revoke(after)
        eventually(lambda: self.call("PATCH", "/posts/1?text=Hi", after).status_code == 401, seconds=1)

    def test_the_tokens_of_a_disabled_user_are_refused_within_a_second(self) -> None:
        self.scopegate.start()
        token = self.scopegate.log_in("ada", "items")
        self.assertEqual(self.served("GET", "/items", token).json(), {"owner": "username:ada"})
        self.scopegate.run("user", "disable", "ada")
        eventually(lambda: self.call("GET", "/items", token).status_code == 401, seconds=1)

    def test_it_starts_without_the_issuer_and_goes_on_without_it(self) -> None:
        token = self.scopegate.mint("post:1", "edit")
        refused = self.call("PATCH", "/posts/1?text=Hi", token)
        self.assertEqual((refused.status_code, refused.headers["retry-after"]), (503, "1"))
        self.scopegate.start()
        self.assertEqual(self.served("PATCH", "/posts/1?text=Hi", token).status_code, 200)
        self.scopegate.stop()
        self.assertEqual(self.call("PATCH", "/posts/1?text=Hi", token).status_code, 200)

    def test_a_new_key_is_fetched_when_a_token_names_it(self) -> None:
        from scopegate_guard import issuer as module

        self.addCleanup(setattr, module, "PAUSE", module.PAUSE)
        module.PAUSE = 0
        self.scopegate.start()
        self.served("PATCH", "/posts/1?text=Hi", self.scopegate.mint("post:1", "edit"))
        self.scopegate.run("key", "rotate")
        token = self.scopegate.mint("post:1", "edit")
        eventually(lambda: self.call("PATCH", "/posts/1?text=Hi", token).status_code == 200)

    def test_unknown_keys_do_not_make_it_ask_again_and_again(self) -> None:
        self.scopegate.start()
        issuer = Issuer(self.scopegate.issuer, self.scopegate.issuer)
        self.assertEqual(issuer.authenticate(self.scopegate.mint("post:1", "edit")).id, "1")
        for number in range(3):
            unknown = f"{encoded({'alg': 'ES256', 'typ': 'at+jwt', 'kid': str(number)})}.e30.AAAA"
            self.assertFalse(issuer.needs_keys(unknown))
            self.assertRaises(InvalidToken, issuer.authenticate, unknown)

    def test_a_silent_issuer_is_not_trusted_for_ever(self) -> None:
        self.scopegate.start()
        client = ("garage", self.scopegate.secret)
        issuer = Issuer(self.scopegate.issuer, self.scopegate.issuer, client=client, max_staleness=2)
        token = self.scopegate.mint("post:1", "edit")

        def outcome() -> str:
            try:
                return issuer.authenticate(token).subject
            except Unavailable:
                return "unavailable"

        eventually(lambda: outcome() == "post:1")
        self.scopegate.stop()
        eventually(lambda: outcome() == "unavailable")

    def test_the_document_says_what_is_required_of_whom(self) -> None:
        self.scopegate.start()
        document = Path(self.scopegate.home, "api.json")
        document.write_text(self.api.get("/openapi.json").text)
        listed = self.scopegate.run("scope", "check", str(document))
        required = {tuple(line.split()) for line in listed.splitlines()[1:]}
        self.assertIn(("POST", "/cars/{car}/drive", "drive"), required)
        self.assertEqual(len(required), 3, listed)

    def test_starlette_endpoints_are_guarded_by_a_decorator(self) -> None:
        self.scopegate.start()

        @guarded(Issuer(self.scopegate.issuer, self.scopegate.issuer), "edit", realm="garage")
        async def who(request: Request) -> Response:
            return JSONResponse({"id": request.state.caller.id})

        self.api = TestClient(Starlette(routes=[Route("/", who)]))
        self.assertEqual(self.call("GET", "/", self.scopegate.mint("post:1", "edit")).json(), {"id": "1"})
        self.assert_refused(self.call("GET", "/", self.scopegate.mint("car:1", "drive")), 403, 'scope="edit"')
        self.assert_refused(self.call("GET", "/", None), 401, '^Bearer realm="garage"$')


def encoded(value: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


if __name__ == "__main__":
    unittest.main()
