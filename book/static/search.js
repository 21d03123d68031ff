// The search page's excerpts: of the text, not of what stands there for print.
document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return;
  // A page may not read its neighbours on a disk: there the titles must do.
  if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
  const textOf = Search.htmlToText;
  Search.htmlToText = (page, anchor) => {
    const parsed = new DOMParser().parseFromString(page, "text/html");
    parsed.querySelectorAll(".onlyprint, .cards, h1").forEach((element) => element.remove());
    return textOf(parsed.documentElement.outerHTML, anchor);
  };
});
