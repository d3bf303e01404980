-- One line for each object: sort, name, and what is compared, separated by tabs.
SET search_path = public;
CREATE TEMP VIEW own AS
    SELECT n.oid FROM pg_namespace n
    WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema';
CREATE TEMP VIEW foreigners AS
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e';

SELECT 'schema', nspname FROM pg_namespace WHERE oid IN (SELECT oid FROM own) AND nspname <> 'public'
    AND oid NOT IN (SELECT objid FROM foreigners WHERE classid = 'pg_namespace'::regclass);

SELECT 'relation', n.nspname || '.' || c.relname,
    CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned' WHEN 'i' THEN 'index' WHEN 'I' THEN 'index'
        WHEN 'v' THEN 'view' WHEN 'm' THEN 'matview' WHEN 'S' THEN 'sequence' WHEN 'f' THEN 'foreign'
        WHEN 'c' THEN 'composite' END,
    CASE WHEN c.relkind IN ('r', 'm') THEN (c.relpersistence = 'u')::text ELSE 'false' END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.oid IN (SELECT oid FROM own) AND c.relkind <> 't'
    AND c.oid NOT IN (SELECT objid FROM foreigners WHERE classid = 'pg_class'::regclass);

SELECT 'column', n.nspname || '.' || c.relname || '.' || a.attname,
    format_type(a.atttypid, a.atttypmod),
    CASE WHEN c.relkind IN ('r', 'p', 'f') THEN a.attnotnull::text ELSE 'false' END,
    CASE WHEN c.relkind IN ('r', 'p', 'f') THEN (a.atthasdef AND a.attgenerated = '' AND coalesce((
        -- That it is NULL is the same as none.
        SELECT pg_get_expr(d.adbin, d.adrelid) !~* '^\(?null' FROM pg_attrdef d
        WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum), true))::text ELSE 'false' END,
    CASE a.attgenerated WHEN '' THEN 'no' ELSE 'stored' END,
    CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'default' ELSE 'no' END
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.oid IN (SELECT oid FROM own) AND a.attnum > 0 AND NOT a.attisdropped
    AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
    AND c.oid NOT IN (SELECT objid FROM foreigners WHERE classid = 'pg_class'::regclass);

SELECT 'constraint', n.nspname || '.' || c.relname || '.' || k.conname, k.contype, k.convalidated,
    CASE WHEN k.contype IN ('c', 'x') THEN '' ELSE coalesce((SELECT string_agg(a.attname, ',' ORDER BY u.place)
        FROM unnest(k.conkey) WITH ORDINALITY u(num, place)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num), '') END,
    coalesce((SELECT rn.nspname || '.' || r.relname FROM pg_class r JOIN pg_namespace rn ON rn.oid = r.relnamespace
        WHERE r.oid = k.confrelid), ''),
    coalesce((SELECT string_agg(a.attname, ',' ORDER BY u.place)
        FROM unnest(k.confkey) WITH ORDINALITY u(num, place)
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num), ''),
    CASE WHEN k.contype IN ('p', 'u', 'x') THEN coalesce((SELECT relname FROM pg_class WHERE oid = k.conindid), '')
        ELSE '' END
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.oid IN (SELECT oid FROM own) AND k.contype IN ('p', 'u', 'f', 'c', 'x')
    -- A foreign key to a partitioned table has a row for each of its partitions; only the one that was written counts.
    AND NOT (k.contype = 'f' AND k.conparentid <> 0
        AND k.confrelid <> (SELECT p.confrelid FROM pg_constraint p WHERE p.oid = k.conparentid))
    AND c.oid NOT IN (SELECT objid FROM foreigners WHERE classid = 'pg_class'::regclass);

SELECT 'index', n.nspname || '.' || i.relname, t.relname, x.indisunique, x.indisprimary, x.indisvalid, am.amname,
    (SELECT string_agg(coalesce(a.attname, '()'), ',' ORDER BY u.place)
        FROM unnest(x.indkey::int2[]) WITH ORDINALITY u(num, place)
        LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = u.num AND u.num <> 0),
    x.indnatts - x.indnkeyatts, x.indpred IS NOT NULL,
    coalesce((SELECT p.relname FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent WHERE h.inhrelid = i.oid), '')
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
    JOIN pg_namespace n ON n.oid = i.relnamespace JOIN pg_am am ON am.oid = i.relam
WHERE n.oid IN (SELECT oid FROM own)
    AND t.oid NOT IN (SELECT objid FROM foreigners WHERE classid = 'pg_class'::regclass);

SELECT 'parent', cn.nspname || '.' || c.relname || ' ' || pn.nspname || '.' || p.relname, c.relispartition
FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
    JOIN pg_class p ON p.oid = h.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
WHERE cn.oid IN (SELECT oid FROM own) AND c.relkind IN ('r', 'p', 'f');

SELECT 'enum', n.nspname || '.' || t.typname,
    coalesce((SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid), '')
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE n.oid IN (SELECT oid FROM own) AND t.typtype = 'e'
    AND t.oid NOT IN (SELECT objid FROM foreigners WHERE classid = 'pg_type'::regclass);

SELECT 'domain', n.nspname || '.' || t.typname, format_type(t.typbasetype, t.typtypmod), t.typnotnull,
    t.typdefault IS NOT NULL,
    coalesce((SELECT string_agg(k.conname, ',' ORDER BY k.conname) FROM pg_constraint k
        WHERE k.contypid = t.oid AND k.contype = 'c'), '')
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE n.oid IN (SELECT oid FROM own) AND t.typtype = 'd'
    AND t.oid NOT IN (SELECT objid FROM foreigners WHERE classid = 'pg_type'::regclass);

SELECT 'sequence', n.nspname || '.' || c.relname, format_type(s.seqtypid, NULL),
    coalesce((SELECT t.relname || '.' || a.attname FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid
        JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass
            AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0), '')
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.oid IN (SELECT oid FROM own)
    AND c.oid NOT IN (SELECT objid FROM foreigners WHERE classid = 'pg_class'::regclass);

SELECT 'function', n.nspname || '.' || p.proname || '(' || coalesce((SELECT string_agg(
        replace(regexp_replace(format_type(u.of, NULL), '^("[^"]+"|\w+)\.', ''), '"', ''), ', '
        ORDER BY u.place) FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY u(of, place)), '') || ')',
    CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END, p.prokind = 'p'
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.oid IN (SELECT oid FROM own) AND p.prokind IN ('f', 'p')
    AND p.oid NOT IN (SELECT objid FROM foreigners WHERE classid = 'pg_proc'::regclass)
    -- A range type brings its constructors.
    AND p.oid NOT IN (SELECT d.objid FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'i');
