/* All findings, what is open first. */
import { h, t, icon, chip, empty, refill, comma, shortDay, grow } from "./dom.js";
import {
  cases, choiceText, clauseTitle, conflicts, form, gradeData, gradeIcon, href, me, named, piece, scheme, stateLook, stateText,
} from "./data.js";
import { rowKeys } from "./audits.js";

export function findingRow(r, f, s, caseName) {
  const [grade, symbol] = stateLook(r.state);
  const x = r.fields, split = conflicts(r).includes("grade");
  return h("li", null, h("span", { class: "gcol" }, split ? chip("minor", t("in conflict"), "conflict") : chip(gradeData(x.grade), choiceText(f, "grade", x.grade), gradeIcon(x.grade))),
    h("span", null, h("a", { class: "name clip", href: href(r.id), "data-k": r.id }, x.fact || t("no fact written")), h("small", { class: "dim" }, x.clause, " ", s ? clauseTitle(s, x.clause) : null,
      x.department ? [comma(), named(x.department, r.titles)] : null, caseName ? [comma(), caseName] : null)),
    h("small", { class: "dim nowrap" }, x.due && r.state !== "closed" ? t("due %s", shortDay(x.due)) : null), chip(grade, stateText(r), symbol));
}

const OPEN = ["overdue", "open", "to-verify", "noted"], DONE = ["followed-up", "closed"];
export async function open(ctx) {
  const limits = new Map();
  async function draw() {
    const all = ctx.query.get("show") === "all";
    const states = all ? [...OPEN, ...DONE] : OPEN;
    const [f, where, ...parts] = await Promise.all([form("finding"), cases(), ...states.map((s) => piece("finding", ["state=" + s], { limit: limits.get(s) || 40, newest: true }))]);
    const schemes = new Map(await Promise.all([...new Set(parts.flatMap((p) => p.records).map((r) => r.case))].map(async (c) => [c, await scheme(c).catch(() => null)])));
    if (!ctx.alive()) return;
    const names = new Map(where.map((c) => [c.case, c.name || c.case]));
    const group = (s, p) => (p.of ? [() => h("li", { class: "group" }, stateText(p.records[0]), " ", String(p.of)), ...p.records.map((r) => () => findingRow(r, f, schemes.get(r.case), names.get(r.case))),
      p.of > p.records.length && (() => h("li", null, h("button", { type: "button", class: "linkish", onclick: () => { limits.set(s, (limits.get(s) || 40) + 160); draw(); } }, t("%d more", p.of - p.records.length))))].filter(Boolean) : []);
    ctx.title(t("Findings"));
    const drawn = ctx.main.querySelector(".findings");
    refill(ctx.main, h("div", { class: "lead" }, h("div", null, h("h1", null, t("Findings"))), me.readonly ? null : h("a", { class: "btn", href: "/new/finding" }, icon("plus"), t("New finding"), h("kbd", { "aria-hidden": "true" }, "C"))),
      h("nav", { class: "tabs", "aria-label": t("Which") }, h("a", { href: "/findings", "aria-current": all ? null : "page" }, t("Open")), h("a", { href: "/findings?show=all", "aria-current": all ? "page" : null }, t("All"))),
      h("section", { class: "card", "aria-label": t("Findings") }, parts.some((p) => p.of) ? grow(h("ul", { class: "list findings rows", "data-rows": "" }), states.flatMap((s, i) => group(s, parts[i])), drawn)
        : empty(all ? t("No finding is in this store.") : t("No finding is open."), "flag")));
  }
  await draw();
  return { change: draw, keys: rowKeys(ctx.main) };
}
