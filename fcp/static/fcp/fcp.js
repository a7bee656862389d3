// Small behaviours, asked for by data attributes; templates/parts/README.md lists them. No page needs more script.
"use strict";

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const on = (name, selector, act) =>
  document.addEventListener(name, (event) => {
    const element = event.target.closest?.(selector);
    if (element) act(element, event);
  });

// --- times -----------------------------------------------------------------------------------

function span(seconds) {
  for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "min"]]) if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}`;
  return `${Math.floor(seconds)} s`;
}

function refreshTimes(root = document) {
  for (const time of $$("time[data-ago], time[data-age]", root)) {
    const seconds = (Date.now() - new Date(time.dateTime)) / 1000;
    const text = span(Math.abs(seconds));
    if ("age" in time.dataset) time.textContent = text;
    else time.textContent = Math.abs(seconds) < 10 ? "just now" : seconds < 0 ? `in ${text}` : `${text} ago`;
  }
}
setInterval(refreshTimes, 10000);

// --- theme and navigation --------------------------------------------------------------------

on("click", "[data-theme-set]", (button) => {
  localStorage.setItem("fcp.theme", button.dataset.themeSet);
  window.dispatchEvent(new Event("fcp:theme"));
  markTheme();
});

function markTheme() {
  const theme = localStorage.getItem("fcp.theme") || "auto";
  for (const button of $$("[data-theme-set]")) button.setAttribute("aria-pressed", String(button.dataset.themeSet === theme));
}

on("click", "[data-fold]", () => {
  const folded = document.documentElement.dataset.side === "folded";
  document.documentElement.dataset.side = folded ? "" : "folded";
  localStorage.setItem("fcp.side", folded ? "" : "folded");
});

on("click", "summary[data-href]", (summary, event) => {
  if (document.documentElement.dataset.side !== "folded" || innerWidth < 992) return;
  event.preventDefault();
  location.href = summary.dataset.href;
});

// <details data-remember="key">: open or closed as this person left it
function recallDetails(root = document) {
  for (const details of $$("details[data-remember]", root)) {
    const kept = localStorage.getItem(`fcp.open.${details.dataset.remember}`);
    if (kept && !details.querySelector("[aria-current]")) details.open = kept === "1";
    details.addEventListener("toggle", () => localStorage.setItem(`fcp.open.${details.dataset.remember}`, details.open ? "1" : "0"));
  }
}

// --- search ----------------------------------------------------------------------------------

function openFinder() {
  const box = $("#finder");
  if (!box || box.open) return;
  box.showModal();
  $("input", box).select();
}
on("click", "[data-finder]", openFinder);
on("click", "[data-open]", (button) => $(button.dataset.open).showModal());
on("click", "[data-close]", (button) => button.closest("dialog").close());
on("click", "dialog", (dialog, event) => {
  if (event.target === dialog) dialog.close();
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if ((event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !typing)) {
    if ($("#finder")) event.preventDefault();
    openFinder();
  }
  if (event.key === "Escape") for (const menu of $$("details.filter[open]")) menu.open = false;
  const box = event.target.closest?.("#finder");
  if (box && event.key === "Escape") {
    event.preventDefault(); // a search field would take the first one to empty itself
    return box.close();
  }
  if (box && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    const stops = [$("input", box), ...$$("a.hit", box)];
    const step = event.key === "ArrowDown" ? 1 : -1;
    stops[(stops.indexOf(document.activeElement) + step + stops.length) % stops.length].focus();
  }
  if (box && event.key === "Enter" && typing) {
    const first = $("a.hit", box);
    if (first && $("#finder-hits").dataset.of === typing.value) {
      event.preventDefault();
      first.click();
    }
  }
});

// --- lists -----------------------------------------------------------------------------------

// A filter's menu closes when one clicks elsewhere, and stays open when its list is refreshed.
document.addEventListener("click", (event) => {
  for (const menu of $$("details.filter[open]")) if (!menu.contains(event.target)) menu.open = false;
});
let openMenus = [];
document.addEventListener("htmx:beforeSwap", (event) => {
  openMenus = $$("details.filter[open]", event.detail.target).map((menu) => menu.id);
});

const rowsOf = (form) => [...form.elements].filter((one) => one.name === "row");
function updateBulk(form) {
  const boxes = rowsOf(form); // also those that stand elsewhere and name this form
  const ticked = boxes.filter((box) => box.checked).length;
  const bar = $("[data-bulk]", form);
  const all = [...form.elements].find((one) => "checkAll" in one.dataset);
  if (all) {
    all.checked = ticked > 0 && ticked === boxes.length;
    all.indeterminate = ticked > 0 && ticked < boxes.length;
  }
  if (!bar) return;
  const every = $("input[name=all]", bar);
  const offer = $("[data-offer-all]", bar);
  if (ticked < boxes.length && every) every.checked = false;
  bar.hidden = ticked === 0;
  if (offer) offer.hidden = ticked < boxes.length;
  $("[data-bulk-count]", bar).textContent = every?.checked ? "All that match" : ticked;
}
on("change", "[data-check-all]", (all) => {
  for (const box of rowsOf(all.form)) box.checked = all.checked;
  updateBulk(all.form);
});
on("change", "input[name=row], input[name=all]", (box) => box.form && updateBulk(box.form));
on("click", "[data-check-none]", (button) => {
  for (const box of [...rowsOf(button.form), ...$$("input[name=all]", button.form)]) box.checked = false;
  updateBulk(button.form);
});

// Columns to show: chosen in the browser and kept there, by list.
const columnSheet = new CSSStyleSheet();
document.adoptedStyleSheets = [...document.adoptedStyleSheets, columnSheet];
function hideColumns() {
  const rules = [];
  for (const menu of $$("[data-columns]")) {
    const key = menu.dataset.columns;
    const kept = JSON.parse(localStorage.getItem(`fcp.columns.${key}`) || "null");
    for (const box of $$("input[type=checkbox]", menu)) {
      if (kept) box.checked = !kept.includes(box.value);
      if (!box.checked) rules.push(`#list-${key} [data-col="${box.value}"] { display: none !important; }`);
    }
  }
  columnSheet.replaceSync(rules.join("\n"));
}
on("change", "[data-columns] input", (box) => {
  const menu = box.closest("[data-columns]");
  const hidden = $$("input[type=checkbox]", menu).filter((one) => !one.checked).map((one) => one.value);
  localStorage.setItem(`fcp.columns.${menu.dataset.columns}`, JSON.stringify(hidden));
  hideColumns();
});

