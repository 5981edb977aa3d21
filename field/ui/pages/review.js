/* What only a hub's pages have: the cases that may be seen, who looked at what, and the proof of evidence. */
import { h, t, caseHere, icon, chip, card, empty, refill, when, fullTime, many, key, comma, number, N } from "./dom.js";
import { get } from "./api.js";
import { bare, cases, href, tail } from "./data.js";
import { rowKeys } from "./audits.js";

export function open(ctx) {
  if (ctx.parts[0] === "looks") return openLooks(ctx);
  return caseHere ? openCase(ctx) : openCases(ctx);
}

/* Within a case its overview is the first page. */
async function openCase(ctx) {
  const page = await import("./case.js");
  return page.open({ ...ctx, parts: ["case", caseHere] });
}

async function openCases(ctx) {
  const all = await cases();
  if (!ctx.alive()) return null;
  ctx.title(t("Cases"));
  refill(ctx.main, h("div", { class: "lead" }, h("div", null, h("h1", null, t("Cases")), h("p", null, many(all.length, "one case is yours to see", "%d cases are yours to see")))),
    h("section", { class: "card", "aria-label": t("Cases") }, all.length ? h("ul", { class: "list rows", "data-rows": "" }, all.map((c) => h("li", { class: "two" },
      h("span", null, h("a", { class: "name", href: `/c/${c.case}/`, "data-k": c.case }, c.name || c.case), h("br"), h("small", { class: "dim" }, c.case)),
      c.conflicts ? chip("minor", many(c.conflicts, "one record in conflict", "%d records in conflict"), "conflict") : h("span")))) : empty(t("No case is assigned to you."), "case")));
  return { keys: rowKeys(ctx.main) };
}

/* ---- who looked ---- */

const DONE = {
  calendar: N("Calendar"), cases: N("Cases"), check: N("Check"), conflicts: N("Conflicts"), coverage: N("Coverage"), evidence: N("Preview"), find: N("Search"), history: N("History"),
  list: N("Lists"), looks: N("Who looked"), original: N("Original downloaded"), plan: N("Plan"), proof: N("Proof"), show: N("Record"),
};
const TOGETHER = 120000;

/* What a person looks at of one thing within two minutes is one look. */
function together(looks) {
  const rows = [];
  for (const l of looks) {
    const at = Date.parse(l.time), words = l.refused ? t("refused") : [t(DONE[l.do] || l.do), ...(l.do === "find" ? l.args : [])].join(" ");
    const row = rows.findLast((r) => r.kit === l.kit && r.case === l.case && r.record === l.record && r.from - at < TOGETHER);
    if (row) {
      row.from = at;
      row.words.add(words);
    } else rows.push({ ...l, from: at, words: new Set([words]) });
  }
  return rows;
}
function looksTable(looks, what) {
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": t("Who looked") }, h("table", { class: "log" },
    h("thead", null, h("tr", null, [t("When"), t("Who"), ...(what ? [t("Of what")] : []), t("What")].map((x) => h("th", { scope: "col" }, x)))),
    h("tbody", null, together(looks).map((l) => h("tr", null, h("td", { class: "nowrap" }, h("time", { datetime: l.time, title: fullTime(l.time) }, when(l.time))), h("td", { class: "nowrap" }, l.name || l.kit),
      what ? h("td", null, l.record && caseHere ? h("a", { href: href(l.record) }, tail(l.record)) : [l.case, l.record ? [" ", tail(l.record)] : null]) : null, h("td", null, [...l.words].join(comma())))))));
}
async function openLooks(ctx) {
  const looks = await get("looks");
  if (!ctx.alive()) return null;
  const title = caseHere ? t("Who looked at this case") : t("What I looked at");
  ctx.title(title);
  refill(ctx.main, h("div", { class: "lead" }, h("div", null, h("h1", null, title), h("p", null, t("the last 200 looks, newest first")))),
    h("section", { class: "card", "aria-label": title }, looks.length ? looksTable(looks, true) : empty(t("Nobody has looked yet."), "eye")));
  return { keys: {} };
}

/* ---- proof ---- */

