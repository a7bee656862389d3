// Mapping rows edited by keyboard. A row's form is form[data-row]; htmx saves it and puts the row's answer in its place.
//
// Enter: save and go to the next row's field. Tab behind a row's last field: the same. Arrows up and down, as long as
// nothing was changed in the field: the row above or below. Escape: what was there before.
"use strict";

(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const rows = () => all("form[data-row]");
  const fieldsOf = (form) => all("input:not([type=hidden]), select", form);
  let waiting = null; // the field of a row that is being saved with the focus still in it

  function isChanged(field) {
    if (field.tagName !== "SELECT") return field.value !== field.defaultValue;
    const before = [...field.options].findIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(before, 0);
  }

  function isWorthSaving(form, pressed) {
    if (fieldsOf(form).some(isChanged)) return true;
    return pressed && "proposed" in form.dataset; // a suggestion is taken by Enter, never by passing over it
  }

  function goTo(form, step, name) {
    const forms = rows();
    const next = forms[forms.indexOf(form) + step];
    const field = next && (fieldsOf(next).find((one) => one.name === name) || fieldsOf(next)[0]);
    if (!field) return false;
    field.focus();
    if (field.select) field.select();
    return true;
  }

  function save(form, field) {
    waiting = { id: form.closest("tr").id, name: field.name };
    form.requestSubmit();
  }

  document.addEventListener("keydown", (event) => {
    const field = event.target;
    const form = field.closest?.("form[data-row]");
    if (!form || event.altKey || event.ctrlKey || event.metaKey || !fieldsOf(form).includes(field)) return;
    if (event.key === "Enter") {
      event.preventDefault();
      if (isWorthSaving(form, true)) save(form, field);
      goTo(form, event.shiftKey ? -1 : 1, fieldsOf(form)[0].name);
    } else if (event.key === "Tab" && !event.shiftKey && field === fieldsOf(form).at(-1)) {
      if (isWorthSaving(form, false)) save(form, field);
      if (goTo(form, 1)) event.preventDefault();
    } else if (["ArrowDown", "ArrowUp"].includes(event.key) && field.type === "text" && !isChanged(field)) {
      if (goTo(form, event.key === "ArrowDown" ? 1 : -1, field.name)) event.preventDefault();
    } else if (event.key === "Escape" && fieldsOf(form).some(isChanged)) {
      event.preventDefault();
      form.reset();
      field.select?.();
    }
  });

  // The row that was saved is a new one: whoever stayed in it stays in it.
  document.addEventListener("htmx:afterSwap", () => {
    if (!waiting) return;
    const row = document.getElementById(waiting.id);
    if (row && document.activeElement === document.body) all("input, select", row).find((one) => one.name === waiting.name)?.focus();
    waiting = null;
  });
})();
