-- How far the imports have come that are not complete.
CREATE TABLE imports (
    company_id   INTEGER NOT NULL REFERENCES companies (id),
    digest       BLOB    NOT NULL, -- of the file and of how it is imported
    created      INTEGER NOT NULL,
    updated      INTEGER NOT NULL,
    unchanged    INTEGER NOT NULL,
    rejected     INTEGER NOT NULL,
    rejects      TEXT    NOT NULL, -- path of the file of rejected rows
    rejects_size INTEGER NOT NULL,
    PRIMARY KEY (company_id, digest)
) STRICT, WITHOUT ROWID;
