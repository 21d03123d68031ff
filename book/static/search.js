// The search page's excerpts: of the text, with formulas in a line, not of what stands around it.
document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return;
  // A page may not read its neighbours on a disk: there the titles must do.
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  const beside = ".bd-header-article, .onlyprint, .cards, .column, .prev-next-footer, h1, .reading-time, summary, .cell_input, mjx-math";
  const grouped = (text) => (/^([^\s+\-−=]|[\w.]+)$/u.test(text) ? text : `(${text})`);
  const ofParts = {
    mfrac: (above, below) => `${grouped(above)}/${grouped(below)} `,
    msqrt: (...parts) => `√${grouped(parts.join(""))}`,
    msub: (base, index) => `${base}_${grouped(index)}`,
    msup: (base, power) => `${base}^${grouped(power)}`,
    msubsup: (base, index, power) => `${base}_${grouped(index)}^${grouped(power)}`,
    munder: (base, below) => `${base}_${grouped(below)} `,
    munderover: (base, below, above) => `${base}_${grouped(below)}^${grouped(above)} `,
    mtr: (...cells) => `${cells.join(" ")} `,
  };
  const inLine = (element) => {
    const parts = [...element.children].map(inLine);
    if (!parts.length) return element.textContent;
    return (ofParts[element.localName] ?? ((...all) => all.join("")))(...parts);
  };
  const textOf = Search.htmlToText;
  Search.htmlToText = (page, anchor) => {
    const parsed = new DOMParser().parseFromString(page, "text/html");
    parsed.querySelectorAll(beside).forEach((element) => element.remove());
    parsed.querySelectorAll("sup").forEach((power) => power.prepend("^"));
    parsed.querySelectorAll("math").forEach((math) => math.replaceWith(inLine(math)));
    return textOf(parsed.documentElement.outerHTML, anchor);
  };
});
