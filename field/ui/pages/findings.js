/* All findings, what is open first. */
import { h, t, icon, chip, empty, refill, comma, shortDay } from "./dom.js";
import { cases, choiceText, clauseTitle, conflicts, form, gradeData, gradeIcon, href, list, me, named, scheme, stateLook, stateText } from "./data.js";
import { rowKeys } from "./audits.js";

export function findingRow(r, f, s, caseName) {
  const [grade, symbol] = stateLook(r.state);
  const x = r.fields, split = conflicts(r).includes("grade");
  return h("li", null, h("span", { class: "gcol" }, split ? chip("minor", t("in conflict"), "conflict") : chip(gradeData(x.grade), choiceText(f, "grade", x.grade), gradeIcon(x.grade))),
    h("span", null, h("a", { class: "name clip", href: href(r.id), "data-k": r.id }, x.fact || t("no fact written")), h("small", { class: "dim" }, x.clause, " ", s ? clauseTitle(s, x.clause) : null,
      x.department ? [comma(), named(x.department, r.titles)] : null, caseName ? [comma(), caseName] : null)),
    h("small", { class: "dim nowrap" }, x.due && r.state !== "closed" ? t("due %s", shortDay(x.due)) : null), chip(grade, stateText(r), symbol));
}

const FILTERS = [["open,overdue,to-verify", "open"], ["", "all"]];
export async function open(ctx) {
  let limit = 200;
  async function draw() {
    const all = ctx.query.get("show") === "all";
    const [records, f, where] = await Promise.all([list("finding", all ? [] : ["state=" + FILTERS[0][0] + ",noted"]), form("finding"), cases()]);
    const schemes = new Map(await Promise.all([...new Set(records.map((r) => r.case))].slice(0, 50).map(async (c) => [c, await scheme(c).catch(() => null)])));
    if (!ctx.alive()) return;
    const names = new Map(where.map((c) => [c.case, c.name || c.case]));
    const rank = (r) => ({ overdue: 0, open: 1, "to-verify": 2, noted: 3 }[r.state] ?? 4);
    const sorted = records.slice().sort((a, b) => rank(a) - rank(b) || ((a.fields.due || "9") < (b.fields.due || "9") ? -1 : 1));
    ctx.title(t("Findings"));
    refill(ctx.main, h("div", { class: "lead" }, h("div", null, h("h1", null, t("Findings"))), me.readonly ? null : h("a", { class: "btn", href: "/new/finding" }, icon("plus"), t("New finding"), h("kbd", { "aria-hidden": "true" }, "C"))),
      h("nav", { class: "tabs", "aria-label": t("Which") }, h("a", { href: "/findings", "aria-current": all ? null : "page" }, t("Open")), h("a", { href: "/findings?show=all", "aria-current": all ? "page" : null }, t("All"))),
      h("section", { class: "card", "aria-label": t("Findings") }, sorted.length ? [h("ul", { class: "list findings", "data-rows": "" }, sorted.slice(0, limit).map((r) => findingRow(r, f, schemes.get(r.case), names.get(r.case)))),
        sorted.length > limit ? h("p", { class: "in row" }, h("button", { type: "button", class: "btn", onclick: () => { limit += 400; draw(); } }, t("%d more", sorted.length - limit))) : null]
        : empty(all ? t("No finding is in this store.") : t("No finding is open."), "flag")));
  }
  await draw();
  return { change: draw, keys: rowKeys(ctx.main) };
}
