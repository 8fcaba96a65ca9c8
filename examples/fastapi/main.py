"""Cars, posts and items, guarded by Scopegate's tokens.

    pip install 'scopegate-guard[fastapi]' uvicorn
    ISSUER=http://127.0.0.1:8000 uvicorn main:app --port 9000
"""

import os
from typing import Annotated

from fastapi import FastAPI, HTTPException, Security

from scopegate_guard import Caller, Issuer
from scopegate_guard.fastapi import Guard

ISSUER = os.environ["ISSUER"]
# What tokens for this API have as `aud`: with one API, what Scopegate has as `audience`.
AUDIENCE = os.environ.get("AUDIENCE", ISSUER)
# A client that may ask for `revocations:read`: what is revoked is refused within a second.
CLIENT = os.environ.get("CLIENT_ID"), os.environ.get("CLIENT_SECRET")

issuer = Issuer(ISSUER, AUDIENCE, client=(CLIENT[0], CLIENT[1]) if CLIENT[0] and CLIENT[1] else None)
guard = Guard(issuer, {"items": "Read items", "edit": "Edit posts", "drive": "Drive a car"})

app = FastAPI(title="Garage", swagger_ui_init_oauth={"clientId": "scopegate-docs", "usePkceWithAuthorizationCodeGrant": True})

posts = {"1": "Hello", "2": "World"}


@app.get("/items")
def items(caller: Annotated[Caller, Security(guard, scopes=["items"])]) -> dict[str, str]:
    """What belongs to whoever calls."""
    return {"owner": caller.subject}


@app.post("/cars/{car}/drive")
def drive(car: str, caller: Annotated[Caller, Security(guard, scopes=["drive"])]) -> dict[str, str]:
    """Drive a car: for tokens about this very car, as `car:7f3a`."""
    if caller.subject != f"car:{car}":
        raise HTTPException(404, "no such car for this token")
    return {"car": car, "state": "driving"}


@app.patch("/posts/{post}")
def edit(post: str, text: str, caller: Annotated[Caller, Security(guard, scopes=["edit"])]) -> dict[str, str]:
    """Edit a post: for users, and for tokens about this very post."""
    if post not in posts or caller.kind not in ("username", "post") or caller.kind == "post" and caller.id != post:
        raise HTTPException(404, "no such post for this token")
    posts[post] = text
    return {"post": post, "text": text, "by": caller.subject}
