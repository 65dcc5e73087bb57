CREATE TABLE baocao.field (
    code text COLLATE "C" PRIMARY KEY,
    name text NOT NULL
);
COMMENT ON TABLE baocao.field IS 'Lĩnh vực thủ tục hành chính / Fields of administrative procedures';
COMMENT ON COLUMN baocao.field.code IS 'Mã lĩnh vực / Code of the field';
COMMENT ON COLUMN baocao.field.name IS 'Tên lĩnh vực / Name of the field';
CREATE TABLE baocao.form (
    number text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    dataset text COLLATE "C" NOT NULL,
    official boolean NOT NULL,
    law text NOT NULL
);
COMMENT ON TABLE baocao.form IS 'Biểu mẫu / Forms';
COMMENT ON COLUMN baocao.form.number IS 'Số hiệu biểu / Number of the form';
COMMENT ON COLUMN baocao.form.name IS 'Tên biểu / Title of the form';
COMMENT ON COLUMN baocao.form.dataset IS 'Bộ số liệu / Dataset';
COMMENT ON COLUMN baocao.form.official IS 'Cột của biểu đã đọc trong văn bản / Its columns were read in the law';
COMMENT ON COLUMN baocao.form.law IS 'Căn cứ pháp lý / Source in law';

-- A code means a unit only with its date: who may see 00118 of today sees nothing of the 00118 before the reform.
CREATE TABLE baocao.account_unit (
    account text NOT NULL,
    unit text COLLATE "C" NOT NULL,
    valid_from date NOT NULL,
    granted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    granted_by text NOT NULL DEFAULT session_user,
    PRIMARY KEY (account, unit, valid_from)
);
COMMENT ON TABLE baocao.account_unit IS 'Tài khoản nào xem được đơn vị nào và các đơn vị bên dưới / Which account sees which unit and those below it';
COMMENT ON COLUMN baocao.account_unit.account IS 'Tên đăng nhập của PostgreSQL / Login of PostgreSQL';
COMMENT ON COLUMN baocao.account_unit.unit IS 'Mã đơn vị / Code of the unit';
COMMENT ON COLUMN baocao.account_unit.valid_from IS 'Ngày đầu hiệu lực của đơn vị: mã chỉ là đơn vị này từ ngày đó / First day of the unit in force: the code means it from then on';
COMMENT ON COLUMN baocao.account_unit.granted_at IS 'Thời điểm cấp / When it was granted';
COMMENT ON COLUMN baocao.account_unit.granted_by IS 'Người cấp / Who granted it';

