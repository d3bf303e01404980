-- What the measurement asks a server. The state is that of the schema `current_schema()`.
CREATE SCHEMA oracle;

CREATE FUNCTION oracle.names(oids oid[]) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(DISTINCT c.relname::text), '[]')
    FROM unnest(oids) u JOIN pg_class c ON c.oid = u WHERE c.relnamespace = current_schema()::regnamespace
$$;

-- Relations that a view's (or rule's) query mentions.
CREATE FUNCTION oracle.reads(view oid) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT oracle.names(array(
        SELECT d.refobjid FROM pg_rewrite w JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
        WHERE w.ev_class = view AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> view))
$$;

CREATE FUNCTION oracle.columns(rel oid) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'not_null', a.attnotnull,
        'collation', (SELECT collname FROM pg_collation WHERE oid = a.attcollation AND a.attcollation <>
            (SELECT typcollation FROM pg_type WHERE oid = a.atttypid)),
        'default', pg_get_expr(d.adbin, d.adrelid), 'generated', a.attgenerated, 'identity', a.attidentity <> '',
        'sequence', (SELECT s.relname FROM pg_depend x JOIN pg_class s ON s.oid = x.objid AND s.relkind = 'S'
            WHERE x.classid = 'pg_class'::regclass AND x.refclassid = 'pg_class'::regclass AND x.refobjid = a.attrelid
              AND x.refobjsubid = a.attnum AND x.deptype IN ('a', 'i') LIMIT 1))
        ORDER BY a.attnum), '[]')
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = rel AND a.attnum > 0 AND NOT a.attisdropped
$$;

CREATE FUNCTION oracle.attributes(rel oid, numbers int2[]) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(a.attname ORDER BY u.ord), '[]')
    FROM unnest(numbers) WITH ORDINALITY u(num, ord) JOIN pg_attribute a ON a.attrelid = rel AND a.attnum = u.num
$$;

CREATE FUNCTION oracle.constraints(rel oid) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'name', n.conname, 'kind', n.contype, 'columns', oracle.attributes(rel, n.conkey),
        'expression', CASE WHEN n.contype = 'c' THEN pg_get_expr(n.conbin, n.conrelid) END,
        'validated', n.convalidated, 'not_enforced', to_jsonb(n)->>'conenforced' = 'false', 'no_inherit', n.connoinherit,
        'index', CASE WHEN n.contype IN ('p', 'u', 'x') THEN i.relname END, 'references', r.relname)
        ORDER BY n.conname), '[]')
    FROM pg_constraint n LEFT JOIN pg_class i ON i.oid = n.conindid LEFT JOIN pg_class r ON r.oid = n.confrelid
    WHERE n.conrelid = rel
$$;

CREATE FUNCTION oracle.indexes(rel oid) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'name', c.relname, 'unique', i.indisunique, 'primary', i.indisprimary, 'valid', i.indisvalid,
        'clustered', i.indisclustered, 'method', m.amname, 'predicate', pg_get_expr(i.indpred, i.indrelid),
        'constraint', (SELECT conname FROM pg_constraint WHERE conindid = i.indexrelid AND contype IN ('p', 'u', 'x') LIMIT 1),
        'keys', (SELECT jsonb_agg(jsonb_build_object(
                'column', (SELECT attname FROM pg_attribute WHERE attrelid = rel AND attnum = i.indkey[k] AND attnum > 0),
                'text', pg_get_indexdef(i.indexrelid, k + 1, true),
                'options', concat_ws(' ', (SELECT collname FROM pg_collation WHERE oid = i.indcollation[k] AND collname <> 'default'),
                    (SELECT opcname FROM pg_opclass WHERE oid = i.indclass[k] AND NOT opcdefault))) ORDER BY k)
            FROM generate_series(0, i.indnkeyatts - 1) k),
        'include', oracle.attributes(rel, (i.indkey::int2[])[i.indnkeyatts:i.indnatts]))
        ORDER BY c.relname), '[]')
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam WHERE i.indrelid = rel
$$;

CREATE FUNCTION oracle.counters() RETURNS jsonb LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(jsonb_object_agg(relname, jsonb_build_array(seq_scan, coalesce(idx_tup_fetch, 0) + coalesce(
        (SELECT sum(pg_stat_get_xact_tuples_returned(i.indexrelid)) FROM pg_index i WHERE i.indrelid = relid), 0))), '{}')
    FROM pg_stat_xact_user_tables WHERE schemaname = current_schema()
$$;

-- Storage of each relation: number of its file, size in bytes.
CREATE FUNCTION oracle.storage() RETURNS jsonb LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(jsonb_object_agg(oid::text, jsonb_build_object('name', relname, 'kind', relkind,
        'file', pg_relation_filenode(oid), 'size', CASE WHEN relkind IN ('r', 'i', 'm') THEN pg_relation_size(oid) END)), '{}')
    FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind <> 'c'
