-- Where the changes of accounts are sent, and how far that has come.
CREATE TABLE webhooks (
    company_id    bigint NOT NULL REFERENCES companies (id),
    id            bigint NOT NULL,
    url           text   COLLATE "C" NOT NULL,
    description   text   COLLATE "C" NOT NULL,
    kinds         text   COLLATE "C" NOT NULL, -- JSON list
    members       text   COLLATE "C" NOT NULL, -- JSON list
    secret        text   COLLATE "C" NOT NULL,
    former_secret text   COLLATE "C" NOT NULL,
    former_until  bigint,
    pause_reason  text   COLLATE "C" NOT NULL CHECK (pause_reason IN ('', 'requested', 'failing', 'gone')),
    paused_at     bigint,
    position      bigint NOT NULL, -- the sequence up to which all is delivered
    ahead         text   COLLATE "C" NOT NULL, -- JSON list of later ones that are
    failures      bigint NOT NULL,
    failing_since bigint,
    next_attempt  bigint,
    requests      bigint NOT NULL DEFAULT 0, -- so far
    lease_holder  text   COLLATE "C" NOT NULL DEFAULT '', -- the server that delivers it; empty: none does
    lease_until   bigint NOT NULL DEFAULT 0, -- or when the last one has given it back
    created_at    bigint NOT NULL,
    updated_at    bigint NOT NULL,
    PRIMARY KEY (company_id, id)
) WITH (fillfactor = 50); -- each delivery writes the row

-- The last requests of each webhook, by turns in the places that there are.
CREATE TABLE webhook_deliveries (
    company_id  bigint NOT NULL,
    webhook_id  bigint NOT NULL,
    place       bigint NOT NULL,
    number      bigint NOT NULL,
    message_id  text   COLLATE "C" NOT NULL,
    sequence    bigint NOT NULL, -- 0 of a test
    account_id  bigint NOT NULL, -- 0 of a test
    at          bigint NOT NULL,
    took_ms     bigint NOT NULL,
    status      bigint NOT NULL, -- 0: there was no answer
    failure     text   COLLATE "C" NOT NULL,
    answer      text   COLLATE "C" NOT NULL,
    PRIMARY KEY (company_id, webhook_id, place),
    FOREIGN KEY (company_id, webhook_id) REFERENCES webhooks (company_id, id) ON DELETE CASCADE
) WITH (fillfactor = 50);