// --- forms -----------------------------------------------------------------------------------

on("change", "[data-autosubmit]", (form) => form.requestSubmit());
on("click", "[data-toggle]", (button) => {
  const target = $(button.dataset.toggle);
  target.hidden = !target.hidden;
  const openers = $$("[data-toggle][aria-expanded]").filter((one) => one.dataset.toggle === button.dataset.toggle);
  for (const one of openers) one.setAttribute("aria-expanded", String(!target.hidden));
  if (!target.hidden) return $("input:not([type=hidden]), select, textarea, button", target)?.focus();
  if (target.contains(button)) cancelEdit(button.form);
  openers[0]?.focus();
});
// Cancel stands in the form itself: what was typed there is gone, so nobody is asked about it when he leaves.
function cancelEdit(form) {
  form?.reset();
  if (originals.has(form)) showUnsaved(form);
}
on("click", "[data-fill]", (button) => {
  // data-fill='{"login": "...", "password": "..."}' fills the form it stands in or names by data-form
  const form = button.dataset.form ? $(button.dataset.form) : button.form;
  for (const [name, value] of Object.entries(JSON.parse(button.dataset.fill))) form.elements[name].value = value;
  if (button.hasAttribute("data-then-submit")) form.requestSubmit();
});
// Two copies of one field: what is typed in one stands in the other.
on("input", "[data-twin]", (field) => {
  for (const other of $$("[data-twin]", field.form)) if (other.name === field.name) other.value = field.value;
});

// A question mark's text goes away with Escape, and comes back with the next look at it.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const ask of $$(".ask:hover, .ask:focus-within")) ask.dataset.shut = "";
});
for (const name of ["pointerout", "focusout"]) on(name, ".ask", (ask) => delete ask.dataset.shut);

on("click", "[data-copy]", async (button) => {
  const source = $(button.dataset.copy);
  await navigator.clipboard.writeText((source.value ?? source.textContent).trim());
  toast(button.dataset.copied || "Copied.");
});
on("click", "[data-print]", () => print());

