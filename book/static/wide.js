// What is wider than its column scrolls in a box of its own, and the keyboard reaches that box. The
// theme does this for tables and code; here it is done for formulas and drawings.
(() => {
  const reachable = (box, yes) => {
    if (yes) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  };
  const mark = () => {
    for (const box of document.querySelectorAll(".bd-article :is(div.math, .drawing)")) {
      reachable(box, box.scrollWidth > box.clientWidth);
    }
    // A formula in a line stays whole; one that is too long even for a line of its own gets a box.
    for (const formula of document.querySelectorAll(".bd-article span.math > mjx-container")) {
      const column = formula.closest("p, li, td, dd, h1, h2, h3, section");
      const wide = formula.firstElementChild.offsetWidth > column.clientWidth;
      formula.classList.toggle("wide", wide);
      reachable(formula, wide);
    }
  };
  document.addEventListener("DOMContentLoaded", () => {
    document.fonts.ready.then(mark);
    new ResizeObserver(mark).observe(document.body);
  });
})();
