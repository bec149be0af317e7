CREATE TABLE {events} (
    operator_id text COLLATE "C" NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    event_type text COLLATE "C" NOT NULL,
    player_id text COLLATE "C" NOT NULL,
    game_id text COLLATE "C" NOT NULL,
    event_timestamp timestamptz NOT NULL,
    ingested_at timestamptz NOT NULL,
    data jsonb,
    -- An id is a player's own: another player may have the same.
    PRIMARY KEY (operator_id, event_id, player_id)
);
CREATE INDEX ON {events} (operator_id, player_id, event_timestamp);

CREATE TABLE {statistics} (
    operator_id text COLLATE "C" NOT NULL,
    player_id text COLLATE "C" NOT NULL,
    total_events bigint NOT NULL,
    event_breakdown jsonb NOT NULL,
    last_event_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (operator_id, player_id)
) WITH (fillfactor = 80);

ALTER TABLE {events} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {statistics} ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_operator ON {events} FOR SELECT TO {reader}
    USING (operator_id = current_setting('accolade.operator', true));
CREATE POLICY one_operator ON {statistics} FOR SELECT TO {reader}
    USING (operator_id = current_setting('accolade.operator', true));
GRANT SELECT ON {events}, {statistics} TO {reader};
