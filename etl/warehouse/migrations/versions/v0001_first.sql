-- Schema of the reporting warehouse, first revision. Codes are compared byte by byte (COLLATE "C"):
-- faster than a language's collation and the same on every server.

CREATE TABLE baocao.unit (
    code text COLLATE "C" NOT NULL,
    name text NOT NULL,
    level text NOT NULL,
    type text NOT NULL,
    parent text COLLATE "C",
    valid_from date NOT NULL,
    valid_to date,
    verified boolean NOT NULL,
    source text NOT NULL,
    PRIMARY KEY (code, valid_from),
    CHECK (valid_to > valid_from)
);
CREATE INDEX unit_parent ON baocao.unit (parent);

CREATE TABLE baocao.indicator (
    code text COLLATE "C" PRIMARY KEY,
    dataset text COLLATE "C" NOT NULL,
    title_vi text NOT NULL,
    title_en text NOT NULL,
    unit_vi text NOT NULL,
    unit_en text NOT NULL,
    law text NOT NULL
);

CREATE SEQUENCE baocao.load_id AS bigint;
CREATE TABLE baocao.load (
    id bigint PRIMARY KEY,
    period text COLLATE "C" NOT NULL,
    last_day date NOT NULL,
    run text NOT NULL,
    catalog_version text NOT NULL,
    rules_version text NOT NULL,
    recorded_at timestamptz NOT NULL,
    facts_new integer NOT NULL,
    facts_revised integer NOT NULL,
    facts_same integer NOT NULL,
    withheld jsonb NOT NULL,
    UNIQUE (period, recorded_at)
);
ALTER SEQUENCE baocao.load_id OWNED BY baocao.load.id;

-- No foreign key to load: the facts of a load are written before its row, which holds their number, in one
-- transaction; a deferred key would queue half a million checks.
CREATE TABLE baocao.fact (
    period text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    indicator text COLLATE "C" NOT NULL,
    tier text COLLATE "C" NOT NULL,
    field text COLLATE "C" NOT NULL,
    revision integer NOT NULL,
    value numeric(20, 4),
    reason text COLLATE "C",
    leaf boolean NOT NULL,
    state text COLLATE "C" NOT NULL,
    revision_reason text COLLATE "C" NOT NULL,
    recorded_at timestamptz NOT NULL,
    load bigint NOT NULL,
    PRIMARY KEY (period, unit, indicator, tier, field, revision),
    CHECK ((value IS NULL) = (reason IS NOT NULL)),
    CHECK (state IN ('preliminary', 'final', 'revised', 'moving')),
    CHECK (revision_reason IN ('first', 'late', 'correction', 'withdrawn')),
    CHECK ((revision = 1) = (revision_reason = 'first')),
    CHECK ((revision_reason = 'withdrawn') = (reason IS NOT DISTINCT FROM 'withdrawn'))
) PARTITION BY LIST (period);

CREATE TABLE baocao.receipt (
    id text COLLATE "C" PRIMARY KEY,
    load bigint NOT NULL REFERENCES baocao.load,
    source text COLLATE "C" NOT NULL,
    period text COLLATE "C" NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('complete', 'unavailable', 'refused', 'broken')),
    message text NOT NULL,
    rows integer NOT NULL
);

CREATE TABLE baocao.payload (
    receipt text COLLATE "C" NOT NULL REFERENCES baocao.receipt,
    position integer NOT NULL,
    sha256 text COLLATE "C" NOT NULL,
    uri text NOT NULL,
    size bigint NOT NULL,
    media_type text NOT NULL,
    status integer NOT NULL,
    method text NOT NULL,
    address text NOT NULL,
    request text NOT NULL,
    fetched_at timestamptz NOT NULL,
    field text COLLATE "C",
    PRIMARY KEY (receipt, position)
);

