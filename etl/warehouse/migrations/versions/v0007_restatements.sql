CREATE TABLE baocao.publication (
    period text COLLATE "C" PRIMARY KEY,
    published_at timestamptz NOT NULL,
    published_by text NOT NULL CHECK (published_by <> ''),
    reason text NOT NULL
);
CREATE TABLE baocao.restatement (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    period text COLLATE "C" NOT NULL REFERENCES baocao.publication,
    load bigint NOT NULL REFERENCES baocao.load,
    base_load bigint NOT NULL REFERENCES baocao.load,
    code text COLLATE "C" NOT NULL CHECK (code IN ('late', 'correction', 'method', 'restructuring')),
    facts integer NOT NULL,
    sha256 text NOT NULL
);
CREATE INDEX restatement_period ON baocao.restatement (period, id);
CREATE TABLE baocao.restatement_fact (
    restatement bigint NOT NULL REFERENCES baocao.restatement,
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
    code text COLLATE "C" NOT NULL CHECK (code IN ('late', 'correction', 'method', 'restructuring')),
    PRIMARY KEY (restatement, unit, indicator, tier, field),
    CHECK ((value IS NULL) = (reason IS NOT NULL))
);
CREATE TABLE baocao.waiting_load (
    load bigint PRIMARY KEY REFERENCES baocao.load,
    restatement bigint NOT NULL REFERENCES baocao.restatement
);
CREATE INDEX waiting_load_restatement ON baocao.waiting_load (restatement);
CREATE TABLE baocao.restatement_decision (
    restatement bigint PRIMARY KEY REFERENCES baocao.restatement,
    verdict text COLLATE "C" NOT NULL CHECK (verdict IN ('approved', 'rejected')),
    decided_at timestamptz NOT NULL,
    decided_by text NOT NULL CHECK (decided_by <> ''),
    reason text NOT NULL,
    code text COLLATE "C" CHECK (code IN ('late', 'correction', 'method', 'restructuring')),
    load bigint REFERENCES baocao.load,
    CHECK ((verdict = 'approved') = (load IS NOT NULL)),
    CHECK (reason <> '' OR (verdict = 'approved' AND code IS NULL))
);
CALL baocao.make_insert_only('baocao.publication');
CALL baocao.make_insert_only('baocao.restatement');
CALL baocao.make_insert_only('baocao.restatement_fact');
CALL baocao.make_insert_only('baocao.waiting_load');
CALL baocao.make_insert_only('baocao.restatement_decision');

ALTER TABLE baocao.load ADD COLUMN units_sha256 text;
ALTER TABLE baocao.fact DROP CONSTRAINT fact_revision_reason_check;
ALTER TABLE baocao.fact ADD CONSTRAINT fact_revision_reason_check
    CHECK (revision_reason IN ('first', 'late', 'correction', 'method', 'restructuring', 'withdrawn'));

CREATE FUNCTION baocao.shown_state(state text, recorded_at timestamptz, published_at timestamptz)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN state = 'moving' OR published_at IS NULL THEN state
        WHEN recorded_at <= published_at THEN 'final'
        ELSE 'revised'
    END
$$;
COMMENT ON FUNCTION baocao.shown_state(text, timestamptz, timestamptz) IS
    'Tình trạng khi đọc: đã công bố thì là final, sửa sau công bố là revised, còn biến động thì không bao giờ final / State on reading: final once published, revised when changed after it, never final while it moves';

CREATE OR REPLACE VIEW baocao.fact_current AS
SELECT f.period, f.indicator, f.indicator_title, f.unit_of_measure, f.unit, f.unit_name, f.unit_level, f.unit_parent,
       f.tier, f.field, f.value, f.reason,
       baocao.shown_state(f.state, f.recorded_at, p.published_at) AS state,
       f.revision, f.revision_reason, f.recorded_at, f.load
FROM baocao.fact_history f
LEFT JOIN baocao.publication p ON p.period = f.period
WHERE f.revision_reason <> 'withdrawn'
    AND NOT EXISTS (
        SELECT FROM baocao.fact later
        WHERE later.period = f.period AND later.unit = f.unit AND later.indicator = f.indicator
            AND later.tier = f.tier AND later.field = f.field AND later.revision > f.revision
    );

