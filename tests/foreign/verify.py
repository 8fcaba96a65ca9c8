"""Verifies tokens with PyJWT and with joserfc, as a resource server would.

Reads one JSON object: token, issuer, audience, algorithm, tampered (a token
that must be refused), and either jwks_url or the shared secret.
"""

import json
import sys
import urllib.request

import jwt
from joserfc import jwt as jose
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey

case = json.load(sys.stdin)
algorithms = [case["algorithm"]]


def with_pyjwt(token):
    key = case.get("secret")
    if key is None:
        key = jwt.PyJWKClient(case["jwks_url"]).get_signing_key_from_jwt(token)
    return jwt.decode(
        token,
        key,
        algorithms=algorithms,
        issuer=case["issuer"],
        audience=case["audience"],
        options={"require": ["exp", "iat", "iss", "aud", "sub", "jti"]},
    )


def with_joserfc(token):
    if "secret" in case:
        key = OctKey.import_key(case["secret"])
    else:
        with urllib.request.urlopen(case["jwks_url"]) as answer:
            key = KeySet.import_key_set(json.load(answer))
    decoded = jose.decode(token, key, algorithms=algorithms)
    assert decoded.header["typ"] == "at+jwt", decoded.header
    jose.JWTClaimsRegistry(
        iss={"essential": True, "value": case["issuer"]},
        aud={"essential": True, "value": case["audience"]},
        exp={"essential": True},
    ).validate(decoded.claims)
    return decoded.claims


def refuses(verify, token):
    try:
        verify(token)
    except (jwt.InvalidTokenError, JoseError):
        return True
    return False


for name, verify in [("PyJWT", with_pyjwt), ("joserfc", with_joserfc)]:
    claims = verify(case["token"])
    assert refuses(verify, case["tampered"]), f"{name} accepts a tampered token"
    print(json.dumps({"verifier": name, "sub": claims["sub"], "scope": claims["scope"]}))
