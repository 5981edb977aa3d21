/* All evidence as pictures; one piece with its preview, its times, what it proves, what was made of it. */
import { h, t, atHub, icon, chip, card, refill, empty, size, fullTime, many, key, comma, custody, button, dialog, label, number } from "./dom.js";
import { apply, draftKey, get, job } from "./api.js";
import { caseTitle, cases, custodyOf, form, href, link, list, members, named, newest, scheme, show, tail, typeOf } from "./data.js";
import { Form } from "./form.js";
import { editor, kindText, original, preview, send, thumbnail } from "./media.js";
import { timeline } from "./history.js";
import { askWhy, pickRecord } from "./record.js";

export const open = (ctx) => (ctx.parts[1] ? openOne(ctx) : openAll(ctx));

const PAGE = 60;
async function openAll(ctx) {
  const grid = h("div", { class: "photos", "data-rows": "" }), more = h("div", { class: "sentinel" }), head = h("div", { class: "lead" }), tabs = h("nav", { class: "tabs", "aria-label": t("Which") });
  const loose = (r) => !members(r, "of").some((m) => ["sample", "finding"].includes(typeOf(m)));
  const fits = { loose, here: (r) => custodyOf(r) !== "held" };
  const words = { "": t("All"), loose: t("Not linked to a sample or finding"), here: t("Not held by the hub yet") };
  let pieces = null, busy = false, over = false;
  async function step(n) {
    if (busy || over) return;
    busy = true;
    const next = await pieces.next(n || PAGE);
    busy = false;
    if (!ctx.alive()) return;
    over = next.length < (n || PAGE);
    grid.append(...next.map((r) => thumbnail(r)));
  }
  const watch = new IntersectionObserver((seen) => { if (seen.some((s) => s.isIntersecting)) step(); }, { rootMargin: "900px" });
  async function draw() {
    const which = ctx.query.get("show") || "", inCase = ctx.query.get("case"), had = grid.children.length;
    const fresh = newest("evidence", [], { custody: true, case: inCase }, fits[which]);
    const [first, where, total] = await Promise.all([fresh.next(Math.max(PAGE, had)), cases(), get("list", ["evidence"], { limit: 1, case: inCase })]);
    if (!ctx.alive()) return;
    pieces = fresh;
    over = first.length < Math.max(PAGE, had);
    ctx.title(t("Evidence"));
    refill(head, h("div", null, h("h1", null, t("Evidence")), h("p", null, many(total.of, "one item", "%d items"))),
      where.length > 1 ? h("label", { class: "row small" }, t("case"), h("select", { onchange: (e) => ctx.go("/evidence?" + new URLSearchParams({ ...(which ? { show: which } : {}), ...(e.target.value ? { case: e.target.value } : {}) })) },
        h("option", { value: "" }, t("all")), where.map((c) => h("option", { value: c.case, selected: c.case === inCase }, c.name || c.case)))) : null);
    refill(tabs, Object.keys(words).map((w) => h("a", { href: "/evidence" + (w ? "?show=" + w : ""), "aria-current": which === w ? "page" : null }, words[w])));
    refill(grid, first.map((r) => thumbnail(r)), first.length ? null : empty(t("Nothing here. Evidence comes in on the page of an audit, a sample or a finding."), "photo"));
  }
  refill(ctx.main, head, tabs, grid, more);
  await draw();
  watch.observe(more);
  const walk = (by) => () => { const rows = [...grid.querySelectorAll("a.thumb")]; rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(document.activeElement) + by))]?.focus(); };
  return { change: draw, leave: () => watch.disconnect(), keys: { j: walk(1), k: walk(-1) } };
}

