/* A form as forms/ describes it: every field that is there appears, in its order, with what it takes. What is typed is a
 * draft until it is recorded; what changes elsewhere meanwhile is told beside the field and overwrites nothing. */
import { h, t, icon, label, button, notice, when, today, refill, chip, comma, fullTime } from "./dom.js";
import { apply, draft, dropDraft, keepDraft } from "./api.js";
import {
  bare, choiceText, fieldOf, form as formOf, gradeData, gradeIcon, href, learnTitles, link, list, mayWrite, me, named, piece, titleOf,
  GRADES, tail, titleFor, show,
} from "./data.js";

const SPAN = { date: "f2", int: "f2", bool: "f3", choice: "f3", link: "f3", time: "f3" };
const KEYPAD = new Set(["result", "grade"]);

export class Form {
  /* form, record (null: a new one), caseName, defaults, key (of its draft), hide (field names), only, first (those that come first), scheme,
   * submit (its words), saved(id), compact, filter(field, records), apart {field: (form) => does it say something now} */
  constructor(o) {
    Object.assign(this, { hide: [], defaults: {}, ...o });
    this.controls = new Map();
    this.edits = {};
    this.read = {};
    this.news = new Map();
    this.writes = mayWrite(this.form.writers) && !this.record?.void;
    this.element = this.build();
    this.restore();
  }
  value(name) {
    if (name in this.edits) return this.edits[name];
    return this.record ? this.record.fields[name] : this.defaults[name];
  }
  get dirty() { return Object.keys(this.edits).length > 0; }

  build() {
    const fields = this.form.fields.filter((f) => !this.hide.includes(f.name) && (!this.only || this.only.includes(f.name)) &&
      !(f.fixed && !this.record));
    const place = (f) => { const i = (this.first || []).indexOf(f.name); return i < 0 ? 99 : i; };
    fields.sort((a, b) => place(a) - place(b)); /* stable: the others keep the form's order */
    const rows = fields.map((f) => this.field(f));
    this.main = h("div", { class: "fields" }, rows);
    this.more = h("div", { class: "fields" });
    this.details = h("details", { class: "more", hidden: true }, h("summary", null, t("Other fields")), this.more);
    this.told = h("div", { class: "stack2" });
    this.note = h("span", { class: "small dim push draftnote" });
    this.why = h("input", { "aria-label": t("Why it is changed"), placeholder: t("why (optional)"), class: "whyin", oninput: () => this.keep() });
    const foot = !this.writes ? null : h("div", { class: "formfoot" },
      h("button", { type: "submit", class: "btn primary" }, this.submit || t("Record"), h("kbd", { "aria-hidden": "true" }, "Ctrl ↵")),
      this.actions || null, this.record ? this.why : null, this.note);
    this.foot = foot;
    const el = h("form", { class: "form" + (this.compact ? " compact" : ""), novalidate: true, onsubmit: (e) => { e.preventDefault(); this.save(); } },
      this.before || null, this.told, this.main, this.details, this.slot = h("div"), foot);
    el.addEventListener("keydown", (e) => {
      if (e.key === "Enter" && (e.ctrlKey || e.metaKey) && !e.isComposing) { e.preventDefault(); this.save(); }
    });
    this.arrange();
    return el;
  }

  field(f) {
    const allowed = this.writes && mayWrite(f.writers) && !(f.fixed && this.record);
    const conflict = this.record?.conflicts?.[f.name];
    const id = "f" + Math.random().toString(36).slice(2, 9);
    const make = conflict ? conflictControl : CONTROLS[f.type] || CONTROLS.json;
    const c = make(this, f, id, !allowed);
    const group = c.group;
    const words = [label(f.label), this.needed(f, true)];
    const help = label(f.help);
    const head = h(group ? "legend" : "label", group ? null : { for: id }, h("span", null, words[0]), c.mark = h("small", { class: "need" }),
      allowed ? null : icon("lock", true));
    c.field = f;
    c.locked = !allowed;
    c.news = h("div", { class: "news", role: "status" });
    c.row = h(group ? "fieldset" : "div", { class: "f full " + (c.span || SPAN[f.type] || ""), "data-field": f.name }, head, c.element,
      help ? h("small", { class: "help", id: id + "h" }, help) : null, c.news);
    if (help && !group) c.element.setAttribute("aria-describedby", id + "h");
    this.controls.set(f.name, c);
    c.show?.(this.value(f.name));
    return c.row;
  }

