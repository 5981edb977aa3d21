/* Certificates and dates: three years on a time line, and as a list. */
import { h, t, atHub, caseHere, card, empty, refill, many, comma, today, shortDay, daysUntil } from "./dom.js";
import { get } from "./api.js";
import { cases, dueText, href, list, members, stateText } from "./data.js";
import { dueChip, dueLink } from "./today.js";

const day = (text) => Date.parse(text.slice(0, 10) + "T00:00:00Z") / 86400000;

/* Three calendar years from this one on; x in % of them, so text keeps its size at any width. */
function span() {
  const y = new Date().getFullYear();
  return { y, from: day(`${y}-01-01`), to: day(`${y + 3}-01-01`) };
}
const at = (s, d) => ((day(d) - s.from) / (s.to - s.from)) * 100;
const pc = (x) => `${x.toFixed(2)}%`;

function gridLines(s) {
  const now = at(s, today());
  return [1, 2].map((i) => h("line", { class: "grid", x1: pc(at(s, `${s.y + i}-01-01`)), x2: pc(at(s, `${s.y + i}-01-01`)), y2: "100%" })).concat(h("line", { class: "now", x1: pc(now), x2: pc(now), y2: "100%" }));
}
const LABEL = 132; /* px: of a word and a date */
const lineWidth = () => innerWidth - (innerWidth <= 720 ? 34 : innerWidth <= 1180 ? 342 : 490);
function mark(s, kind, date, text, taken) {
  const x = at(s, date);
  if (x < 0 || x > 100) return null;
  const anchor = x > 84 ? "end" : x < 8 ? "start" : "middle";
  const clear = taken.every((o) => Math.abs(o - x) > LABEL / lineWidth() * 100);
  if (clear) taken.push(x);
  return [h("use", { class: kind, href: "#m-" + kind, x: pc(x), y: "31" }), clear ? h("text", { x: pc(x), y: "15", "text-anchor": anchor }, text) : null];
}
const SHORT = () => ({ surveillance: t("Surveillance"), "renewal-application": t("Renewal"), recertification: t("Recertification"), "valid-to": t("End"), "suspension-end": t("Suspension ends"), "suspension-max": t("Longest"), withdrawal: t("Withdrawal"), suspend: t("Suspension") });

