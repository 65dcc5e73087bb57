// Airflow shows these pages in a frame whose sandbox lets no link lead out of it; the page around it is of the same
// origin, and may go there itself.
"use strict";
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[target=_top]");
  if (link === null || window.parent === window) return;
  event.preventDefault();
  const around = window.parent.document;
  const outside = around.createElement("a");
  outside.href = link.href;
  around.body.append(outside);
  outside.click();
  outside.remove();
});