  /* Is the field asked for now? `ever`: by its form at all. */
  needed(f) {
    if (f.required) return true;
    const conditions = f.required_if ? [f.required_if].flat() : [];
    return conditions.length > 0 && conditions.every((c) => {
      const v = this.value(c.field);
      if (c.is) return c.is.includes(v);
      return c.is_set === (v !== undefined && v !== null && v !== "");
    });
  }
  /* Does a choice that has been made elsewhere make the field pointless? */
  ruledOut(f) {
    return [f.required_if || []].flat().some((c) => c.is && !c.is.includes(this.value(c.field)));
  }
  filled(f) {
    if (f.type !== "set") return this.value(f.name) !== undefined && this.value(f.name) !== null;
    return Object.keys({ ...this.record?.fields, ...this.defaults, ...this.edits }).some((k) => k.startsWith(f.name + "."));
  }
  /* What another field rules out goes below, unless it holds something. */
  arrange() {
    let below = 0;
    for (const c of this.controls.values()) {
      const need = this.needed(c.field);
      c.mark.textContent = need && !c.locked ? t("required") : "";
      const apart = this.apart?.[c.field.name];
      const out = (me.readonly || (apart ? !apart(this) : !need && this.ruledOut(c.field))) && !this.filled(c.field) && !c.row.contains(document.activeElement);
      const place = out ? this.more : this.main;
      if (out) below++;
      if (c.row.parentElement === place) continue;
      const order = [...this.controls.values()].map((x) => x.row);
      const at = order.indexOf(c.row);
      const after = order.slice(at + 1).find((r) => r.parentElement === place);
      place.insertBefore(c.row, after || null);
    }
    this.details.hidden = below === 0;
  }

  set(name, value) {
    if (this.busy) return void this.late.set(name, value);
    const before = this.record ? this.record.fields[name] : undefined;
    const same = value === before || ((value === null || value === "") && (before === undefined || before === null));
    if (!(name in this.edits) && this.record) this.read[name] = this.record.heads?.[name] || [];
    if (same) delete this.edits[name];
    else this.edits[name] = value === "" ? null : value;
    this.arrange();
    this.keep();
    this.changed?.(name, value);
  }
  keep() {
    if (!this.key) return;
    const why = this.why?.value;
    if (!this.dirty && !why && !this.extra?.length) { dropDraft(this.key); this.note.textContent = ""; return; }
    keepDraft(this.key, { edits: this.edits, read: this.read, why, extra: this.extra, at: new Date().toISOString(), path: location.pathname + location.search,
      title: this.title }, (why) => {
      this.note.textContent = why === null ? t("draft kept %s", when(new Date())) : t("draft not kept: %s", why);
    });
  }
  restore() {
    const d = this.key && draft(this.key);
    if (!d || !this.writes) return;
    this.edits = { ...d.edits };
    this.read = { ...d.read };
    this.extra = d.extra;
    if (this.why && d.why) this.why.value = d.why;
    for (const c of this.controls.values()) c.show?.(this.value(c.field.name));
    this.arrange();
    this.note.textContent = t("draft of %s", when(d.at));
    refill(this.told, h("p", { class: "small row" }, icon("pen", true), t("What you typed here before is back; it is not recorded yet."),
      button(t("Discard"), { class: "quiet small", onclick: () => this.discard() })));
  }
  discard() {
    this.edits = {};
    this.read = {};
    if (this.why) this.why.value = "";
    dropDraft(this.key);
    this.note.textContent = "";
    refill(this.told);
    for (const c of this.controls.values()) { c.show?.(this.value(c.field.name)); refill(c.news); }
    this.arrange();
    this.changed?.();
  }

  /* The record as it is now. What is being typed stays; the other value is told beside it. */
  accept(record) {
    const before = this.record;
    this.record = record;
    learnTitles(record);
    for (const c of this.controls.values()) {
      const name = c.field.name;
      if (c.field.type === "set" || !(name in this.edits)) { c.show?.(this.value(name)); continue; }
      const was = before?.fields[name], now = record.fields[name];
      if (JSON.stringify(was) === JSON.stringify(now)) continue;
      refill(c.news, icon("sync", true), t("Another value now:"), h("q", null, this.words(c.field, now)),
        button(t("Take it"), { class: "quiet small", onclick: () => { delete this.edits[name]; delete this.read[name]; c.show(now); refill(c.news); this.keep(); } }));
    }
    this.arrange();
  }
  words(f, v) {
    if (v === undefined || v === null) return t("empty");
    if (f.type === "choice") return choiceText(this.form, f.name, v);
    if (f.type === "bool") return v ? t("Yes") : t("No");
    if (f.type === "link") return tail(v);
    return typeof v === "object" ? JSON.stringify(v) : String(v);
  }