CREATE TABLE baocao.load_source (
    load bigint NOT NULL REFERENCES baocao.load,
    source text COLLATE "C" NOT NULL,
    state text NOT NULL,
    receipt text COLLATE "C" NOT NULL REFERENCES baocao.receipt,
    dataset text COLLATE "C",
    rows integer NOT NULL,
    rows_sha256 text,
    rows_load bigint REFERENCES baocao.load,
    PRIMARY KEY (load, source),
    CHECK ((rows_load IS NULL) = (dataset IS NULL) AND (rows_load IS NULL) = (rows_sha256 IS NULL))
);

CREATE TABLE baocao.standard_row (
    load bigint NOT NULL REFERENCES baocao.load,
    source text COLLATE "C" NOT NULL,
    position integer NOT NULL,
    dataset text COLLATE "C" NOT NULL,
    payload text COLLATE "C" NOT NULL,
    pointer text COLLATE "C" NOT NULL,
    agency text COLLATE "C" NOT NULL,
    unit text COLLATE "C",
    tier text COLLATE "C",
    field text COLLATE "C",
    field_raw text,
    problem text,
    problem_rule text,
    raw text NOT NULL,
    "values" jsonb NOT NULL,
    PRIMARY KEY (load, source, position)
);
CREATE INDEX standard_row_unit ON baocao.standard_row (unit, load);

CREATE TABLE baocao.quarantine (
    load bigint NOT NULL REFERENCES baocao.load,
    position integer NOT NULL,
    dataset text COLLATE "C" NOT NULL,
    rules text[] NOT NULL,
    messages text NOT NULL,
    source text COLLATE "C" NOT NULL,
    payload text COLLATE "C" NOT NULL,
    pointer text COLLATE "C" NOT NULL,
    agency text COLLATE "C" NOT NULL,
    unit text COLLATE "C",
    tier text COLLATE "C",
    field text COLLATE "C",
    problem text,
    raw text NOT NULL,
    "values" jsonb NOT NULL,
    PRIMARY KEY (load, position)
);

CREATE TABLE baocao.finding (
    load bigint NOT NULL REFERENCES baocao.load,
    position integer NOT NULL,
    rule text COLLATE "C" NOT NULL,
    severity text NOT NULL CHECK (severity IN ('critical', 'warning', 'info')),
    source text COLLATE "C" NOT NULL,
    period text COLLATE "C" NOT NULL,
    message text NOT NULL,
    unit text COLLATE "C",
    field text COLLATE "C",
    payload text COLLATE "C",
    "row" text NOT NULL,
    "column" text NOT NULL,
    value text NOT NULL,
    expected text NOT NULL,
    PRIMARY KEY (load, position)
);

CREATE TABLE baocao.hole (
    load bigint NOT NULL REFERENCES baocao.load,
    position integer NOT NULL,
    dataset text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    province text COLLATE "C" NOT NULL,
    unit text COLLATE "C",
    tier text COLLATE "C",
    field text COLLATE "C",
    reason text NOT NULL CHECK (reason IN ('missing_source', 'missing_unit', 'quarantined')),
    PRIMARY KEY (load, position)
);

CREATE TABLE baocao.form_issue (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    form text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    period text COLLATE "C" NOT NULL,
    known_at timestamptz NOT NULL,
    issued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    sha256 text NOT NULL,
    uri text NOT NULL
);
CREATE INDEX form_issue_form ON baocao.form_issue (period, form, unit, id);

CREATE FUNCTION baocao.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'baocao.% chỉ được thêm dòng: không cho %. Sửa số liệu là nạp lần mới (insert-only: % is refused; '
        'a correction is a new load)', TG_TABLE_NAME, TG_OP, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
COMMENT ON FUNCTION baocao.refuse_change() IS
    'Từ chối UPDATE, DELETE, TRUNCATE trên bảng chỉ được thêm / Refuses UPDATE, DELETE, TRUNCATE on insert-only tables';

