/* Any record: its form as forms/ has it, its evidence, its history. Also a new one of any type. */
import { h, t, chip, card, refill, empty, label, notice, button, dialog, key, comma } from "./dom.js";
import { apply, draftKey, get } from "./api.js";
import {
  caseTitle, cases, conflicts, form, gapText, href, isOpenAudit, list, me, mine, piece, ruleText, scheme, show, stateLook, stateText, tail, titleOf,
} from "./data.js";
import { Form } from "./form.js";
import { strip } from "./media.js";
import { timeline } from "./history.js";
import { conflictBox } from "./conflicts.js";

export async function open(ctx) {
  return ctx.parts[0] === "new" ? openNew(ctx) : openRecord(ctx);
}

async function openRecord(ctx) {
  const id = ctx.parts[1] + "/" + ctx.parts[2];
  let record = await show(id);
  const f = await form(record.type, record.case);
  const s = await scheme(record.case).catch(() => null);
  if (!ctx.alive()) return null;
  const fm = new Form({ form: f, record, caseName: record.case, scheme: s, key: draftKey(id), title: record.title || titleOf(record, f), saved: () => { ctx.toast(t("recorded: signed, on this device")); change(); } });
  const evidence = strip({ of: () => id, readonly: me.readonly || !fm.writes, all: () => strips() });
  const lead = h("div", { class: "lead" }), boxes = h("div", { class: "stack" }), aside = h("div"), gaps = h("div");
  refill(ctx.main, lead, h("div", { class: "split wide" }, h("div", { class: "stack" }, boxes, gaps, card(label(f.title), null, h("div", { class: "in" }, fm.element)),
    record.case === "register" ? null : card(evidence.title.textContent ? evidence.title : t("Evidence"), null, h("div", { class: "in" }, evidence.element))), aside));
  const strips = async () => { if (record.case !== "register") evidence.show(await list("evidence", ["of+=" + id], { custody: true })); };
  async function draw() {
    const [line, open] = await Promise.all([timeline(record, f), Promise.all(conflicts(record).map((n) => conflictBox(ctx, record, f, n, change)))]);
    if (!ctx.alive()) return;
    const title = record.title || titleOf(record, f);
    const [grade, symbol] = stateLook(record.state);
    ctx.title(title, record.case === "register" ? [] : [["/cases", t("Cases")], ["/case/" + encodeURIComponent(record.case), record.case]]);
    refill(lead, h("div", null, h("h1", null, title), h("p", { class: "facts" }, h("span", null, label(f.title)), h("code", null, tail(id)), record.case === "register" ? h("span", null, t("register")) : h("span", null, await caseTitle(record.case)))),
      h("div", { class: "row" }, record.void ? chip("alert", t("voided"), "close") : null, record.state ? chip(grade, stateText(record), symbol) : null,
        fm.writes ? button(t("Void"), { class: "quiet", onclick: () => voidIt() }) : null));
    refill(boxes, open);
    refill(gaps, record.gaps?.length ? notice("minor", "warn", h("strong", null, t("The process ")), h("ul", null, record.gaps.map((g) => h("li", null, gapText(g.text), " ", h("small", { class: "dim" }, ruleText(g.rule)))))) : null);
    refill(aside, card(t("History"), line.side, line.body));
    await strips();
  }
  async function change() {
    record = await show(id);
    if (!ctx.alive()) return;
    fm.accept(record);
    await draw();
  }
  async function voidIt() {
    const why = await askWhy(t("Void this record"), t("Nothing is deleted: the record stays, marked as voided, with the reason."), t("Void the record"));
    if (!why) return;
    try { await apply([{ do: "void", record: id, why }]); ctx.toast(t("voided: signed, on this device")); change(); } catch (e) { ctx.toast(e.message); }
  }
  await draw();
  return { change, keys: { p: () => evidence.shoot(), e: () => evidence.choose() }, files: (l) => evidence.take(l) };
}

export function askWhy(title, words, action) {
  return dialog(title, (end) => {
    const why = h("input", { required: true, autofocus: true, "aria-label": t("Reason"), placeholder: t("Reason") });
    return h("form", { class: "stack2", onsubmit: (e) => { e.preventDefault(); if (why.value.trim()) end(why.value.trim()); } }, h("p", { class: "mid" }, words), why, h("div", { class: "row" }, h("button", { class: "btn primary", type: "submit" }, action)));
  });
}

