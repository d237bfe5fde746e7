// Tables: a click on a heading sorts by it, and long tables have a field that filters.
const LONG = 7; // rows

function shownValue(cell) {
  const text = [...(cell?.childNodes ?? [])]
    .filter((node) => node.nodeName !== "SMALL")
    .map((node) => node.textContent)
    .join("")
    .trim();
  if (!cell?.classList.contains("number")) return text === "–" ? "" : text.toLowerCase();
  const plain = text.replace(/[,%<\s]/g, "").replace("−", "-").replace("∞", "Infinity");
  return plain === "–" ? NaN : parseFloat(plain);
}

// What is not known stands last, either way.
function compare(one, other, sign) {
  const unknown = (value) => value === "" || Number.isNaN(value);
  if (unknown(one) || unknown(other)) return unknown(one) - unknown(other);
  return sign * (typeof one === "number" ? one - other : one.localeCompare(other, undefined, { numeric: true }));
}

function exploreTable(table) {
  const body = table.tBodies[0];
  const box = table.parentElement;
  const title = document.getElementById(box.getAttribute("aria-labelledby"));
  const name = title.id.replace(/^table-/, "");
  const entries = []; // each row with those that belong to it, such as the published one under ours
  for (const row of body.rows) {
    if (row.classList.contains("published") && entries.length) entries.at(-1).push(row);
    else entries.push([row]);
  }
  if (entries.length < 2) return;
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];

  heads.forEach((head, column) => {
    const button = make("button", { type: "button", className: "sort" });
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const turns = head.classList.contains("number") ? ["descending", "ascending"] : ["ascending", "descending"];
      const now = view.sort.get(name) ?? "";
      const next = turns[now.startsWith(`${column}:`) ? turns.indexOf(now.split(":")[1]) + 1 : 0];
      if (next) view.sort.set(name, `${column}:${next}`);
      else view.sort.delete(name);
      changed();
    });
  });

  let field;
  const count = make("span", { className: "found" });
  count.setAttribute("role", "status");
  if (entries.length > LONG) {
    field = make("input", { type: "search", autocomplete: "off", placeholder: "Filter rows" });
    field.setAttribute("aria-label", `Filter the rows of: ${title.textContent}`);
    field.addEventListener("input", () => {
      if (field.value.trim()) view.find.set(name, field.value.trim());
      else view.find.delete(name);
      changed();
    });
    box.before(make("p", { className: "find" }, field, count));
  }

  drawn.push(() => {
    const [column, way] = (view.sort.get(name) ?? "").split(":");
    heads.forEach((head, at) => {
      if (String(at) === column) head.setAttribute("aria-sort", way);
      else head.removeAttribute("aria-sort");
    });
    const order = entries.map((rows) => [shownValue(rows[0].cells[column]), rows]);
    if (column) order.sort((a, b) => compare(a[0], b[0], way === "ascending" ? 1 : -1));
    body.append(...order.flatMap((entry) => entry[1]));

    const wanted = (view.find.get(name) ?? "").toLowerCase();
    const words = wanted.split(/\s+/).filter(Boolean);
    let found = 0;
    for (const rows of entries) {
      const text = rows.map((row) => row.textContent).join(" ").toLowerCase();
      const fits = words.every((word) => text.includes(word));
      found += fits;
      rows.forEach((row) => (row.hidden = !fits));
    }
    if (field && field.value.trim().toLowerCase() !== wanted) field.value = view.find.get(name) ?? "";
    count.textContent = words.length ? `${found} of ${entries.length} rows` : "";
  });
}
