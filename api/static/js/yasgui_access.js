// Names for what YASGUI leaves without one, so that the page can be used with a screen reader.

const NAMES = [
  ["input.autocomplete", "Endpoint"], [".CodeMirror textarea", "SPARQL query"], ["select.tableSizer", "Rows a page"],
  ["input.tableFilter", "Filter the rows"], [".tabsList .addTab", "New query"], ["input[type='search']", "Filter the rows"],
];

function mend(root) {
  for (const [selector, name] of NAMES) {
    for (const node of root.querySelectorAll(selector)) if (!node.getAttribute("aria-label")) node.setAttribute("aria-label", name);
  }
  for (const scrolled of root.querySelectorAll(".CodeMirror-scroll, .yasr_results")) if (!scrolled.hasAttribute("tabindex") || scrolled.tabIndex < 0) scrolled.tabIndex = 0;
  for (const list of root.querySelectorAll(".tabsList")) if (list.getAttribute("role")) list.removeAttribute("role");
  for (const tab of root.querySelectorAll(".tabsList [role='tab'], .tabsList [role='button'][aria-selected]")) {
    tab.setAttribute("role", "button");
    tab.setAttribute("aria-pressed", tab.getAttribute("aria-selected") || "false");
    tab.removeAttribute("aria-controls");
    tab.removeAttribute("aria-selected");
  }
  for (const panel of root.querySelectorAll(".tabPanel[role='tabpanel']")) { panel.removeAttribute("role"); panel.removeAttribute("aria-labelledby"); }
  for (const head of root.querySelectorAll("th")) if (!head.textContent.trim() && !head.hasAttribute("aria-label")) head.replaceChildren(Object.assign(document.createElement("span"), { textContent: "#" }));
}

export function watch(root) {
  mend(root);
  new MutationObserver(() => mend(root)).observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ["role", "aria-controls", "aria-selected"] });
}
