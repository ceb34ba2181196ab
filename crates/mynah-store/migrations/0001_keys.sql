-- API keys. The secret itself is never stored.
CREATE TABLE api_keys (
    id         TEXT    NOT NULL PRIMARY KEY,
    -- What the key is for, in its creator's words.
    name       TEXT    NOT NULL,
    -- SHA-256 of the secret. Secrets are random, so a plain hash cannot be searched.
    hash       BLOB    NOT NULL UNIQUE,
    -- The secret's first characters, to tell keys apart.
    hint       TEXT    NOT NULL,
    -- Seconds since 1970-01-01 UTC.
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
);
