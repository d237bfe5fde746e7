// Figures: the mark nearest to the pointer says its value; with the keyboard, the arrows go from mark to mark.
const NEAR = 28; // pixels from which a mark is still meant

function exploreFigures() {
  const tip = make("div", { className: "tip", hidden: true });
  tip.setAttribute("role", "status");
  const ring = make("div", { className: "ring", hidden: true }); // round the mark that speaks
  document.body.append(tip, ring);
  let lit;

  function hide() {
    lit = undefined;
    tip.hidden = ring.hidden = true;
  }

  function show(mark, text) {
    if (mark === lit && tip.textContent === text) return;
    lit = mark;
    tip.textContent = text;
    tip.hidden = false;
    ring.hidden = mark.localName === "svg";
    follow();
  }

  function follow() {
    if (!lit) return;
    const at = lit.getBoundingClientRect();
    const box = { left: at.left - 2, top: at.top - 2, width: at.width + 4, height: at.height + 4 };
    for (const [side, pixels] of Object.entries(box)) ring.style[side] = `${pixels}px`;
    const left = at.left + at.width / 2 - tip.offsetWidth / 2;
    const above = at.top - tip.offsetHeight - 8;
    tip.style.left = `${Math.max(6, Math.min(left, document.documentElement.clientWidth - tip.offsetWidth - 6))}px`;
    tip.style.top = `${above > 6 ? above : at.bottom + 8}px`;
  }

  for (const picture of document.querySelectorAll("figure > svg")) {
    const says = new Map();
    for (const title of picture.querySelectorAll("title")) {
      says.set(title.parentNode, title.textContent);
      title.remove(); // or the browser would show it a second time
    }
    if (!says.size) continue;
    const seen = () => [...says.keys()].filter((mark) => mark.getClientRects().length);

    picture.addEventListener("pointermove", (event) => {
      let best;
      let least = NEAR;
      for (const mark of seen()) {
        const at = mark.getBoundingClientRect();
        const away = [(at.left + at.right) / 2 - event.clientX, (at.top + at.bottom) / 2 - event.clientY];
        const outside = [Math.abs(away[0]) - at.width / 2, Math.abs(away[1]) - at.height / 2];
        // By the distance from its edge; of those that it lies on, the one whose middle is nearest.
        const far = Math.hypot(...outside.map((d) => Math.max(0, d))) + Math.hypot(...away) / 1000;
        if (far < least) [best, least] = [mark, far];
      }
      if (best) show(best, says.get(best));
      else hide();
    });
    picture.addEventListener("pointerleave", hide);

    picture.tabIndex = 0;
    picture.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (event.key === "Escape") hide();
      if (!step) return;
      event.preventDefault(); // of scrolling
      const marks = seen();
      const now = marks.indexOf(lit);
      const next = marks[now < 0 ? 0 : (now + step + marks.length) % marks.length];
      if (next) show(next, says.get(next));
    });
    picture.addEventListener("focus", () => {
      if (picture.matches(":focus-visible")) show(picture, "Arrow keys go through the values");
    });
    picture.addEventListener("blur", hide);
  }
  addEventListener("scroll", follow, { passive: true });
}