/* One record of a type, by its words; null: none. The newest stand there, the others are found. */
export async function pickRecord(title, type, caseName, fit) {
  const [{ records }, f] = await Promise.all([piece(type, [], { case: caseName, limit: 60, newest: true }), form(type, caseName)]);
  return dialog(title, (end) => {
    const box = h("ul", { class: "list picklist" });
    let turn = 0;
    const find = h("input", { autofocus: true, "aria-label": t("Search"), placeholder: t("Search"), oninput: () => look() });
    const draw = (rows) => refill(box, rows.filter((r) => !fit || fit(r)).map((r) => h("li", null, h("button", { type: "button", class: "linkish", onclick: () => end(r.id) }, r.title || titleOf(r, f)), h("small", { class: "dim" }, tail(r.id)))),
      rows.length ? null : h("li", { class: "dim" }, t("nothing found")));
    const look = async () => {
      const words = find.value.trim(), mine = ++turn;
      const hit = words ? (await get("find", [words], { titles: true, limit: 400 })).records.filter((r) => r.type === type && r.case === caseName) : records;
      if (mine === turn) draw(hit.slice(0, 100));
    };
    draw(records);
    return h("div", { class: "stack2" }, find, box);
  });
}

/* ---- a new record ---- */
async function openNew(ctx) {
  const type = ctx.parts[1], q = ctx.query;
  const first = await form(type);
  let caseName = q.get("case");
  if (first.in === "register") caseName = "register";
  if (!caseName) {
    const where = await cases();
    const current = type === "finding" && (await list("audit")).filter((a) => mine(a) && isOpenAudit(a)).sort((a, b) => (a.state === "under-way" ? -1 : b.state === "under-way" ? 1 : 0))[0];
    if (current) { q.set("case", current.case); q.set("audit", current.id); caseName = current.case; }
    else if (where.length === 1) caseName = where[0].case;
    else return chooseCase(ctx, first, type, where);
  }
  const f = await form(type, caseName);
  const s = await scheme(caseName).catch(() => null);
  if (!ctx.alive()) return null;
  const defaults = {};
  for (const [k, v] of q) {
    if (k === "case") continue;
    const field = f.fields.find((x) => x.name === k || k.startsWith(x.name + "."));
    if (field) defaults[k] = v === "true" ? true : v === "false" ? false : field.type === "int" ? Number(v) : v;
  }
  if (type === "finding") {
    if (!defaults.auditor && me.person) defaults.auditor = "register:" + me.person;
    if (!defaults.criterion && defaults.clause && s) defaults.criterion = [s.standard, defaults.clause].filter(Boolean).join(" ");
  }
  const title = t("New: %s", label(f.title));
  const fm = new Form({ form: f, caseName, scheme: s, defaults, first: type === "finding" ? ["grade", "fact", "criterion", "due"] : [], key: draftKey("new-" + type, caseName, q.get("clause") || q.get("audit") || ""), title, eager: ["audit", "department", "site"],
    saved: (id) => { ctx.toast(t("recorded: signed, on this device")); ctx.go(href(id), true); },
    also: (it) => (fm.extra || []).map((e) => ({ do: "set", record: e, set: { ["of." + it]: true } })) });
  const holder = defaults.audit || null;
  const evidence = holder && !me.readonly ? strip({ of: () => holder, done: (id) => { fm.extra = [...(fm.extra || []), id]; fm.keep(); }, all: () => strips() }) : null;
  const strips = async () => evidence && evidence.show(await Promise.all((fm.extra || []).map((e) => show(e))));
  ctx.title(title, caseName === "register" ? [] : [["/case/" + encodeURIComponent(caseName), caseName]]);
  refill(ctx.main, h("div", { class: "lead" }, h("div", null, h("h1", null, title), h("p", null, caseName === "register" ? t("in the register") : [await caseTitle(caseName), comma(), caseName]))),
    fm.writes ? card(label(f.title), null, h("div", { class: "in" }, fm.element), evidence ? h("div", { class: "in evid" }, evidence.title, evidence.element) : null)
      : notice("minor", "lock", t("Your roles don't write this: %s", (f.writers || []).join(comma()))));
  await strips();
  fm.element.querySelector("input:not([disabled]), select:not([disabled]), textarea")?.focus();
  const keys = { p: () => evidence?.shoot(), e: () => evidence?.choose() };
  for (let n = 1; n <= 7; n++) keys[n] = () => (fm.press ? fm.press(n) : false);
  return { keys, files: (l) => evidence?.take(l), change() {} };
}
function chooseCase(ctx, f, type, where) {
  const title = t("New: %s", label(f.title));
  ctx.title(title);
  refill(ctx.main, h("h1", null, title), h("p", { class: "mid" }, t("In which case?")), h("section", { class: "card", "aria-label": t("Cases") }, where.length ? h("ul", { class: "list" }, where.map((c) =>
    h("li", null, h("a", { class: "name", href: `/new/${type}?` + new URLSearchParams({ case: c.case }) }, c.name || c.case), h("small", { class: "dim" }, c.case)))) : empty(t("There is no case yet. Open one under Cases."), "case")));
  return { keys: {} };
}