$$;

-- How many rows there are.
CREATE FUNCTION oracle.rows() RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE relation regclass; count bigint; counts jsonb := '{}';
BEGIN
    FOR relation IN SELECT oid FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'm') AND relispopulated LOOP
        EXECUTE format('SELECT count(*) FROM ONLY %s', relation) INTO count;
        counts := counts || jsonb_build_object((SELECT relname FROM pg_class WHERE oid = relation), count);
    END LOOP;
    RETURN counts;
END $$;

-- Locks that a session has or waits for, on relations with a number that no system catalogue has.
CREATE FUNCTION oracle.locks(session int) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(jsonb_agg(DISTINCT jsonb_build_array(l.relation::text, l.mode, l.granted)), '[]')
    FROM pg_locks l WHERE l.pid = session AND l.locktype = 'relation' AND l.relation >= 16384
$$;

CREATE FUNCTION oracle.state() RETURNS jsonb LANGUAGE sql VOLATILE AS $$
    SELECT jsonb_build_object(
        'rows', oracle.rows(), 'storage', oracle.storage(), 'counters', oracle.counters(),
        'relations', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                'name', c.relname, 'kind', c.relkind, 'unlogged', c.relpersistence = 'u', 'temporary', c.relpersistence = 't',
                'columns', CASE WHEN c.relkind IN ('r', 'p', 'v', 'm', 'f') THEN oracle.columns(c.oid) ELSE '[]' END,
                'constraints', oracle.constraints(c.oid), 'indexes', oracle.indexes(c.oid),
                'referenced_by', (SELECT coalesce(jsonb_agg(jsonb_build_array(r.relname, n.conname)), '[]')
                    FROM pg_constraint n JOIN pg_class r ON r.oid = n.conrelid WHERE n.confrelid = c.oid),
                'children', oracle.names(array(SELECT inhrelid FROM pg_inherits WHERE inhparent = c.oid)),
                'parents', oracle.names(array(SELECT inhparent FROM pg_inherits WHERE inhrelid = c.oid)),
                'bound', pg_get_expr(c.relpartbound, c.oid),
                'key', CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
                'read_by', oracle.names(array(SELECT w.ev_class FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid
                    WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
                      AND w.ev_class <> c.oid)),
                'reads', oracle.reads(c.oid),
                'table', coalesce((SELECT t.relname FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid WHERE i.indexrelid = c.oid),
                    (SELECT t.relname FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass
                     WHERE c.relkind = 'S' AND d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
                     LIMIT 1)))
                ORDER BY c.relname), '[]')
            FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace),
        'types', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                'name', t.typname, 'sort', t.typtype, 'base', CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
                'not_null', t.typnotnull, 'default', t.typdefault,
                'checked', EXISTS (SELECT FROM pg_constraint n WHERE n.contypid = t.oid AND n.contype = 'c'),
                'columns', (SELECT coalesce(jsonb_agg(jsonb_build_array(c.relname, a.attname) ORDER BY c.relname, a.attname), '[]')
                    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'm', 'f')
                    WHERE a.atttypid = t.oid AND NOT a.attisdropped),
                'tables', (SELECT coalesce(jsonb_agg(c.relname ORDER BY c.relname), '[]') FROM pg_class c WHERE c.reloftype = t.oid))), '[]')
            FROM pg_type t WHERE t.typnamespace = current_schema()::regnamespace AND t.typtype IN ('d', 'e', 'c', 'r')
              AND (t.typtype <> 'c' OR (SELECT relkind FROM pg_class WHERE oid = t.typrelid) = 'c')),
        'functions', (SELECT coalesce(jsonb_agg(jsonb_build_array(p.proname, p.provolatile, (SELECT lanname FROM pg_language WHERE oid = p.prolang))), '[]')
            FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace))
$$;

CREATE FUNCTION oracle.after(session int) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE locks jsonb := oracle.locks(session); counters jsonb := oracle.counters();
BEGIN
    RETURN jsonb_build_object('locks', locks, 'counters', counters, 'storage', oracle.storage());
END $$;

-- Waits until a session waits for a lock (or is done), and says what it has and wants then.
CREATE FUNCTION oracle.wait(session int) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    FOR i IN 1..4000 LOOP
        PERFORM pg_stat_clear_snapshot();
        IF EXISTS (SELECT FROM pg_locks WHERE pid = session AND NOT granted) THEN
            RETURN oracle.locks(session);
        END IF;
        -- The command that follows the one that is measured.
        IF (SELECT query LIKE 'RESET client_min_messages%' FROM pg_stat_activity WHERE pid = session) THEN
            EXIT;
        END IF;
        PERFORM pg_sleep(0.002);
    END LOOP;
    RETURN '[]';
END $$;
