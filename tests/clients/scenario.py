"""What a program does with the generated client: every answer is checked, and every value that
is used here has its type from the document (`mypy --strict`)."""

import sys
from typing import cast

from scopegate_client import AuthenticatedClient, Client
from scopegate_client.api.me import create_my_token, get_me, list_my_tokens
from scopegate_client.api.oauth import create_token, introspect_token
from scopegate_client.api.tokens import list_revocations
from scopegate_client.api.users import create_user, list_users
from scopegate_client.models import (
    CreatedToken,
    GrantType,
    Introspection,
    OAuthProblem,
    PersonalTokenCreate,
    Problem,
    RevocationList,
    TokenAnswer,
    TokenQuestion,
    TokenRequest,
    User,
    UserCreate,
    UserPage,
)

BASE = sys.argv[1]
PASSWORD = "correct horse battery"


def as_holder(token: str) -> AuthenticatedClient:
    return AuthenticatedClient(base_url=BASE, token=token, raise_on_unexpected_status=True)


# The generator asks for a token wherever the document names a credential, also where the
# document says that it may be left out.
anybody = cast(AuthenticatedClient, Client(base_url=BASE, raise_on_unexpected_status=True))


def log_in(scope: str, password: str = PASSWORD) -> TokenAnswer | OAuthProblem | None:
    form = TokenRequest(grant_type=GrantType.PASSWORD, username="ada", password=password, scope=scope)
    return create_token.sync(client=anybody, body=form)


answer = log_in("me tokens users:read users:write introspect revocations:read")
assert isinstance(answer, TokenAnswer), answer
admin = as_holder(answer.access_token)
wrong = log_in("me", "wrong password")
assert isinstance(wrong, OAuthProblem) and wrong.error == "invalid_grant", wrong

me = get_me.sync(client=admin)
assert isinstance(me, User) and me.username == "ada" and "me" in me.scopes, me

wanted = PersonalTokenCreate(name="a bot", scopes=["me"], expires_in=3600)
made = create_my_token.sync(client=admin, body=wanted)
assert isinstance(made, CreatedToken), made
bot = as_holder(made.access_token)
mine = get_me.sync(client=bot)
assert isinstance(mine, User) and mine.username == "ada", mine
assert list_my_tokens.sync_detailed(client=admin).status_code == 200

for number in range(5):
    created = create_user.sync(client=admin, body=UserCreate(username=f"user-{number}"))
    assert isinstance(created, User) and not created.disabled, created
names: list[str] = []
page = list_users.sync(client=admin, limit=2)
while isinstance(page, UserPage):
    names += [user.username for user in page.items]
    if page.next_cursor is None:
        break
    page = list_users.sync(client=admin, limit=2, cursor=page.next_cursor)
assert names == ["ada", *(f"user-{number}" for number in range(5))], names

refused = get_me.sync(client=as_holder("garbage"))
assert isinstance(refused, Problem) and refused.status == 401, refused
assert refused.type_.endswith("/problems/invalid-token"), refused

lacking = list_users.sync(client=bot)
assert isinstance(lacking, Problem) and lacking.status == 403, lacking
assert lacking.scope == "users:read", lacking

unfit = create_user.sync(client=admin, body=UserCreate(username=""))
assert isinstance(unfit, Problem) and unfit.errors, unfit
assert [field.field for field in unfit.errors] == ["username"], unfit

active = introspect_token.sync(client=admin, body=TokenQuestion(token=made.access_token))
assert isinstance(active, Introspection) and active.active, active
denied = introspect_token.sync(client=as_holder("garbage"), body=TokenQuestion(token="x"))
assert isinstance(denied, OAuthProblem) and denied.error == "invalid_token", denied

revoked = list_revocations.sync(client=admin)
assert isinstance(revoked, RevocationList) and revoked.revocations == [], revoked
