CREATE TABLE {rewards} (
    operator_id text COLLATE "C" NOT NULL,
    reward_id text COLLATE "C" NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    kind text NOT NULL,
    points numeric(20, 2) NOT NULL,
    value_amount numeric,
    value_currency text,
    valid_from timestamptz,
    valid_until timestamptz,
    stocked boolean NOT NULL,
    withdrawn boolean NOT NULL,
    version bigint NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (operator_id, reward_id)
);

ALTER TABLE {rewards} ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_operator ON {rewards} FOR SELECT TO {reader}
    USING (operator_id = current_setting('accolade.operator', true));
GRANT SELECT ON {rewards} TO {reader};