  problem(text, field) {
    refill(this.told, notice("alert", "warn", text));
    this.told.scrollIntoView({ block: "nearest" });
    if (field) this.controls.get(field)?.row.querySelector("input, select, textarea")?.focus();
  }
  /* The lines of apply that record it; `as` names a new record. */
  lines() {
    const set = this.record ? { ...this.edits } : { ...this.defaults, ...this.edits };
    for (const [k, v] of Object.entries(set)) if (v === undefined || (v === null && !this.record)) delete set[k];
    const why = this.why?.value.trim() || undefined;
    if (!this.record) return [{ do: "new", type: this.form.form, case: this.caseName, set, as: "$it" }, ...(this.also?.("$it") || [])];
    const read = {};
    for (const k of Object.keys(set)) if (this.read[k]?.length) read[k] = this.read[k];
    return [...(Object.keys(set).length ? [{ do: "set", record: this.record.id, set, read, why }] : []), ...(this.also?.(this.record.id) || [])];
  }
  missing() {
    if (this.record) return null;
    return this.form.fields.find((f) => f.required_at === "create" && f.type !== "set" && !f.fixed &&
      (this.value(f.name) === undefined || this.value(f.name) === null || this.value(f.name) === ""));
  }
  async save() {
    if (!this.writes || this.busy) return;
    const missing = this.missing();
    if (missing) return this.problem(t("%s is missing: it is needed to begin with", label(missing.label)), missing.name);
    const lines = this.lines();
    if (!lines.length) return this.problem(t("nothing has been changed"));
    this.busy = true;
    this.late = new Map(); /* what is typed meanwhile */
    try {
      const ids = await apply(lines);
      refill(this.told);
      this.edits = {};
      this.read = {};
      if (this.why) this.why.value = "";
      this.note.textContent = "";
      dropDraft(this.key);
      for (const c of this.controls.values()) refill(c.news);
      if (this.record && this.late.size) this.accept(await show(this.record.id));
      this.saved?.(ids[0]);
    } catch (e) {
      this.problem(e.message);
    } finally {
      this.busy = false;
      for (const [name, value] of this.late) {
        this.controls.get(name)?.show?.(value);
        this.set(name, value);
      }
    }
  }
}

/* ---- one control for each kind of field: {element, show(value), group, span} ---- */
const frozen = (locked) => (locked ? { disabled: true } : {});

function conflictControl(form, f) {
  return { group: true, element: h("p", { class: "row small" }, chip("minor", t("in conflict"), "conflict"),
    h("a", { href: "/conflicts#" + tail(form.record.id) }, t("Settle it"))) };
}

