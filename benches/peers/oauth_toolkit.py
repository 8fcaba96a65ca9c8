"""Django OAuth Toolkit with the client `api` and the user `ada`, its database in SQLite.

    oauth_toolkit.py prepare    makes the database; prints the client's secret
    gunicorn oauth_toolkit:application --workers 2
"""

import os
import secrets
import sys

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ["TOOLKIT_DATABASE"],
            "CONN_MAX_AGE": None,
            # As Django's documentation advises for servers: writers take turns.
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": "PRAGMA journal_mode=wal"},
        }
    },
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    OAUTH2_PROVIDER={
        "SCOPES": {"me": "Read your own profile", "introspection": "Introspect tokens"},
        "DEFAULT_SCOPES": ["me", "introspection"],
        "PKCE_REQUIRED": False,
    },
    ROOT_URLCONF=__name__,
    SECRET_KEY=secrets.token_hex(),
    USE_TZ=True,
)
application = get_wsgi_application()
urlpatterns = [path("o/", include("oauth2_provider.urls"))]


def prepare():
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from oauth2_provider.models import Application

    call_command("migrate", verbosity=0)
    ada = User.objects.create_user("ada", password=os.environ["TOOLKIT_PASSWORD"])
    for name, grant in (("api", Application.GRANT_CLIENT_CREDENTIALS), ("app", Application.GRANT_PASSWORD)):
        secret = secrets.token_hex(16)
        Application.objects.create(
            name=name, client_id=name, client_secret=secret, user=ada, authorization_grant_type=grant,
            client_type=Application.CLIENT_CONFIDENTIAL,
            # By default PBKDF2 takes a quarter of a second a request, and nothing else would be measured.
            hash_client_secret=False,
        )
        print(secret)


if __name__ == "__main__" and sys.argv[1:] == ["prepare"]:
    prepare()