export function yearsCard(certificates, items, audits, names, suspensions) {
  const s = span(), short = SHORT();
  const rows = certificates.filter((c) => !["replaced", "draft"].includes(c.state)).map((c) => {
    const due = items.filter((x) => x.certificate === c.id && short[x.what]).sort((a, b) => (a.due < b.due ? -1 : 1));
    return { c, due, first: due[0]?.due || "9" };
  }).sort((a, b) => (a.first < b.first ? -1 : 1));
  const line = ({ c, due }) => {
    const from = Math.max(-1, at(s, c.fields.valid_from || c.fields.issued || today())), to = Math.min(101, at(s, c.computed?.valid_to || c.fields.valid_from || today()));
    const taken = [], held = audits.filter((a) => has(a, c.id) && a.fields.end && ["submitted", "decided"].includes(a.state));
    const words = due.map((x) => `${dueText(x.what)} ${x.due}`).join(comma());
    const off = (suspensions || []).filter((x) => x.fields.certificate === c.id && x.fields.from);
    return [h("div", { class: "lab" }, h("b", null, h("a", { class: "name", href: href(c.id) }, names.get(c.case) || c.fields.name)), h("small", null, c.fields.number, comma(), stateText(c), c.computed?.valid_to ? [comma(), t("to %s", c.computed.valid_to)] : null)),
      h("svg", { class: "line", role: "img", "aria-label": `${c.fields.number || ""}: ${words || t("nothing due")}` }, gridLines(s), to > from ? h("rect", { class: "valid", x: pc(from), width: pc(to - from), y: "24", height: "14", rx: "3" }) : null,
        off.map((x) => { const a = Math.max(0, at(s, x.fields.from)), b = Math.min(100, at(s, x.fields.restored || x.computed?.latest || x.fields.until || today())); return b > a ? h("rect", { class: "susp", x: pc(a), width: pc(b - a), y: "24", height: "14", fill: "url(#hatch)" }) : null; }),
        held.map((a) => mark(s, "done", a.fields.end, t("done %s", shortDay(a.fields.end)), taken)),
        due.map((x) => mark(s, x.state === "overdue" || x.state === "proposed" ? "late" : daysUntil(x.due) <= 30 ? "soon" : "due", x.due, `${short[x.what]} ${shortDay(x.due)}`, taken)))];
  };
  const k = (inner, text, box) => h("span", null, h("svg", { class: "line", viewBox: box || "-8 -8 16 16", "aria-hidden": "true" }, inner), text);
  return card(t("Three years"), h("span", { class: "dim" }, t("the most urgent first")), rows.length ? [h("div", { class: "years" }, h("div", { class: "lab head" }, t("Certificate")),
    h("svg", { class: "line head", "aria-hidden": "true" }, gridLines(s), [0, 1, 2].map((i) => h("text", { class: "yr", x: pc(i * 33.3 + 0.6), y: "15" }, String(s.y + i)))), rows.slice(0, 200).map(line)),
  h("p", { class: "key" }, k(h("use", { class: "done", href: "#m-done" }), t("done")), k(h("use", { class: "due", href: "#m-due" }), t("to come")), k(h("use", { class: "soon", href: "#m-soon" }), t("within 30 days")), k(h("use", { class: "late", href: "#m-late" }), t("overdue or proposed")),
    k(h("rect", { class: "valid", x: "1", y: "3", width: "14", height: "10", rx: "2" }), t("valid"), "0 0 16 16"), k(h("rect", { class: "susp", x: "1", y: "3", width: "14", height: "10", fill: "url(#hatch)" }), t("suspended"), "0 0 16 16"))] : empty(t("No certificate has been issued yet."), "cal"));
}
const has = (a, id) => members(a, "certificates").includes(id);

export async function open(ctx) {
  async function draw() {
    const across = atHub && !caseHere; /* the dates of all cases; their records are in each one's pages */
    const [items, where, certificates, audits, suspensions] = await Promise.all([get("calendar"), cases(), ...(across ? [] : [list("certificate"), list("audit"), list("suspension")])]);
    if (!ctx.alive()) return;
    const names = new Map(where.map((c) => [c.case, c.name || c.case]));
    const sorted = items.slice().sort((a, b) => (a.due < b.due ? -1 : 1));
    const late = sorted.filter((x) => ["overdue", "proposed"].includes(x.state)), soon = sorted.filter((x) => !late.includes(x) && daysUntil(x.due) <= 30), rest = sorted.filter((x) => !late.includes(x) && !soon.includes(x));
    const group = (text, l) => (l.length ? [h("li", { class: "group" }, text), l.slice(0, 300).map((x) => h("li", null, h("time", { datetime: x.due }, x.due), h("span", null, dueChip(x)),
      h("span", null, h("a", { class: "name", href: dueLink(x) }, dueText(x.what)), h("br"), h("small", { class: "dim" }, names.get(x.case) || x.case, x.number ? [comma(), x.number] : null)), h("small", { class: "dim" }, x.rule)))] : null);
    ctx.title(t("Calendar"));
    refill(ctx.main, h("div", { class: "lead" }, h("div", null, h("h1", null, t("Certificates and dates")), h("p", null, t("As of %s: ", today()), [many(late.length, "one overdue or proposed", "%d overdue or proposed"), many(soon.length, "one within 30 days", "%d within 30 days")].join(comma()), t(".")))),
      h("div", { class: "stack" }, across ? null : yearsCard(certificates, items, audits, names, suspensions), card(t("Dates"), h("span", { class: "dim" }, t("a due date is the last day in time; a proposal's is the first on which it stands")),
        sorted.length ? h("ul", { class: "list due rows" }, group(t("Proposed and overdue"), late), group(t("Within 30 days"), soon), group(t("Later"), rest)) : empty(t("No date follows from the records here."), "cal"))));
  }
  await draw();
  return { change: draw, keys: {} };
}
