"""Signs what it is given as JSON on stdin, and prints a token a line."""

import json
import sys

import jwt
from cryptography.hazmat.primitives.serialization import load_der_private_key
from jwt.utils import base64url_decode

# Scopegate takes one of the two forms that a signature of ES256 has, as it makes none else.
HALF_OF_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551 // 2


def main():
    order = json.load(sys.stdin)
    if "secret" in order:
        key = order["secret"]
    else:
        key = load_der_private_key(bytes.fromhex(order["private"]), None)
    for claims in order["claims"]:
        print(sign(claims, key, order))


def sign(claims, key, order):
    while True:
        token = jwt.encode(claims, key, order["algorithm"], headers=order["header"])
        if order["algorithm"] != "ES256":
            return token
        signature = base64url_decode(token.rpartition(".")[2])
        if int.from_bytes(signature[32:]) <= HALF_OF_P256:
            return token


main()
