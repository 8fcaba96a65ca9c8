"""A web application on Flask that logs people in by Authlib.

Usage: authlib_app.py ISSUER CLIENT_ID CLIENT_SECRET PORT SCOPES
"""

import sys

from authlib.integrations.flask_client import OAuth
from flask import Flask, jsonify, session

issuer, client_id, client_secret, port, scopes = sys.argv[1:]

app = Flask(__name__)
app.secret_key = "of a test alone"
oauth = OAuth(app)
oauth.register(
    "scopegate",
    client_id=client_id,
    client_secret=client_secret,
    server_metadata_url=f"{issuer}/.well-known/openid-configuration",
    client_kwargs={"scope": scopes, "code_challenge_method": "S256"},
)
tokens = {}


@app.get("/login")
def login():
    return oauth.scopegate.authorize_redirect(f"http://127.0.0.1:{port}/callback")


@app.get("/callback")
def callback():
    token = oauth.scopegate.authorize_access_token()
    about = oauth.scopegate.userinfo(token=token)
    assert token["userinfo"]["sub"] == about["sub"]
    tokens["last"] = token
    session["name"] = about["name"]
    return jsonify(scope=token["scope"], name=about["name"], email=about["email"])


@app.get("/call")
def call():
    answer = oauth.scopegate.get(f"{issuer}/users/me", token=tokens["last"])
    return str(answer.status_code)


app.run(port=int(port))