async function openOne(ctx) {
  const id = "evidence/" + ctx.parts[1];
  let record = await show(id);
  const [f, s] = await Promise.all([form("evidence", record.case), scheme(record.case).catch(() => null)]);
  if (!ctx.alive()) return null;
  const fm = new Form({ form: f, record, caseName: record.case, scheme: s, only: ["title", "captured", "source", "note", ...f.fields.map((x) => x.name).filter((n) => !KNOWN.has(n))], key: draftKey(id), title: record.fields.title || record.fields.name,
    saved: () => { ctx.toast(t("recorded: signed, on this device")); change(); } });
  const lead = h("div", { class: "lead" }), view = h("section", { class: "card viewcard", "aria-label": t("Preview") }), links = h("div"), facts = h("div"), made = h("div"), recipe = h("div"), aside = h("div");
  refill(ctx.main, lead, h("div", { class: "split wide" }, h("div", { class: "stack" }, view, links, made, card(t("About it"), null, h("div", { class: "in" }, fm.element))), h("div", { class: "stack" }, facts, aside)), recipe);
  let pictured = null;

  async function look() {
    const box = await preview(record);
    pictured = box.picture || null;
    if (!ctx.alive()) return;
    const state = custodyOf(record);
    refill(view, box, h("div", { class: "in row viewfoot" }, h("span", { class: "small mid" }, kindText(record), comma(), size(record.fields.size)), custody(state),
      h("span", { class: "push row" }, pictured && fm.writes ? button(t("Crop, blur"), { onclick: () => derive(), "data-k": "derive" }, icon("crop")) : null,
        state === "awaited" ? button(t("Fetch from the hub"), { "data-k": "fetch", onclick: () => bring() }, icon("down")) : original(record))));
  }
  async function bring() {
    try { await job("extract", [id], { bring: true }, () => ctx.toast(t("fetching …"))); ctx.toast(t("fetched, hash equal")); change(true); } catch (e) { ctx.toast(e.message); }
  }
  async function derive() {
    const result = await dialog(t("Crop or blur"), (end) => editor(pictured, end));
    if (!result) return;
    try {
      const base = (record.fields.name || "picture").replace(/\.[^.]*$/, "");
      const target = members(record, "of")[0] || id;
      const file = new File([result.blob], `${base}-${result.how.replace(/[^\p{L}\p{N}]+/gu, "-")}.jpg`, { type: "image/jpeg" });
      const answer = await send(file, target, { from: id, title: `${record.fields.title || record.fields.name} (${result.how})`, captured: record.fields.captured }, null);
      const set = { derivation: result.how };
      for (const m of members(record, "of")) if (m !== target) set["of." + m] = true;
      await apply([{ do: "set", record: answer.id, set }]);
      ctx.toast(t("stored as new evidence; the original stays"));
      ctx.go(href(answer.id));
    } catch (e) { ctx.toast(e.message); }
  }
  async function draw() {
    const x = record.fields;
    const [history, kin] = await Promise.all([timeline(record, f), list("evidence", ["derived_from=" + id], { custody: true })]);
    if (!ctx.alive()) return;
    ctx.title(x.title || x.name, [["/evidence", t("Evidence")], ["/case/" + encodeURIComponent(record.case), record.case]]);
    const all = members(record, "of").length ? await get("list", ["evidence", "of+=" + members(record, "of")[0]], { case: record.case }) : [];
    const at = all.findIndex((r) => r.id === id), before = all[at + 1], after = all[at - 1];
    keys.k = before ? () => ctx.go(href(before.id)) : () => false;
    keys.j = after ? () => ctx.go(href(after.id)) : () => false;
    refill(lead, h("div", null, h("h1", null, x.title || x.name), h("p", { class: "facts" }, h("code", null, tail(id)), h("span", { class: "break" }, x.name), h("span", null, await caseTitle(record.case)))),
      h("div", { class: "row" }, record.void ? chip("alert", t("voided"), "close") : null, before ? h("a", { class: "btn icon", href: href(before.id), "aria-label": t("Newer, K"), title: "K" }, "↑") : null, after ? h("a", { class: "btn icon", href: href(after.id), "aria-label": t("Older, J"), title: "J" }, "↓") : null,
        fm.writes ? button(t("Void"), { class: "quiet", onclick: () => voidIt() }) : null));
    const of = members(record, "of");
    refill(links, card(t("Evidence for"), fm.writes ? button(t("Link to a record"), { class: "small quiet", hint: "L", onclick: () => linkTo() }) : null, of.length ? h("ul", { class: "list" }, of.map((m) => h("li", { class: "two" }, h("a", { class: "name", href: href(m) }, named(m, record.titles)),
      fm.writes ? button(t("Unlink"), { class: "quiet small", onclick: () => unlink(m) }) : null))) : empty(t("Linked to nothing: it proves nothing yet."), "clip")));
    refill(made, x.derived_from || kin.length ? card(t("Derived"), null, h("div", { class: "in stack2" }, x.derived_from ? h("p", null, t("made from "), link(x.derived_from, record.titles), x.derivation ? [comma(), x.derivation] : null) : null, h("div", { class: "photos small" }, kin.map((k) => thumbnail(k))))) : null);
    const entered = history.entries[0], proof = atHub ? await (await import("./review.js")).proofOf(record, ctx.toast) : null;
    if (!ctx.alive()) return;
    const received = proof ? proof.received : record.held?.since;
    Object.assign(keys, proof?.keys);
    refill(facts, card(t("Times and bytes"), null, h("dl", { class: "pairs in" },
      pair(t("captured"), x.captured ? fullTime(x.captured) : t("not known"), x.captured ? t("as its device claims") : null), pair(t("entered"), fullTime(entered?.at), entered?.by),
      pair(t("received by the hub"), received ? fullTime(received) : t("not yet"), received ? t("receipt verified") : null),
      pair(t("size"), size(x.size), number(x.size) + " B"), pair("SHA-256", h("code", { class: "break" }, x.sha256)), pair(t("custody"), custody(custodyOf(record))))));
    refill(recipe, proof?.recipe);
    refill(aside, h("div", { class: "stack" }, proof?.elements, card(t("History"), history.side, history.body)));
  }
  const pair = (k, v, more) => h("div", null, h("dt", null, k), h("dd", null, v, more ? h("small", { class: "dim" }, " ", more) : null));
  async function change(again) {
    const before = custodyOf(record);
    record = await show(id);
    if (!ctx.alive()) return;
    fm.accept(record);
    await draw();
    if (again || custodyOf(record) !== before) await look();
  }
  const LINKS = ["sample", "finding", "audit", "meeting"];
  async function linkTo() {
    const type = await dialog(t("Link to a record"), async_types);
    if (!type) return;
    const target = await pickRecord(t("Link to a record"), type, record.case, (r) => !members(record, "of").includes(r.id));
    if (!target) return;
    await apply([{ do: "set", record: id, set: { ["of." + target]: true } }]);
    ctx.toast(t("linked"));
    change();
  }
  function async_types(end) {
    const box = h("div", { class: "menu" });
    Promise.all([...LINKS, ...(f.fields.find((y) => y.name === "of").to || []).filter((y) => !LINKS.includes(y))].map(async (type) => [type, label((await form(type)).title)])).then((l) => {
      refill(box, l.map(([type, text], i) => h("button", { type: "button", class: "btn quiet", autofocus: i === 0, onclick: () => end(type) }, text)));
      box.querySelector("button")?.focus();
    });
    return box;
  }
  async function unlink(m) {
    const why = await askWhy(t("Unlink"), t("The evidence stays. The history shows that it was linked."), t("Unlink"));
    if (!why) return;
    await apply([{ do: "set", record: id, set: { ["of." + m]: false }, why }]);
    change();
  }
  async function voidIt() {
    const why = await askWhy(t("Void this evidence"), t("Nothing is deleted: the bytes and the record stay, marked as voided, with the reason."), t("Void the evidence"));
    if (!why) return;
    try { await apply([{ do: "void", record: id, why }]); change(); } catch (e) { ctx.toast(e.message); }
  }
  const keys = { l: () => { if (fm.writes) linkTo(); }, d: () => view.querySelector("a[download]")?.click() };
  await draw();
  look();
  return { keys, change: () => change() };
}
const KNOWN = new Set(["title", "captured", "source", "note", "of", "name", "media_type", "derived_from", "derivation", "size", "sha256", "pieces"]);
