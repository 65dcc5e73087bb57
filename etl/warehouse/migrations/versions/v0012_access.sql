-- One row a relation, one column a role: what GRANT gives it. What stands in no row has the rights of the rule below.
CREATE TABLE baocao.access (
    relation text COLLATE "C" PRIMARY KEY CHECK (relation LIKE '%.%'),
    loader text NOT NULL DEFAULT '',
    reviewer text NOT NULL DEFAULT '',
    reader text NOT NULL DEFAULT '',
    unit text NOT NULL DEFAULT ''
);
COMMENT ON TABLE baocao.access IS 'Vai trò nào có quyền gì trên bảng và khung nhìn; bảng mới không ghi ở đây: chỉ loader đọc, và thêm nếu bảng chỉ được thêm / Which role has which rights; a new table that is not here is read by the loader alone, who also adds to it where it is insert-only';
COMMENT ON COLUMN baocao.access.relation IS 'Tên bảng hoặc khung nhìn, kèm lược đồ / Table or view with its schema';
COMMENT ON COLUMN baocao.access.loader IS 'Quyền của baocao_loader ngoài quy tắc chung / Rights of baocao_loader beyond the rule';
COMMENT ON COLUMN baocao.access.reviewer IS 'Quyền của baocao_reviewer, trống là không / Rights of baocao_reviewer, empty is none';
COMMENT ON COLUMN baocao.access.reader IS 'Quyền của baocao_reader, trống là không / Rights of baocao_reader, empty is none';
COMMENT ON COLUMN baocao.access.unit IS 'Quyền của baocao_unit, trống là không; bảng có cột period và unit chỉ cho thấy dòng của đơn vị mình / Rights of baocao_unit, empty is none; of a table with the columns period and unit it sees the rows of its own units';

