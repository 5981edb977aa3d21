/* Conflicts: the values side by side, with who, when and why; the leader settles with a reason. */
import { h, t, icon, chip, custody, empty, refill, when, key, notice } from "./dom.js";
import { get, draft, draftKey, dropDraft, keepDraft, apply } from "./api.js";
import { bare, caseTitle, conflicts, custodyOf, form, gradeData, gradeIcon, href, mayWrite, named, choiceText } from "./data.js";
import { fieldWords, valueWords } from "./form.js";

const GRADED = new Set(["grade", "result"]);
const plain = (f, name, v) => { const w = valueWords(f, name, v); return typeof w === "string" ? w : GRADED.has(name) ? choiceText(f, name, v) : String(v); };

export async function conflictBox(ctx, record, f, name, settled) {
  const sides = record.conflicts[name];
  const history = await get("history", [bare(record.id)], { titles: true });
  const entry = (s) => history.find((e) => e.entry === s.entry || e.id === s.id) || {};
  const base = sides.map((s) => entry(s).old?.[name]).find((v) => v !== undefined && v !== null && !v.conflict);
  const author = history.find((e) => e.set?.[name] !== undefined && JSON.stringify(e.set[name]) === JSON.stringify(base));
  const id = "w" + Math.random().toString(36).slice(2, 8);
  const k = draftKey("resolve", record.id, name);
  const kept = draft(k) || {};
  let pick = Math.max(0, sides.findIndex((s) => s.entry === kept.pick));
  const head = h("h2", { id }, t("%s: both values stand", fieldWords(f, name)));
  const writers = f.fields.find((x) => x.name === name)?.writers || f.writers || [];
  const may = mayWrite(writers.includes("leader") ? ["leader"] : writers);
  const why = h("input", { id: id + "y", value: kept.why || "", autocomplete: "off", oninput: () => { refill(told); keep(); } });
  const go = h("button", { type: "submit", class: "btn primary" });
  const told = h("div", { role: "alert" });
  const name4 = () => { refill(go, t("Settle as %s", plain(f, name, sides[pick].value)), h("kbd", { "aria-hidden": "true" }, "Ctrl ↵")); };
  const keep = () => keepDraft(k, { pick: sides[pick].entry, why: why.value, at: new Date().toISOString(), path: "/conflicts", title: t("settling %s", fieldWords(f, name)), edits: { why: why.value } });
  const side = (s, i) => {
    const e = entry(s);
    const radio = h("input", { type: "radio", name: id, value: String(i), checked: i === pick, disabled: !may, onchange: () => { pick = i; name4(); keep(); } });
    const shown = GRADED.has(name) ? chip(gradeData(s.value), choiceText(f, name, s.value), gradeIcon(s.value)) : h("b", { class: "value" }, valueWords(f, name, s.value, record.titles));
    const ok = e.signature === "good";
    return h("label", null, h("span", { class: "spread" }, h("span", { class: "row" }, radio, shown), i < 9 ? key(String(i + 1)) : null),
      e.why ? h("q", null, e.why) : h("q", { class: "dim" }, t("no reason given")),
      h("span", { class: "small dim blockline" }, h("b", { class: "mid" }, s.by), " ", when(s.at), " ", h("code", null, s.entry)),
      h("span", { class: "proofline" }, h("span", { class: "mark " + (ok ? "ok" : "bad") }, icon(ok ? "sig" : "sigq", true), ok ? t("signature valid") : e.signature === "bad" ? t("signature not valid") : t("key not known")), custody(custodyOf(record))));
  };
  const settle = async (e) => {
    e.preventDefault();
    if (!why.value.trim()) { refill(told, notice("alert", "warn", t("write the reason: it is kept with the evidence"))); return why.focus(); }
    const v = sides[pick].value;
    try {
      await apply([{ do: "resolve", record: record.id, set: { [name]: v }, read: { [name]: record.heads[name] }, why: why.value.trim() }]);
      dropDraft(k);
      ctx.toast(t("settled: signed, on this device"));
      settled();
    } catch (x) { refill(told, notice("alert", "warn", x.message)); }
  };
  name4();
  const el = h("section", { class: "conflict", "aria-labelledby": id }, h("header", null, icon("conflict"), head, h("span", { class: "small mid push" }, t("until it is settled, this audit can't be submitted"))),
    h("form", { onsubmit: settle, onkeydown: (e) => { if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) settle(e); } },
      h("div", { class: "sides n" + sides.length, role: "radiogroup", "aria-labelledby": id }, sides.map(side)),
      base !== undefined ? h("p", { class: "base row" }, t("the value before both"), GRADED.has(name) ? chip(gradeData(base), choiceText(f, name, base), gradeIcon(base)) : h("b", null, plain(f, name, base)),
        author ? h("span", { class: "dim" }, author.by, " ", when(author.at)) : null, h("span", { class: "dim" }, t("neither had seen the other's value"))) : null,
      may ? h("div", { class: "settle" }, h("div", { class: "f" }, h("label", { for: id + "y" }, h("span", null, t("Reason")), h("small", null, t("required, kept with the record"))), why), go, told)
        : h("p", { class: "base" }, t("the team leader settles it"))));
  return el;
}

export async function open(ctx) {
  const seen = new Map();
  async function draw() {
    const all = await get("conflicts", [], { titles: true, heads: true });
    const box = async (r) => {
      const f = await form(r.type, r.case);
      const stamp = JSON.stringify(r.conflicts);
      if (seen.get(r.id)?.stamp === stamp) return seen.get(r.id).el;
      const el = h("section", { class: "stack2", id: r.id.split("/")[1] }, h("p", { class: "row" }, h("a", { class: "big", href: href(r.id) }, named(r.id, { ...r.titles, [r.id]: r.title })), h("span", { class: "dim" }, await caseTitle(r.case))),
        await Promise.all(conflicts(r).map((name) => conflictBox(ctx, r, f, name, draw))));
      seen.set(r.id, { stamp, el });
      return el;
    };
    const first = Math.max(3, seen.size), boxes = await Promise.all(all.slice(0, first).map(box));
    if (!ctx.alive()) return;
    const stack = h("div", { class: "stack" }, boxes);
    ctx.title(t("Conflicts"));
    refill(ctx.main, h("div", { class: "lead" }, h("div", null, h("h1", null, t("Conflicts")), h("p", null, t("Two people set the same field without having seen each other's value. Both values stay until the leader settles it.")))),
      boxes.length ? stack : h("section", { class: "card" }, empty(t("No conflict is open."), "conform")));
    rest = (async () => { for (let i = first; i < all.length && stack.isConnected; i += 6) stack.append(...await Promise.all(all.slice(i, i + 6).map(box))); })();
  }
  let rest = null;
  await draw();
  if (ctx.hash) rest.then(() => document.getElementById(ctx.hash.slice(1))?.scrollIntoView());
  if (ctx.hash) document.getElementById(ctx.hash.slice(1))?.scrollIntoView();
  const keys = {};
  for (let n = 1; n <= 9; n++) keys[n] = () => { const r = (document.activeElement.closest?.(".conflict") || ctx.main.querySelector(".conflict"))?.querySelectorAll("input[type=radio]")[n - 1]; if (!r) return false; r.click(); r.focus(); return true; };
  return { change: draw, keys };
}