/* One check: whether it holds, what was compared. */
function checks(p) {
  const first = p.receipts[0], whole = p.receipts.find((r) => r.bytes), made = p.entries[0];
  const code = (text) => h("code", { class: "break" }, text);
  return [
    [t("Bytes"), p.bytes.held && p.bytes.recomputed === p.bytes.sha256, p.bytes.held ? [t("SHA-256 computed anew just now, and equal"), h("br"), code(p.bytes.sha256)] : t("they have not come yet; the record names %s", p.bytes.sha256)],
    [t("Signature"), p.entries.every((e) => e.signature === "good"), [many(p.entries.length, "one entry, Ed25519, entry@satchel", "%d entries, Ed25519, entry@satchel"), h("br"), code(p.signer.fingerprint)]],
    [t("Signer"), p.signer.enrolled, p.signer.enrolled ? t("%s, in the register with this key", p.signer.name) + (p.signer.revoked ? comma() + t("withdrawn since; what was signed up to then stays good") : "") : t("the register does not know this key")],
    [t("Chain"), !p.chain.forked && !p.chain.broken && p.chain.gapless >= p.chain.seq, t("entry %d of kit %s; no gap up to %d", p.chain.seq, p.signer.kit, p.chain.gapless)],
    [t("Receipt"), Boolean(first && whole) && p.receipts.every((r) => r.signature === "good"), whole ? t("the hub has held the bytes durably since %s", fullTime(p.held_since)) : first ? t("the entry is held since %s; its bytes are awaited", fullTime(p.received)) : t("none yet")],
    [t("Repository"), p.repository.record_good && p.repository.pointer_good, [code(p.repository.pointer || p.repository.record), t(" in commit "), h("code", null, p.repository.commit.slice(0, 12)), comma(), p.repository.record_good ? t("the record computed anew from the entries, equal") : t("NOT what the entries say")]],
    ...(made && made.verdict !== "good" ? [[t("Standing"), false, made.reason || made.verdict]] : []),
  ];
}
/* A device's clock says what it likes; the receipts before and after it do not. */
function bracket(p) {
  const clock = (time) => (time ? when(time) : "?");
  const text = t("not before %s, claimed %s, not after %s", clock(p.not_before), clock(p.entered), clock(p.received));
  return h("svg", { class: "bracket", role: "img", "aria-label": text }, h("line", { x1: "6%", x2: "94%", y1: "20", y2: "20" }), p.not_before ? h("line", { x1: "6%", x2: "6%", y1: "13", y2: "27" }) : null,
    p.received ? h("line", { x1: "94%", x2: "94%", y1: "13", y2: "27" }) : null, h("circle", { cx: "50%", cy: "20", r: "5" }),
    h("text", { x: "0", y: "46" }, p.not_before ? `${clock(p.not_before)} ${t("last receipt")}` : t("no receipt before")), h("text", { x: "50%", y: "11", "text-anchor": "middle" }, `${clock(p.entered)} ${t("device clock")}`),
    h("text", { x: "100%", y: "46", "text-anchor": "end" }, p.received ? `${clock(p.received)} ${t("hub")}` : t("not received")));
}
function proofCard(p) {
  const list = checks(p), good = list.filter((c) => c[1]).length;
  return card(t("Proof"), chip(good === list.length ? "conform" : "alert", t("%d of %d checks hold", good, list.length), good === list.length ? "conform" : "warn"),
    h("ul", { class: "proof" }, list.map(([name, holds, words]) => h("li", { class: holds ? null : "warn" }, icon(holds ? "sig" : "warn", true), h("div", null, h("b", null, name), holds ? null : [" ", chip("alert", t("does not hold"), "warn")], h("p", null, words)))),
      h("li", { class: "warn" }, icon("clock", true), h("div", null, h("b", null, t("Time is a claim, bracketed")), bracket(p)))));
}
function recipeCard(p, toast) {
  const text = p.recipe.join("\n");
  const copy = () => navigator.clipboard.writeText(text).then(() => toast(t("copied")), () => toast(t("the browser does not let this be copied; select it")));
  return { copy, element: card(t("Check it yourself"), h("button", { type: "button", class: "btn quiet small", onclick: copy }, t("Copy"), key("Y")),
    h("div", { class: "in" }, h("p", { class: "small mid" }, t("With stock tools, on a clone, without this hub:")), h("pre", { tabindex: "0", class: "recipe" }, text))) };
}

/* Beside a piece of evidence: {elements, recipe, received, keys}. */
export async function proofOf(record, toast) {
  const [p, looks] = await Promise.all([get("proof", [bare(record.id)]), get("looks", [bare(record.id)])]);
  const recipe = recipeCard(p, toast);
  return {
    received: p.received,
    recipe: recipe.element,
    elements: [proofCard(p), card(t("Who looked"), h("span", { class: "dim" }, t("%s looks in all", number(looks.length))), looksTable(looks, false))],
    keys: { y: () => { recipe.copy(); } },
  };
}
