/* All audits, what is open first. */
import { h, t, icon, chip, empty, refill, comma } from "./dom.js";
import { auditKind, cases, days, form, href, list, mayWrite, myRole, named, stateLook, stateText } from "./data.js";

const ORDER = ["under-way", "not-submitted", "planned", "submitted", "decided"];

export async function open(ctx) {
  async function draw() {
    const [audits, f, all] = await Promise.all([list("audit"), form("audit"), cases()]);
    if (!ctx.alive()) return;
    const names = new Map(all.map((c) => [c.case, c.name || c.case]));
    ctx.title(t("Audits"));
    const groups = ORDER.map((s) => [s, audits.filter((a) => a.state === s).sort((a, b) => ((a.fields.start || "") < (b.fields.start || "") ? 1 : -1))]).filter(([, l]) => l.length);
    refill(ctx.main, h("div", { class: "lead" }, h("div", null, h("h1", null, t("Audits"))),
      mayWrite(f.writers) ? h("a", { class: "btn", href: "/new/audit" }, icon("plus"), t("New audit")) : null),
    audits.length ? h("section", { class: "card", "aria-label": t("Audits") }, h("ul", { class: "list mine rows", "data-rows": "" }, groups.map(([s, l]) => [h("li", { class: "group" }, stateText(l[0])), l.map((a) => {
      const [grade, symbol] = stateLook(s);
      return h("li", null, h("span", null, h("a", { class: "name", href: href(a.id), "data-k": a.id }, names.get(a.case)), h("br"),
        h("small", { class: "dim" }, auditKind(f, a), comma(), a.case, a.fields.leader ? [comma(), named(a.fields.leader, a.titles)] : null)),
      h("span", { class: "nowrap" }, days(a.fields.start, a.fields.end)), h("span", { class: "mid" }, myRole(a)), chip(grade, stateText(a), symbol));
    })]))) : h("section", { class: "card" }, empty(t("No audit is in this store yet. They come by sync, or begin under Cases."), "grid")));
  }
  await draw();
  return { change: draw, keys: rowKeys(ctx.main) };
}

/* J and K go from row to row of a list. */
export function rowKeys(root) {
  const step = (by) => () => {
    const rows = [...root.querySelectorAll("[data-rows] a.name")];
    const at = rows.indexOf(document.activeElement);
    rows[Math.max(0, Math.min(rows.length - 1, at + by))]?.focus();
  };
  return { j: step(1), k: step(-1) };
}
