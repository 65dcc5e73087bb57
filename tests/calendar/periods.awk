# Writes periods_2020_2030.csv: every period with its first and last day and the due date of ministries and provinces,
# as the table of cut-off windows and the 25th of the last month read (Decree 09/2019/NĐ-CP, articles 12 and 13), row by
# row and with no code of the project:
#   awk -f tests/calendar/periods.awk > tests/calendar/periods_2020_2030.csv
# Each line below: name | first month (a minus is the year before) | last month. Days are the 15th, the 14th, the 25th.
BEGIN {
  rows = "M01|-12|01 M02|01|02 M03|02|03 M04|03|04 M05|04|05 M06|05|06 M07|06|07 M08|07|08 M09|08|09 M10|09|10"
  rows = rows " M11|10|11 M12|11|12 Q1|-12|03 Q2|03|06 Q3|06|09 Q4|09|12 H1|-12|06 H2|06|12 9M|-12|09 |-12|12"
  count = split(rows, row, " ")
  print "period,first_day,last_day,due_on"
  for (year = 2020; year <= 2030; year++)
    for (i = 1; i <= count; i++) {
      split(row[i], cell, "|")
      key = year (cell[1] == "" ? "" : "-" cell[1])
      first = substr(cell[2], 1, 1) == "-" ? (year - 1) cell[2] : year "-" cell[2]
      print key "," first "-15," year "-" cell[3] "-14," year "-" cell[3] "-25"
    }
}