-- With the owner's rights: an account reads neither the mapping nor the tree of units to be judged by them.
CREATE FUNCTION baocao.units_of(who name) RETURNS TABLE (period text, unit text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' BEGIN ATOMIC
    WITH RECURSIVE tree AS (
        SELECT l.period, l.last_day, u.code
        FROM baocao.account_unit a
        JOIN baocao.unit u ON u.code = a.unit AND u.valid_from = a.valid_from
        JOIN (SELECT DISTINCT load.period, load.last_day FROM baocao.load) l
            ON u.valid_from <= l.last_day AND (u.valid_to IS NULL OR l.last_day < u.valid_to)
        WHERE a.account = who::text
        UNION
        SELECT tree.period, tree.last_day, below.code
        FROM tree JOIN baocao.unit below ON below.parent = tree.code
            AND below.valid_from <= tree.last_day AND (below.valid_to IS NULL OR tree.last_day < below.valid_to)
    )
    SELECT tree.period, tree.code FROM tree;
END;
COMMENT ON FUNCTION baocao.units_of(name) IS 'Các đơn vị mà tài khoản xem được, theo kỳ / The units that an account sees, by period';

-- A partition is made by the table's owner, whoever loads.
ALTER FUNCTION baocao.fact_partition(text) SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
REVOKE EXECUTE ON FUNCTION baocao.fact_partition(text) FROM PUBLIC;

ALTER TABLE baocao.fact ENABLE ROW LEVEL SECURITY;
ALTER TABLE baocao.form_issue ENABLE ROW LEVEL SECURITY;
ALTER TABLE baocao.obligation ENABLE ROW LEVEL SECURITY;
ALTER TABLE baocao.submission ENABLE ROW LEVEL SECURITY;
ALTER TABLE baocao.restatement_decision ENABLE ROW LEVEL SECURITY;

CREATE PROCEDURE baocao.grant_roles() LANGUAGE plpgsql AS $$
DECLARE
    role text;
    secured text;
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
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'baocao_loader') THEN
        GRANT USAGE ON SCHEMA baocao TO baocao_loader;
        GRANT SELECT ON ALL TABLES IN SCHEMA baocao TO baocao_loader;
        GRANT INSERT ON baocao.unit, baocao.indicator, baocao.field, baocao.form, baocao.load, baocao.fact, baocao.receipt,
            baocao.payload, baocao.load_source, baocao.standard_row, baocao.quarantine, baocao.finding, baocao.hole,
            baocao.form_issue, baocao.seal, baocao.obligation, baocao.submission, baocao.reminder, baocao.publication,
            baocao.restatement, baocao.restatement_fact, baocao.waiting_load, baocao.restatement_decision
            TO baocao_loader;
        GRANT UPDATE ON baocao.unit, baocao.indicator, baocao.field, baocao.form TO baocao_loader;
        GRANT DELETE ON baocao.unit TO baocao_loader;
        GRANT USAGE ON ALL SEQUENCES IN SCHEMA baocao TO baocao_loader;
        GRANT EXECUTE ON FUNCTION baocao.fact_partition(text) TO baocao_loader;
        FOREACH secured IN ARRAY ARRAY['fact', 'form_issue', 'obligation', 'submission', 'restatement_decision'] LOOP
            EXECUTE format('CREATE POLICY loader ON baocao.%I TO baocao_loader USING (true) WITH CHECK (true)', secured);
        END LOOP;
    END IF;
    FOREACH role IN ARRAY ARRAY['baocao_reader', 'baocao_reviewer', 'baocao_unit'] LOOP
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role);
        -- Not the schema baocao: its tables are reached through the published views and by no name.
        EXECUTE format('GRANT USAGE ON SCHEMA reporting, bao_cao TO %I', role);
        EXECUTE format('GRANT SELECT ON reporting.period, reporting.unit, reporting.indicator, reporting.tier, '
            'reporting.field, reporting.form, reporting.fact, reporting.issued_form, reporting.standing, '
            'bao_cao.ky_bao_cao, bao_cao.don_vi, bao_cao.chi_tieu, bao_cao.cap_giai_quyet, bao_cao.linh_vuc, '
            'bao_cao.bieu, bao_cao.so_lieu, bao_cao.bieu_phat_hanh, bao_cao.tinh_hinh_gui, baocao.unit, baocao.indicator, '
            'baocao.field, baocao.form, baocao.publication, baocao.fact, baocao.form_issue, baocao.obligation, '
            'baocao.submission TO %I', role);
        EXECUTE format('GRANT SELECT (period, last_day, recorded_at) ON baocao.load TO %I', role);
        CONTINUE WHEN role = 'baocao_unit';
        EXECUTE format('GRANT SELECT ON reporting.load, bao_cao.lan_nap, baocao.load TO %I', role);
        FOREACH secured IN ARRAY ARRAY['fact', 'form_issue', 'obligation', 'submission'] LOOP
            EXECUTE format('CREATE POLICY %I ON baocao.%I FOR SELECT TO %I USING (true)', role, secured, role);
        END LOOP;
    END LOOP;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'baocao_reviewer') THEN
        GRANT SELECT ON reporting.restatement, bao_cao.thay_doi_cho_duyet, reporting.finding, bao_cao.phat_hien,
            baocao.restatement, baocao.restatement_decision, baocao.finding TO baocao_reviewer;
        CREATE POLICY baocao_reviewer ON baocao.restatement_decision FOR SELECT TO baocao_reviewer USING (true);
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'baocao_unit') THEN
        FOREACH secured IN ARRAY ARRAY['fact', 'form_issue', 'obligation', 'submission'] LOOP
            EXECUTE format('CREATE POLICY baocao_unit ON baocao.%I FOR SELECT TO baocao_unit '
                'USING ((period, unit) IN (SELECT u.period, u.unit FROM baocao.units_of(current_user) u))', secured);
        END LOOP;
    END IF;
END $$;
COMMENT ON PROCEDURE baocao.grant_roles() IS
    'Đặt lại quyền của các vai trò, chạy lại được / Sets the rights of the roles anew; may be called again';

CREATE PROCEDURE baocao.revoke_roles() LANGUAGE plpgsql AS $$
DECLARE
    role text;
    policy record;
BEGIN
    FOR policy IN SELECT policyname, tablename FROM pg_policies WHERE schemaname = 'baocao' LOOP
        EXECUTE format('DROP POLICY %I ON baocao.%I', policy.policyname, policy.tablename);
    END LOOP;
    FOR role IN SELECT rolname FROM pg_roles
        WHERE rolname IN ('baocao_loader', 'baocao_reader', 'baocao_reviewer', 'baocao_unit') LOOP
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA baocao FROM %I', role);
        EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA baocao FROM %I', role);
        EXECUTE format('REVOKE ALL ON FUNCTION baocao.fact_partition(text) FROM %I', role);
        EXECUTE format('REVOKE ALL ON SCHEMA baocao FROM %I', role);
    END LOOP;
END $$;
COMMENT ON PROCEDURE baocao.revoke_roles() IS 'Thu lại mọi quyền của các vai trò / Takes back every right of the roles';
