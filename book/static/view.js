// Two ways to read: the story, or all that can be checked. See extensions/reading.py. The choice is
// remembered, and an address may ask for one: ?view=check. It is made before the page is drawn.
(() => {
  const VIEWS = {
    read: "The story, with drawings, statements and figures",
    check: "With code, parameters, proofs and all claims",
  };
  const LEFT_OUT = ".for-checking, .above-input"; // of the story
  const root = document.documentElement;
  const named = (hash) => document.getElementById(decodeURIComponent(hash.slice(1)));
  const remembered = () => {
    try {
      return localStorage.getItem("view");
    } catch {
      return null; // a browser that keeps nothing
    }
  };
  const remember = (view) => {
    try {
      localStorage.setItem("view", view);
    } catch {}
  };
  const asked = () => new URLSearchParams(location.search).get("view");
  const chosen = () => (asked() in VIEWS ? asked() : remembered() === "check" ? "check" : "read");
  if (asked() in VIEWS) remember(asked());
  const buttons = {};
  const show = (view) => {
    root.dataset.view = view;
    for (const name in buttons) buttons[name].setAttribute("aria-pressed", name === view);
    for (const fold of document.querySelectorAll("article details")) fold.open = view === "check";
    for (const link of document.querySelectorAll(".page-toc a")) {
      const target = named(link.hash);
      link.parentElement.hidden = target !== null && !target.checkVisibility();
    }
  };
  root.dataset.view = chosen();

  // What the reader looks at stays where it is.
  const choose = (view) => {
    const passing = ".for-checking, .for-reading, details";
    const top = (element) => element.getBoundingClientRect().top;
    const kept = [...document.querySelectorAll("article :is(h1, h2, h3, p, figure)")].find(
      (element) => !element.closest(passing) && element.checkVisibility() && top(element) > 0,
    );
    const before = kept && top(kept);
    show(view);
    remember(view);
    if (kept) window.scrollBy({ top: top(kept) - before, behavior: "instant" });
    const address = new URL(location.href);
    if (view === "check") address.searchParams.set("view", view);
    else address.searchParams.delete("view");
    try {
      history.replaceState(history.state, "", address);
    } catch {} // on a disk
  };

  // A link may lead to what is hidden; whoever goes back finds the view as it was.
  const reveal = () => {
    if (root.dataset.view !== chosen()) show(chosen());
    const target = named(location.hash);
    if (!target) return;
    if (target.closest(LEFT_OUT)) show("check");
    for (let e = target; e; e = e.parentElement) if (e.matches("details")) e.open = true;
    target.scrollIntoView({ behavior: "instant" });
  };

  // Whoever reads the story sees which links lead out of it.
  const markLinks = () => {
    for (const link of document.querySelectorAll('article a[href^="#"]:not(.headerlink)')) {
      if (!named(link.hash)?.closest(LEFT_OUT)) continue;
      link.classList.add("to-check");
      link.title = `Check: ${VIEWS.check.toLowerCase()}`;
    }
  };

  const addSwitch = () => {
    const group = document.createElement("div");
    group.className = "views";
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "What to show");
    for (const [view, title] of Object.entries(VIEWS)) {
      const button = document.createElement("button");
      button.type = "button";
      button.title = title;
      button.textContent = view[0].toUpperCase() + view.slice(1);
      button.addEventListener("click", () => choose(view));
      buttons[view] = button;
      group.append(button);
    }
    document.querySelector(".article-header-buttons")?.prepend(group);
  };

  document.addEventListener("DOMContentLoaded", () => {
    if (document.querySelector(".for-checking, details.above-input, details.fold")) addSwitch();
    markLinks();
    show(chosen());
    reveal();
    window.addEventListener("hashchange", reveal);
  });
})();
