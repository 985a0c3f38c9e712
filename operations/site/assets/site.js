/* Search, filters of tables, and opening of details. Every page works without it. It makes no markup from text. */
"use strict";
(() => {
  const root = document.body.dataset.root;
  const LONGEST_LIST = 20;

  /** Make an element with attributes and children. Text becomes text nodes, never markup. */
  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  const words = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);
  const hasAll = (text, wanted) => wanted.every((word) => text.includes(word));

  function addSearch(place, index) {
    const entries = index.map(([text, where, path]) => ({ text, where, path, lower: `${text} ${where}`.toLowerCase() }));
    const input = make("input", { type: "search", id: "search-text", placeholder: "Search the report", autocomplete: "off",
      "aria-controls": "search-found" });
    const list = make("ul", { class: "found", id: "search-found", hidden: "" });
    const status = make("p", { class: "search-status", role: "status" });
    place.setAttribute("role", "search");
    place.append(make("label", { for: "search-text" }, "Search the report"), input, list, status);

    function show() {
      const wanted = words(input.value);
      const found = wanted.length ? entries.filter((entry) => hasAll(entry.lower, wanted)) : [];
      const rank = (entry) => (entry.text.toLowerCase().startsWith(wanted[0]) ? 0 : 1);
      found.sort((a, b) => rank(a) - rank(b));
      list.replaceChildren(...found.slice(0, LONGEST_LIST).map((entry) => make("li", {},
        make("a", { href: root + entry.path }, make("bdi", {}, entry.text), make("small", {}, entry.where)))));
      if (wanted.length && !found.length) list.append(make("li", {}, make("p", {}, "Nothing has all of these words.")));
      list.hidden = !wanted.length;
      status.textContent = !wanted.length ? "" : found.length > LONGEST_LIST
        ? `${found.length} found, the first ${LONGEST_LIST} are listed` : `${found.length} found`;
    }
    input.addEventListener("input", show);
    place.addEventListener("keydown", (event) => {
      const links = [input, ...list.querySelectorAll("a")];
      const at = links.indexOf(document.activeElement);
      if (event.key === "Escape") { input.value = ""; show(); input.focus(); }
      if (event.key === "Enter" && at === 0 && links[1]) links[1].click();
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        links[Math.max(0, Math.min(links.length - 1, at + (event.key === "ArrowDown" ? 1 : -1)))].focus();
        event.preventDefault();
      }
    });
    document.addEventListener("click", (event) => { if (!place.contains(event.target)) list.hidden = true; });
    input.addEventListener("focus", show);
  }

  /** The values of a cell: its own, those that it marks, or its text. */
  function valuesOf(cell) {
    if (!cell) return [];
    if ("value" in cell.dataset) return [cell.dataset.value];
    const marked = [...cell.querySelectorAll("[data-value]")];
    return (marked.length ? marked : [cell]).map(textOf);
  }

  /** The text of an element, without marks that only repeat it. */
  function textOf(element) {
    const copy = element.cloneNode(true);
    for (const mark of copy.querySelectorAll("[aria-hidden]")) mark.remove();
    return copy.textContent.trim().replace(/\s+/g, " ");
  }

  /** Put a text filter, and a list of values for each column to choose from, above a table. */
  function addFilter(table) {
    const all = [...table.tBodies].flatMap((body) => [...body.rows]);
    const groups = all.filter((row) => row.classList.contains("group"));
    let group = null;
    const rows = [];
    for (const row of all) {
      if (groups.includes(row)) group = row;
      else rows.push({ row, group, text: `${group ? group.textContent : ""} ${row.textContent}`.toLowerCase() });
    }
    const headings = [...table.tHead.rows[0].cells];
    const text = make("input", { type: "search", autocomplete: "off" });
    const ofRows = (number) => (number === 1 ? "1 row" : `${number} rows`);
    const count = make("output", {}, ofRows(rows.length));
    const box = make("div", { class: "filter" }, make("label", {}, table.dataset.filter, text));
    const chosen = [];
    headings.forEach((heading, column) => {
      if (!("choose" in heading.dataset)) return;
      const of = ({ row }) => valuesOf(row.cells[column]);
      const values = [...new Set(rows.flatMap(of))].filter(Boolean).sort();
      if (values.length < 2) return;
      const select = make("select", {}, make("option", { value: "" }, "all"),
        ...values.map((value) => make("option", { value }, value)));
      box.append(make("label", {}, heading.textContent, select));
      chosen.push((entry) => !select.value || of(entry).includes(select.value));
      select.addEventListener("change", apply);
    });
    function apply() {
      const wanted = words(text.value);
      let shown = 0;
      for (const entry of rows) {
        const fits = hasAll(entry.text, wanted) && chosen.every((test) => test(entry));
        entry.row.hidden = !fits;
        shown += fits;
      }
      const left = new Set(rows.filter((entry) => !entry.row.hidden).map((entry) => entry.group));
      for (const one of groups) one.hidden = !left.has(one);
      count.textContent = shown === rows.length ? ofRows(shown) : `${shown} of ${ofRows(rows.length)}`;
    }
    text.addEventListener("input", apply);
    box.append(count);
    table.closest(".wide").before(box);
  }

  /** Put a button that opens or closes all details before the first of them. */
  function addOpenAll(main) {
    const all = [...main.querySelectorAll("details")];
    if (all.length < 3) return;
    const button = make("button", { type: "button" }, "Open all details");
    button.addEventListener("click", () => {
      const open = all.some((one) => !one.open);
      for (const one of all) one.open = open;
      button.textContent = open ? "Close all details" : "Open all details";
    });
    main.querySelector("h1").after(make("p", { class: "open-all" }, button));
  }

  /** Say of each table and drawing that is wider than its place that it scrolls: not every browser shows a scroll bar. */
  function markWide(regions) {
    const mark = (one) => one.classList.toggle("scrolls", one.scrollWidth > one.clientWidth + 1);
    const sizes = new ResizeObserver((entries) => requestAnimationFrame(() => entries.forEach(({ target }) => mark(target))));
    for (const one of regions) sizes.observe(one);
  }

  /** Open the details that contain the element that the address names. */
  function openTarget() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
  }

  const place = document.getElementById("search");
  if (place && Array.isArray(window.reportIndex)) addSearch(place, window.reportIndex);
  document.querySelectorAll("table[data-filter]").forEach(addFilter);
  markWide(document.querySelectorAll(".wide"));
  addOpenAll(document.getElementById("main"));
  window.addEventListener("hashchange", openTarget);
  openTarget();
})();
