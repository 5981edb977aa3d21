/* One case, from application to certificate, and what the cycle has covered. */
import { h, t, icon, chip, card, empty, refill, label, comma, bar, many, notice } from "./dom.js";
import { get } from "./api.js";
import {
  allForms, auditKind, caseTitle, clauseTitle, days, dueText, form, gapText, gradeData, gradeIcon, has, href, list, mayWrite, me, reasonText,
  ruleText, scheme, stateLook, stateText, titleOf, valueLabel,
} from "./data.js";
import { dueChip, dueLink } from "./today.js";
import { yearsCard } from "./calendar.js";

/* What the pages of a case are about, in the order in which it comes about; every other type of the forms follows. */
const GROUPS = [["application", "self-assessment", "application-review", "programme"], ["audit", "surveillance-info", "finding"], ["decision", "certificate", "suspension"],
  ["organisation", "department", "site"], ["event", "complaint", "disclosure", "advice"]];
const ELSEWHERE = new Set(["sample", "evidence", "meeting", "finding"]);

export async function open(ctx) {
  const name = ctx.parts[1], tab = ctx.parts[2] || "";
  const s = await scheme(name);
  const base = "/case/" + encodeURIComponent(name);
  const fresh = h("span");
  const body = h("div", { class: "tabbody" }), lead = h("div", { class: "lead" }), tabs = h("nav", { class: "tabs", "aria-label": t("Case") });
  refill(ctx.main, lead, tabs, body);

  async function head() {
    const [title, certificates] = await Promise.all([caseTitle(name), list("certificate", [], { case: name })]);
    if (!ctx.alive()) return;
    if (!me.readonly) allForms(name).then((forms) => refill(fresh, newMenu(forms)), () => {});
    ctx.title(title, [["/cases", t("Cases")]]);
    refill(lead, h("div", null, h("h1", null, title), h("p", { class: "facts" }, h("span", null, name), certificates.map((c) => h("a", { href: href(c.id) }, c.fields.number || t("certificate"), " ", chip(stateLook(c.state)[0], stateText(c), stateLook(c.state)[1]))))),
      me.readonly ? null : fresh);
    refill(tabs, [["", t("Records")], ["cycle", t("Cycle")], ["due", t("Dates")], ["process", t("Process")]].map(([k, w]) => h("a", { href: base + (k ? "/" + k : ""), "aria-current": k === tab ? "page" : null }, w)));
  }
  function newMenu(forms) {
    const own = forms.filter((f) => f.in === "case" && f.form !== "evidence" && mayWrite(f.writers));
    const select = h("select", { class: "newmenu", "aria-label": t("New record"), onchange: () => select.value && ctx.go(`/new/${select.value}?` + new URLSearchParams({ case: name })) },
      h("option", { value: "" }, t("New record …")), own.sort((a, b) => place(a.form) - place(b.form)).map((f) => h("option", { value: f.form }, label(f.title))));
    return own.length ? select : null;
  }
  const place = (type) => { const i = GROUPS.flat().indexOf(type); return i < 0 ? 99 : i; };

  async function records() {
    const forms = (await allForms(name)).filter((f) => f.in === "case" && !ELSEWHERE.has(f.form));
    const groups = [...GROUPS.map((g) => g.filter((x) => !ELSEWHERE.has(x))), forms.map((f) => f.form).filter((x) => !GROUPS.flat().includes(x))];
    const parts = await Promise.all(groups.map(async (types) => (await Promise.all(types.map(async (type) => {
      const f = forms.find((x) => x.form === type);
      const all = f ? await list(type, [], { case: name }) : [];
      if (!all.length) return null;
      return card(label(f.title), h("span", { class: "dim" }, String(all.length)), h("ul", { class: "list" }, all.slice(0, 6).map((r) => row(r, f)), all.length > 6 ? h("li", null, h("a", { href: "/search?type=" + type + "&case=" + encodeURIComponent(name) }, t("%d more", all.length - 6))) : null));
    }))).filter(Boolean)));
    if (!ctx.alive()) return;
    const [left, right] = [parts.slice(0, 3).flat(), parts.slice(3).flat()];
    refill(body, left.length || right.length ? h("div", { class: "split" }, h("div", { class: "stack" }, left), h("div", { class: "stack" }, right)) : h("section", { class: "card" }, empty(t("Nothing is recorded in this case yet."), "case")));
  }
  function row(r, f) {
    const look = stateLook(r.state);
    const title = r.type === "audit" ? `${auditKind(f, r)} ${days(r.fields.start, r.fields.end)}` : r.title || titleOf(r, f);
    return h("li", { class: "two" }, h("a", { class: "name clip", href: href(r.id) }, title), r.state ? chip(look[0], stateText(r), look[1]) : h("span"));
  }

  async function cycle() {
    const audits = (await list("audit", [], { case: name })).filter((a) => a.fields.kind !== "document").sort((a, b) => ((a.fields.start || "") < (b.fields.start || "") ? -1 : 1));
    const f = await form("audit", name);
    const [whole, plan, each] = await Promise.all([get("coverage", [], { case: name }), get("plan", [], { case: name }).catch((e) => ({ none: e.message })), Promise.all(audits.map((a) => get("coverage", [], { audit: a.id })))]);
    if (!ctx.alive()) return;
    const due = new Map((plan.required || []).map((r) => [r.clause, r]));
    const worst = (c, id) => c.rollup?.[id];
    refill(body, h("div", { class: "stack" }, whole.cycle ? h("p", { class: "mid" }, t("Cycle %d, %s to %s", whole.cycle.number, whole.cycle.valid_from, whole.cycle.valid_to), comma(), t("%d of %d clauses covered by its surveillances", whole.covered, whole.of),
      bar(t("%d of %d", whole.covered, whole.of), [["f-conform", whole.covered / Math.max(1, whole.of)]])) : null,
    plan.none ? notice("info", "cal", plan.none) : h("p", { class: "mid" }, plan.due ? t("Next surveillance by %s at the latest", plan.due) : null, plan.last ? [comma(), t("the last one of this cycle: it takes in all that is not covered")] : null),
    card(t("Coverage over the cycle"), whole.sample ? h("span", { class: "tag" }, t("sample catalogue")) : null, h("div", { class: "in scroll", tabindex: "0", role: "region", "aria-label": t("Coverage over the cycle") }, h("table", { class: "cycle" },
      h("thead", null, h("tr", null, h("th", { scope: "col" }, t("Clause")), audits.map((a) => h("th", { scope: "col" }, h("a", { href: href(a.id) }, auditKind(f, a)), h("br"), days(a.fields.start))), plan.none ? null : h("th", { scope: "col" }, t("next")))),
      h("tbody", null, whole.clauses.map((id) => h("tr", null, h("th", { scope: "row" }, h("b", null, id), clauseTitle(s, id)), each.map((c) => {
        const g = worst(c, id), covered = c.cells.some((x) => x.clause === id && x.covered);
        return h("td", null, g ? h("span", { "data-g": gradeData(g) === "major" ? "alert" : gradeData(g), title: valueLabel(s.results, g) }, icon(covered || g === "na" ? gradeIcon(g) : "bare", true), h("span", { class: "vh" }, valueLabel(s.results, g))) : null);
      }), plan.none ? null : h("td", null, due.has(id) ? h("span", { class: "why", title: due.get(id).text }, due.get(id).reasons.map(reasonText).join(comma())) : whole.open.includes(id) ? h("span", { class: "small dim" }, t("not covered")) : null)))))))));
  }
  async function due() {
    const items = (await get("calendar", [], { case: name })).slice().sort((a, b) => (a.due < b.due ? -1 : 1));
    const certificates = await list("certificate", [], { case: name });
    const title = await caseTitle(name);
    if (!ctx.alive()) return;
    refill(body, h("div", { class: "stack" }, certificates.length ? yearsCard(certificates, items, await list("audit", [], { case: name }), new Map([[name, title]]), await list("suspension", [], { case: name })) : null,
      card(t("Dates"), null, items.length ? h("ul", { class: "list due" }, items.map((x) => h("li", null, h("time", { datetime: x.due }, x.due), h("span", null, dueChip(x)), h("a", { class: "name", href: dueLink(x) }, dueText(x.what)), h("small", { class: "dim" }, x.rule)))) : empty(t("No date follows from the records of this case."), "cal"))));
  }
  async function process() {
    const r = await get("check", [], { case: name });
    if (!ctx.alive()) return;
    refill(body, card(t("Steps of the scheme"), r.clean ? chip("conform", t("every gate is kept")) : chip("minor", many(r.gaps.length, "one gap", "%d gaps"), "warn"),
      r.gaps.length ? h("ul", { class: "gaps" }, r.gaps.map((g) => h("li", null, icon("major", true), h("span", null, g.record ? h("a", { class: "name", href: href(g.record) }, gapText(g.text)) : gapText(g.text), " ", h("small", null, ruleText(g.rule)))))) : empty(t("Every record of the case follows the scheme's order."))));
  }
  const draw = async () => { await Promise.all([head(), ({ "": records, cycle, due, process }[tab] || records)()]); };
  await draw();
  return { change: draw, keys: {} };
}
