SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);
CREATE TABLE public.audit_chain (
    only_row bigint NOT NULL,
    base_number bigint NOT NULL,
    base_digest text NOT NULL,
    head_number bigint NOT NULL,
    head_digest text NOT NULL,
    CONSTRAINT audit_chain_only_row_check CHECK ((only_row = 1))
);
CREATE TABLE public.audit_log (
    id text NOT NULL,
    number bigint,
    created_at bigint NOT NULL,
    action text NOT NULL,
    outcome text NOT NULL,
    who text NOT NULL,
    target text NOT NULL,
    detail text,
    client_id text,
    token_id text,
    address text,
    request_id text,
    times bigint NOT NULL,
    digest text
);
CREATE TABLE public.authorization_codes (
    hash text NOT NULL,
    client_id text NOT NULL,
    user_id text NOT NULL,
    grant_id text NOT NULL,
    redirect_uri text,
    challenge text NOT NULL,
    scopes text NOT NULL,
    audience text NOT NULL,
    nonce text,
    auth_time bigint NOT NULL,
    expires_at bigint NOT NULL,
    spent_at bigint
);
CREATE TABLE public.authorization_requests (
    hash text NOT NULL,
    request text NOT NULL,
    expires_at bigint NOT NULL
);
CREATE SEQUENCE public.change_numbers
    START WITH 0
    INCREMENT BY 1
    MINVALUE 0
    NO MAXVALUE
    CACHE 1;
