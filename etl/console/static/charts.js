"use strict";
// Draws the charts of a unit. What they show stands in the table beside each; without this script nothing is lost.
const COLOURS = ["#0b4f8a", "#b45309", "#15803d", "#7a1410", "#6d28d9"];
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [4, 4]];

for (const place of document.querySelectorAll("[data-chart]")) {
  const { labels, names, values, lang } = JSON.parse(place.dataset.chart);
  const write = new Intl.NumberFormat(lang === "en" ? "en" : "vi-VN", { maximumFractionDigits: 2 });
  const shown = (value) => (value == null ? "…" : write.format(value));
  const series = names.map((label, index) => ({
    label,
    stroke: COLOURS[index],
    dash: DASHES[index],
    width: 2,
    points: { show: true, size: 6 },
    value: (_, value) => shown(value),
  }));
  const size = () => ({ width: Math.max(280, place.clientWidth), height: 260 });
  const chart = new uPlot(
    {
      ...size(),
      padding: [16, 40, 0, 0],
      scales: { x: { time: false }, y: { range: (_, low, high) => [Math.min(0, low), high * 1.05 || 1] } },
      axes: [
        { splits: () => labels.map((_, index) => index), values: (_, at) => at.map((index) => labels[index]), space: 70, rotate: -40, size: 60 },
        { values: (_, at) => at.map(shown), size: 80 },
      ],
      series: [{ label: place.dataset.quarter, value: (_, index) => labels[index] ?? "" }, ...series],
    },
    [labels.map((_, index) => index), ...values],
    place,
  );
  new ResizeObserver(() => chart.setSize(size())).observe(place);
}
