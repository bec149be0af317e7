-- The first hundred of each leaderboard in each partition.
CREATE TABLE {leaders} (
    operator_id text COLLATE "C" NOT NULL,
    -- Tells the operator's leaderboards apart.
    board text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    tournament_id text COLLATE "C",
    game_id text COLLATE "C",
    period text COLLATE "C" NOT NULL,
    player_id text COLLATE "C" NOT NULL,
    score numeric NOT NULL,
    events bigint NOT NULL,
    is_shared boolean NOT NULL,
    by_events bigint NOT NULL,
    reached_at timestamptz NOT NULL,
    batch bigint NOT NULL,
    slot bigint NOT NULL,
    expires_at timestamptz,
    updated_at timestamptz NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX ON {leaders} (operator_id, board, partition);
CREATE INDEX ON {leaders} (tournament_id) WHERE tournament_id IS NOT NULL;
CREATE INDEX ON {leaders} (game_id) WHERE game_id IS NOT NULL;
CREATE INDEX ON {leaders} (expires_at) WHERE expires_at IS NOT NULL;

ALTER TABLE {leaders} ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_operator ON {leaders} FOR SELECT TO {reader}
    USING (operator_id = current_setting('accolade.operator', true));

-- The first hundred of all are among them.
CREATE VIEW {leaderboards} WITH (security_invoker = true) AS
SELECT operator_id, tournament_id, game_id, period, player_id, rank, score, events, updated_at
FROM (
    SELECT operator_id, tournament_id, game_id, period, player_id, score, events, updated_at,
        row_number() OVER listed AS place,
        CASE WHEN is_shared THEN rank() OVER by_score ELSE row_number() OVER listed END AS rank
    FROM {leaders}
    WHERE expires_at IS NULL OR expires_at > now()
    WINDOW by_score AS (
            PARTITION BY operator_id, tournament_id, game_id, period ORDER BY score DESC
        ),
        listed AS (
            PARTITION BY operator_id, tournament_id, game_id, period
            ORDER BY score DESC, by_events, reached_at, partition, batch, slot
        )
) AS ranked
WHERE place <= 100;
GRANT SELECT ON {leaders}, {leaderboards} TO {reader};