COMMENT ON COLUMN baocao.fact.state IS 'Tình trạng lúc ghi: preliminary sơ bộ, revised đã sửa, moving còn đổi; final chỉ có khi đọc, từ publication / State when recorded; final is given on reading only, by publication';
COMMENT ON COLUMN baocao.fact.revision_reason IS 'Vì sao ghi: first lần đầu, late nguồn nộp muộn, correction sửa số, method đổi cách tính, restructuring đổi đơn vị, withdrawn rút / Why it was recorded';
COMMENT ON COLUMN baocao.load.units_sha256 IS 'sha256 của cây đơn vị vào ngày cuối kỳ; trống ở các lần nạp cũ / sha256 of the unit tree on the last day of the period; empty for older loads';
COMMENT ON TABLE baocao.publication IS 'Kỳ đã công bố, tức đã khóa: từ đó mọi thay đổi phải chờ duyệt / Published periods, locked from then on: any change waits for approval';
COMMENT ON COLUMN baocao.publication.period IS 'Kỳ báo cáo / Reporting period';
COMMENT ON COLUMN baocao.publication.published_at IS 'Thời điểm khóa / Moment of locking';
COMMENT ON COLUMN baocao.publication.published_by IS 'Ai khóa; calendar: tự động khi qua hạn gửi / Who locked it; calendar: by itself past the due date';
COMMENT ON COLUMN baocao.publication.reason IS 'Căn cứ / Why';
COMMENT ON TABLE baocao.restatement IS 'Thay đổi của kỳ đã khóa, chờ người duyệt / A change of a locked period, for a person to decide on';
COMMENT ON COLUMN baocao.restatement.id IS 'Số thứ tự / Number';
COMMENT ON COLUMN baocao.restatement.period IS 'Kỳ báo cáo / Reporting period';
COMMENT ON COLUMN baocao.restatement.load IS 'Lần nạp mang nó tới đầu tiên / Load that first brought it';
COMMENT ON COLUMN baocao.restatement.base_load IS 'Lần nạp đang có hiệu lực mà nó được so với / Load in force that it was compared with';
COMMENT ON COLUMN baocao.restatement.code IS 'Lý do chính theo bằng chứng: late nguồn nộp muộn, correction nguồn sửa số, method đổi cách tính, restructuring đổi đơn vị / Main reason by the evidence';
COMMENT ON COLUMN baocao.restatement.facts IS 'Số dữ kiện sẽ đổi / Number of facts that would change';
COMMENT ON COLUMN baocao.restatement.sha256 IS 'sha256 của mọi thay đổi: cùng thay đổi, cùng sha256 / sha256 over all it changes: the same change has the same';
COMMENT ON TABLE baocao.restatement_fact IS 'Các dữ kiện sẽ được ghi nếu được duyệt / The facts that approval would record';
COMMENT ON COLUMN baocao.restatement_fact.restatement IS 'Số của thay đổi chờ duyệt / Number of the restatement';
COMMENT ON COLUMN baocao.restatement_fact.unit IS 'Mã đơn vị / Code of the unit';
COMMENT ON COLUMN baocao.restatement_fact.indicator IS 'Mã chỉ tiêu / Code of the indicator';
COMMENT ON COLUMN baocao.restatement_fact.tier IS 'Cấp giải quyết / Tier that resolves';
COMMENT ON COLUMN baocao.restatement_fact.field IS 'Mã lĩnh vực / Code of the field';
COMMENT ON COLUMN baocao.restatement_fact.revision IS 'Lần ghi thứ mấy, nếu được duyệt / Number of the revision, if approved';
COMMENT ON COLUMN baocao.restatement_fact.value IS 'Giá trị mới / New value';
COMMENT ON COLUMN baocao.restatement_fact.reason IS 'Vì sao không có giá trị / Why there is no value';
COMMENT ON COLUMN baocao.restatement_fact.leaf IS 'Lấy thẳng từ dòng chuẩn / Straight from standard rows';
COMMENT ON COLUMN baocao.restatement_fact.state IS 'Tình trạng / State';
COMMENT ON COLUMN baocao.restatement_fact.revision_reason IS 'Vì sao ghi / Why it would be recorded';
COMMENT ON COLUMN baocao.restatement_fact.code IS 'Lý do của dữ kiện này theo bằng chứng / Reason of this fact by the evidence';
COMMENT ON TABLE baocao.waiting_load IS 'Lần nạp chưa có hiệu lực vì kỳ đã khóa / Loads not in force, the period being locked';
COMMENT ON COLUMN baocao.waiting_load.load IS 'Số lần nạp / Number of the load';
COMMENT ON COLUMN baocao.waiting_load.restatement IS 'Thay đổi mà nó mang tới / The restatement that it brings';
COMMENT ON TABLE baocao.restatement_decision IS 'Ai đã duyệt hay bác, khi nào, vì sao / Who approved or rejected, when and why';
COMMENT ON COLUMN baocao.restatement_decision.restatement IS 'Số của thay đổi / Number of the restatement';
COMMENT ON COLUMN baocao.restatement_decision.verdict IS 'approved duyệt, rejected bác / Verdict';
COMMENT ON COLUMN baocao.restatement_decision.decided_at IS 'Thời điểm quyết định / Moment of the decision';
COMMENT ON COLUMN baocao.restatement_decision.decided_by IS 'Người quyết định / Who decided';
COMMENT ON COLUMN baocao.restatement_decision.reason IS 'Lý do của người quyết định / Why, in their words';
COMMENT ON COLUMN baocao.restatement_decision.code IS 'Mã lý do do người duyệt đặt thay bằng chứng / Reason code set by the person in place of the derived one';
COMMENT ON COLUMN baocao.restatement_decision.load IS 'Lần nạp đã ghi thay đổi được duyệt / Load that recorded the approved change';