function textControl(form, f, id, locked) {
  const choose = chosenFrom(form, f);
  if (choose) return selectControl(form, f, id, locked, choose);
  const area = h("textarea", { id, rows: 1, ...(locked ? { readonly: true } : {}), oninput: () => form.set(f.name, area.value) });
  const long = label(f.help).length > 0 || ["fact", "note", "root_cause", "correction", "corrective_action", "verification", "text", "minutes", "reason"].includes(f.name);
  return { element: area, span: long ? "" : "f3", show: (v) => { if (area.value !== (v ?? "")) area.value = v ?? ""; } };
}
/* Fields that name clauses, directions or levels of the scheme are chosen from it. */
function chosenFrom(form, f) {
  const s = form.scheme;
  if (!s) return null;
  if (f.name === "clause") return s.catalogue.filter((c) => !c.group).map((c) => [c.id, `${c.id} ${label(c.title)}`]);
  if (f.name === "direction") return s.directions.map((d) => [d.value, label(d.label)]);
  if (f.name === "level" && f.type === "int") return s.levels.map((l) => [l.value, label(l.label)]);
  return null;
}
function selectControl(form, f, id, locked, options) {
  const number = f.type === "int";
  const el = h("select", { id, ...frozen(locked), onchange: () => form.set(f.name, el.value === "" ? null : number ? Number(el.value) : el.value) });
  return { element: el, span: "f3", show: (v) => {
    const known = options.some(([o]) => String(o) === String(v ?? ""));
    refill(el, h("option", { value: "" }, "—"), options.map(([o, text]) => h("option", { value: String(o) }, text)),
      known || v === undefined || v === null ? null : h("option", { value: String(v) }, String(v)));
    el.value = String(v ?? "");
  } };
}
function intControl(form, f, id, locked) {
  const choose = chosenFrom(form, f);
  if (choose) return selectControl(form, f, id, locked, choose);
  const el = h("input", { id, inputmode: "numeric", autocomplete: "off", ...frozen(locked), oninput: () => {
    const n = el.value.trim();
    if (n === "") form.set(f.name, null);
    else if (/^-?\d{1,15}$/.test(n)) form.set(f.name, Number(n));
    el.setAttribute("aria-invalid", String(n !== "" && !/^-?\d{1,15}$/.test(n)));
  } });
  return { element: el, show: (v) => { if (document.activeElement !== el || el.value === "") el.value = v ?? ""; } };
}
/* Dates are typed as they are kept, 2026-12-20, also 20261220 or 12-20; arrows up and down go by days. */
export function readDay(text, near) {
  const m = /^\s*(?:(\d{4})[-./年]?)?(\d{1,2})[-./月]?(\d{1,2})日?\s*$/.exec(text);
  if (!m) return null;
  const d = new Date(Date.UTC(Number(m[1] || (near || today()).slice(0, 4)), m[2] - 1, m[3]));
  const day = d.toISOString().slice(0, 10);
  return Number(day.slice(5, 7)) === Number(m[2]) && Number(day.slice(8)) === Number(m[3]) ? day : null;
}
function typed(form, f, id, locked, placeholder, read, write, step) {
  const el = h("input", { id, placeholder, autocomplete: "off", spellcheck: "false", ...frozen(locked) });
  const take = () => {
    const v = el.value.trim() === "" ? null : read(el.value);
    const wrong = v === null && el.value.trim() !== "";
    el.setAttribute("aria-invalid", String(wrong));
    if (!wrong) form.set(f.name, v);
    return wrong ? undefined : v;
  };
  el.addEventListener("input", take);
  el.addEventListener("change", () => { const v = take(); if (v) el.value = write(v); });
  el.addEventListener("keydown", (e) => {
    const by = { ArrowUp: 1, ArrowDown: -1 }[e.key];
    if (!by || e.ctrlKey || e.metaKey || locked) return;
    e.preventDefault();
    el.value = write(step(el.value.trim() ? read(el.value) : null, by));
    take();
  });
  return { element: el, show: (v) => { if (document.activeElement !== el || !(f.name in form.edits)) el.value = v ? write(v) : ""; } };
}
const dateControl = (form, f, id, locked) => typed(form, f, id, locked, t("YYYY-MM-DD"), readDay, (v) => v, (v, by) => (v ? new Date(Date.parse(v) + by * 86400000).toISOString().slice(0, 10) : today()));
function timeControl(form, f, id, locked) {
  const write = (v) => { const d = new Date(v); return Number.isNaN(d.getTime()) ? v : new Date(d - d.getTimezoneOffset() * 60000).toISOString().slice(0, 19).replace("T", " "); };
  const read = (text) => { const m = /^\s*(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)(:\d\d)?\s*$/.exec(text); const d = m && new Date(`${m[1]}T${m[2]}${m[3] || ":00"}`); return d && !Number.isNaN(d.getTime()) ? withOffset(d) : null; };
  return typed(form, f, id, locked, t("YYYY-MM-DD hh:mm"), read, write, (v, by) => withOffset(new Date(v ? new Date(v).getTime() + by * 60000 : Date.now())));
}
export function withOffset(d) {
  const o = -d.getTimezoneOffset(), sign = o < 0 ? "-" : "+", a = Math.abs(o);
  const p = (n) => String(n).padStart(2, "0");
  return new Date(d.getTime() + o * 60000).toISOString().slice(0, 19) + `${sign}${p(Math.floor(a / 60))}:${p(a % 60)}`;
}

