-- The partition of a period that has none: without an index, and seen by nobody until baocao.fact_partition gives it
-- both. NULL where there is one, and for whoever may not load: whoever fills it meets no row-level security.
CREATE FUNCTION baocao.fresh_fact_partition(wanted text) RETURNS regclass
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text := 'fact_' || lower(replace(wanted, '-', '_'));
    loader boolean := EXISTS (SELECT FROM pg_roles WHERE rolname = 'baocao_loader');
    owner name := (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'baocao.fact'::regclass);
BEGIN
    IF to_regclass(format('baocao.%I', name)) IS NOT NULL
        OR NOT (pg_has_role(session_user, owner, 'MEMBER')
            OR (loader AND pg_has_role(session_user, 'baocao_loader', 'MEMBER'))) THEN
        RETURN NULL;
    END IF;
    EXECUTE format('CREATE TABLE baocao.%I (LIKE baocao.fact INCLUDING ALL EXCLUDING INDEXES)', name);
    IF loader THEN
        EXECUTE format('GRANT INSERT ON baocao.%I TO baocao_loader', name);
    END IF;
    RETURN format('baocao.%I', name)::regclass;
END $$;
COMMENT ON FUNCTION baocao.fresh_fact_partition(text) IS
    'Phân vùng mới, chưa có chỉ mục, để nạp lần đầu của kỳ / A new partition without an index, for the first load of a period';

CREATE OR REPLACE FUNCTION baocao.fact_partition(wanted text) RETURNS regclass
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text := 'fact_' || lower(replace(wanted, '-', '_'));
    found regclass := to_regclass(format('baocao.%I', name));
BEGIN
    IF found IS NULL THEN
        EXECUTE format('CREATE TABLE baocao.%I (LIKE baocao.fact INCLUDING ALL EXCLUDING INDEXES)', name);
        found := format('baocao.%I', name)::regclass;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = found) THEN
        EXECUTE format('ALTER TABLE %s ADD PRIMARY KEY (period, unit, indicator, tier, field, revision)', found);
        EXECUTE format('ALTER TABLE baocao.fact ATTACH PARTITION %s FOR VALUES IN (%L)', found, wanted);
        CALL baocao.make_insert_only(found);
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'baocao_loader') THEN
            EXECUTE format('REVOKE INSERT ON %s FROM baocao_loader', found);
        END IF;
    END IF;
    RETURN found;
END $$;

COMMENT ON COLUMN baocao.seal.parts IS 'Của lần nạp: mỗi bảng một dòng với số dòng đã ghi và sha256 của chúng; dòng đầu nói cách tính: recipe 2 là các dòng như COPY (SELECT ...) TO STDOUT (FORMAT binary), không có là recipe 1, văn bản của từng dòng / Of a load: a line for each table with how many rows it wrote and their sha256; the first line says how: recipe 2 is the rows as COPY (SELECT ...) TO STDOUT (FORMAT binary) gives them, none is recipe 1, the text of each row';
COMMENT ON COLUMN baocao.load_source.rows_sha256 IS 'sha256 của các dòng, để biết nguồn có đổi không / sha256 of the rows, to tell whether the source changed';

-- Nobody looks for a row by what these hold, and they are most of it: statistics of them took most of the time.
ALTER TABLE baocao.standard_row ALTER COLUMN pointer SET STATISTICS 0, ALTER COLUMN raw SET STATISTICS 0,
    ALTER COLUMN "values" SET STATISTICS 0;
