// A term's card shows while the pointer is on the term or on the card, while the term has the focus,
// or after a tap; Escape hides it.
document.addEventListener("DOMContentLoaded", () => {
  let open = null;
  let waiting = 0;
  const hide = () => {
    clearTimeout(waiting);
    if (open) open.hidden = true;
    open = null;
  };
  const hideSoon = () => {  // the pointer may be on its way from the term to the card
    clearTimeout(waiting);
    waiting = setTimeout(hide, 250);
  };
  const show = (term, card) => {
    hide();
    open = card;
    card.hidden = false;
    const [word, box, size] = [term.getClientRects()[0], card.parentElement, card.getBoundingClientRect()];
    const place = box.getBoundingClientRect();
    const below = word.bottom + size.height < innerHeight || word.top < size.height;
    const left = Math.min(word.left, place.right - size.width) - place.left;
    card.style.left = `${Math.max(0, left)}px`;
    card.style.top = `${(below ? word.bottom : word.top - size.height) - place.top}px`;
  };
  for (const term of document.querySelectorAll("a.term[aria-describedby]")) {
    const card = document.getElementById(term.getAttribute("aria-describedby"));
    let touched = false;
    term.addEventListener("pointerdown", (event) => (touched = event.pointerType === "touch"));
    term.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && show(term, card));
    term.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && hideSoon());
    term.addEventListener("focus", () => touched || show(term, card));
    term.addEventListener("blur", hideSoon);
    term.addEventListener("click", (event) => {  // the first tap shows the card, the second goes there
      if (!touched || open === card) return;
      event.preventDefault();
      show(term, card);
    });
    card.addEventListener("pointerenter", () => clearTimeout(waiting));
    card.addEventListener("pointerleave", hideSoon);
  }
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  document.addEventListener("pointerdown", (event) => {
    if (open && !event.target.closest(".card-of-term, a.term")) hide();
  });
});
