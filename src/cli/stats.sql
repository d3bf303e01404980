-- Sizes of tables, for ddlint. Reads the catalogue and the counters of the statistics system, no table.
--
--     ddlint init --stats-query | psql -XAtq -d DATABASE -o ddlint-stats.json
--     ddlint check --stats ddlint-stats.json
--
-- A partitioned table counts what its partitions hold.
WITH part AS (
    SELECT c.oid AS root, coalesce(tree.relid::oid, c.oid) AS relation
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN LATERAL pg_catalog.pg_partition_tree(c.oid) AS tree ON tree.isleaf
    WHERE c.relkind IN ('r', 'p', 'm')
      AND c.relpersistence <> 't'
      AND n.nspname <> 'information_schema'
      AND n.nspname NOT LIKE 'pg\_%'
),
measured AS (
    SELECT
        part.root,
        -- The planner's estimate. Never analysed is -1 since version 14 and 0 before: then the counter of rows, if any.
        sum(CASE
            WHEN c.reltuples > 0 THEN c.reltuples::bigint
            WHEN s.n_live_tup > 0 OR s.last_analyze IS NOT NULL OR s.last_autoanalyze IS NOT NULL THEN s.n_live_tup
        END)::bigint AS rows,
        sum(pg_catalog.pg_table_size(c.oid))::bigint AS bytes,
        sum(pg_catalog.pg_total_relation_size(c.oid))::bigint AS total_bytes,
        sum(s.seq_scan + coalesce(s.idx_scan, 0))::bigint AS reads,
        sum(s.n_tup_ins + s.n_tup_upd + s.n_tup_del)::bigint AS writes
    FROM part
    JOIN pg_catalog.pg_class AS c ON c.oid = part.relation
    LEFT JOIN pg_catalog.pg_stat_user_tables AS s ON s.relid = c.oid
    GROUP BY part.root
)
SELECT json_build_object(
    'schema', 1,
    'server', current_setting('server_version_num')::int / 10000,
    'tables', coalesce(
        json_agg(
            json_build_object(
                'schema', n.nspname,
                'name', c.relname,
                'rows', measured.rows,
                'bytes', coalesce(measured.bytes, 0),
                'total_bytes', coalesce(measured.total_bytes, 0),
                'reads', measured.reads,
                'writes', measured.writes
            )
            ORDER BY n.nspname, c.relname
        ),
        '[]'
    )
)
FROM measured
JOIN pg_catalog.pg_class AS c ON c.oid = measured.root
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace;
