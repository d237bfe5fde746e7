// Photographs with facts: a list for each fact chooses those that fit, another puts them in order.
function explorePictures(figure) {
  const list = figure.querySelector("ul");
  const items = [...list.querySelectorAll(":scope > li")].map((item) => ({
    item,
    facts: JSON.parse(item.dataset.facts),
    order: JSON.parse(item.dataset.order),
  }));
  const chosen = (what) => view.choose.get(`${figure.id}.${what}`) ?? "";
  const asked = make("p", { className: "choose" });
  const lists = [];

  function ask(what, first, options) {
    const select = make("select", { autocomplete: "off" }, make("option", { value: "" }, first));
    select.append(...options.map((option) => make("option", { value: option }, option)));
    select.addEventListener("change", () => {
      if (select.value) view.choose.set(`${figure.id}.${what}`, select.value);
      else view.choose.delete(`${figure.id}.${what}`);
      changed();
    });
    asked.append(make("label", {}, `${what} `, select));
    lists.push([what, select]);
  }

  const facts = [...new Set(items.flatMap((one) => Object.keys(one.facts)))];
  for (const what of facts) {
    const values = [...new Set(items.flatMap((one) => one.facts[what] ?? []))];
    if (values.length > 1) ask(what, "all", values.sort((a, b) => a.localeCompare(b, undefined, { numeric: true })));
  }
  const orders = Object.keys(items[0]?.order ?? {});
  if (orders.length) ask("order", "as chosen", orders);
  const count = make("span", { className: "found" });
  count.setAttribute("role", "status");
  asked.append(count);
  list.before(asked);

  drawn.push(() => {
    for (const [what, select] of lists) select.value = chosen(what);
    let shown = 0;
    for (const one of items) {
      const fits = facts.every((what) => !chosen(what) || [one.facts[what] ?? []].flat().includes(chosen(what)));
      one.item.hidden = !fits;
      shown += fits;
    }
    const by = chosen("order");
    const rank = (one) => one.order[by] ?? -Infinity;
    list.append(...(by ? [...items].sort((a, b) => rank(b) - rank(a)) : items).map((one) => one.item));
    count.textContent = `${shown} of ${items.length} shown`;
  });
}
