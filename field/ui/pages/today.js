/* Today: what I am at, my audits, what is due, what waits for sync or for a decision. */
import {
  h, t, painted, fullTime, isoDay, notice, icon, chip, card, empty, bar, many, lang, longDay, shortDay, daysUntil, number, when, refill, skeleton, button, comma, atHub, caseHere,
} from "./dom.js";
import { allDrafts, dropDraft, get } from "./api.js";
import {
  auditKind, caseTitle, days, dueText, form, href, isOpenAudit, list, mine, myRole, named, stateLook, stateText, status, me, learnTitles,
} from "./data.js";

export async function open(ctx) {
  const asked = read();
  longDay(new Date()); /* a browser's first date in words takes it 10 ms: while the answers are on their way */
  const shown = await asked;
  if (!ctx.alive()) return null;
  ctx.title(t("Today"));
  draw(ctx, shown);
  progress(ctx, shown);
  return { change: async () => { const now = await read(); if (ctx.alive()) { draw(ctx, now); progress(ctx, now); } } };
}

export const ahead = () => { ask().catch(() => {}); };
const ask = () => Promise.all([list("audit"), form("audit"), get("calendar", [], { limit: 12 }), get("conflicts", [], { titles: true }), list("organisation"), status()]);
async function read() {
  const [audits, f, { dates, of }, conflicts, , where] = await ask();
  conflicts.forEach(learnTitles);
  const own = audits.filter(mine).sort((a, b) => rank(a) - rank(b) || (a.fields.start < b.fields.start ? 1 : -1));
  const names = new Map(await Promise.all([...new Set([...audits, ...dates, ...conflicts].map((x) => x.case))].map(async (c) => [c, await caseTitle(c)])));
  return { audits: own, all: audits.length, f, dates, of, conflicts, status: where, names };
}
const rank = (a) => ({ "under-way": 0, "not-submitted": 1, planned: 2, submitted: 3 }[a.state] ?? 4);

function draw(ctx, d) {
  const now = d.audits.find((a) => ["under-way", "not-submitted"].includes(a.state)) || d.audits.find(isOpenAudit);
  const due = d.of.proposed + d.of.overdue + d.of.due;
  const open = d.audits.filter(isOpenAudit).length;
  refill(ctx.main, h("div", { class: "lead" }, h("div", null, h("h1", null, longDay(new Date())),
    h("p", null, [many(open, "one audit to finish", "%d audits to finish"), many(due, "one thing due", "%d things due")].join(comma()) + t("."))),
  me.readonly ? null : h("div", { class: "row" }, h("a", { class: "btn", href: "/new/finding" }, icon("plus"), t("New finding"), h("kbd", { "aria-hidden": "true" }, "C")))),
  clockNotice(d.status.newest),
  h("div", { class: "split" }, h("div", { class: "stack" }, now ? nowCard(d, now) : null, myAudits(d), dueCard(d)),
    h("div", { class: "stack" }, me.readonly ? null : syncCard(d.status), waitCard(d), draftCard(ctx), me.readonly ? null : quarantine(d.status))));
}

/* Times are claims: a clock that is far from what others claimed is told, and changed by nobody but its owner. */
const DAY = 86400000;
function clockNotice(newest) {
  const off = newest ? (Date.now() - Date.parse(newest.at)) / DAY : 0;
  if (off > -1 && off < 400) return null;
  const words = [isoDay(new Date()), fullTime(newest.at), newest.by];
  return notice("minor", "clock", h("strong", null, t("Is the clock of this device right? ")), off < 0 ? t("It says %s, but the newest entry here is of %s, by %s.", ...words) : t("It says %s; the newest entry here is of %s, by %s.", ...words), lang === "zh" ? "" : " ",
    t("What is due is reckoned from it, and what you record bears its time. Nothing is lost by setting it."));
}
function nowCard(d, a) {
  return card(t("Go on"), h("span", { class: "dim" }, days(a.fields.start, a.fields.end)), h("div", { class: "in now" },
    h("div", { class: "spread" }, h("div", null, h("a", { class: "big", href: href(a.id) }, d.names.get(a.case)),
      h("p", { class: "mid" }, [auditKind(d.f, a), a.case, myRole(a)].filter(Boolean).join(comma()))),
    h("a", { class: "btn primary", href: href(a.id) }, t("Open the matrix"))),
    h("div", { id: "nowbar", "data-audit": a.id, "data-kind": a.fields.kind }, skeleton(1))));
}
/* What coverage costs comes after the page stands. */
async function progress(ctx, d) {
  const box = ctx.main.querySelector("#nowbar");
  if (!box) return;
  await painted();
  try {
    const [c, check] = await Promise.all([get("coverage", [], { audit: box.dataset.audit }), get("check", [], { audit: box.dataset.audit, quick: true })]);
    if (!box.isConnected) return;
    const of = Math.max(1, c.required.length || c.of), done = c.required.filter((r) => c.cells.some((x) => x.clause === r.clause && x.covered)).length;
    const sampled = box.dataset.kind !== "document"; /* documents are judged by the self-assessment */
    refill(box, sampled ? bar(t("%d of %d required clauses covered", done, of), [["f-conform", done / of]]) : null,
      h("p", { class: "row small mid" }, sampled ? h("span", null, t("Required clauses "), h("b", { class: "strong" }, `${done} / ${of}`)) : null,
        h("span", { class: "push" }, check.gaps.length ? h("a", { href: href(box.dataset.audit, "/check") }, many(check.gaps.length, "leave-site check: one gap", "leave-site check: %d gaps"))
          : t("leave-site check: clean"))));
  } catch { refill(box); }
}

