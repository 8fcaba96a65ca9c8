"""A Django project, made by Django itself in the directory that is the argument.

Reads a JSON object a line, {"do": NAME, ...}, does it with Django's own means, and
answers with a JSON value a line.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

directory = Path(sys.argv[1])
directory.mkdir()

# In a process of its own, since it settles the settings of the one that it runs in.
start = [sys.executable, "-m", "django", "startproject", "site_of_users", str(directory)]
subprocess.run(start, check=True)
os.chdir(directory)
sys.path.insert(0, str(directory))
os.environ["DJANGO_SETTINGS_MODULE"] = "site_of_users.settings"

import django
from django.core import management

django.setup()
management.call_command("migrate", verbosity=0)

from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.models import Group

User = get_user_model()


def user(name):
    return User.objects.get(username=name)


def register(name, password, email="", superuser=False):
    create = User.objects.create_superuser if superuser else User.objects.create_user
    return create(name, email, password).pk


def set_password(name, password):
    one = user(name)
    one.set_password(password)
    one.save()


def change(name, **fields):
    User.objects.filter(username=name).update(**fields)


def join(name, group):
    user(name).groups.add(Group.objects.get_or_create(name=group)[0])


def leave(name, group):
    user(name).groups.remove(Group.objects.get(name=group))


def remove(name):
    user(name).delete()


def logs_in(name, password):
    return authenticate(username=name, password=password) is not None


def stored(name):
    one = user(name)
    last_login = one.last_login and one.last_login.timestamp()
    return {"password": one.password, "last_login": last_login}


print(json.dumps(str(directory / "db.sqlite3")), flush=True)
for line in sys.stdin:
    order = json.loads(line)
    print(json.dumps(globals()[order.pop("do")](**order)), flush=True)
