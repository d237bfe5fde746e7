// Picking models and shifts: one sheet of styles hides what belongs to those that are not picked.
function explorePicks() {
  const bar = document.querySelector(".explore");
  if (!bar) return;
  const boxes = [...bar.querySelectorAll("input[type=checkbox]")];
  const hidden = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, hidden];
  const kind = (box) => box.closest("fieldset").dataset.what;
  const rule = (box) => (kind(box) === "model" ? `[data-model~="${box.value}"]` : `[data-shift="${CSS.escape(box.value)}"]`);

  bar.addEventListener("change", (event) => {
    const names = view[`hide-${kind(event.target)}`];
    if (event.target.checked) names.delete(event.target.dataset.name);
    else names.add(event.target.dataset.name);
    changed();
  });
  bar.addEventListener("submit", (event) => event.preventDefault());
  bar.querySelector(".all").addEventListener("click", () => {
    Object.values(view).forEach((part) => part.clear());
    changed();
  });
  for (const open of bar.querySelectorAll("details")) {
    open.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      open.open = false;
      open.querySelector("summary").focus();
    });
    document.addEventListener("click", (event) => {
      if (!open.contains(event.target)) open.open = false;
    });
  }

  drawn.push(() => {
    for (const box of boxes) box.checked = !view[`hide-${kind(box)}`].has(box.dataset.name);
    const off = boxes.filter((box) => !box.checked);
    hidden.replaceSync(off.length ? `${off.map(rule).join(",")} { display: none !important; }` : "");
    const said = [];
    for (const set of bar.querySelectorAll("fieldset")) {
      const all = boxes.filter((box) => set.contains(box));
      const count = `${all.filter((box) => box.checked).length} of ${all.length}`;
      set.closest("details").querySelector(".count").textContent = count;
      if (all.some((box) => !box.checked)) said.push(`${count} ${set.dataset.what === "model" ? "models" : "corruptions"}`);
    }
    const plain = Object.values(view).every((part) => !part.size);
    bar.querySelector(".all").hidden = bar.querySelector(".view").hidden = plain;
    bar.querySelector(".shown").textContent = said.length
      ? `Shown: ${said.join(", ")}. Sentences, means and intervals stay those of all.`
      : "";
  });
  bar.hidden = boxes.length === 0;
}