INSERT INTO baocao.access (relation, loader, reviewer, reader, unit) VALUES
    ('baocao.unit', 'INSERT, UPDATE, DELETE', 'SELECT', 'SELECT', 'SELECT'),
    ('baocao.indicator', 'INSERT, UPDATE', 'SELECT', 'SELECT', 'SELECT'),
    ('baocao.field', 'INSERT, UPDATE', 'SELECT', 'SELECT', 'SELECT'),
    ('baocao.form', 'INSERT, UPDATE', 'SELECT', 'SELECT', 'SELECT'),
    ('baocao.fact', '', 'SELECT, INSERT', 'SELECT', 'SELECT'),
    ('baocao.load', '', 'SELECT, INSERT', 'SELECT', 'SELECT (period, last_day, recorded_at)'),
    ('baocao.form_issue', '', 'SELECT, INSERT', 'SELECT', 'SELECT'),
    ('baocao.submission', '', 'SELECT, INSERT', 'SELECT', 'SELECT'),
    ('baocao.publication', '', 'SELECT, INSERT', 'SELECT', 'SELECT'),
    ('baocao.obligation', '', 'SELECT', 'SELECT', 'SELECT'),
    -- A reviewer locks and decides, and issues the forms that this touches: all it takes, and no evidence.
    ('baocao.restatement_decision', '', 'SELECT, INSERT', '', ''),
    ('baocao.restatement', '', 'SELECT, INSERT', '', ''),
    ('baocao.restatement_fact', '', 'SELECT, INSERT', '', ''),
    ('baocao.waiting_load', '', 'SELECT, INSERT', '', ''),
    ('baocao.load_source', '', 'SELECT, INSERT', '', ''),
    ('baocao.quarantine', '', 'SELECT, INSERT', '', ''),
    ('baocao.finding', '', 'SELECT, INSERT', '', ''),
    ('baocao.hole', '', 'SELECT, INSERT', '', ''),
    ('baocao.seal', '', 'SELECT, INSERT', '', ''),
    ('baocao.receipt', '', 'SELECT', '', ''),
    ('baocao.payload', '', 'SELECT', '', ''),
    ('baocao.standard_row', '', 'SELECT', '', ''),
    ('baocao.rule_outcome', '', 'SELECT, INSERT', '', ''),
    ('baocao.validation', '', 'SELECT, INSERT', '', ''),
    ('baocao.alembic_version', '', 'SELECT', '', ''),
    ('reporting.period', '', 'SELECT', 'SELECT', 'SELECT'), ('bao_cao.ky_bao_cao', '', 'SELECT', 'SELECT', 'SELECT'),
    ('reporting.unit', '', 'SELECT', 'SELECT', 'SELECT'), ('bao_cao.don_vi', '', 'SELECT', 'SELECT', 'SELECT'),
    ('reporting.indicator', '', 'SELECT', 'SELECT', 'SELECT'), ('bao_cao.chi_tieu', '', 'SELECT', 'SELECT', 'SELECT'),
    ('reporting.tier', '', 'SELECT', 'SELECT', 'SELECT'), ('bao_cao.cap_giai_quyet', '', 'SELECT', 'SELECT', 'SELECT'),
    ('reporting.field', '', 'SELECT', 'SELECT', 'SELECT'), ('bao_cao.linh_vuc', '', 'SELECT', 'SELECT', 'SELECT'),
    ('reporting.form', '', 'SELECT', 'SELECT', 'SELECT'), ('bao_cao.bieu', '', 'SELECT', 'SELECT', 'SELECT'),
    ('reporting.fact', '', 'SELECT', 'SELECT', 'SELECT'), ('bao_cao.so_lieu', '', 'SELECT', 'SELECT', 'SELECT'),
    ('reporting.issued_form', '', 'SELECT', 'SELECT', 'SELECT'),
    ('bao_cao.bieu_phat_hanh', '', 'SELECT', 'SELECT', 'SELECT'),
    ('reporting.standing', '', 'SELECT', 'SELECT', 'SELECT'), ('bao_cao.tinh_hinh_gui', '', 'SELECT', 'SELECT', 'SELECT'),
    ('reporting.load', '', 'SELECT', 'SELECT', ''), ('bao_cao.lan_nap', '', 'SELECT', 'SELECT', ''),
    ('reporting.restatement', '', 'SELECT', '', ''), ('bao_cao.thay_doi_cho_duyet', '', 'SELECT', '', ''),
    ('reporting.finding', '', 'SELECT', '', ''), ('bao_cao.phat_hien', '', 'SELECT', '', '');

CREATE OR REPLACE PROCEDURE baocao.grant_roles() LANGUAGE plpgsql AS $$
DECLARE
    role text;
    one record;