-- ALWAYS: a session in replica mode is refused as well.
CREATE PROCEDURE baocao.make_insert_only(target regclass) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s '
                   'FOR EACH STATEMENT EXECUTE FUNCTION baocao.refuse_change()', target);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER insert_only', target);
END $$;
COMMENT ON PROCEDURE baocao.make_insert_only(regclass) IS
    'Đặt một bảng thành chỉ được thêm / Makes a table insert-only';

CALL baocao.make_insert_only('baocao.load');
CALL baocao.make_insert_only('baocao.fact');
CALL baocao.make_insert_only('baocao.receipt');
CALL baocao.make_insert_only('baocao.payload');
CALL baocao.make_insert_only('baocao.load_source');
CALL baocao.make_insert_only('baocao.standard_row');
CALL baocao.make_insert_only('baocao.quarantine');
CALL baocao.make_insert_only('baocao.finding');
CALL baocao.make_insert_only('baocao.hole');
CALL baocao.make_insert_only('baocao.form_issue');

-- A statement that names a partition fires the partition's own triggers only, so each gets them. ATTACH takes
-- a lock that no reader of other periods meets; CREATE TABLE ... PARTITION OF would take one that all meet.
CREATE FUNCTION baocao.fact_partition(wanted text) RETURNS regclass LANGUAGE plpgsql AS $$
DECLARE
    name text := 'fact_' || lower(replace(wanted, '-', '_'));
    found regclass := to_regclass(format('baocao.%I', name));
BEGIN
    IF found IS NULL THEN
        EXECUTE format('CREATE TABLE baocao.%I (LIKE baocao.fact INCLUDING ALL)', name);
        EXECUTE format('ALTER TABLE baocao.fact ATTACH PARTITION baocao.%I FOR VALUES IN (%L)', name, wanted);
        found := format('baocao.%I', name)::regclass;
        CALL baocao.make_insert_only(found);
    END IF;
    RETURN found;
END $$;
COMMENT ON FUNCTION baocao.fact_partition(text) IS
    'Phân vùng dữ kiện của một kỳ, tạo khi cần lần đầu / The partition of a period, made when first needed';

-- The newest revision is found by an anti-join: unlike DISTINCT ON it lets the planner reach single units
-- by index, whatever column the reader filters on.
CREATE VIEW baocao.fact_history AS
SELECT f.period, f.indicator, i.title_vi AS indicator_title, i.unit_vi AS unit_of_measure, f.unit, u.name AS unit_name,
       u.level AS unit_level, u.parent AS unit_parent, f.tier, f.field, f.value, f.reason, f.state, f.revision,
       f.revision_reason, f.recorded_at, f.load
FROM baocao.fact f
JOIN baocao.load l ON l.id = f.load
LEFT JOIN baocao.indicator i ON i.code = f.indicator
LEFT JOIN baocao.unit u
    ON u.code = f.unit AND u.valid_from <= l.last_day AND (u.valid_to IS NULL OR l.last_day < u.valid_to);

CREATE VIEW baocao.fact_current AS
SELECT f.*
FROM baocao.fact_history f
WHERE f.revision_reason <> 'withdrawn'
    AND NOT EXISTS (
        SELECT FROM baocao.fact later
        WHERE later.period = f.period AND later.unit = f.unit AND later.indicator = f.indicator
            AND later.tier = f.tier AND later.field = f.field AND later.revision > f.revision
    );

-- Roles belong to the whole server: one without the right to make them goes on without, and another database
-- may have made it already, or be making it now.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'baocao_reader') THEN
        CREATE ROLE baocao_reader NOLOGIN;
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'baocao_reader was not created: this user may not create roles';
    WHEN duplicate_object OR unique_violation THEN
        NULL;
END $$;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'baocao_reader') THEN
        GRANT USAGE ON SCHEMA baocao TO baocao_reader;
        GRANT SELECT ON baocao.fact_current, baocao.fact_history, baocao.unit, baocao.indicator TO baocao_reader;
    END IF;
END $$;
