/* Completion of the SQL in a question, and leading to the piece that is wrong.

   The words (tables, fields, values) come once, when somebody begins to type. Proposals stand in a
   list below the text: arrows choose, Enter takes, Escape closes; nothing is taken by itself. */
"use strict";

document.documentElement.classList.add("scripted");

(() => {
  const MOST = 12;
  const form = document.getElementById("ask");
  if (!form) return;
  let words = null;
  let asked = null;

  const load = () => {
    asked ??= fetch(form.dataset.words, { headers: { "X-Looks-By-Itself": "yes" } })
      .then((answer) => (answer.ok ? answer.json() : null))
      .then((found) => { words = found; })
      .catch(() => { asked = null; });
    return asked;
  };

  /* What stands before the caret: a constant that is open, or a word. */
  const place = (text) => {
    let open = -1;
    for (let at = 0; at < text.length; at += 1) if (text[at] === "'") open = open < 0 ? at : -1;
    if (open >= 0) {
      const before = text.slice(0, open);
      const field = /(\w+)\s*(?:=|<>|<=?|>=?|(?:not\s+)?in\s*\((?:\s*'[^']*'\s*,)*|between(?:\s*'[^']*'\s*and)?)\s*$/i.exec(before);
      return { kind: "value", start: open, typed: text.slice(open + 1), field: field && field[1].toLowerCase() };
    }
    const word = /\w*$/.exec(text)[0];
    const kind = /\bfrom\s+\w*$/i.test(text) ? "table" : "word";
    return { kind, start: text.length - word.length, typed: word };
  };

  const valuesOf = (field) => {
    const found = field && words.fields[field];
    if (!found) return [];
    return found.values === "countries" ? words.countries : found.values;
  };

  const proposals = (at, whole) => {
    const typed = at.typed.toLowerCase();
    const begins = (one) => one.text.toLowerCase().startsWith(typed);
    const holds = (one) => `${one.text} ${one.note}`.toLowerCase().includes(typed);
    let found = [];
    if (at.kind === "value") {
      found = valuesOf(at.field).map(([value, label]) => ({ text: value, note: label === value ? "" : label, put: `'${value.replaceAll("'", "''")}'` }));
    } else if (at.kind === "table") {
      found = words.tables.map((table) => ({ text: table, note: words.table_word, put: table }));
    } else {
      if (!typed) return [];
      const table = /\bfrom\s+(\w+)/i.exec(whole);
      const known = table && words.tables.includes(table[1].toLowerCase()) ? table[1].toLowerCase() : null;
      found = Object.entries(words.fields)
        .filter(([, field]) => !known || field.tables.includes(known))
        .map(([name, field]) => ({ text: name, note: field.label, put: name }));
      found = found.concat(words.keywords.map((word) => ({ text: word, note: "", put: word })));
    }
    const first = found.filter(begins);
    const list = first.concat(found.filter((one) => !begins(one) && holds(one))).slice(0, MOST);
    return list.length === 1 && list[0].text.toLowerCase() === typed && at.kind !== "value" ? [] : list;
  };

  let list = null;
  let chosen = -1;
  let shown = [];
  let where = null;

  const close = (text) => {
    list?.remove();
    list = null;
    shown = [];
    chosen = -1;
    text?.removeAttribute("aria-activedescendant");
    text?.removeAttribute("aria-controls");
  };

  const take = (text, one) => {
    const caret = text.selectionStart;
    let end = caret;
    if (where.kind === "value" && text.value[end] === "'") end += 1;
    text.setRangeText(one.put, where.start, end, "end");
    close(text);
    text.focus();
    text.dispatchEvent(new Event("input", { bubbles: true }));
    close(text);
  };

  const choose = (text, at) => {
    chosen = (at + shown.length) % shown.length;
    [...list.children].forEach((item, place) => item.setAttribute("aria-selected", String(place === chosen)));
    text.setAttribute("aria-activedescendant", `proposal-${chosen}`);
    list.children[chosen].scrollIntoView({ block: "nearest" });
  };

  const propose = async (text) => {
    await load();
    if (!words || document.activeElement !== text) return;
    where = place(text.value.slice(0, text.selectionStart));
    const found = proposals(where, text.value);
    close(text);
    if (!found.length) return;
    shown = found;
    list = document.createElement("ul");
    list.id = "proposals";
    list.className = "proposals";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", text.labels[0].textContent);
    list.dir = "ltr";
    found.forEach((one, at) => {
      const item = document.createElement("li");
      item.id = `proposal-${at}`;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      item.append(one.text);
      if (one.note) {
        const note = document.createElement("small");
        note.textContent = ` ${one.note}`;
        note.dir = "auto";
        item.append(note);
      }
      item.addEventListener("mousedown", (event) => { event.preventDefault(); take(text, one); });
      list.append(item);
    });
    text.after(list);
    text.setAttribute("aria-controls", "proposals");
  };

  const isSql = (target) => target instanceof HTMLTextAreaElement && target.id === "sql";

  form.addEventListener("focusin", (event) => {
    if (!isSql(event.target)) return;
    event.target.setAttribute("aria-autocomplete", "list");
    load();
  });
  form.addEventListener("input", (event) => { if (isSql(event.target) && event.isTrusted) propose(event.target); });
  form.addEventListener("focusout", (event) => { if (isSql(event.target)) close(event.target); });
  form.addEventListener("keydown", (event) => {
    const text = event.target;
    if (!isSql(text)) return;
    if (event.key === " " && event.ctrlKey) { event.preventDefault(); propose(text); return; }
    if (!list) return;
    if (event.key === "ArrowDown") { event.preventDefault(); choose(text, chosen + 1); }
    else if (event.key === "ArrowUp") { event.preventDefault(); choose(text, chosen < 0 ? shown.length - 1 : chosen - 1); }
    else if (event.key === "Enter" && chosen >= 0) { event.preventDefault(); take(text, shown[chosen]); }
    else if (event.key === "Escape") { event.preventDefault(); close(text); }
  });

  /* Pressing the piece that is wrong selects it where it was typed. */
  document.addEventListener("click", (event) => {
    const marked = event.target instanceof Element && event.target.closest(".marked");
    const text = document.getElementById("sql");
    if (!marked || !text) return;
    const lines = text.value.split("\n").slice(0, Number(marked.dataset.line) - 1);
    const start = lines.reduce((sum, line) => sum + line.length + 1, 0) + Number(marked.dataset.column) - 1;
    text.focus();
    text.setSelectionRange(start, start + Number(marked.dataset.length));
  });
})();
