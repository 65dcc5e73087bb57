"""A small catalog without a mistake, to be written into a folder and spoilt there."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "fields.csv": "code,name\nho_tich,Hộ tịch\n",
    "units/units.csv": """\
code,name,level,type,parent,valid_from,valid_to,verified,source
VN,Cả nước,nation,Quốc gia,,2020-01-01,,true,test
01,Thành phố Hà Nội,province,Thành phố,VN,2025-07-01,,true,test
24,Tỉnh Bắc Ninh,province,Tỉnh,VN,2025-07-01,2026-09-20,true,test
24,Thành phố Bắc Ninh,province,Thành phố,VN,2026-09-20,,true,"test, again"
00004,Phường Ba Đình,commune,Phường,01,2025-07-01,,true,test
00008,Phường Ngọc Hà,commune,Phường,01,2025-07-01,,true,test
02,Tỉnh Hà Tây,province,Tỉnh,VN,2020-01-01,2025-07-01,true,test
27,Tỉnh Bắc Ninh,province,Tỉnh,VN,2020-01-01,2025-07-01,true,test
002,Huyện Hoài Đức,district,Huyện,02,2020-01-01,2025-07-01,true,test
00006,Xã An Khánh,commune,Xã,002,2020-01-01,2025-07-01,true,test
00007,Xã La Phù,commune,Xã,002,2020-01-01,2025-07-01,true,test
""",
    "units/changes.csv": """\
date,old,new,share,source
2025-07-01,02,01,whole,test
2025-07-01,27,24,whole,test
2025-07-01,002,,whole,test
2025-07-01,00006,00004,whole,test
2025-07-01,00007,00004,part,test
2025-07-01,00007,00008,part,test
""",
    "units/codes.csv": """\
system,code,unit,valid_from,valid_to,verified,source
qd_20_2020,H26,02,2020-09-15,2025-07-01,true,test
qcvn_102,000.00.31.H26,002,2020-09-15,2025-07-01,false,test
dvcqg,398126,01,2025-07-01,,false,test
""",
    "calendar.yml": """\
windows:
  - {kind: quarter, window: decree_09_2019, valid_from: 2019-03-12, source: Điều 12, verified: true}
least_working_days: {count: 1, source: Điều 8, verified: true}
due:
  - {levels: [province], kinds: [quarter], day: 25, valid_from: 2019-03-12, source: Điều 13, verified: true}
moved_days: []
collect_after_hours: 6
confirm_after_hours: 24
confirm_reason: thử
reminders: {before: 3, after: 5, alert: 2, reason: thử}
regimes:
  documents:
    number: IV
    title: {vi: Văn bản, en: Documents}
    period_kinds: [quarter]
    source: Thông tư 01/2020/TT-VPCP
    verified: true
""",
    "contacts.yml": """\
office: {office: Văn phòng, email: tonghop@bao-cao.example}
units:
  '01': {office: Văn phòng UBND thành phố Hà Nội, email: env:HA_NOI_MAIL}
""",
    "datasets.yml": """\
dossiers:
  title: {vi: Hồ sơ, en: Dossiers}
  by: field
  columns:
    online: {title: {vi: Trực tuyến, en: Online}, nature: flow, meaning: online}
    direct: {title: {vi: Trực tiếp, en: Direct}, nature: flow, meaning: direct}
    total:
      title: {vi: Tổng, en: Total}
      nature: total
      parts: [online, direct]
      meaning: all
""",
    "platforms/portal.yml": """\
title: A portal
protocol: json_api
dataset: dossiers
source: test
request:
  method: GET
  path: /rows
  query:
    from: {value: first_day, format: "%d/%m/%Y"}
    size: 10
  auth: bearer
unit:
  by: code
  column: agency
  commune: '(?P<code>[0-9]{5})'
  province: '(?P<code>[0-9]{2})[.][0-9]{2}'
field:
  column: sector
columns:
  online: [online]
  direct: [counter, post]
""",
    "sources/ha_noi.yml": """\
platform: portal
unit: '01'
address: env:PORTAL/01
credential: env:PORTAL_TOKEN
owner: Văn phòng UBND thành phố Hà Nội
headers: {groupId: '010001'}
lookups:
  field: {Hộ tịch cấp xã: ho_tich}
""",
    "indicators/dossiers.yml": """\
received_online:
  dataset: dossiers
  title: {vi: Trực tuyến, en: Online}
  unit_of_measure: {vi: hồ sơ, en: dossiers}
  law: Thông tư 01/2020/TT-VPCP
  sum: online
  examples:
    - {given: {online: 2}, value: 2}
online_rate:
  dataset: dossiers
  title: {vi: Tỷ lệ trực tuyến, en: Online rate}
  unit_of_measure: {vi: "%", en: "%"}
  law: Thông tư 01/2020/TT-VPCP
  ratio: {numerator: [online], denominator: [online, direct]}
  digits: 2
  examples:
    - {given: {online: 2, direct: 1}, value: 66.67}
    - {given: {online: 0, direct: 0}, value: null}
""",
    "forms/F1.yml": f"""\
title: Hồ sơ
subtitle: Thử
official: false
notice: Thử
dataset: dossiers
levels: [province]
period_kind: quarter
recipient: {{province: Văn phòng Chính phủ}}
unit_of_measure: hồ sơ
repeat: child_unit
body_row: 5
columns:
  - {{number: '1', heading: [Đơn vị], width: 20}}
  - {{number: '2', heading: [Trực tuyến], width: 20, indicator: received_online}}
notes: []
law: Thông tư 01/2020/TT-VPCP
blank_sha256: {"ab" * 32}
regime: documents
valid_from: 2020-12-15
""",
    "forms/F1.xlsx": "the catalog looks whether a blank is there, not into it",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def edit(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")
