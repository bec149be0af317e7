CREATE TABLE {tiers} (
    operator_id text COLLATE "C" NOT NULL,
    player_id text COLLATE "C" NOT NULL,
    changed_at timestamptz NOT NULL,
    day date NOT NULL,
    tier_before text,
    tier_after text,
    tier_points numeric(20, 2) NOT NULL,
    program_version bigint NOT NULL,
    partition integer NOT NULL,
    batch bigint NOT NULL,
    slot bigint NOT NULL,
    number integer NOT NULL,
    PRIMARY KEY (partition, batch, slot, number)
);
CREATE INDEX ON {tiers} (operator_id, player_id, changed_at);

CREATE TABLE {redemptions} (
    operator_id text COLLATE "C" NOT NULL,
    redemption_id text COLLATE "C" NOT NULL,
    player_id text COLLATE "C" NOT NULL,
    reward_id text COLLATE "C",
    item text NOT NULL,
    points numeric(20, 2) NOT NULL,
    state text COLLATE "C" NOT NULL,
    hold_until timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (operator_id, redemption_id)
) WITH (fillfactor = 80);
CREATE INDEX ON {redemptions} (operator_id, player_id, updated_at);

CREATE TABLE {signals} (
    operator_id text COLLATE "C" NOT NULL,
    signal_id text COLLATE "C" NOT NULL,
    player_id text COLLATE "C" NOT NULL,
    wager_id text COLLATE "C" NOT NULL,
    wager_time timestamptz NOT NULL,
    names text[] NOT NULL,
    kinds text[] NOT NULL,
    points numeric(20, 2) NOT NULL,
    state text COLLATE "C" NOT NULL,
    program_version bigint NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (operator_id, signal_id)
) WITH (fillfactor = 80);
CREATE INDEX ON {signals} (operator_id, player_id, updated_at);

ALTER TABLE {tiers} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {redemptions} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {signals} ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_operator ON {tiers} FOR SELECT TO {reader}
    USING (operator_id = current_setting('accolade.operator', true));
CREATE POLICY one_operator ON {redemptions} FOR SELECT TO {reader}
    USING (operator_id = current_setting('accolade.operator', true));
CREATE POLICY one_operator ON {signals} FOR SELECT TO {reader}
    USING (operator_id = current_setting('accolade.operator', true));
GRANT SELECT ON {tiers}, {redemptions}, {signals} TO {reader};
-- What was told of before these tables were there is in the journal: all is written anew.
TRUNCATE {balances}, {ledger};
UPDATE {progress} SET next = 1, batch_time = NULL, trouble = NULL, updated_at = now();
