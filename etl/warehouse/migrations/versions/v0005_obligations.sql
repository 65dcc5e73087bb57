CREATE TABLE baocao.obligation (
    form text COLLATE "C" NOT NULL,
    period text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    level text COLLATE "C" NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    province text COLLATE "C" NOT NULL,
    due_on date NOT NULL,
    due_verified boolean NOT NULL,
    frozen_at timestamptz NOT NULL,
    catalog_version text NOT NULL,
    PRIMARY KEY (period, form, unit)
);
CREATE TABLE baocao.submission (
    form text COLLATE "C" NOT NULL,
    period text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    received_at timestamptz NOT NULL,
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('report', 'partial', 'nil', 'correction')),
    origin text COLLATE "C" NOT NULL CHECK (origin IN ('pipeline', 'import')),
    evidence text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (period, form, unit, received_at, kind)
);
CALL baocao.make_insert_only('baocao.obligation');
CALL baocao.make_insert_only('baocao.submission');

COMMENT ON TABLE baocao.obligation IS 'Đơn vị nào phải gửi biểu nào, chốt khi đã qua hạn gửi / Who owes which form, frozen when the due date has passed';
COMMENT ON COLUMN baocao.obligation.form IS 'Số hiệu biểu / Number of the form';
COMMENT ON COLUMN baocao.obligation.period IS 'Kỳ báo cáo / Reporting period';
COMMENT ON COLUMN baocao.obligation.unit IS 'Mã đơn vị vào ngày cuối kỳ / Code of the unit on the last day of the period';
COMMENT ON COLUMN baocao.obligation.level IS 'Cấp của đơn vị khi đó / Level of the unit then';
COMMENT ON COLUMN baocao.obligation.name IS 'Tên đầy đủ khi đó / Full name then';
COMMENT ON COLUMN baocao.obligation.type IS 'Loại đơn vị khi đó / Kind of unit then';
COMMENT ON COLUMN baocao.obligation.province IS 'Mã tỉnh mà đơn vị thuộc về khi đó, hoặc mã của chính nó / Code of the province it lay in then, or its own';
COMMENT ON COLUMN baocao.obligation.due_on IS 'Ngày cuối phải nhận được / Last day to be received on';
COMMENT ON COLUMN baocao.obligation.due_verified IS 'Hạn gửi đã đọc thấy trong văn bản / The due date was read in a legal text';
COMMENT ON COLUMN baocao.obligation.frozen_at IS 'Thời điểm chốt; có thể lâu sau hạn gửi / Moment of freezing, maybe long after the due date';
COMMENT ON COLUMN baocao.obligation.catalog_version IS 'sha256 của danh mục đã dùng / sha256 of the catalog in use';
COMMENT ON TABLE baocao.submission IS 'Những gì đã nhận được của đơn vị, mỗi lần một dòng / What was received of units, a row for each time';
COMMENT ON COLUMN baocao.submission.form IS 'Số hiệu biểu / Number of the form';
COMMENT ON COLUMN baocao.submission.period IS 'Kỳ báo cáo / Reporting period';
COMMENT ON COLUMN baocao.submission.unit IS 'Mã đơn vị vào ngày cuối kỳ / Code of the unit on the last day of the period';
COMMENT ON COLUMN baocao.submission.received_at IS 'Thời điểm nhận / Moment it was received';
COMMENT ON COLUMN baocao.submission.kind IS 'report - đủ số liệu, partial - thiếu số liệu, nil - báo không phát sinh, correction - bản sửa / report - whole, partial - figures withheld, nil - nothing to report, correction - of a filing before';
COMMENT ON COLUMN baocao.submission.origin IS 'pipeline - biểu được lập từ số liệu lấy về, import - danh sách nhận báo cáo nơi khác / pipeline - the form was made of pulled figures, import - a list kept elsewhere';
COMMENT ON COLUMN baocao.submission.evidence IS 'sha256 của biểu hoặc của tệp danh sách / sha256 of the form or of the list';
COMMENT ON COLUMN baocao.submission.recorded_at IS 'Thời điểm ghi vào kho / Moment it was recorded here';
