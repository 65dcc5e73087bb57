# Writes periods_2020_2030.csv: every period with its first and last day, and by what day ministries and provinces,
# districts and communes report, as the table of cut-off windows, the 25th of the last month (Decree 09/2019/NĐ-CP,
# articles 12 and 13) and the project's own 4 and 2 working days read, row by row and with no code of the project:
#   awk -f tests/calendar/periods.awk > tests/calendar/periods_2020_2030.csv
# Each line below: name | first month (a minus is the year before) | last month. Days are the 15th, the 14th, the 25th.
BEGIN {
  rows = "M01|-12|01 M02|01|02 M03|02|03 M04|03|04 M05|04|05 M06|05|06 M07|06|07 M08|07|08 M09|08|09 M10|09|10"
  rows = rows " M11|10|11 M12|11|12 Q1|-12|03 Q2|03|06 Q3|06|09 Q4|09|12 H1|-12|06 H2|06|12 9M|-12|09 |-12|12"
  # Days off on Mondays to Fridays between the 15th and the 25th, off a wall calendar: Tết, and the 10th of the third
  # lunar month. No Saturday in these weeks is exchanged but 22/08/2026, after the districts had ended.
  off = "2020-01-23 2020-01-24 2021-02-15 2021-02-16 2021-04-21 2023-01-20 2023-01-23 2023-01-24 2023-01-25"
  off = off " 2024-04-18 2026-02-16 2026-02-17 2026-02-18 2026-02-19 2026-02-20 2027-04-16 2028-01-24 2028-01-25"
  off = off " 2029-02-15 2029-02-16 2029-04-23"
  count = split(rows, row, " ")
  print "period,first_day,last_day,due_on,district_due_on,commune_due_on"
  for (year = 2020; year <= 2030; year++)
    for (i = 1; i <= count; i++) {
      split(row[i], cell, "|")
      key = year (cell[1] == "" ? "" : "-" cell[1])
      first = substr(cell[2], 1, 1) == "-" ? (year - 1) cell[2] : year "-" cell[2]
      month = year "-" cell[3]
      district = month < "2025-07" ? working(year, cell[3], 4) : ""
      print key "," first "-15," month "-14," month "-25," district "," working(year, cell[3], 2)
    }
}
# The working day that is the left-th after the 14th. 31/12/1899 was a Sunday: 365 days and the leap years since.
function working(year, month, left,    day, past, date) {
  split("0 31 59 90 120 151 181 212 243 273 304 334", past, " ")
  for (day = 15; ; day++) {
    date = year "-" month "-" sprintf("%02d", day)
    days = (year - 1900) * 365 + int((year - 1901) / 4) + past[month + 0] + (month > 2 && year % 4 == 0) + day
    if (days % 7 == 0 || days % 7 == 6 || index(off, date)) continue
    if (--left == 0) return date
  }
}
