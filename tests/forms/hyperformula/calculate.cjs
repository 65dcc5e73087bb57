// Reads {form: rows of cells} from stdin, a formula as "=...", and gives {form: {row: {column: value}}} of its formulas.
const { HyperFormula } = require("hyperformula");

const forms = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const found = {};
for (const [form, rows] of Object.entries(forms)) {
  const sheet = HyperFormula.buildFromArray(rows, { licenseKey: "gpl-v3" });
  const values = {};
  rows.forEach((cells, row) =>
    cells.forEach((_, col) => {
      if (sheet.doesCellHaveFormula({ sheet: 0, row, col })) {
        (values[row + 1] ??= {})[col + 1] = sheet.getCellValue({ sheet: 0, row, col });
      }
    }),
  );
  found[form] = values;
  sheet.destroy();
}
process.stdout.write(JSON.stringify(found));