// data-confirm="Sentence" on a form or a button asks first; data-confirm-button names what is done.
let confirmed = null;
document.addEventListener("submit", (event) => {
  const asker = event.submitter?.closest("[data-confirm]") || event.target.closest("[data-confirm]");
  if (!asker || confirmed === event.target) {
    confirmed = null;
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  const { target: form, submitter } = event;
  ask(asker.dataset.confirm, asker.dataset.confirmButton, asker.dataset.confirmTitle, () => {
    confirmed = form;
    form.requestSubmit(submitter);
  });
}, true);

function ask(sentence, button, title, act) {
  const box = $("#ask");
  $("[data-ask-title]", box).textContent = title || "Are you sure?";
  $("[data-ask-text]", box).textContent = sentence;
  const yes = $("[data-ask-yes]", box);
  yes.textContent = button || "Continue";
  yes.onclick = () => {
    box.close();
    act();
  };
  box.showModal();
}
document.addEventListener("htmx:confirm", (event) => {
  const asker = event.target.closest("[data-confirm]");
  if (!asker || event.target.tagName === "FORM") return;
  event.preventDefault();
  ask(asker.dataset.confirm, asker.dataset.confirmButton, asker.dataset.confirmTitle, () => event.detail.issueRequest(true));
});

// data-unsaved on a form: counts what was changed and asks before the page is left. A form that came back from the
// server with what was typed says in #saved-values what is saved. With data-unsaved="keep", what was sent is kept in
// this tab until the server has saved it (the address then ends in #saved): whoever had to sign in finds it again.
const originals = new Map();
function watchUnsaved(root = document) {
  for (const form of $$("form[data-unsaved]", root).filter((one) => !originals.has(one))) {
    const before = new Map([...new FormData(form).keys()].map((name) => [name, valuesOf(form, name)]));
    const saved = $("#saved-values", form);
    if (saved) for (const [name, values] of Object.entries(JSON.parse(saved.textContent))) before.set(name, String(values));
    originals.set(form, before);
    if (location.hash === "#saved" || saved) forgetSent(form);
    else if (form.dataset.unsaved === "keep") bringBack(form);
    showUnsaved(form);
  }
  if (location.hash === "#saved") history.replaceState(null, "", location.pathname + location.search);
}
const valuesOf = (form, name) => String(new FormData(form).getAll(name));
function unsavedOf(form) {
  const before = originals.get(form);
  if (!before) return [];
  const names = new Set([...before.keys(), ...new FormData(form).keys()]);
  names.delete("confirmed");
  return [...names].filter((name) => (before.get(name) ?? "") !== valuesOf(form, name));
}
function showUnsaved(form) {
  const names = unsavedOf(form);
  const text = names.length ? `${names.length} unsaved ${names.length === 1 ? "change" : "changes"}` : "";
  for (const place of $$("[data-unsaved-count]", form)) if (place.textContent !== text) place.textContent = text;
  for (const field of $$(".field", form)) {
    field.classList.toggle("changed", $$("[name]", field).some((one) => names.includes(one.name)));
  }
}
for (const kind of ["input", "change"]) {
  document.addEventListener(kind, (event) => {
    const form = event.target.closest?.("form[data-unsaved]");
    if (form) showUnsaved(form);
  });
}
const sentKey = (form) => `fcp.sent.${location.pathname}.${form.id}`;
const forgetSent = (form) => sessionStorage.removeItem(sentKey(form));
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (originals.has(form) && form.dataset.unsaved === "keep") {
    const values = {};
    for (const name of unsavedOf(form)) {
      const hidden = $$("[name]", form).some((one) => one.name === name && ["hidden", "password", "file"].includes(one.type));
      if (!hidden) values[name] = new FormData(form).getAll(name);
    }
    sessionStorage.setItem(sentKey(form), JSON.stringify(values));
  }
  originals.delete(form);
});
function bringBack(form) {
  const kept = sessionStorage.getItem(sentKey(form));
  if (!kept) return;
  forgetSent(form);
  for (const [name, values] of Object.entries(JSON.parse(kept))) {
    for (const one of $$("[name]", form).filter((one) => one.name === name && !one.disabled)) {
      if (["checkbox", "radio"].includes(one.type)) one.checked = values.includes(one.value);
      else one.value = values[0] ?? "";
    }
  }
  if (unsavedOf(form).length) toast("What you had typed is back. It is not saved yet: press Save.");
}
addEventListener("beforeunload", (event) => {
  if ([...originals.keys()].some((form) => form.isConnected && unsavedOf(form).length)) event.preventDefault();
});
// A page that the browser kept after its form was sent, and shows again on the way back, may be outdated.
addEventListener("pageshow", (event) => {
  if (event.persisted && $$("form[data-unsaved]").some((form) => !originals.has(form))) location.reload();
});

// data-prefill='{"login": "..."}' on a form: what its fields hold when nothing was typed (the demo's sign-in)
function prefill() {
  for (const form of $$("form[data-prefill]"))
    for (const [name, value] of Object.entries(JSON.parse(form.dataset.prefill))) form.elements[name].value ||= value;
}

function fillTimeZone() {
  for (const input of $$("[data-time-zone]")) if (!input.value || input.value === "UTC") {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (input.tagName !== "SELECT" || [...input.options].some((option) => option.value === zone)) input.value = zone;
  }
}

// --- toasts ----------------------------------------------------------------------------------

