//! The table of settings.

/// A setting: its one name, what it is, and its default.
#[derive(Debug)]
pub struct Setting {
    pub name: &'static str,
    /// The placeholder for the value in `--help`.
    pub value: &'static str,
    pub default: Option<&'static str>,
    pub help: &'static str,
    /// Whether its value must not be printed.
    pub secret: bool,
    /// Whether it has several values, joined by commas; its flag may be repeated.
    pub list: bool,
}

impl Setting {
    /// Its name in the environment.
    pub fn environment(&self) -> String {
        format!("SCOPEGATE_{}", self.name.to_uppercase().replace('-', "_"))
    }
}

const fn setting(
    name: &'static str,
    value: &'static str,
    default: Option<&'static str>,
    help: &'static str,
) -> Setting {
    Setting {
        name,
        value,
        default,
        help,
        secret: false,
        list: false,
    }
}

/// All settings.
pub const SETTINGS: &[Setting] = &[
    setting(
        "listen",
        "ADDRESS",
        Some("127.0.0.1:8000"),
        "Address and port to serve on",
    ),
    setting(
        "admin-listen",
        "ADDRESS",
        None,
        "A second address and port, which serves /metrics: for monitoring only",
    ),
    setting(
        "issuer",
        "URL",
        Some("http://127.0.0.1:8000"),
        "The `iss` of tokens: the URL that clients know this server by; https unless loopback",
    ),
    setting(
        "audience",
        "URI",
        None,
        "The `aud` of tokens [default: the issuer]",
    ),
    Setting {
        secret: true,
        ..setting(
            "database-url",
            "URL",
            Some("sqlite:scopegate.db"),
            "The database: sqlite:FILE or postgres://…",
        )
    },
    setting(
        "signing-algorithm",
        "NAME",
        Some("ES256"),
        "ES256, EdDSA, RS256, or HS256 with a signing secret",
    ),
    Setting {
        secret: true,
        ..setting(
            "signing-secret",
            "TEXT",
            None,
            "The secret of HS256, 32 bytes or more; better in a file",
        )
    },
    setting(
        "signing-secret-file",
        "FILE",
        None,
        "A file with the secret of HS256",
    ),
    Setting {
        secret: true,
        ..setting(
            "key-encryption-key",
            "HEX",
            None,
            "The key that encrypts private signing keys in the database: 64 hexadecimal digits; better in a file",
        )
    },
    setting(
        "key-encryption-key-file",
        "FILE",
        None,
        "A file with the key that encrypts private signing keys",
    ),
    setting(
        "access-token-ttl",
        "TIME",
        Some("30m"),
        "How long access tokens live",
    ),
    setting(
        "refresh-token-ttl",
        "TIME",
        Some("30d"),
        "How long an unused refresh token lives",
    ),
    setting(
        "max-refresh-ttl",
        "TIME",
        Some("365d"),
        "How long a login can be refreshed in total; after that, people log in again",
    ),
    setting(
        "refresh-grace",
        "TIME",
        Some("10s"),
        "How long a spent refresh token still works once more, for the same client at the same address; 0 turns it off",
    ),
    setting(
        "max-token-ttl",
        "TIME",
        Some("90d"),
        "The longest life of personal tokens and of tokens for other subjects",
    ),
    setting(
        "max-personal-tokens",
        "NUMBER",
        Some("100"),
        "How many live personal tokens a user may have",
    ),
    setting(
        "keep-expired-tokens",
        "DURATION",
        Some("7d"),
        "How long expired tokens stay in the database, to be looked up",
    ),
    setting(
        "keep-audit-log",
        "DURATION",
        Some("90d"),
        "How long the entries of the audit log stay in the database",
    ),
    setting(
        "audit-stream",
        "FILE",
        None,
        "A file to which each entry of the audit log is appended as a line of JSON; /dev/stdout for standard output",
    ),
    setting(
        "session-ttl",
        "TIME",
        Some("12h"),
        "How long people stay signed in with their browser, at most",
    ),
    setting(
        "session-idle-ttl",
        "TIME",
        Some("1h"),
        "How long a browser may be idle before its user has to sign in again",
    ),
    setting(
        "site-name",
        "TEXT",
        Some("Scopegate"),
        "The name that the pages show",
    ),
    setting(
        "site-logo",
        "FILE",
        None,
        "A logo for the pages: SVG or PNG, 64 KiB at most",
    ),
    setting(
        "site-color",
        "#RRGGBB",
        None,
        "The colour of links and buttons; made lighter or darker where needed for contrast",
    ),
    setting(
        "registration",
        "off|token|open",
        Some("off"),
        "Whether clients may register themselves: off, with a token of `client registration-token`, or open to all",
    ),
    setting(
        "client-metadata-documents",
        "on|off",
        Some("off"),
        "Whether a client's id may be the https URL of a document that describes it, without a registration",
    ),
    Setting {
        list: true,
        ..setting(
            "client-metadata-allow",
            "HOST|CIDR,…",
            None,
            "Hosts and networks that such documents may be fetched from though they are not public; on loopback also over http",
        )
    },
    Setting {
        list: true,
        ..setting(
            "registration-scope",
            "SCOPE,…",
            None,
            "The scopes that clients which register themselves, or are described by a document, may ask users for [default: the team's own scopes, me, openid, profile, email, offline_access]",
        )
    },
    Setting {
        list: true,
        ..setting(
            "allowed-audience",
            "URI",
            None,
            "Further audiences that `resource` (RFC 8707) may name",
        )
    },
    setting(
        "password-scheme",
        "NAME",
        Some("bcrypt"),
        "How new passwords are hashed: bcrypt or argon2id",
    ),
    setting(
        "password-check",
        "on|off",
        Some("off"),
        "Whether new passwords that are easy to guess, such as common ones and the user's name, are refused",
    ),
    setting(
        "bcrypt-cost",
        "NUMBER",
        Some("12"),
        "The cost of new bcrypt hashes, 10 to 16",
    ),
    Setting {
        secret: true,
        ..setting(
            "flask-security-salt",
            "TEXT",
            None,
            "SECURITY_PASSWORD_SALT of the Flask-Security site that users came from; better in a file",
        )
    },
    setting(
        "flask-security-salt-file",
        "FILE",
        None,
        "A file with the salt of the Flask-Security site",
    ),
    Setting {
        secret: true,
        ..setting(
            "firebase-hash-config",
            "TEXT",
            None,
            "The password hash parameters of the Firebase project that users came from; better in a file",
        )
    },
    setting(
        "firebase-hash-config-file",
        "FILE",
        None,
        "A file with these parameters, as the Firebase console shows them",
    ),
    Setting {
        list: true,
        ..setting(
            "group-scope",
            "GROUP=SCOPE,…",
            None,
            "What members of a Django group or a Flask role may hold",
        )
    },
    setting(
        "user-source",
        "own|django|flask",
        Some("own"),
        "Where users live: own, or the live table of a Django or Flask application",
    ),
    Setting {
        secret: true,
        ..setting(
            "user-source-url",
            "URL",
            None,
            "That application's database: sqlite:FILE or postgres://…",
        )
    },
    setting(
        "user-source-table",
        "NAME",
        None,
        "Its table of users [default: auth_user; user or users]",
    ),
    Setting {
        list: true,
        ..setting(
            "user-source-column",
            "FIELD=COLUMN,…",
            None,
            "Which of its columns hold id, username, password_hash, email, full_name, active, disabled, superuser, where the usual names are not found",
        )
    },
    setting(
        "user-source-name-case",
        "exact|ignore",
        None,
        "Whether the case of e-mail addresses as names counts there [default: exact for Django, ignore for Flask]",
    ),
    setting(
        "user-source-hash",
        "KIND",
        Some("plain"),
        "What is done to passwords there before they are hashed: plain, flask-security, hex-sha256",
    ),
    Setting {
        list: true,
        ..setting(
            "user-source-scope",
            "SCOPE,…",
            None,
            "What all of its users may hold",
        )
    },
    Setting {
        list: true,
        ..setting(
            "user-source-superuser-scope",
            "SCOPE,…",
            Some("*"),
            "What its superusers may hold; * is every scope of the catalogue",
        )
    },
    setting(
        "password-grant",
        "on|off",
        Some("on"),
        "Whether users may log in with the password grant",
    ),
    setting(
        "openid-connect",
        "on|off",
        Some("on"),
        "Whether applications may ask who a user is: ID tokens and /userinfo; never with HS256, which they cannot verify",
    ),
    setting(
        "hash-workers",
        "NUMBER",
        Some("cores"),
        "Threads that hash passwords",
    ),
    setting(
        "hash-queue",
        "NUMBER",
        Some("64"),
        "How many logins may wait for a hash thread; further ones get 503",
    ),
    setting(
        "poll-interval",
        "TIME",
        Some("200ms"),
        "How often the database is polled for changes, where it does not announce them",
    ),
    setting(
        "max-staleness",
        "TIME",
        Some("5s"),
        "How long tokens are accepted while revocations cannot be learnt of, such as when the database is down; then 503",
    ),
    setting(
        "shutdown-delay",
        "TIME",
        Some("0s"),
        "How long requests are still served after SIGTERM, while /readyz says no, so that load balancers notice",
    ),
    Setting {
        list: true,
        ..setting(
            "cors-origin",
            "ORIGIN,…",
            None,
            "Origins whose pages may call this server",
        )
    },
    Setting {
        list: true,
        ..setting(
            "trusted-proxy",
            "CIDR,…",
            None,
            "Networks of proxies whose X-Forwarded-For is trusted",
        )
    },
    setting(
        "tls-cert",
        "FILE",
        None,
        "Certificate chain (PEM), which turns on https",
    ),
    setting(
        "tls-key",
        "FILE",
        None,
        "Private key (PEM) of the certificate",
    ),
    setting(
        "log",
        "LEVEL",
        Some("info"),
        "error, warn, info, debug, trace, or a filter such as scopegate=debug",
    ),
    setting(
        "log-format",
        "text|json",
        Some("text"),
        "The format of log lines",
    ),
];