/* Radio buttons in a row; Delete or a second click empties them. */
function options(form, f, locked, values, extra) {
  const name = "r" + Math.random().toString(36).slice(2, 9);
  const inputs = values.map(([v]) => h("input", { class: "vh", type: "radio", name, value: String(v), ...frozen(locked) }));
  const read = (v) => values.find(([x]) => String(x) === v)?.[0] ?? null;
  const labels = values.map(([v, text, more], i) => h("label", more?.props || null, inputs[i], more?.icon || null, h("span", null, text), more?.key || null));
  const box = h("div", { class: extra || "opts" }, labels);
  let was = null;
  for (const input of inputs) {
    input.addEventListener("change", () => { was = input.value; form.set(f.name, read(input.value)); });
    input.addEventListener("click", () => {
      if (was === input.value && input.dataset.on === "1") { input.checked = false; was = null; form.set(f.name, null); }
      for (const i of inputs) i.dataset.on = i.checked ? "1" : "";
    });
    input.addEventListener("keydown", (e) => {
      if (e.key !== "Delete" && e.key !== "Backspace") return;
      for (const i of inputs) { i.checked = false; i.dataset.on = ""; }
      was = null;
      form.set(f.name, null);
    });
  }
  return { group: true, element: box, inputs, show: (v) => {
    was = v === undefined || v === null ? null : String(v);
    for (const i of inputs) { i.checked = i.value === was; i.dataset.on = i.checked ? "1" : ""; }
  } };
}
const boolControl = (form, f, id, locked) => options(form, f, locked, [[true, t("Yes")], [false, t("No")]]);
function choiceControl(form, f, id, locked) {
  if (KEYPAD.has(f.name) && f.choices.every((c) => GRADES.includes(c.value))) return keypad(form, f, locked);
  const choices = f.choices.map((c) => [c.value, label(c.label)]);
  const width = choices.reduce((n, c) => n + [...c[1]].reduce((w, ch) => w + (ch > "\u2e80" ? 2 : 1), 2), 0);
  if (choices.length <= 4 && width <= 46) return { ...options(form, f, locked, choices), span: width > 26 ? "f4" : "f3" };
  return selectControl(form, f, id, locked, choices);
}
function keypad(form, f, locked) {
  const choices = GRADES.filter((g) => f.choices.some((c) => c.value === g)).map((g, i) => [g, label(f.choices.find((c) => c.value === g).label), {
    props: { "data-g": gradeData(g) }, icon: icon(gradeIcon(g)), key: locked ? null : h("kbd", { "aria-hidden": "true" }, String(i + 1)),
  }]);
  const c = options(form, f, locked, choices, "keypad k" + choices.length);
  form.press = (n) => {
    const input = c.inputs[n - 1];
    if (!input || locked) return false;
    input.checked = true;
    if (c.element.contains(document.activeElement)) input.focus(); /* so that Tab goes on from here */
    input.dispatchEvent(new Event("change"));
    return true;
  };
  return { ...c, span: " " };
}

/* A record of another type: read when the list is opened. */
async function candidates(form, f) {
  const inRegister = (type) => REGISTER.has(type);
  const lists = await Promise.all((f.to || []).map(async (type) => {
    const own = await formOf(type);
    const records = LONG.has(type) ? (await piece(type, [], { case: form.caseName, limit: 300, newest: true })).records : await list(type, [], inRegister(type) ? {} : { case: form.caseName });
    const fit = form.filter ? form.filter(f, records) : records;
    return Promise.all(fit.map(async (r) => [(inRegister(type) ? "register:" : "") + r.id, r.title || titleOf(r, own)]));
  }));
  return lists.flat();
}
const LONG = new Set(["sample", "finding", "evidence"]); /* of these the newest are offered */
const REGISTER = new Set(["person", "kit", "scheme", "catalogue", "hub", "release"]);

function linkControl(form, f, id, locked) {
  let current = null, loaded = false;
  const el = h("select", { id, ...frozen(locked), onchange: () => { current = el.value || null; form.set(f.name, current); } });
  const fill = (options) => {
    const known = options.some(([v]) => bare(v) === bare(current || ""));
    refill(el, h("option", { value: "" }, "—"), options.map(([v, text]) => h("option", { value: v, selected: bare(v) === bare(current || "") }, text)),
      known || !current ? null : h("option", { value: current, selected: true }, named(current, form.record?.titles).textContent));
  };
  const load = () => { if (!loaded) { loaded = true; candidates(form, f).then(fill, () => { loaded = false; }); } };
  if (!locked) { el.addEventListener("focus", load); el.addEventListener("pointerdown", load); }
  return { element: el, show: (v) => { current = v || null; loaded = false; fill([]);
    if (current) titleFor(current).then((text) => {
      const o = [...el.options].find((x) => bare(x.value) === bare(current || ""));
      if (o) o.textContent = text;
    }, () => {}); if (!locked && form.eager?.includes(f.name)) load(); } };
}