function toast(text, kind = "") {
  const line = $("#toast-line").content.firstElementChild.cloneNode(true);
  if (kind) line.classList.add(kind);
  $("[data-toast-text]", line).textContent = text;
  $(".toasts").append(line);
  fade(line);
}
function fade(line) {
  if (line.dataset.fading) return;
  line.dataset.fading = "1";
  if (!line.classList.contains("error")) setTimeout(() => line.remove(), $(".undo", line) ? 20000 : 7000);
}
on("click", "[data-toast-close]", (button) => button.closest(".toast-line").remove());

// --- charts ----------------------------------------------------------------------------------

// <canvas data-chart="id of a json_script">: {"labels": [...], "series": [{"label", "values", "kind", "tone"}]}
function drawCharts(root = document) {
  if (!window.Chart) return;
  const style = getComputedStyle(document.documentElement);
  const probe = document.body.appendChild(document.createElement("i"));
  const color = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  for (const canvas of $$("canvas[data-chart]", root)) {
    Chart.getChart(canvas)?.destroy();
    const data = JSON.parse($(`#${canvas.dataset.chart}`).textContent);
    const datasets = data.series.map((one) => ({
      label: one.label,
      data: one.values,
      type: one.kind || "bar",
      backgroundColor: color(one.tone),
      borderColor: color(one.tone),
      borderWidth: one.kind === "line" ? 2 : 0,
      borderRadius: 3,
      pointRadius: 2,
      maxBarThickness: 22,
      order: one.kind === "line" ? 0 : 1,
    }));
    const grid = color("line");
    const text = color("ink-3");
    new Chart(canvas, {
      type: "bar",
      data: { labels: data.labels, datasets },
      options: {
        animation: false,
        maintainAspectRatio: false,
        interaction: { mode: "index", intersect: false },
        font: { family: style.fontFamily },
        plugins: { legend: { align: "end", labels: { sort: (a, b) => a.datasetIndex - b.datasetIndex, color: text, boxWidth: 10, boxHeight: 10, font: { family: "Inter", size: 12 } } } },
        scales: {
          x: { grid: { display: false }, ticks: { color: text, font: { family: "Inter", size: 11 }, maxRotation: 0, autoSkipPadding: 12 } },
          y: { beginAtZero: true, border: { display: false }, grid: { color: grid }, ticks: { color: text, precision: 0, font: { family: "Inter", size: 11 } } },
        },
      },
    });
  }
  probe.remove();
}
addEventListener("fcp:theme", () => setTimeout(drawCharts));

// --- htmx ------------------------------------------------------------------------------------

// A part that refreshes itself rests while somebody types or chooses in it; what was on its way by then comes too late.
function rests(element) {
  const poller = element?.closest("[data-poll]");
  if (!poller || element !== poller) return false;
  const busy = document.hidden || $("dialog[open]:not(#finder)") || poller.contains(document.activeElement?.closest("input, select, textarea") ?? null);
  return Boolean(busy || $("input[name=row]:checked, details.filter[open]", poller));
}
document.addEventListener("htmx:beforeRequest", (event) => {
  if (rests(event.detail.elt)) event.preventDefault();
});
document.addEventListener("htmx:beforeSwap", (event) => {
  if (rests(event.detail.requestConfig?.elt)) event.detail.shouldSwap = false;
});
document.addEventListener("htmx:configRequest", (event) => {
  if (!event.detail.elt.closest("[data-clean]")) return;
  for (const [name, value] of [...event.detail.formData.entries()]) if (value === "") event.detail.formData.delete(name);
});
document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  const plain = (xhr.getResponseHeader("Content-Type") || "").startsWith("text/plain");
  toast(plain && xhr.responseText ? xhr.responseText : "That did not work. Load the page again and try once more.", "error");
});
document.addEventListener("htmx:sendError", (event) => {
  if (!event.detail.elt.closest("[data-poll]")) toast("The panel does not answer. Check your connection.", "error");
});
document.addEventListener("htmx:afterSwap", () => {
  for (const id of openMenus) {
    const menu = id && document.getElementById(id);
    if (menu) menu.open = true;
  }
  openMenus = [];
});
// Enter goes to the first hit of what is typed, never of what was typed before: then it asks the search page.
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "finder-hits") event.detail.target.dataset.of = new URL(event.detail.xhr.responseURL).searchParams.get("q");
});
document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));

function prepare(root) {
  refreshTimes(root);
  hideColumns();
  drawCharts(root);
  watchUnsaved(root);
  for (const line of $$(".toast-line")) fade(line);
}

recallDetails();
markTheme();
fillTimeZone();
prefill();
prepare(document);
