"use strict";
// The condition editor: rows with choices above each condition's text. The text is what is sent and what counts; the
// rows only write it. What the rows cannot show is left to the text. Works with the keyboard: selects, inputs, buttons.
(() => {
  const data = document.getElementById("condition-choices");
  if (!data) return;
  const { operators, fields, events, segments, notes, words } = JSON.parse(data.textContent);
  const KINDS = ["field", "property", "count", "days_since", "segment"];
  const COUNTED = ["count", "days_since"];
  const GROUPS = ["all", "any", "none"];
  const NUMERIC = ["integer", "decimal"];

  const make = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name in node && typeof value !== "string") node[name] = value;
      else node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  };
  const select = (label, pairs, chosen, changed) => {
    const node = make("select", { "aria-label": label });
    const known = pairs.some(([value]) => value === chosen);
    const all = known || chosen === undefined ? pairs : [...pairs, [chosen, chosen]];
    for (const [value, text] of all) node.append(make("option", { value, selected: value === chosen }, text));
    node.addEventListener("change", () => changed(node.value));
    return node;
  };
  const input = (label, value, changed, more = {}) => {
    const node = make("input", { "aria-label": label, value: String(value ?? ""), placeholder: label, ...more });
    node.addEventListener("input", () => changed(node.value.trim()));
    return node;
  };

  // ---------------------------------------------------------------- between values of the document and what is typed
  const kindOf = (node) => ("event" in node ? "property" : KINDS.find((kind) => kind in node));
  const groupOf = (node) => GROUPS.find((group) => group in node);
  const typeOf = (node) => {
    const kind = kindOf(node);
    if (kind === "count" || kind === "days_since") return "decimal";
    return kind === "field" ? (fields[node.field] || {}).type : undefined;
  };
  const number = (text) => (text !== "" && Number.isFinite(Number(text)) ? Number(text) : text);
  const read = (text, node) => {
    const type = typeOf(node);
    if (NUMERIC.includes(type)) return number(text);
    return type ? text : number(text);
  };
  const parts = (text) => text.split(/[,，、]/).map((part) => part.trim()).filter(Boolean);
  const fits = (node) => Object.entries(operators).filter(([, op]) => {
    const type = typeOf(node);
    return !type || op.types.includes(type);
  });
  const suit = (node) => {
    const allowed = fits(node).map(([key]) => key);
    if (!allowed.includes(node.op)) node.op = allowed.find((key) => !["known", "unknown"].includes(key)) || allowed[0];
    const operand = operators[node.op].operand;
    if (operand === "none") delete node.value;
    else if ((operand === "many" || operand === "range") !== Array.isArray(node.value)) node.value = operand === "many" ? [] : operand === "range" ? [0, 0] : "";
  };
  const fresh = (kind) => {
    if (kind === "segment") return { segment: segments[0] || "" };
    const node = kind === "field" ? { field: Object.keys(fields)[0] }
      : kind === "property" ? { event: "properties." }
      : { [kind]: { event: events[0] || "" } };
    node.op = kind === "field" || kind === "property" ? "eq" : "gte";
    node.value = kind === "field" || kind === "property" ? "" : 1;
    if (kind !== "property") suit(node);
    return node;
  };
  // What the rows can show; anything else stays text.
  const readable = (node, depth = 0) => {
    if (!node || typeof node !== "object" || Array.isArray(node)) return false;
    const group = groupOf(node);
    if (group) return depth < 4 && Array.isArray(node[group]) && node[group].every((child) => readable(child, depth + 1));
    const kind = kindOf(node);
    if (!kind) return false;
    if (kind === "segment") return true;
    if (COUNTED.includes(kind) && node[kind].where && !readable(node[kind].where)) return false;
    return node.op in operators;
  };

  // ------------------------------------------------------------------------------------------------------- drawing
  const valueOf = (node, draw, save) => {
    const operand = operators[node.op].operand;
    if (operand === "none") return [];
    const options = kindOf(node) === "field" ? (fields[node.field] || {}).options || [] : [];
    if (operand === "range") {
      return [0, 1].flatMap((end) => [
        ...(end ? [make("span", {}, words.and)] : []),
        input(words.value, node.value[end], (text) => { node.value[end] = read(text, node); save(); }),
      ]);
    }
    if (operand === "many" && options.length) {
      const node_ = make("select", { "aria-label": words.value, multiple: true, size: String(Math.min(options.length, 5)) });
      for (const option of options) node_.append(make("option", { value: option, selected: node.value.includes(option) }, option));
      node_.addEventListener("change", () => { node.value = [...node_.selectedOptions].map((one) => one.value); save(); });
      return [node_];
    }
    if (operand === "many") {
      return [input(words.several, node.value.join(", "), (text) => { node.value = parts(text).map((one) => read(one, node)); save(); })];
    }
    if (options.length) {
      return [select(words.value, [["", "—"], ...options.map((one) => [one, one])], node.value, (value) => { node.value = value; save(); })];
    }
    const typed = operand === "days" ? number : (text) => read(text, node);
    return [input(words.value, node.value, (text) => { node.value = typed(text); save(); })];
  };
  const subjectOf = (node, draw, save) => {
    const kind = kindOf(node);
    if (kind === "field") {
      return [select(words.field, Object.keys(fields).sort().map((key) => [key, key]), node.field, (key) => { node.field = key; suit(node); draw(); })];
    }
    if (kind === "property") return [input(words.property, node.event, (text) => { node.event = text; save(); })];
    if (kind === "segment") return [select(words.segment, segments.map((key) => [key, key]), node.segment, (key) => { node.segment = key; save(); })];
    const event = select(words[kind], events.map((key) => [key, key]), node[kind].event, (key) => { node[kind].event = key; save(); });
    if (kind === "days_since") return [event];
    const days = input(words.within, node.count.days, (text) => {
      if (text === "") delete node.count.days; else node.count.days = number(text);
      save();
    }, { inputmode: "decimal" });
    return [event, days];
  };
  const rowOf = (node, remove, replace, draw, save) => {
    const kind = kindOf(node);
    const row = make("div", { class: "condition-row" },
      select(words.what, KINDS.map((key) => [key, words[key]]), kind, (chosen) => replace(fresh(chosen))),
      ...subjectOf(node, draw, save));
    if (kind !== "segment") {
      row.append(select(words.operator, fits(node).map(([key, op]) => [key, op.says]), node.op, (key) => { node.op = key; suit(node); draw(); }));
      row.append(...valueOf(node, draw, save));
    }
    row.append(remove);
    if (notes[node.op]) row.append(make("p", { class: "hint" }, notes[node.op]));
    return COUNTED.includes(kind) ? make("div", { class: "condition-counted" }, row, whereOf(node[kind], draw, save)) : row;
  };
  // Which of the events are counted: a condition of its own, about the properties of each event.
  const whereOf = (what, draw, save) => {
    if (!what.where) {
      const add = make("button", { type: "button", class: "link" }, words.where);
      add.addEventListener("click", () => { what.where = { all: [fresh("property")] }; draw(); });
      return add;
    }
    if (!groupOf(what.where)) what.where = { all: [what.where] };
    const away = make("button", { type: "button", class: "link danger", "aria-label": `${words.remove}: ${words.where}` }, "✕");
    away.addEventListener("click", () => { delete what.where; draw(); });
    return make("div", { class: "condition-where" }, make("p", { class: "hint" }, words.where), groupBox(what.where, 0, away, draw, save, "property"));
  };
  // As it is written: a where of one row is that row, one without rows is none.
  const written = (node) => {
    if (Array.isArray(node)) return node.map(written);
    if (!node || typeof node !== "object") return node;
    const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, written(value)]));
    if (copy.where && copy.where.all && copy.where.all.length < 2) {
      if (copy.where.all.length) copy.where = copy.where.all[0]; else delete copy.where;
    }
    return copy;
  };
  const groupBox = (node, depth, remove, draw, save, kind = "field") => {
    const group = groupOf(node);
    const children = node[group];
    const box = make("fieldset", { class: "condition-group" });
    box.append(make("legend", { class: "unseen" }, words.group));
    const head = make("div", { class: "condition-row" }, select(words.group, GROUPS.map((key) => [key, words[key]]), group, (chosen) => {
      delete node[group];
      node[chosen] = children;
      draw();
    }));
    if (remove) head.append(remove);
    box.append(head);
    if (group === "none") box.append(make("p", { class: "hint" }, notes.none));
    if (!children.length) box.append(make("p", { class: "hint" }, words.always));
    children.forEach((child, place) => {
      const away = make("button", { type: "button", class: "link danger", "aria-label": `${words.remove} ${place + 1}` }, "✕");
      away.addEventListener("click", () => { children.splice(place, 1); draw(); });
      const replace = (other) => { children[place] = other; draw(); };
      box.append(groupOf(child) ? groupBox(child, depth + 1, away, draw, save, kind) : rowOf(child, away, replace, draw, save));
    });
    const add = make("button", { type: "button" }, words.add);
    add.addEventListener("click", () => { children.push(fresh(kind)); draw(); });
    const buttons = make("div", { class: "condition-row" }, add);
    if (depth < 3) {
      const more = make("button", { type: "button" }, words.add_group);
      more.addEventListener("click", () => { children.push({ any: [fresh(kind)] }); draw(); });
      buttons.append(more);
    }
    box.append(buttons);
    return box;
  };

  // ------------------------------------------------------------------------------------------------ one per condition
  const edit = (area) => {
    let tree = null;
    try {
      tree = area.dataset.condition ? JSON.parse(area.dataset.condition) : { all: [] };
    } catch { tree = null; }
    const text = make("details", { class: "condition-text" }, make("summary", {}, words.text));
    area.before(text);
    text.append(area);
    if (area.closest(".wrong") || !readable(tree)) {
      text.open = true;
      text.before(make("p", { class: "hint" }, words.unreadable));
      return;
    }
    if (!groupOf(tree)) tree = { all: [tree] };
    const box = make("div", { class: "condition", role: "group", "aria-label": words.rows });
    if (area.closest(".sub-row") && !area.dataset.condition) text.before(make("details", {}, make("summary", {}, words.rows), box));
    else text.before(box);
    area.addEventListener("input", () => { box.replaceChildren(make("p", { class: "hint" }, words.unreadable)); });
    const save = () => {
      const said = tree.all && tree.all.length === 1 ? tree.all[0] : tree;
      area.value = tree.all && !tree.all.length && !area.required ? "" : JSON.stringify(written(said));
    };
    const draw = (first = false) => {
      const focus = [...box.querySelectorAll("select, input, button")].indexOf(document.activeElement);
      box.replaceChildren(groupBox(tree, 0, null, () => draw(), save));
      if (first) return;
      save();
      const places = box.querySelectorAll("select, input, button");
      if (focus >= 0 && places.length) places[Math.min(focus, places.length - 1)].focus();
    };
    draw(true);
  };
  document.querySelectorAll("textarea[data-condition]").forEach(edit);
})();
