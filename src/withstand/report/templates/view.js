// The view: what is hidden, sorted, filtered and chosen. It stands in the address, so that a link opens it again.
const view = { "hide-model": new Set(), "hide-shift": new Set(), sort: new Map(), find: new Map(), choose: new Map() };
const drawn = []; // what draws a part of the page as the view has it
let place = ""; // the id that the reader went to

function make(tag, properties = {}, ...content) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...content);
  return element;
}

// "#severity" is a place alone; "#at=severity&hide-model=a&sort=pairs:2:descending" a view, too.
function readView() {
  const hash = location.hash.slice(1);
  if (hash && !hash.includes("=")) {
    place = decodeURIComponent(hash);
    return;
  }
  Object.values(view).forEach((part) => part.clear());
  place = "";
  for (const [key, value] of new URLSearchParams(hash)) {
    if (key === "at") place = value;
    else if (view[key] instanceof Set) view[key].add(value);
    else if (view[key] instanceof Map) view[key].set(value.slice(0, value.indexOf(":")), value.slice(value.indexOf(":") + 1));
  }
}

function address() {
  const words = new URLSearchParams();
  for (const [key, part] of Object.entries(view)) {
    if (part instanceof Set) part.forEach((name) => words.append(key, name));
    else part.forEach((value, name) => words.append(key, `${name}:${value}`));
  }
  if (!words.size) return `#${encodeURIComponent(place)}`;
  if (place) words.append("at", place);
  return `#${words}`;
}

function drawView() {
  drawn.forEach((draw) => draw());
  document.querySelectorAll(".explore .view").forEach((link) => link.setAttribute("href", address()));
}

function changed() {
  history.replaceState(null, "", address());
  drawView();
}

function goToPlace() {
  const target = place && document.getElementById(place);
  if (!target) return;
  for (let at = target; at; at = at.parentElement) if (at.localName === "details") at.open = true;
  target.scrollIntoView({ behavior: "instant" });
}
