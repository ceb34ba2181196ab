-- Hot-word lists of the vocabulary API.
CREATE TABLE vocabularies (
    id           TEXT    NOT NULL PRIMARY KEY,
    -- The key that made the list. To other keys it does not exist.
    owner        TEXT    NOT NULL REFERENCES api_keys (id),
    target_model TEXT    NOT NULL,
    prefix       TEXT    NOT NULL,
    -- The words as given, as JSON.
    words        TEXT    NOT NULL,
    -- Seconds since 1970-01-01 UTC.
    created_at   INTEGER NOT NULL,
    modified_at  INTEGER NOT NULL
);
CREATE INDEX vocabularies_by_owner ON vocabularies (owner, created_at);

-- Hot-word lists of the older phrase API.
CREATE TABLE phrase_lists (
    id         TEXT    NOT NULL PRIMARY KEY,
    owner      TEXT    NOT NULL REFERENCES api_keys (id),
    model      TEXT    NOT NULL,
    -- The newest job that compiled the list.
    job_id     TEXT    NOT NULL,
    -- The phrases as given, as JSON.
    phrases    TEXT    NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX phrase_lists_by_owner ON phrase_lists (owner, created_at);

-- Keys that live for minutes and act for the key that made them.
CREATE TABLE temporary_keys (
    -- SHA-256 of the secret, which is never stored.
    hash       BLOB    NOT NULL PRIMARY KEY,
    owner      TEXT    NOT NULL REFERENCES api_keys (id),
    expires_at INTEGER NOT NULL
);
CREATE INDEX temporary_keys_by_owner ON temporary_keys (owner, expires_at);