function myAudits(d) {
  const shown = d.audits.slice(0, 6);
  return card(t("My audits"), h("a", { href: "/audits" }, many(d.all, "all: one", "all %d")), shown.length ? h("ul", { class: "list mine" }, shown.map((a) => {
    const [grade, symbol] = stateLook(a.state);
    return h("li", null, h("span", null, h("a", { class: "name", href: href(a.id) }, d.names.get(a.case)), h("br"), h("small", { class: "dim" }, auditKind(d.f, a), comma(), a.case)),
      h("span", { class: "nowrap" }, days(a.fields.start, a.fields.end)), h("span", { class: "mid" }, myRole(a)), chip(grade, stateText(a), symbol));
  })) : empty(t("No audit names you yet. A case comes here by sync, or is opened under Cases."), "grid"));
}

export function dueChip(x) {
  const n = daysUntil(x.due);
  if (x.state === "proposed") return chip("alert", t("proposed"), "flag");
  if (x.state === "overdue") return chip("alert", many(-n, "one day overdue", "%d days overdue"), "warn");
  return chip(n <= 30 ? "minor" : "none", n === 0 ? t("today") : many(n, "one day", "%d days"), "clock");
}
/* At a hub the calendar is of all cases, and each has pages of its own. */
export const dueLink = (x) => (atHub && !caseHere ? `/c/${x.case}` : "") + (x.record ? href(x.record) : x.certificate ? href(x.certificate) : "/case/" + encodeURIComponent(x.case));
function dueCard(d) {
  const due = d.dates.filter((x) => x.state !== "upcoming"), looked = Object.values(d.of).reduce((a, b) => a + b);
  return card(t("Due"), h("span", { class: "dim" }, t("the date is the last day in time")), due.length ? h("ul", { class: "list due" }, due.map((x) =>
    h("li", null, h("time", { datetime: x.due }, shortDay(x.due)), h("span", null, dueChip(x)),
      h("span", null, h("a", { class: "name", href: dueLink(x) }, dueText(x.what)), h("br"), h("small", { class: "dim" }, d.names.get(x.case) || x.case, x.number ? [comma(), x.number] : null)),
      h("small", { class: "dim" }, x.rule)))) : empty(many(looked, "Nothing due. One date was looked at.", "Nothing due. %d dates were looked at.")));
}

function syncCard(s) {
  const row = (mark, text, n) => h("div", null, h("dt", null, icon(mark, true), text), h("dd", null, number(n)));
  return card(t("Waits for sync"), s.hub ? h("span", { class: "dim" }, t("hub"), " ", s.hub) : null, h("div", { class: "in stack2" },
    h("dl", { class: "custody big" }, row("here", t("here only"), s.here), row("way", t("on the way"), s.way), row("held", t("held by the hub"), s.held)),
    h("p", { class: "small mid" }, s.here + s.way ? t("All of it is signed and stored on this device. Without a network a stick takes it home.") : t("The hub holds all that is here.")),
    h("div", { class: "row" }, h("a", { class: "btn", href: "/sync#stick" }, t("Write to a stick"), h("kbd", { "aria-hidden": "true" }, "U")), h("a", { class: "btn quiet", href: "/sync" }, t("Sync")))));
}

function waitCard(d) {
  const rows = d.conflicts.slice(0, 8).map((r) => h("li", { class: "two" }, h("a", { class: "name", href: "/conflicts#" + r.id.split("/")[1] }, t("Conflict: "), named(r.id, r.titles)),
    chip("minor", t("to be settled"), "conflict"), h("small", { class: "dim" }, d.names.get(r.case))));
  for (const a of d.audits.filter((x) => x.state === "submitted")) rows.push(h("li", { class: "two" }, h("a", { class: "name", href: href(a.id) }, d.names.get(a.case), comma(), auditKind(d.f, a)),
    chip("none", t("waits for the decider"), "clock")));
  return card(t("Waits for a person"), null, rows.length ? h("ul", { class: "list" }, rows.slice(0, 8)) : empty(t("Nothing. No conflict is open, no audit waits for a decision.")));
}

function draftCard(ctx) {
  const drafts = allDrafts().filter(([, d]) => d && d.path);
  if (!drafts.length) return null;
  const box = h("ul", { class: "list" }, drafts.map(([name, d]) => {
    const li = h("li", { class: "two" }, h("a", { class: "name", href: d.path }, d.title || name), h("small", { class: "dim" }, when(d.at)),
      h("small", { class: "dim clip" }, Object.values(d.edits || {}).filter((v) => typeof v === "string").join(" · ").slice(0, 80)),
      button(t("Discard"), { class: "quiet small", onclick: () => { dropDraft(name); li.remove(); } }));
    return li;
  }));
  return card(t("Drafts, not recorded yet"), null, box);
}

function quarantine(s) {
  const q = s.quarantined || [];
  return card(t("Set apart"), null, q.length ? h("ul", { class: "list" }, q.slice(0, 20).map((x) => h("li", null, h("span", { class: "mark bad" }, icon("sigq", true), h("code", null, x.entry)), h("small", { class: "dim" }, x.reason))))
    : empty(t("Nothing. Every entry that came in had a signature that holds.")));
}