CREATE TABLE public.changes (
    seq bigint NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE public.client_assertions (
    client_id text NOT NULL,
    assertion_id text NOT NULL,
    expires_at bigint NOT NULL
);
CREATE TABLE public.clients (
    id text NOT NULL,
    name text NOT NULL,
    authentication text NOT NULL,
    secret_hash text,
    jwks text,
    grants text NOT NULL,
    scopes text NOT NULL,
    default_scopes text NOT NULL,
    audiences text NOT NULL,
    disabled boolean NOT NULL,
    created_at bigint NOT NULL,
    redirect_uris text DEFAULT ''::text NOT NULL,
    post_logout_redirect_uris text DEFAULT ''::text NOT NULL,
    application_type text DEFAULT 'web'::text NOT NULL,
    first_party boolean DEFAULT false NOT NULL,
    registration_hash text,
    secret_in_body boolean DEFAULT false NOT NULL,
    unused_until bigint,
    documented boolean DEFAULT false NOT NULL,
    scopes_fixed boolean DEFAULT false NOT NULL
);
CREATE TABLE public.consents (
    user_id text NOT NULL,
    client_id text NOT NULL,
    asked text NOT NULL,
    granted text NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE public.device_codes (
    hash text NOT NULL,
    user_code text NOT NULL,
    client_id text NOT NULL,
    scopes text NOT NULL,
    audience text NOT NULL,
    state text NOT NULL,
    user_id text,
    auth_time bigint,
    expires_at bigint NOT NULL,
    pace bigint NOT NULL,
    asked_at bigint
);
CREATE TABLE public.grants (
    id text NOT NULL,
    user_id text NOT NULL,
    client_id text NOT NULL,
    scopes text NOT NULL,
    audience text NOT NULL,
    created_at bigint NOT NULL,
    revoked_at bigint,
    auth_time bigint
);
CREATE TABLE public.imported_hashes (
    user_id text NOT NULL,
    digest text NOT NULL
);
CREATE TABLE public.leases (
    name text NOT NULL,
    holder text NOT NULL,
    expires_at bigint NOT NULL
);
CREATE TABLE public.login_failures (
    key text NOT NULL,
    failures bigint NOT NULL,
    pending bigint NOT NULL,
    since bigint NOT NULL
);
CREATE TABLE public.refresh_tokens (
    hash text NOT NULL,
    grant_id text NOT NULL,
    expires_at bigint NOT NULL,
    spent_at bigint,
    spent_from text
);
CREATE TABLE public.registration_tokens (
    hash text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE TABLE public.removed_scopes (
    name text NOT NULL,
    fence text NOT NULL
);
CREATE TABLE public.revocations (
    token_id text NOT NULL,
    expires_at bigint NOT NULL,
    seq bigint NOT NULL
);
CREATE TABLE public.scopes (
    name text NOT NULL,
    description text NOT NULL,
    builtin boolean NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE public.served_as (
    only_row integer NOT NULL,
    issuer text NOT NULL,
    audience text NOT NULL,
    algorithm text NOT NULL,
    CONSTRAINT served_as_only_row_check CHECK ((only_row = 1))
);
CREATE TABLE public.sessions (
    hash text NOT NULL,
    id text NOT NULL,
    user_id text NOT NULL,
    auth_time bigint NOT NULL,
    last_seen_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    address text NOT NULL,
    user_agent text NOT NULL
);
CREATE TABLE public.shared_users (
    user_id text NOT NULL,
    foreign_id text NOT NULL,
    credentials text NOT NULL,
    owns_row boolean NOT NULL
);
CREATE TABLE public.signing_keys (
    id text NOT NULL,
    algorithm text NOT NULL,
    private_key bytea NOT NULL,
    created_at bigint NOT NULL,
    activates_at bigint,
    retires_at bigint,
    verifies_until bigint,
    sealed boolean DEFAULT false NOT NULL
);
CREATE TABLE public.subject_kind_scopes (
    kind text NOT NULL,
    scope text NOT NULL
);
CREATE TABLE public.subject_kinds (
    kind text NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE public.token_clients (
    token_id text NOT NULL,
    client_id text NOT NULL
);
CREATE TABLE public.tokens (
    id text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    client_id text NOT NULL,
    scopes text NOT NULL,
    audience text NOT NULL,
    name text,
    grant_id text,
    parent_id text,
    issued_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    last_used_at bigint
);
CREATE TABLE public.user_scopes (
    user_id text NOT NULL,
    scope text NOT NULL
);
CREATE TABLE public.users (
    id text NOT NULL,
    username text NOT NULL COLLATE pg_catalog."C",
    password_hash text,
    email text,
    full_name text,
    disabled boolean NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    password_version bigint DEFAULT 0 NOT NULL,
    locale text,
    administrator boolean DEFAULT false NOT NULL
);
CREATE TABLE public.usual_addresses (
    key text NOT NULL,
    seen_at bigint NOT NULL
);
CREATE TABLE public.write_probe (
    only_row bigint NOT NULL,
    number bigint NOT NULL,
    CONSTRAINT write_probe_only_row_check CHECK ((only_row = 1))
);
INSERT INTO public._sqlx_migrations VALUES (1, 'foundation', '2026-11-30 13:53:19.202875+00', true, '\xed5c3e7be0f7e16fff5502bd12eba8db7e339ac4342876ad77e038ed404b7981deffc725d116cd9acd1e1a7ccb16fd25', 10346975);
INSERT INTO public._sqlx_migrations VALUES (2, 'imported hashes', '2026-11-30 13:53:19.213767+00', true, '\x6cc78004933d8c3273a85fb5515cb188e7032cba24f0b90dbcbc4e5a50e3f3e00f3c925ff6072e37d41a72f1c107c038', 1156921);
INSERT INTO public._sqlx_migrations VALUES (3, 'login failures', '2026-11-30 13:53:19.215091+00', true, '\x98f34ca7abf4a25b9234d47d06c7dccdf28af5468d38bd1f3c474666b0f7a0dda04aced5b2d22115f474dd664518b698', 1742430);
INSERT INTO public._sqlx_migrations VALUES (4, 'key lifecycle', '2026-11-30 13:53:19.21701+00', true, '\xf0c6a238e3872f0692c3c1d2248c381aa98abb865131e824cc63f7dae5798463509bd29dfa6a9294d5cf54e24a9af38a', 937549);
INSERT INTO public._sqlx_migrations VALUES (20, 'shared users', '2026-11-30 13:53:19.218091+00', true, '\x0a4fa95422dd04ebf68470ed185b41fdb0a6ab292af725e1e4742f96d27512a04ad2a17543395da3b365084253f6fdbf', 1033842);
INSERT INTO public._sqlx_migrations VALUES (30, 'device codes', '2026-11-30 13:53:19.219321+00', true, '\x52d05ea03358f1c2a2bc2bedea6c95563851b2e3ee7a6ddf388b6a6d2d7d8430b512afa15cac82f9e814d8c1202aa125', 1293152);
INSERT INTO public._sqlx_migrations VALUES (31, 'authorization', '2026-11-30 13:53:19.220787+00', true, '\x27f8f75f54d41e0ad38f08877c5ab5aa8c608446aca0edbf9bf28975715c2a89db30db2d9f8faa55d48b33d40c492c27', 3703497);
INSERT INTO public._sqlx_migrations VALUES (32, 'password version', '2026-11-30 13:53:19.224659+00', true, '\x00bb71d633564b866efd2358eced32bdb0f999ee49312b98ab042712f911dc9c3be471b313db642a865badad329251b0', 521075);
INSERT INTO public._sqlx_migrations VALUES (33, 'leases', '2026-11-30 13:53:19.225312+00', true, '\x84567901891df13e1e7719a0a07bf5fa325d48bf80271a24a721c1fcad3849be9d3f459180ac2cedb46b4bdd4ff59426', 1748419);
INSERT INTO public._sqlx_migrations VALUES (34, 'locale', '2026-11-30 13:53:19.22721+00', true, '\xc39da502d3b1d83395b7aa03575b4233b086d624bf0661c925f81bfd4d883bc5f29ab74ccc76d866059766bf014ef655', 476448);
INSERT INTO public._sqlx_migrations VALUES (35, 'token clients', '2026-11-30 13:53:19.22782+00', true, '\xdaadae9a856c08f3507af9f5360ad40982c8afa10c53d918a9cfef63da39860b66d88719c4cd8c6ed37e5a99fe77d45e', 1238101);
INSERT INTO public._sqlx_migrations VALUES (36, 'removed scopes', '2026-11-30 13:53:19.229201+00', true, '\xd04b4069369629d9ae7852f363bc20a3453d4c0f4bb14f5fa5a6b14dc16e9b8edac41e81b4456b76a3ef4b7c82351c19', 330791508);
INSERT INTO public._sqlx_migrations VALUES (37, 'usual addresses', '2026-11-30 13:53:19.560199+00', true, '\xd42ca73eed7366ca72636805b147c3db4808fd983e428ef481ade18349b8753fee75d4b9f47383b1e32367b498a47902', 706801);
INSERT INTO public._sqlx_migrations VALUES (39, 'served as', '2026-11-30 13:53:19.561047+00', true, '\x3d35c81996b7e79f5e9184d731d6786617fe72ebcb80a06e923319732d861667b7068d1cefb3ff5b1725539855e15ae8', 1343177);
INSERT INTO public._sqlx_migrations VALUES (40, 'refresh grace', '2026-11-30 13:53:19.562539+00', true, '\x200ad365dfff1947424fb303e938834c1506eead87cae0690822614c5099a107598cd2d350896451b2e50d2df795bc1b', 531080);
INSERT INTO public._sqlx_migrations VALUES (41, 'registration', '2026-11-30 13:53:19.563216+00', true, '\xd3bd458640afbd179c2b9064f70cf5e79bb3c1b39e7ddbe4dd2a57c5e1a1d28e78acd928c25a41289479f784c610bedd', 1536915);
INSERT INTO public._sqlx_migrations VALUES (42, 'client documents', '2026-11-30 13:53:19.564903+00', true, '\x889145538e8ba8fbc6c3e7ee64c31fcfeba812fa727590e60551e3d9593e8ced2713a6d0d0ab82461aebb9db95569486', 656456);
INSERT INTO public._sqlx_migrations VALUES (43, 'several servers', '2026-11-30 13:53:19.565701+00', true, '\xbe6de4319798adcb1a6eb0c0ace2cee56141f90d26a5534057f3e8001c43dc72ed7c698ce72f3cfa40bb380996084b65', 1924411);
INSERT INTO public._sqlx_migrations VALUES (44, 'audit log', '2026-11-30 13:53:19.567796+00', true, '\x05b7459796f6af50273a6c2eacb145be7d67a77612f0b8eae212c08cd13151864f7e279c697ce9f2731fdce3e8ed4a1a', 2008817);
INSERT INTO public.audit_chain VALUES (1, 0, '', 0, '');
INSERT INTO public.audit_log VALUES ('01a22cbb-4367-75d2-94aa-d876cd9c62f0', NULL, 1796046799, 'scope.added', 'done', 'operator', 'scope:drive', NULL, NULL, NULL, NULL, NULL, 1, NULL);
INSERT INTO public.audit_log VALUES ('01a22cbb-439d-70c1-a25f-b779f0c63142', NULL, 1796046799, 'scope.added', 'done', 'operator', 'scope:items', NULL, NULL, NULL, NULL, NULL, 1, NULL);
INSERT INTO public.audit_log VALUES ('01a22cbb-43c9-775b-9bc3-88f986ccb519', NULL, 1796046799, 'subject-kind.added', 'done', 'operator', 'subject-kind:car', 'scopes: drive', NULL, NULL, NULL, NULL, 1, NULL);
INSERT INTO public.audit_log VALUES ('01a22cbb-4400-73bd-862c-5b43029bc1ec', NULL, 1796046799, 'user.added', 'done', 'operator', 'username:johndoe', 'scopes: drive items me offline_access tokens', NULL, NULL, NULL, NULL, 1, NULL);
INSERT INTO public.audit_log VALUES ('01a22cbb-4435-7338-bfa0-f37d73bbf1ca', NULL, 1796046799, 'user.added', 'done', 'operator', 'username:alice', 'scopes: me', NULL, NULL, NULL, NULL, 1, NULL);
INSERT INTO public.audit_log VALUES ('01a22cbb-4461-743e-81b8-40db37b24ae6', NULL, 1796046799, 'user.changed', 'done', 'operator', 'username:alice', 'disabled', NULL, NULL, NULL, NULL, 1, NULL);
INSERT INTO public.audit_log VALUES ('01a22cbb-448f-7634-9dfe-3e4f41abf0a8', NULL, 1796046800, 'client.added', 'done', 'operator', 'client:shop', 'grants: refresh_token authorization_code, scopes: items me offline_access', NULL, NULL, NULL, NULL, 1, NULL);
INSERT INTO public.audit_log VALUES ('01a22cbb-44de-72e5-9253-970a205806ef', NULL, 1796046800, 'client.added', 'done', 'operator', 'client:robot', 'grants: client_credentials, scopes: introspect', NULL, NULL, NULL, NULL, 1, NULL);
INSERT INTO public.audit_log VALUES ('01a22cbb-44f2-705d-9b45-39d2bf943e43', NULL, 1796046800, 'token.issued', 'done', 'client:robot', 'token:01a22cbb-44f2-705d-9b45-39d19de73660', 'access, for client:robot, no scopes', 'robot', NULL, '127.0.0.1', '3cc7992cf87d4fe800000001', 1, NULL);
INSERT INTO public.audit_log VALUES ('01a22cbb-4505-73cb-aa62-a4060d39b55d', NULL, 1796046800, 'token.issued', 'done', 'username:johndoe', 'token:01a22cbb-4502-767f-aa18-8e0a18d22220', 'access, for username:johndoe, scopes: me offline_access tokens', 'scopegate-docs', NULL, '127.0.0.1', '3cc7992cf87d4fe800000002', 1, NULL);
INSERT INTO public.audit_log VALUES ('01a22cbb-450f-71bd-a543-5a5a2392a681', NULL, 1796046800, 'token.issued', 'done', 'username:johndoe', 'token:01a22cbb-450e-72df-af47-c09b1b3a5b23', 'access, for username:johndoe, scopes: me', 'scopegate-docs', NULL, '127.0.0.1', '3cc7992cf87d4fe800000003', 1, NULL);
INSERT INTO public.audit_log VALUES ('01a22cbb-4515-706a-a254-ee4ae04b9ded', NULL, 1796046800, 'tokens.revoked', 'done', 'client:scopegate-docs', 'token:01a22cbb-450e-72df-af47-c09b1b3a5b23', '1 access token', 'scopegate-docs', NULL, '127.0.0.1', '3cc7992cf87d4fe800000004', 1, NULL);
INSERT INTO public.audit_log VALUES ('01a22cbb-4521-7019-8b22-e7d3f4a6ba51', NULL, 1796046800, 'token.issued', 'done', 'username:johndoe', 'token:01a22cbb-451c-7692-93e2-e79665d51bf5', 'personal, for username:johndoe, scopes: me', 'scopegate-docs', '01a22cbb-4502-767f-aa18-8e0a18d22220', '127.0.0.1', '3cc7992cf87d4fe800000005', 1, NULL);
INSERT INTO public.audit_log VALUES ('01a22cbb-454c-72a8-9dc2-6a73af91b30e', NULL, 1796046800, 'token.issued', 'done', 'operator', 'token:01a22cbb-454b-754f-85af-3c5861d6bc1c', 'minted, for car:7f3a, scopes: drive', NULL, NULL, NULL, NULL, 1, NULL);
INSERT INTO public.changes VALUES (1, 'scopes', '', 1796046799);
INSERT INTO public.changes VALUES (2, 'keys', '', 1796046799);
INSERT INTO public.changes VALUES (3, 'keys', '', 1796046799);
INSERT INTO public.changes VALUES (4, 'scopes', '', 1796046799);
INSERT INTO public.changes VALUES (5, 'scopes', '', 1796046799);
INSERT INTO public.changes VALUES (6, 'subject_kinds', 'car', 1796046799);
INSERT INTO public.changes VALUES (7, 'user', 'johndoe', 1796046799);
INSERT INTO public.changes VALUES (8, 'user', 'alice', 1796046799);
INSERT INTO public.changes VALUES (9, 'user', 'alice', 1796046799);
INSERT INTO public.changes VALUES (10, 'clients', 'shop', 1796046800);
INSERT INTO public.changes VALUES (11, 'clients', 'robot', 1796046800);
INSERT INTO public.changes VALUES (12, 'revocations', '', 1796046800);
INSERT INTO public.changes VALUES (13, 'personal_token', '01a22cbb-451c-7692-93e2-e79665d51bf5', 1796046800);
INSERT INTO public.clients VALUES ('shop', 'The Shop', 'none', NULL, NULL, 'refresh_token authorization_code', 'items me offline_access', '', '', false, 1796046800, 'https://shop.example/back', '', 'web', false, NULL, false, NULL, false, false);
INSERT INTO public.clients VALUES ('robot', 'robot', 'client_secret_basic', 'v1xSM_PyzZ4_BlLE7IjCkvZfCbGQwV5Y51jtp6EoHsA', NULL, 'client_credentials', 'introspect', '', '', false, 1796046800, '', '', 'web', false, NULL, false, NULL, false, false);
INSERT INTO public.grants VALUES ('01a22cbb-4502-767f-aa18-8e0973c85c5d', '01a22cbb-43fa-77ae-aa98-6ac5e8183365', 'scopegate-docs', 'me offline_access tokens', 'http://127.0.0.1:8000', 1796046800, NULL, 1796046800);
INSERT INTO public.login_failures VALUES ('e3d8e1d9e7083edfa293b8467e720bb93fabee632d9f98488fe1093825f7db13', 0, 0, 1796046800);
INSERT INTO public.login_failures VALUES ('4a5e1946a7c91d984065b98398f76580ffae1aece970e451f3c544e4d8b9a7da', 0, 0, 1796046800);
INSERT INTO public.login_failures VALUES ('ff64bc72ad87b0857705019e1f15be244e79933d07bc32abfc248dba4530d02e', 0, 0, 1796046800);
INSERT INTO public.refresh_tokens VALUES ('QV_580ZIANiacllWXGHAGYZEoO1VHJrDTwCslVbfOOw', '01a22cbb-4502-767f-aa18-8e0973c85c5d', 4949646800, NULL, NULL);
INSERT INTO public.revocations VALUES ('01a22cbb-450e-72df-af47-c09b1b3a5b23', 4949646800, 12);
INSERT INTO public.scopes VALUES ('me', 'Read your own profile.', true, 1796046799);
INSERT INTO public.scopes VALUES ('me:write', 'Change your own profile and password.', true, 1796046799);
INSERT INTO public.scopes VALUES ('users:read', 'Read all users.', true, 1796046799);
INSERT INTO public.scopes VALUES ('users:write', 'Add, change and remove users, and give them scopes of this very token.', true, 1796046799);
INSERT INTO public.scopes VALUES ('users:grant', 'Give scopes up to what your own account may hold, whatever this token holds.', true, 1796046799);
INSERT INTO public.scopes VALUES ('scopes:write', 'Add and remove scopes of the catalogue.', true, 1796046799);
INSERT INTO public.scopes VALUES ('tokens', 'Create, list and revoke your own personal tokens.', true, 1796046799);
INSERT INTO public.scopes VALUES ('tokens:mint', 'Make tokens for other subjects.', true, 1796046799);
INSERT INTO public.scopes VALUES ('tokens:read', 'List the tokens of anyone.', true, 1796046799);
INSERT INTO public.scopes VALUES ('tokens:write', 'Revoke the tokens of anyone.', true, 1796046799);
INSERT INTO public.scopes VALUES ('revocations:read', 'Learn which tokens were revoked, to refuse them in other APIs.', true, 1796046799);
INSERT INTO public.scopes VALUES ('clients:read', 'Read OAuth clients.', true, 1796046799);
INSERT INTO public.scopes VALUES ('clients:write', 'Add, change and remove OAuth clients.', true, 1796046799);
INSERT INTO public.scopes VALUES ('keys:write', 'Rotate and retire signing keys.', true, 1796046799);
INSERT INTO public.scopes VALUES ('audit:read', 'Read the audit log, which is yet to come.', true, 1796046799);
INSERT INTO public.scopes VALUES ('introspect', 'Ask whether a token is active.', true, 1796046799);
INSERT INTO public.scopes VALUES ('offline_access', 'Stay signed in: get a refresh token.', true, 1796046799);
INSERT INTO public.scopes VALUES ('openid', 'Tell an application who you are (OpenID Connect).', true, 1796046799);
INSERT INTO public.scopes VALUES ('profile', 'Tell an application your name (OpenID Connect).', true, 1796046799);
INSERT INTO public.scopes VALUES ('email', 'Tell an application your email address (OpenID Connect).', true, 1796046799);
INSERT INTO public.scopes VALUES ('drive', 'Drive a car', false, 1796046799);
INSERT INTO public.scopes VALUES ('items', 'Read your items', false, 1796046799);
INSERT INTO public.served_as VALUES (1, 'http://127.0.0.1:8000', 'http://127.0.0.1:8000', 'ES256');
INSERT INTO public.signing_keys VALUES ('tz4ZyjIRDEHg1ooTKQSGBBPqntDRAf4H-42uV7XZRL0', 'ES256', '\x308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b02010104208d807f8e0f8d379ac2add9204a733ed20bf616d9f3e3803585af5b00db0b8538a144034200043a5f433f8b5c788172f378abf8b3b2b5a3bc3927f7834473a83f7312dad6470da3641311508621374bcb3cbc8490668ab1a5053edd8f6cacd43d4bb33935d287', 1796046799, 1796046799, NULL, NULL, false);
INSERT INTO public.subject_kind_scopes VALUES ('car', 'drive');
INSERT INTO public.subject_kinds VALUES ('car', 1796046799);
INSERT INTO public.tokens VALUES ('01a22cbb-44f2-705d-9b45-39d19de73660', 'access', 'client:robot', 'robot', '', 'http://127.0.0.1:8000', NULL, NULL, NULL, 1796046800, 4949646800, NULL);
INSERT INTO public.tokens VALUES ('01a22cbb-4502-767f-aa18-8e0a18d22220', 'access', 'username:johndoe', 'scopegate-docs', 'me offline_access tokens', 'http://127.0.0.1:8000', NULL, '01a22cbb-4502-767f-aa18-8e0973c85c5d', NULL, 1796046800, 4949646800, NULL);
INSERT INTO public.tokens VALUES ('01a22cbb-450e-72df-af47-c09b1b3a5b23', 'access', 'username:johndoe', 'scopegate-docs', 'me', 'http://127.0.0.1:8000', NULL, NULL, NULL, 1796046800, 4949646800, NULL);
INSERT INTO public.tokens VALUES ('01a22cbb-451c-7692-93e2-e79665d51bf5', 'personal', 'username:johndoe', 'scopegate-docs', 'me', 'http://127.0.0.1:8000', 'backup bot', NULL, NULL, 1796046800, 4949646800, NULL);
INSERT INTO public.tokens VALUES ('01a22cbb-454b-754f-85af-3c5861d6bc1c', 'minted', 'car:7f3a', 'scopegate-docs', 'drive', 'http://127.0.0.1:8000', NULL, NULL, NULL, 1796046800, 4949646800, NULL);
INSERT INTO public.user_scopes VALUES ('01a22cbb-43fa-77ae-aa98-6ac5e8183365', 'drive');
INSERT INTO public.user_scopes VALUES ('01a22cbb-43fa-77ae-aa98-6ac5e8183365', 'items');
INSERT INTO public.user_scopes VALUES ('01a22cbb-43fa-77ae-aa98-6ac5e8183365', 'me');
INSERT INTO public.user_scopes VALUES ('01a22cbb-43fa-77ae-aa98-6ac5e8183365', 'offline_access');
INSERT INTO public.user_scopes VALUES ('01a22cbb-43fa-77ae-aa98-6ac5e8183365', 'tokens');
INSERT INTO public.user_scopes VALUES ('01a22cbb-4431-7264-a574-2168d322ac9c', 'me');
INSERT INTO public.users VALUES ('01a22cbb-43fa-77ae-aa98-6ac5e8183365', 'johndoe', '$2b$04$IGEMSAqaXuMlUNDbePcAkuoCjhx8GEFLoOLf2dsGgs5SlLDAhDjF2', NULL, NULL, false, 1796046799, 1796046799, 0, NULL, false);
INSERT INTO public.users VALUES ('01a22cbb-4431-7264-a574-2168d322ac9c', 'alice', '$2b$04$yHPX3x6BUOZNUdVAxBdEvOTREEnNtJmEbCcTw4Zbq0U6SZfQ4To/K', NULL, NULL, true, 1796046799, 1796046799, 0, NULL, false);
INSERT INTO public.usual_addresses VALUES ('ff64bc72ad87b0857705019e1f15be244e79933d07bc32abfc248dba4530d02e', 1796046800);
INSERT INTO public.write_probe VALUES (1, 0);
SELECT pg_catalog.setval('public.change_numbers', 13, true);
ALTER TABLE ONLY public._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.audit_chain
    ADD CONSTRAINT audit_chain_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_number_key UNIQUE (number);
ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.authorization_codes
    ADD CONSTRAINT authorization_codes_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY public.authorization_requests
    ADD CONSTRAINT authorization_requests_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY public.changes
    ADD CONSTRAINT changes_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.client_assertions
    ADD CONSTRAINT client_assertions_pkey PRIMARY KEY (client_id, assertion_id);
ALTER TABLE ONLY public.clients
    ADD CONSTRAINT clients_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.consents
    ADD CONSTRAINT consents_pkey PRIMARY KEY (user_id, client_id);
ALTER TABLE ONLY public.device_codes
    ADD CONSTRAINT device_codes_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY public.device_codes
    ADD CONSTRAINT device_codes_user_code_key UNIQUE (user_code);
ALTER TABLE ONLY public.grants
    ADD CONSTRAINT grants_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.imported_hashes
    ADD CONSTRAINT imported_hashes_pkey PRIMARY KEY (user_id);
ALTER TABLE ONLY public.leases
    ADD CONSTRAINT leases_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.login_failures
    ADD CONSTRAINT login_failures_pkey PRIMARY KEY (key);
ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY public.registration_tokens
    ADD CONSTRAINT registration_tokens_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY public.removed_scopes
    ADD CONSTRAINT removed_scopes_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.revocations
    ADD CONSTRAINT revocations_pkey PRIMARY KEY (token_id);
ALTER TABLE ONLY public.scopes
    ADD CONSTRAINT scopes_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.served_as
    ADD CONSTRAINT served_as_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_id_key UNIQUE (id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY public.shared_users
    ADD CONSTRAINT shared_users_pkey PRIMARY KEY (user_id);
ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.subject_kind_scopes
    ADD CONSTRAINT subject_kind_scopes_pkey PRIMARY KEY (kind, scope);
ALTER TABLE ONLY public.subject_kinds
    ADD CONSTRAINT subject_kinds_pkey PRIMARY KEY (kind);
ALTER TABLE ONLY public.token_clients
    ADD CONSTRAINT token_clients_pkey PRIMARY KEY (token_id, client_id);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.user_scopes
    ADD CONSTRAINT user_scopes_pkey PRIMARY KEY (user_id, scope);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_username_key UNIQUE (username);
ALTER TABLE ONLY public.usual_addresses
    ADD CONSTRAINT usual_addresses_pkey PRIMARY KEY (key);
ALTER TABLE ONLY public.write_probe
    ADD CONSTRAINT write_probe_pkey PRIMARY KEY (only_row);
CREATE INDEX audit_log_target ON public.audit_log USING btree (target, id);
CREATE INDEX audit_log_unchained ON public.audit_log USING btree (id) WHERE (number IS NULL);
CREATE INDEX audit_log_who ON public.audit_log USING btree (who, id);
CREATE INDEX authorization_codes_by_expiry ON public.authorization_codes USING btree (expires_at);
CREATE INDEX authorization_requests_by_expiry ON public.authorization_requests USING btree (expires_at);
CREATE INDEX changes_by_age ON public.changes USING btree (created_at);
CREATE INDEX client_assertions_by_expiry ON public.client_assertions USING btree (expires_at);
CREATE INDEX clients_by_unused_until ON public.clients USING btree (unused_until);
CREATE INDEX device_codes_by_expiry ON public.device_codes USING btree (expires_at);
CREATE INDEX grants_by_age ON public.grants USING btree (created_at);
CREATE INDEX grants_by_user ON public.grants USING btree (user_id);
CREATE INDEX login_failures_by_since ON public.login_failures USING btree (since);
CREATE INDEX refresh_tokens_by_expiry ON public.refresh_tokens USING btree (expires_at);
CREATE INDEX refresh_tokens_by_grant ON public.refresh_tokens USING btree (grant_id);
CREATE INDEX registration_tokens_by_expiry ON public.registration_tokens USING btree (expires_at);
CREATE INDEX revocations_by_expiry ON public.revocations USING btree (expires_at);
CREATE INDEX revocations_by_seq ON public.revocations USING btree (seq);
CREATE INDEX sessions_by_expiry ON public.sessions USING btree (expires_at);
CREATE INDEX sessions_by_user ON public.sessions USING btree (user_id);
CREATE INDEX token_clients_by_client ON public.token_clients USING btree (client_id);
CREATE INDEX tokens_by_client ON public.tokens USING btree (client_id);
CREATE INDEX tokens_by_expiry ON public.tokens USING btree (expires_at);
CREATE INDEX tokens_by_grant ON public.tokens USING btree (grant_id);
CREATE INDEX tokens_by_parent ON public.tokens USING btree (parent_id);
CREATE INDEX tokens_by_subject ON public.tokens USING btree (subject);
CREATE INDEX user_scopes_by_scope ON public.user_scopes USING btree (scope);
CREATE INDEX users_administrators ON public.users USING btree (id) WHERE administrator;
CREATE INDEX usual_addresses_by_seen_at ON public.usual_addresses USING btree (seen_at);
ALTER TABLE ONLY public.authorization_codes
    ADD CONSTRAINT authorization_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.consents
    ADD CONSTRAINT consents_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.consents
    ADD CONSTRAINT consents_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.device_codes
    ADD CONSTRAINT device_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.grants
    ADD CONSTRAINT grants_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.imported_hashes
    ADD CONSTRAINT imported_hashes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_grant_id_fkey FOREIGN KEY (grant_id) REFERENCES public.grants(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.shared_users
    ADD CONSTRAINT shared_users_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.subject_kind_scopes
    ADD CONSTRAINT subject_kind_scopes_kind_fkey FOREIGN KEY (kind) REFERENCES public.subject_kinds(kind) ON DELETE CASCADE;
ALTER TABLE ONLY public.subject_kind_scopes
    ADD CONSTRAINT subject_kind_scopes_scope_fkey FOREIGN KEY (scope) REFERENCES public.scopes(name) ON DELETE CASCADE;
ALTER TABLE ONLY public.token_clients
    ADD CONSTRAINT token_clients_token_id_fkey FOREIGN KEY (token_id) REFERENCES public.tokens(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.user_scopes
    ADD CONSTRAINT user_scopes_scope_fkey FOREIGN KEY (scope) REFERENCES public.scopes(name) ON DELETE CASCADE;
ALTER TABLE ONLY public.user_scopes
    ADD CONSTRAINT user_scopes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
