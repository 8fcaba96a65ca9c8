"""A Flask application with a table of users and Werkzeug's hashes, whose database is
in the directory that is the argument.

Reads a JSON object a line, {"do": PATH, ...}, sends it to the application as a
request, and answers with the response's JSON a line.
"""

import json
import sys
from pathlib import Path

from flask import Flask, request
from flask_sqlalchemy import SQLAlchemy
from werkzeug.security import check_password_hash, generate_password_hash

directory = Path(sys.argv[1])
directory.mkdir()

app = Flask(__name__, instance_path=str(directory))
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///app.db"
db = SQLAlchemy(app)


class Member(db.Model):
    __tablename__ = "members"
    key = db.Column(db.Integer, primary_key=True)
    login = db.Column(db.String(80), unique=True)
    pw = db.Column(db.String(255))
    mail = db.Column(db.String(255))
    locked = db.Column(db.Boolean, default=False)


def member():
    return db.session.execute(db.select(Member).filter_by(login=request.json["name"])).scalar_one()


@app.post("/register")
def register():
    one = Member(
        login=request.json["name"],
        pw=generate_password_hash(request.json["password"], request.json["method"]),
        mail=f"{request.json['name']}@example.com",
    )
    db.session.add(one)
    db.session.commit()
    return [one.key]


@app.post("/set_password")
def set_password():
    member().pw = generate_password_hash(request.json["password"])
    db.session.commit()
    return []


@app.post("/lock")
def lock():
    member().locked = request.json["locked"]
    db.session.commit()
    return []


@app.post("/remove")
def remove():
    db.session.delete(member())
    db.session.commit()
    return []


@app.post("/logs_in")
def logs_in():
    return [check_password_hash(member().pw, request.json["password"])]


@app.post("/stored")
def stored():
    return [member().pw]


with app.app_context():
    db.create_all()
client = app.test_client()
print(json.dumps(str(directory / "app.db")), flush=True)
for line in sys.stdin:
    order = json.loads(line)
    answer = client.post("/" + order.pop("do"), json=order)
    assert answer.status_code == 200, answer.text
    print(json.dumps(answer.json), flush=True)
