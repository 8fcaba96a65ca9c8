BEGIN TRANSACTION;
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO "_sqlx_migrations" VALUES(1,'foundation','2026-11-30 13:52:00',1,X'565151CB577835DF4B1765CDEF76D555894CC31BD4129B894AA56F4C388C6AFBA68F47E27AA07DE605B00985B6D38873',1842570);
INSERT INTO "_sqlx_migrations" VALUES(2,'imported hashes','2026-11-30 13:52:00',1,X'6CC78004933D8C3273A85FB5515CB188E7032CBA24F0B90DBCBC4E5A50E3F3E00F3C925FF6072E37D41A72F1C107C038',391522);
INSERT INTO "_sqlx_migrations" VALUES(3,'login failures','2026-11-30 13:52:00',1,X'98F34CA7ABF4A25B9234D47D06C7DCCDF28AF5468D38BD1F3C474666B0F7A0DDA04ACED5B2D22115F474DD664518B698',536188);
INSERT INTO "_sqlx_migrations" VALUES(4,'key lifecycle','2026-11-30 13:52:00',1,X'F0C6A238E3872F0692C3C1D2248C381AA98ABB865131E824CC63F7DAE5798463509BD29DFA6A9294D5CF54E24A9AF38A',2249945);
INSERT INTO "_sqlx_migrations" VALUES(20,'shared users','2026-11-30 13:52:00',1,X'0A4FA95422DD04EBF68470ED185B41FDB0A6AB292AF725E1E4742F96D27512A04AD2A17543395DA3B365084253F6FDBF',345494);
INSERT INTO "_sqlx_migrations" VALUES(30,'device codes','2026-11-30 13:52:00',1,X'52D05EA03358F1C2A2BC2BEDEA6C95563851B2E3EE7A6DDF388B6A6D2D7D8430B512AFA15CAC82F9E814D8C1202AA125',394987);
INSERT INTO "_sqlx_migrations" VALUES(31,'authorization','2026-11-30 13:52:00',1,X'27F8F75F54D41E0AD38F08877C5AB5AA8C608446ACA0EDBF9BF28975715C2A89DB30DB2D9F8FAA55D48B33D40C492C27',1726968);
INSERT INTO "_sqlx_migrations" VALUES(32,'password version','2026-11-30 13:52:00',1,X'00BB71D633564B866EFD2358ECED32BDB0F999EE49312B98AB042712F911DC9C3BE471B313DB642A865BADAD329251B0',624248);
INSERT INTO "_sqlx_migrations" VALUES(33,'leases','2026-11-30 13:52:00',1,X'84567901891DF13E1E7719A0A07BF5FA325D48BF80271A24A721C1FCAD3849BE9D3F459180AC2CEDB46B4BDD4FF59426',1046246);
INSERT INTO "_sqlx_migrations" VALUES(34,'locale','2026-11-30 13:52:00',1,X'C39DA502D3B1D83395B7AA03575B4233B086D624BF0661C925F81BFD4D883BC5F29AB74CCC76D866059766BF014EF655',736625);
INSERT INTO "_sqlx_migrations" VALUES(35,'token clients','2026-11-30 13:52:00',1,X'DAADAE9A856C08F3507AF9F5360AD40982C8AFA10C53D918A9CFEF63DA39860B66D88719C4CD8C6ED37E5A99FE77D45E',484981);
INSERT INTO "_sqlx_migrations" VALUES(36,'removed scopes','2026-11-30 13:52:00',1,X'D04B4069369629D9AE7852F363BC20A3453D4C0F4BB14F5FA5A6B14DC16E9B8EDAC41E81B4456B76A3EF4B7C82351C19',954819);
INSERT INTO "_sqlx_migrations" VALUES(37,'usual addresses','2026-11-30 13:52:00',1,X'D42CA73EED7366CA72636805B147C3DB4808FD983E428EF481ADE18349B8753FEE75D4B9F47383B1E32367B498A47902',3072819);
INSERT INTO "_sqlx_migrations" VALUES(39,'served as','2026-11-30 13:52:00',1,X'3D35C81996B7E79F5E9184D731D6786617FE72EBCB80A06E923319732D861667B7068D1CEFB3FF5B1725539855E15AE8',368989);
INSERT INTO "_sqlx_migrations" VALUES(40,'refresh grace','2026-11-30 13:52:00',1,X'200AD365DFFF1947424FB303E938834C1506EEAD87CAE0690822614C5099A107598CD2D350896451B2E50D2DF795BC1B',1027708);
INSERT INTO "_sqlx_migrations" VALUES(41,'registration','2026-11-30 13:52:00',1,X'D3BD458640AFBD179C2B9064F70CF5E79BB3C1B39E7DDBE4DD2A57C5E1A1D28E78ACD928C25A41289479F784C610BEDD',1858444);
INSERT INTO "_sqlx_migrations" VALUES(42,'client documents','2026-11-30 13:52:00',1,X'889145538E8BA8FBC6C3E7EE64C31FCFEBA812FA727590E60551E3D9593E8CED2713A6D0D0AB82461AEBB9DB95569486',1108037);
INSERT INTO "_sqlx_migrations" VALUES(43,'several servers','2026-11-30 13:52:00',1,X'C4FCCE554039E08908C4804B7A6F38A57118531B188BA3E6A874168B7E340F10167ADE7B7FC24ED69B20D584478485A6',410340);
INSERT INTO "_sqlx_migrations" VALUES(44,'audit log','2026-11-30 13:52:00',1,X'05B7459796F6AF50273A6C2EACB145BE7D67A77612F0B8EAE212C08CD13151864F7E279C697CE9F2731FDCE3E8ED4A1A',636165);
CREATE TABLE audit_chain (
    only_row    BIGINT PRIMARY KEY CHECK (only_row = 1),
    base_number BIGINT NOT NULL,
    base_digest TEXT NOT NULL,
    head_number BIGINT NOT NULL,
    head_digest TEXT NOT NULL
);
INSERT INTO "audit_chain" VALUES(1,0,'',0,'');
CREATE TABLE audit_log (
    id         TEXT PRIMARY KEY,
    number     BIGINT UNIQUE,
    created_at BIGINT NOT NULL,
    action     TEXT NOT NULL,
    outcome    TEXT NOT NULL,
    who        TEXT NOT NULL,
    target     TEXT NOT NULL,
    detail     TEXT,
    client_id  TEXT,
    token_id   TEXT,
    address    TEXT,
    request_id TEXT,
    times      BIGINT NOT NULL,
    digest     TEXT
);
INSERT INTO "audit_log" VALUES('01a22cba-0d5e-72aa-b56e-5ad8a9e4ebc7',NULL,1796046720,'scope.added','done','operator','scope:drive',NULL,NULL,NULL,NULL,NULL,1,NULL);
INSERT INTO "audit_log" VALUES('01a22cba-0d7d-7228-9034-476082c376eb',NULL,1796046720,'scope.added','done','operator','scope:items',NULL,NULL,NULL,NULL,NULL,1,NULL);
INSERT INTO "audit_log" VALUES('01a22cba-0d9c-700d-94e2-d7afc0a1fad5',NULL,1796046720,'subject-kind.added','done','operator','subject-kind:car','scopes: drive',NULL,NULL,NULL,NULL,1,NULL);
INSERT INTO "audit_log" VALUES('01a22cba-0dc2-7757-a129-628fc5a71f17',NULL,1796046720,'user.added','done','operator','username:johndoe','scopes: drive items me offline_access tokens',NULL,NULL,NULL,NULL,1,NULL);
INSERT INTO "audit_log" VALUES('01a22cba-0de5-772e-9171-666aa86a1f19',NULL,1796046720,'user.added','done','operator','username:alice','scopes: me',NULL,NULL,NULL,NULL,1,NULL);
INSERT INTO "audit_log" VALUES('01a22cba-0e07-7373-8ca4-37beaa14ba78',NULL,1796046720,'user.changed','done','operator','username:alice','disabled',NULL,NULL,NULL,NULL,1,NULL);
INSERT INTO "audit_log" VALUES('01a22cba-0e24-7239-8c9f-d339127adf05',NULL,1796046720,'client.added','done','operator','client:shop','grants: refresh_token authorization_code, scopes: items me offline_access',NULL,NULL,NULL,NULL,1,NULL);
INSERT INTO "audit_log" VALUES('01a22cba-0e6a-7374-bb26-10286978d8f0',NULL,1796046720,'client.added','done','operator','client:robot','grants: client_credentials, scopes: introspect',NULL,NULL,NULL,NULL,1,NULL);
INSERT INTO "audit_log" VALUES('01a22cba-0e89-7323-b43a-e32206a6511c',NULL,1796046720,'token.issued','done','client:robot','token:01a22cba-0e89-7323-b43a-e3211dfd9a11','access, for client:robot, no scopes','robot',NULL,'127.0.0.1','74368765fb07452b00000002',1,NULL);
INSERT INTO "audit_log" VALUES('01a22cba-0e95-75ef-b7a5-480ec216cd27',NULL,1796046720,'token.issued','done','username:johndoe','token:01a22cba-0e94-752a-ad3d-3762f08fe4cf','access, for username:johndoe, scopes: me offline_access tokens','scopegate-docs',NULL,'127.0.0.1','74368765fb07452b00000003',1,NULL);
INSERT INTO "audit_log" VALUES('01a22cba-0e9b-7576-a11e-d2ef37f238e4',NULL,1796046720,'token.issued','done','username:johndoe','token:01a22cba-0e9b-7576-a11e-d2eefb6f54db','access, for username:johndoe, scopes: me','scopegate-docs',NULL,'127.0.0.1','74368765fb07452b00000004',1,NULL);
INSERT INTO "audit_log" VALUES('01a22cba-0ea0-7453-b195-0f9d37b78549',NULL,1796046720,'tokens.revoked','done','client:scopegate-docs','token:01a22cba-0e9b-7576-a11e-d2eefb6f54db','1 access token','scopegate-docs',NULL,'127.0.0.1','74368765fb07452b00000005',1,NULL);
INSERT INTO "audit_log" VALUES('01a22cba-0ea6-7557-a5a4-f528c1ebd750',NULL,1796046720,'token.issued','done','username:johndoe','token:01a22cba-0ea4-7208-84d6-87b8aa38f505','personal, for username:johndoe, scopes: me','scopegate-docs','01a22cba-0e94-752a-ad3d-3762f08fe4cf','127.0.0.1','74368765fb07452b00000006',1,NULL);
INSERT INTO "audit_log" VALUES('01a22cba-0ebd-759a-8146-1e6f5212612a',NULL,1796046720,'token.issued','done','operator','token:01a22cba-0ebc-7054-955e-35dfd809501b','minted, for car:7f3a, scopes: drive',NULL,NULL,NULL,NULL,1,NULL);
CREATE TABLE authorization_codes (
    hash         TEXT PRIMARY KEY,
    client_id    TEXT NOT NULL,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The family of what it gave.
    grant_id     TEXT NOT NULL,
    -- As the request named it; null where it named none.
    redirect_uri TEXT,
    challenge    TEXT NOT NULL,
    scopes       TEXT NOT NULL,
    audience     TEXT NOT NULL,
    nonce        TEXT,
    auth_time    BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    spent_at     BIGINT
);
CREATE TABLE authorization_requests (
    hash       TEXT PRIMARY KEY,
    request    TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE TABLE change_counter (
    only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
    seq      BIGINT NOT NULL
);
INSERT INTO "change_counter" VALUES(1,13);
CREATE TABLE changes (
    seq        BIGINT PRIMARY KEY,
    kind       TEXT NOT NULL,
    key        TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
INSERT INTO "changes" VALUES(1,'scopes','',1796046720);
INSERT INTO "changes" VALUES(2,'keys','',1796046720);
INSERT INTO "changes" VALUES(3,'keys','',1796046720);
INSERT INTO "changes" VALUES(4,'scopes','',1796046720);
INSERT INTO "changes" VALUES(5,'scopes','',1796046720);
INSERT INTO "changes" VALUES(6,'subject_kinds','car',1796046720);
INSERT INTO "changes" VALUES(7,'user','johndoe',1796046720);
INSERT INTO "changes" VALUES(8,'user','alice',1796046720);
INSERT INTO "changes" VALUES(9,'user','alice',1796046720);
INSERT INTO "changes" VALUES(10,'clients','shop',1796046720);
INSERT INTO "changes" VALUES(11,'clients','robot',1796046720);
INSERT INTO "changes" VALUES(12,'revocations','',1796046720);
INSERT INTO "changes" VALUES(13,'personal_token','01a22cba-0ea4-7208-84d6-87b8aa38f505',1796046720);
CREATE TABLE client_assertions (
    client_id    TEXT NOT NULL,
    assertion_id TEXT NOT NULL,
    expires_at   BIGINT NOT NULL,
    PRIMARY KEY (client_id, assertion_id)
);
CREATE TABLE clients (
    id             TEXT PRIMARY KEY,
    name           TEXT NOT NULL,
    authentication TEXT NOT NULL,
    secret_hash    TEXT,
    jwks           TEXT,
    grants         TEXT NOT NULL,
    scopes         TEXT NOT NULL,
    default_scopes TEXT NOT NULL,
    audiences      TEXT NOT NULL,
    disabled       BOOLEAN NOT NULL,
    created_at     BIGINT NOT NULL
, redirect_uris TEXT NOT NULL DEFAULT '', post_logout_redirect_uris TEXT NOT NULL DEFAULT '', application_type TEXT NOT NULL DEFAULT 'web', first_party BOOLEAN NOT NULL DEFAULT FALSE, registration_hash TEXT, secret_in_body BOOLEAN NOT NULL DEFAULT FALSE, unused_until BIGINT, documented BOOLEAN NOT NULL DEFAULT FALSE, scopes_fixed BOOLEAN NOT NULL DEFAULT FALSE);
INSERT INTO "clients" VALUES('shop','The Shop','none',NULL,NULL,'refresh_token authorization_code','items me offline_access','','',0,1796046720,'https://shop.example/back','','web',0,NULL,0,NULL,0,0);
INSERT INTO "clients" VALUES('robot','robot','client_secret_basic','HV2XjZWaByAKizbDCWXZXcRD7uw9IXWvBVVjF_XnQsY',NULL,'client_credentials','introspect','','',0,1796046720,'','','web',0,NULL,0,NULL,0,0);
CREATE TABLE consents (
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id  TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    -- What the client asked for, and what of it the user left ticked.
    asked      TEXT NOT NULL,
    granted    TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, client_id)
);
CREATE TABLE device_codes (
    hash       TEXT PRIMARY KEY,
    user_code  TEXT NOT NULL UNIQUE,
    client_id  TEXT NOT NULL,
    -- What the device asked for; once the user has approved, what was granted.
    scopes     TEXT NOT NULL,
    audience   TEXT NOT NULL,
    -- pending, approved, denied or spent
    state      TEXT NOT NULL,
    user_id    TEXT REFERENCES users (id) ON DELETE CASCADE,
    -- When the user who approved had signed in.
    auth_time  BIGINT,
    expires_at BIGINT NOT NULL,
    -- Seconds that the device has to wait between two questions.
    pace       BIGINT NOT NULL,
    asked_at   BIGINT
);
CREATE TABLE grants (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id  TEXT NOT NULL,
    scopes     TEXT NOT NULL,
    audience   TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
, auth_time BIGINT);
INSERT INTO "grants" VALUES('01a22cba-0e94-752a-ad3d-37617e2db321','01a22cba-0dbc-7469-b5cf-bc4c39e2dd83','scopegate-docs','me offline_access tokens','http://127.0.0.1:8000',1796046720,NULL,1796046720);
CREATE TABLE imported_hashes (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    digest  TEXT NOT NULL
);
CREATE TABLE leases (
    name       TEXT PRIMARY KEY,
    holder     TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE TABLE login_failures (
    key      TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    pending  BIGINT NOT NULL,
    since    BIGINT NOT NULL
);
INSERT INTO "login_failures" VALUES('e3d8e1d9e7083edfa293b8467e720bb93fabee632d9f98488fe1093825f7db13',0,0,1796046720);
INSERT INTO "login_failures" VALUES('4a5e1946a7c91d984065b98398f76580ffae1aece970e451f3c544e4d8b9a7da',0,0,1796046720);
INSERT INTO "login_failures" VALUES('ff64bc72ad87b0857705019e1f15be244e79933d07bc32abfc248dba4530d02e',0,0,1796046720);
CREATE TABLE refresh_tokens (
    hash       TEXT PRIMARY KEY,
    grant_id   TEXT NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL,
    spent_at   BIGINT
, spent_from TEXT);
INSERT INTO "refresh_tokens" VALUES('KXj-lwdeizdzpZrrwZVLkT9qxRwrULXjDTMDrf7nM-U','01a22cba-0e94-752a-ad3d-37617e2db321',4949646720,NULL,NULL);
CREATE TABLE registration_tokens (
    hash       TEXT PRIMARY KEY,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE TABLE removed_scopes (
    name  TEXT PRIMARY KEY,
    fence TEXT NOT NULL
);
CREATE TABLE revocations (
    token_id   TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL,
    seq        BIGINT NOT NULL
);
INSERT INTO "revocations" VALUES('01a22cba-0e9b-7576-a11e-d2eefb6f54db',4949646720,12);
CREATE TABLE scopes (
    name        TEXT PRIMARY KEY,
    description TEXT NOT NULL,
    builtin     BOOLEAN NOT NULL,
    created_at  BIGINT NOT NULL
);
INSERT INTO "scopes" VALUES('me','Read your own profile.',1,1796046720);
INSERT INTO "scopes" VALUES('me:write','Change your own profile and password.',1,1796046720);
INSERT INTO "scopes" VALUES('users:read','Read all users.',1,1796046720);
INSERT INTO "scopes" VALUES('users:write','Add, change and remove users, and give them scopes of this very token.',1,1796046720);
INSERT INTO "scopes" VALUES('users:grant','Give scopes up to what your own account may hold, whatever this token holds.',1,1796046720);
INSERT INTO "scopes" VALUES('scopes:write','Add and remove scopes of the catalogue.',1,1796046720);
INSERT INTO "scopes" VALUES('tokens','Create, list and revoke your own personal tokens.',1,1796046720);
INSERT INTO "scopes" VALUES('tokens:mint','Make tokens for other subjects.',1,1796046720);
INSERT INTO "scopes" VALUES('tokens:read','List the tokens of anyone.',1,1796046720);
INSERT INTO "scopes" VALUES('tokens:write','Revoke the tokens of anyone.',1,1796046720);
INSERT INTO "scopes" VALUES('revocations:read','Learn which tokens were revoked, to refuse them in other APIs.',1,1796046720);
INSERT INTO "scopes" VALUES('clients:read','Read OAuth clients.',1,1796046720);
INSERT INTO "scopes" VALUES('clients:write','Add, change and remove OAuth clients.',1,1796046720);
INSERT INTO "scopes" VALUES('keys:write','Rotate and retire signing keys.',1,1796046720);
INSERT INTO "scopes" VALUES('audit:read','Read the audit log, which is yet to come.',1,1796046720);
INSERT INTO "scopes" VALUES('introspect','Ask whether a token is active.',1,1796046720);
INSERT INTO "scopes" VALUES('offline_access','Stay signed in: get a refresh token.',1,1796046720);
INSERT INTO "scopes" VALUES('openid','Tell an application who you are (OpenID Connect).',1,1796046720);
INSERT INTO "scopes" VALUES('profile','Tell an application your name (OpenID Connect).',1,1796046720);
INSERT INTO "scopes" VALUES('email','Tell an application your email address (OpenID Connect).',1,1796046720);
INSERT INTO "scopes" VALUES('drive','Drive a car',0,1796046720);
INSERT INTO "scopes" VALUES('items','Read your items',0,1796046720);
CREATE TABLE served_as (
    only_row  INTEGER PRIMARY KEY CHECK (only_row = 1),
    issuer    TEXT NOT NULL,
    audience  TEXT NOT NULL,
    algorithm TEXT NOT NULL
);
INSERT INTO "served_as" VALUES(1,'http://127.0.0.1:8000','http://127.0.0.1:8000','ES256');
CREATE TABLE sessions (
    hash         TEXT PRIMARY KEY,
    -- What the session is named by where it is listed.
    id           TEXT NOT NULL UNIQUE,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- When the password was typed.
    auth_time    BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    address      TEXT NOT NULL,
    user_agent   TEXT NOT NULL
);
CREATE TABLE shared_users (
    user_id     TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    foreign_id  TEXT NOT NULL,
    credentials TEXT NOT NULL,
    owns_row    BOOLEAN NOT NULL
);
CREATE TABLE signing_keys (
    id          TEXT PRIMARY KEY,
    algorithm   TEXT NOT NULL,
    private_key BLOB NOT NULL,
    created_at  BIGINT NOT NULL
, activates_at BIGINT, retires_at BIGINT, verifies_until BIGINT, sealed BOOLEAN NOT NULL DEFAULT FALSE);
INSERT INTO "signing_keys" VALUES('VPpNsWwnB_u_RFVSO1C6KazhlHOMx-ueErazNBoqPpk','ES256',X'308187020100301306072A8648CE3D020106082A8648CE3D030107046D306B0201010420CE98A412844BEA1CDFDFD32B1E90690CC68B8B6F94967CD4AD0D3DA28D0B6BD3A1440342000464D80A3279300F5E075919F8C0FEE278A3A0290665992F27AA2AB628F565E85DE378150261EA0B0C7F925750FD273036915D847C0C5BCF134F7BC93CBBC4FE69',1796046720,1796046720,NULL,NULL,0);
CREATE TABLE subject_kind_scopes (
    kind  TEXT NOT NULL REFERENCES subject_kinds (kind) ON DELETE CASCADE,
    scope TEXT NOT NULL REFERENCES scopes (name) ON DELETE CASCADE,
    PRIMARY KEY (kind, scope)
);
INSERT INTO "subject_kind_scopes" VALUES('car','drive');
CREATE TABLE subject_kinds (
    kind       TEXT PRIMARY KEY,
    created_at BIGINT NOT NULL
);
INSERT INTO "subject_kinds" VALUES('car',1796046720);
CREATE TABLE token_clients (
    token_id  TEXT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    PRIMARY KEY (token_id, client_id)
);
CREATE TABLE tokens (
    id           TEXT PRIMARY KEY,
    kind         TEXT NOT NULL,
    subject      TEXT NOT NULL,
    client_id    TEXT NOT NULL,
    scopes       TEXT NOT NULL,
    audience     TEXT NOT NULL,
    name         TEXT,
    grant_id     TEXT,
    parent_id    TEXT,
    issued_at    BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    last_used_at BIGINT
);
INSERT INTO "tokens" VALUES('01a22cba-0e89-7323-b43a-e3211dfd9a11','access','client:robot','robot','','http://127.0.0.1:8000',NULL,NULL,NULL,1796046720,4949646720,NULL);
INSERT INTO "tokens" VALUES('01a22cba-0e94-752a-ad3d-3762f08fe4cf','access','username:johndoe','scopegate-docs','me offline_access tokens','http://127.0.0.1:8000',NULL,'01a22cba-0e94-752a-ad3d-37617e2db321',NULL,1796046720,4949646720,NULL);
INSERT INTO "tokens" VALUES('01a22cba-0e9b-7576-a11e-d2eefb6f54db','access','username:johndoe','scopegate-docs','me','http://127.0.0.1:8000',NULL,NULL,NULL,1796046720,4949646720,NULL);
INSERT INTO "tokens" VALUES('01a22cba-0ea4-7208-84d6-87b8aa38f505','personal','username:johndoe','scopegate-docs','me','http://127.0.0.1:8000','backup bot',NULL,NULL,1796046720,4949646720,NULL);
INSERT INTO "tokens" VALUES('01a22cba-0ebc-7054-955e-35dfd809501b','minted','car:7f3a','scopegate-docs','drive','http://127.0.0.1:8000',NULL,NULL,NULL,1796046720,4949646720,NULL);
CREATE TABLE user_scopes (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    scope   TEXT NOT NULL REFERENCES scopes (name) ON DELETE CASCADE,
    PRIMARY KEY (user_id, scope)
);
INSERT INTO "user_scopes" VALUES('01a22cba-0dbc-7469-b5cf-bc4c39e2dd83','drive');
INSERT INTO "user_scopes" VALUES('01a22cba-0dbc-7469-b5cf-bc4c39e2dd83','items');
INSERT INTO "user_scopes" VALUES('01a22cba-0dbc-7469-b5cf-bc4c39e2dd83','me');
INSERT INTO "user_scopes" VALUES('01a22cba-0dbc-7469-b5cf-bc4c39e2dd83','offline_access');
INSERT INTO "user_scopes" VALUES('01a22cba-0dbc-7469-b5cf-bc4c39e2dd83','tokens');
INSERT INTO "user_scopes" VALUES('01a22cba-0de2-7175-8d8f-6e0b132bb13d','me');
CREATE TABLE users (
    id            TEXT PRIMARY KEY,
    username      TEXT NOT NULL UNIQUE,
    password_hash TEXT,
    email         TEXT,
    full_name     TEXT,
    disabled      BOOLEAN NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
, password_version BIGINT NOT NULL DEFAULT 0, locale TEXT, administrator BOOLEAN NOT NULL DEFAULT FALSE);
INSERT INTO "users" VALUES('01a22cba-0dbc-7469-b5cf-bc4c39e2dd83','johndoe','$2b$04$Hn2SHWDjz5zwBmK1xOJbyeOhnjT6lZdUQcyl/ocWyNn9Tev70prIm',NULL,NULL,0,1796046720,1796046720,0,NULL,0);
INSERT INTO "users" VALUES('01a22cba-0de2-7175-8d8f-6e0b132bb13d','alice','$2b$04$XmnGePszC5NYIcqR0uDCtedvDHjcitiPRW45uVBmeZUvOaRcbvBTe',NULL,NULL,1,1796046720,1796046720,0,NULL,0);
CREATE TABLE usual_addresses (
    key      TEXT PRIMARY KEY,
    seen_at  BIGINT NOT NULL
);
INSERT INTO "usual_addresses" VALUES('ff64bc72ad87b0857705019e1f15be244e79933d07bc32abfc248dba4530d02e',1796046720);
CREATE TABLE write_probe (
    only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
    number   BIGINT NOT NULL
);
INSERT INTO "write_probe" VALUES(1,0);
CREATE INDEX user_scopes_by_scope ON user_scopes (scope);
CREATE INDEX client_assertions_by_expiry ON client_assertions (expires_at);
CREATE INDEX grants_by_user ON grants (user_id);
CREATE INDEX refresh_tokens_by_grant ON refresh_tokens (grant_id);
CREATE INDEX tokens_by_subject ON tokens (subject);
CREATE INDEX tokens_by_client ON tokens (client_id);
CREATE INDEX tokens_by_grant ON tokens (grant_id);
CREATE INDEX tokens_by_parent ON tokens (parent_id);
CREATE INDEX tokens_by_expiry ON tokens (expires_at);
CREATE INDEX revocations_by_seq ON revocations (seq);
CREATE INDEX revocations_by_expiry ON revocations (expires_at);
CREATE INDEX login_failures_by_since ON login_failures (since);
CREATE INDEX usual_addresses_by_seen_at ON usual_addresses (seen_at);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);
CREATE INDEX grants_by_age ON grants (created_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE INDEX authorization_codes_by_expiry ON authorization_codes (expires_at);
CREATE INDEX authorization_requests_by_expiry ON authorization_requests (expires_at);
CREATE INDEX device_codes_by_expiry ON device_codes (expires_at);
CREATE INDEX changes_by_age ON changes (created_at);
CREATE INDEX token_clients_by_client ON token_clients (client_id);
CREATE INDEX users_administrators ON users (id) WHERE administrator;
CREATE INDEX clients_by_unused_until ON clients (unused_until);
CREATE INDEX registration_tokens_by_expiry ON registration_tokens (expires_at);
CREATE INDEX audit_log_unchained ON audit_log (id) WHERE number IS NULL;
CREATE INDEX audit_log_who ON audit_log (who, id);
CREATE INDEX audit_log_target ON audit_log (target, id);
COMMIT;
