// The search field: reads the index once, shows what fits as a list of links. Works by keyboard: "/" goes to the
// field, arrows move through the list, Escape closes it.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const field = document.getElementById("search");
  const list = document.getElementById("found");
  const status = document.getElementById("told");
  const most = 12;
  let entries = null;

  const root = new URL(field.dataset.index, document.baseURI);

  async function load() {
    if (entries === null) {
      entries = [];
      try {
        const answer = await fetch(root);
        entries = await answer.json();
      } catch {
        status.textContent = "The search works on a served site; press Enter for the list of terms.";
      }
      show();
    }
  }

  // A code alone says little: concepts and rules come after terms that fit as well.
  const late = (kind) => (kind.startsWith("concept") ? 2 : kind === "rule" ? 3 : 0);
  // Lower is better; -1: does not fit.
  function rank([name, , , text], words) {
    const [title, rest] = [name.toLowerCase(), text.toLowerCase()];
    if (!words.every((word) => title.includes(word) || rest.includes(word))) return -1;
    const query = words.join(" ");
    if (title === query) return 0;
    if (rest === query) return 1;
    if (title.includes(query)) return title.startsWith(query) ? 2 : 3;
    return rest.startsWith(query) ? 4 : 5;
  }

  function show() {
    const words = field.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const fitting = (words.length && entries ? entries : [])
      .map((entry) => [rank(entry, words), entry])
      .filter(([order]) => order >= 0)
      .map(([order, entry]) => [order && order + late(entry[1]), entry])
      .sort(([a, [x]], [b, [y]]) => a - b || x.length - y.length || (x < y ? -1 : 1));
    list.replaceChildren(
      ...fitting.slice(0, most).map(([, [name, kind, file, text]]) => {
        const item = document.createElement("li");
        const link = document.createElement("a");
        link.href = new URL(file, root);
        const title = document.createElement("strong");
        const about = document.createElement("span");
        const coded = kind.startsWith("concept") && text && text !== name;
        title.textContent = coded ? text : name;
        about.textContent = coded ? `${kind}, code ${name}` : text && text !== name ? `${kind}: ${text}` : kind;
        link.append(title, about);
        item.append(link);
        return item;
      }),
    );
    list.hidden = fitting.length === 0;
    if (entries && entries.length) status.textContent = words.length ? `${fitting.length} found` : "";
  }

  function move(step) {
    const links = [...list.querySelectorAll("a")];
    const next = links.indexOf(document.activeElement) + step;
    if (next < 0) field.focus();
    else if (links[next]) links[next].focus();
  }

  field.addEventListener("focus", load);
  field.addEventListener("input", () => (entries === null ? load() : show()));
  field.form.addEventListener("submit", (event) => {
    const first = list.querySelector("a");
    if (first && !list.hidden) {
      event.preventDefault();
      first.click();
    }
  });
  field.form.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Escape") {
      list.hidden = true;
      field.focus();
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      field.focus();
    }
  });
  document.addEventListener("click", (event) => {
    if (!field.form.contains(event.target)) list.hidden = true;
  });
});