/* Members as tags, and what else there is to add. */
function setControl(form, f, id, locked) {
  const s = form.scheme;
  const fixed = f.of === "choice" ? f.choices.map((c) => [c.value, label(c.label)])
    : f.name === "directions" && s ? s.directions.map((d) => [d.value, label(d.label)])
      : f.name === "picks" && s ? s.catalogue.filter((c) => !c.group).map((c) => [c.id, c.id + " " + label(c.title)]) : null;
  if (fixed && fixed.length <= 12) return checkSet(form, f, locked, fixed);
  const tags = h("div", { class: "tags" });
  const current = () => {
    const all = { ...form.record?.fields, ...(form.record ? {} : form.defaults), ...form.edits };
    return Object.keys(all).filter((k) => k.startsWith(f.name + ".") && all[k] === true).map((k) => k.slice(f.name.length + 1));
  };
  const put = (member, value) => { form.set(f.name + "." + member, value); show(); };
  const text = (m) => (f.of === "link" ? link(m, form.record?.titles) : fixed?.find(([v]) => v === m)?.[1] || m);
  function show() {
    refill(tags, current().map((m) => h("span", { class: "tagged" }, text(m), locked ? null
      : h("button", { type: "button", class: "drop-tag", "aria-label": t("Take %s out", f.of === "link" ? tail(m) : m), onclick: () => put(m, false) }, icon("close", true)))));
  }
  let adder = null;
  if (!locked && (f.of === "link" || fixed)) {
    let loaded = false;
    adder = h("select", { id, onchange: () => { if (adder.value) put(adder.value, true); adder.value = ""; } }, h("option", { value: "" }, t("add …")));
    const load = async () => {
      if (loaded) return;
      loaded = true;
      const have = new Set(current().map(bare));
      const more = (fixed || await candidates(form, f)).filter(([v]) => !have.has(bare(v)));
      refill(adder, h("option", { value: "" }, more.length ? t("add …") : t("nothing to add")), more.map(([v, w]) => h("option", { value: v }, w)));
      loaded = false;
    };
    adder.addEventListener("focus", load);
  } else if (!locked) {
    adder = h("input", { id, placeholder: t("add, then Enter"), onkeydown: (e) => {
      if (e.key !== "Enter" || e.ctrlKey || e.isComposing) return;
      e.preventDefault();
      if (adder.value.trim()) put(adder.value.trim(), true);
      adder.value = "";
    } });
  }
  if (adder) adder.setAttribute("aria-label", label(f.label));
  return { group: true, element: h("div", { class: "setbox" }, tags, adder), show };
}
function checkSet(form, f, locked, values) {
  const boxes = values.map(([v, text]) => {
    const input = h("input", { type: "checkbox", ...frozen(locked), onchange: () => form.set(f.name + "." + v, input.checked ? true : form.record?.fields[f.name + "." + v] ? false : null) });
    return [v, input, h("label", { class: "check" }, input, text)];
  });
  return { group: true, element: h("div", { class: "checks" }, boxes.map((b) => b[2])), show: () => {
    for (const [v, input] of boxes) input.checked = form.value(f.name + "." + v) === true;
  } };
}
function jsonControl() {
  const el = h("pre", { class: "small", tabindex: "0" });
  return { group: true, element: el, show: (v) => { el.textContent = v === undefined ? "—" : JSON.stringify(v, null, 1); } };
}
const CONTROLS = { text: textControl, int: intControl, date: dateControl, time: timeControl, bool: boolControl, choice: choiceControl,
  link: linkControl, set: setControl, json: jsonControl };

/* A value for people, in history and conflicts. */
export function valueWords(f, name, v, titles) {
  const field = f && (fieldOf(f, name) || fieldOf(f, name.split(".")[0]));
  if (v === undefined || v === null) return t("empty");
  if (v && typeof v === "object" && v.conflict) return v.conflict.map((x) => choiceText(f, name, x)).join(" ≠ ");
  if (field?.type === "choice") return (name === "grade" || name === "result") && GRADES.includes(v) ? chip(gradeData(v), choiceText(f, name, v), gradeIcon(v)) : choiceText(f, name, v);
  if (field?.type === "link") return link(v, titles);
  if (typeof v === "boolean") return v ? t("Yes") : t("No");
  if (field?.type === "time") return fullTime(v);
  if (typeof v === "object") return Object.entries(v).every(([, x]) => x?.seq) ? Object.entries(v).map(([kit, x]) => `${kit}:${x.seq}`).join(comma()) : JSON.stringify(v);
  return String(v);
}
export function fieldWords(f, name) {
  const field = f && (fieldOf(f, name) || fieldOf(f, name.split(".")[0]));
  return field ? label(field.label) : name === "void" ? t("Voided") : name;
}
