CREATE TABLE {balances} (
    operator_id text COLLATE "C" NOT NULL,
    player_id text COLLATE "C" NOT NULL,
    balance numeric(20, 2) NOT NULL,
    last_updated timestamptz NOT NULL,
    version bigint NOT NULL,
    PRIMARY KEY (operator_id, player_id)
) WITH (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE {ledger} (
    operator_id text COLLATE "C" NOT NULL,
    player_id text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    kind text COLLATE "C" NOT NULL,
    points numeric(20, 2) NOT NULL,
    balance_after numeric(20, 2) NOT NULL,
    capped numeric(20, 2) NOT NULL,
    wager_id text COLLATE "C" NOT NULL,
    program_version bigint NOT NULL,
    event_time timestamptz NOT NULL,
    record_time timestamptz NOT NULL,
    partition integer NOT NULL,
    batch bigint NOT NULL,
    slot bigint NOT NULL,
    number integer NOT NULL,
    hash bytea NOT NULL
) PARTITION BY RANGE (record_time);
CREATE INDEX ON {ledger} (operator_id, player_id, record_time);

CREATE TABLE {dead_letters} (
    id text COLLATE "C" PRIMARY KEY,
    operator_id text COLLATE "C" NOT NULL,
    original_event text,
    error_message text NOT NULL,
    consumer_service text NOT NULL,
    created_at timestamptz NOT NULL,
    reason text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    batch bigint NOT NULL,
    slot bigint NOT NULL
);
CREATE INDEX ON {dead_letters} (operator_id, created_at);

CREATE TABLE {progress} (
    partition integer PRIMARY KEY,
    next bigint NOT NULL,
    journal_end bigint NOT NULL,
    batch_time timestamptz,
    trouble text,
    updated_at timestamptz NOT NULL
) WITH (fillfactor = 20);

ALTER TABLE {balances} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {ledger} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {dead_letters} ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_operator ON {balances} FOR SELECT TO {reader}
    USING (operator_id = current_setting('accolade.operator', true));
CREATE POLICY one_operator ON {ledger} FOR SELECT TO {reader}
    USING (operator_id = current_setting('accolade.operator', true));
CREATE POLICY one_operator ON {dead_letters} FOR SELECT TO {reader}
    USING (operator_id = current_setting('accolade.operator', true));
GRANT SELECT ON {balances}, {ledger}, {dead_letters}, {progress} TO {reader};