BEGIN
    FOREACH role IN ARRAY ARRAY['baocao_loader', 'baocao_reader', 'baocao_reviewer', 'baocao_unit'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role);
            END IF;
        EXCEPTION
            WHEN insufficient_privilege THEN
                RAISE NOTICE '% was not created: this user may not create roles', role;
            WHEN duplicate_object OR unique_violation THEN
                NULL;  -- another database of the server is making it just now
        END;
    END LOOP;
    CALL baocao.revoke_roles();
    FOR role IN SELECT rolname FROM pg_roles WHERE rolname IN ('baocao_loader', 'baocao_reviewer') LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA baocao TO %I', role);
        EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA baocao TO %I', role);
        EXECUTE format('GRANT EXECUTE ON FUNCTION baocao.fact_partition(text) TO %I', role);
    END LOOP;
    -- Readers and units not: the tables are reached through the published views and by no name.
    FOR role IN SELECT rolname FROM pg_roles
        WHERE rolname IN ('baocao_reader', 'baocao_reviewer', 'baocao_unit') LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA reporting, bao_cao TO %I', role);
    END LOOP;
    FOR one IN
        SELECT c.oid, n.nspname AS schema, c.relname AS relation, coalesce(a.unit LIKE 'SELECT', false) AND 2 = (
            SELECT count(*) FROM pg_attribute WHERE attrelid = c.oid AND attname IN ('period', 'unit')) AS by_unit,
            array_remove(ARRAY[
                CASE WHEN n.nspname = 'baocao' THEN 'SELECT' END,
                CASE WHEN EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'insert_only')
                    THEN 'INSERT' END,
                nullif(a.loader, '')], NULL) AS loader,
            a.reviewer, a.reader, a.unit
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN baocao.access a ON a.relation = n.nspname || '.' || c.relname
        WHERE n.nspname IN ('baocao', 'reporting', 'bao_cao') AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
    LOOP
        IF one.by_unit AND one.schema = 'baocao' THEN
            EXECUTE format('ALTER TABLE baocao.%I ENABLE ROW LEVEL SECURITY', one.relation);
        END IF;
        CALL baocao.grant_role('baocao_loader', one.oid, array_to_string(one.loader, ', '), 'true');
        -- Whoever approves records what was foreseen and no other figure; a longer period adds up its quarters.
        CALL baocao.grant_role('baocao_reviewer', one.oid, one.reviewer, CASE WHEN one.relation <> 'fact' THEN 'true' ELSE
            'period !~ ''-[QM]'' OR EXISTS (SELECT FROM baocao.restatement r JOIN baocao.restatement_fact w '
            'ON w.restatement = r.id WHERE r.period = fact.period AND w.unit = fact.unit AND w.indicator = fact.indicator '
            'AND w.tier = fact.tier AND w.field = fact.field AND w.revision = fact.revision '
            'AND w.value IS NOT DISTINCT FROM fact.value AND w.reason IS NOT DISTINCT FROM fact.reason)' END);
        CALL baocao.grant_role('baocao_reader', one.oid, one.reader, 'true');
        CALL baocao.grant_role('baocao_unit', one.oid, one.unit, CASE WHEN one.by_unit THEN
            '(period, unit) IN (SELECT u.period, u.unit FROM baocao.units_of(current_user) u)' ELSE 'true' END);
    END LOOP;
END $$;

CREATE PROCEDURE baocao.grant_role(role text, relation regclass, privileges text, which text) LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(privileges, '') = '' OR NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
        RETURN;
    END IF;
    EXECUTE format('GRANT %s ON %s TO %I', privileges, relation, role);
    IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = relation) THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE POLICY %I ON %s FOR SELECT TO %I USING (%s)', role || '_reads', relation, role,
        CASE role WHEN 'baocao_unit' THEN which ELSE 'true' END);
    IF privileges LIKE '%INSERT%' THEN
        EXECUTE format('CREATE POLICY %I ON %s FOR INSERT TO %I WITH CHECK (%s)', role || '_adds', relation, role, which);
    END IF;
END $$;
COMMENT ON PROCEDURE baocao.grant_role(text, regclass, text, text) IS
    'Cấp cho một vai trò quyền trên một bảng; which là điều kiện của dòng / Gives one role rights on one relation; which: the condition of its rows';

CREATE OR REPLACE PROCEDURE baocao.revoke_roles() LANGUAGE plpgsql AS $$
DECLARE
    role text;
    schema text;
    policy record;
BEGIN
    FOR policy IN SELECT policyname, tablename FROM pg_policies WHERE schemaname = 'baocao' LOOP
        EXECUTE format('DROP POLICY %I ON baocao.%I', policy.policyname, policy.tablename);
    END LOOP;
    FOR role IN SELECT rolname FROM pg_roles
        WHERE rolname IN ('baocao_loader', 'baocao_reader', 'baocao_reviewer', 'baocao_unit') LOOP
        FOR schema IN SELECT nspname FROM pg_namespace WHERE nspname IN ('baocao', 'reporting', 'bao_cao') LOOP
            EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %I', schema, role);
            EXECUTE format('REVOKE ALL ON SCHEMA %I FROM %I', schema, role);
        END LOOP;
        EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA baocao FROM %I', role);
        EXECUTE format('REVOKE ALL ON FUNCTION baocao.fact_partition(text) FROM %I', role);
    END LOOP;
END $$;
