"""The FastAPI tutorial's application with scopes, its users in SQLite: JWTs by PyJWT, passwords left out.

    uvicorn tutorial:app --workers 2
"""

import os
import sqlite3
import threading
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException, Security
from fastapi.security import OAuth2PasswordBearer, SecurityScopes
from pydantic import BaseModel

SECRET = os.environ["TUTORIAL_SECRET"]
DATABASE = os.environ["TUTORIAL_DATABASE"]

bearer = OAuth2PasswordBearer(tokenUrl="token", scopes={"me": "Read your own profile"})
app = FastAPI()
connections = threading.local()


class User(BaseModel):
    username: str
    email: str | None = None
    full_name: str | None = None
    disabled: bool | None = None


def find(username):
    if not hasattr(connections, "one"):
        connections.one = sqlite3.connect(DATABASE)
    row = connections.one.execute(
        "SELECT username, email, full_name, disabled FROM users WHERE username = ?", (username,)
    ).fetchone()
    return row and User(username=row[0], email=row[1], full_name=row[2], disabled=bool(row[3]))


async def current_user(security_scopes: SecurityScopes, token: Annotated[str, Depends(bearer)]):
    challenge = {"WWW-Authenticate": f'Bearer scope="{security_scopes.scope_str}"'}
    refused = HTTPException(401, "Could not validate credentials", headers=challenge)
    try:
        payload = jwt.decode(token, SECRET, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        raise refused
    user = find(payload.get("sub", ""))
    if user is None:
        raise refused
    if not set(security_scopes.scopes) <= set(payload.get("scope", "").split()):
        raise HTTPException(401, "Not enough permissions", headers=challenge)
    return user


async def active_user(user: Annotated[User, Security(current_user, scopes=["me"])]):
    if user.disabled:
        raise HTTPException(400, "Inactive user")
    return user


@app.get("/users/me/")
async def me(user: Annotated[User, Depends(active_user)]) -> User:
    return user
