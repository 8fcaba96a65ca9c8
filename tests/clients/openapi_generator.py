"""What a program does with the client that openapi-generator makes: every answer is checked, and
every value that is used here has its type from the document (`mypy --strict`)."""

import sys
from collections.abc import Callable
from typing import TypeVar

from scopegate import (
    ApiClient,
    ApiException,
    Configuration,
    GrantType,
    MeApi,
    OauthApi,
    OAuthProblem,
    PersonalTokenCreate,
    Problem,
    TokenAnswer,
    TokensApi,
    UserCreate,
    UsersApi,
)

BASE = sys.argv[1]
PASSWORD = "correct horse battery"
Kind = TypeVar("Kind", Problem, OAuthProblem)


def holding(token: str | None) -> ApiClient:
    return ApiClient(Configuration(host=BASE, access_token=token))


def log_in(password: str = PASSWORD) -> TokenAnswer:
    scope = "me tokens users:read users:write introspect revocations:read"
    return OauthApi(holding(None)).create_token(GrantType.PASSWORD, username="ada", password=password, scope=scope)


def refused(call: Callable[[], object], status: int, kind: type[Kind]) -> Kind:
    """What the server says to a call that it refuses."""
    try:
        answer = call()
    except ApiException as refusal:
        assert refusal.status == status and isinstance(refusal.data, kind), refusal
        return refusal.data
    raise AssertionError(answer)


admin = holding(log_in().access_token)
assert refused(lambda: log_in("wrong password"), 400, OAuthProblem).error == "invalid_grant"

me = MeApi(admin).get_me()
assert me.username == "ada" and "me" in me.scopes, me

made = MeApi(admin).create_my_token(PersonalTokenCreate(name="a bot", scopes=["me"], expires_in=3600))
bot = holding(made.access_token)
assert MeApi(bot).get_me().username == "ada"
assert MeApi(admin).list_my_tokens_with_http_info().status_code == 200

users = UsersApi(admin)
for number in range(5):
    assert not users.create_user(UserCreate(username=f"user-{number}")).disabled
page = users.list_users(limit=2)
names = [user.username for user in page.items]
while page.next_cursor is not None:
    page = users.list_users(limit=2, cursor=page.next_cursor)
    names += [user.username for user in page.items]
assert names == ["ada", *(f"user-{number}" for number in range(5))], names

stranger = holding("garbage")
invalid = refused(MeApi(stranger).get_me, 401, Problem)
assert invalid.type.endswith("/problems/invalid-token"), invalid

lacking = refused(UsersApi(bot).list_users, 403, Problem)
assert lacking.scope == "users:read", lacking

unfit = refused(lambda: users.create_user(UserCreate(username="a\nb")), 422, Problem)
assert unfit.errors and [error.var_field for error in unfit.errors] == ["username"], unfit

assert OauthApi(admin).introspect_token(made.access_token).active
denied = refused(lambda: OauthApi(stranger).introspect_token("x"), 401, OAuthProblem)
assert denied.error == "invalid_token", denied

assert TokensApi(admin).list_revocations().revocations == []
