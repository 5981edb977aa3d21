/* What the program knows, in words: forms, schemes, people, titles of records. */
import { h, t, atHub, caseHere, label, comma, shortDay, N } from "./dom.js";
import { get } from "./api.js";

export const me = { kit: null, name: null, roles: new Set(), readonly: false, hub: null };

/* ---- forms and schemes ---- */
export const form = (type, caseName) => get("form show", [type], { case: caseName === "register" ? null : caseName });
export const allForms = (caseName) => get("form show", [], { case: caseName });
export const fieldOf = (f, name) => f.fields.find((x) => x.name === name);
export function choiceText(f, name, value) {
  const c = fieldOf(f, name)?.choices?.find((x) => x.value === value);
  return c ? label(c.label) : value ?? "";
}

/* Of a case: {catalogue: [{id, parent, title, group, …}], byId, directions, levels, departments, results, roles, sample, …}. */
export async function scheme(caseName) {
  const s = await get("form scheme", [], { case: caseName === "register" ? null : caseName });
  const catalogue = s.catalogue.clauses.map((c) => ({ ...c, title: { zh: c.title_zh, en: c.title_en } }));
  return { ...s.scheme, sample: s.catalogue.sample, catalogue, byId: new Map(catalogue.map((c) => [c.id, c])) };
}
export const clauseTitle = (s, id) => label(s.byId.get(id)?.title);
export const valueLabel = (list, value) => label(list?.find((x) => x.value === value)?.label) || String(value ?? "");

/* ---- records ---- */
export const typeOf = (id) => bare(id).split("/")[0];
export const bare = (id) => String(id).replace(/^register:/, "");
export const tail = (id) => bare(id).split("/").pop();
const OWN_PAGES = new Set(["audit", "finding", "evidence"]);
export const href = (id, more) => (OWN_PAGES.has(typeOf(id)) ? "/" : "/record/") + bare(id) + (more || "");

export function members(record, name) {
  const prefix = name + ".";
  return Object.keys(record?.fields || {}).filter((k) => k.startsWith(prefix) && record.fields[k] === true).map((k) => k.slice(prefix.length));
}
export const has = (record, name, member) => record?.fields?.[name + "." + member] === true;
export const conflicts = (record) => Object.keys(record?.conflicts || {});
export function custodyOf(record) {
  const c = record.custody;
  if (c?.here === false) return "awaited";
  if (c ? c.held : record.held?.since) return "held";
  return c?.way ? "way" : "here";
}

export async function list(type, filters, options) {
  const records = await get("list", [type, ...(filters || [])], { titles: true, ...options });
  records.forEach(learnTitles);
  return records;
}
/* A piece of a long list: {records, of, next}. */
export async function piece(type, filters, options) {
  const answer = await get("list", [type, ...(filters || [])], { titles: true, ...options });
  answer.records.forEach(learnTitles);
  return answer;
}
/* The newest that fit, piece by piece: next(n) gives up to n more, none at the end. */
export function newest(type, filters, options, fit) {
  let after, over = false, spare = [];
  return { async next(n) {
    while (spare.length < n && !over) {
      const p = await piece(type, filters, { limit: 120, newest: true, after, ...options });
      spare.push(...p.records.filter((r) => !fit || fit(r)));
      after = p.next;
      over = !p.next;
    }
    return spare.splice(0, n);
  } };
}
export async function show(id, options) {
  const record = await get("show", [bare(id)], { titles: true, heads: true, custody: true, ...options });
  learnTitles(record);
  return record;
}

/* A record in words, from the fields that its form says tell most. */
export function titleOf(record, f) {
  if (!record) return "";
  if (record.title) return record.title;
  const words = [];
  for (const name of f?.summary || ["title", "name"]) {
    const field = fieldOf(f, name), value = record.fields[name];
    if (value === undefined || value === null) continue;
    if (field?.type === "choice") words.push(choiceText(f, name, value));
    else if (field?.type === "link") words.push(record.titles?.[value] || knownTitles.get(bare(value)) || tail(value));
    else words.push(String(value));
  }
  return words.join(" ") || tail(record.id);
}
const knownTitles = new Map();
export function learnTitles(record) {
  for (const [id, text] of Object.entries(record?.titles || {})) knownTitles.set(bare(id), text);
  if (record?.title) knownTitles.set(record.id, record.title);
}
/* Words for a record that may be elsewhere still; the element fills itself in. */
export function named(id, titles) {
  const known = titles?.[id] || titles?.[bare(id)] || knownTitles.get(bare(id));
  const el = h("span", null, known || tail(id));
  if (!known) titleFor(id).then((text) => { el.textContent = text; }, () => {});
  return el;
}
export async function titleFor(id) {
  const key = bare(id);
  if (!knownTitles.has(key)) {
    const [record, f] = await Promise.all([show(id), form(typeOf(id))]);
    for (const field of f.fields.filter((x) => f.summary?.includes(x.name) && x.type === "link"))
      if (record.fields[field.name] && !record.title) await titleFor(record.fields[field.name]).catch(() => {});
    knownTitles.set(key, titleOf(record, f));
  }
  return knownTitles.get(key);
}
export const link = (id, titles) => h("a", { href: href(id) }, named(id, titles));

/* ---- words for what the program works out ---- */
export const stateText = (record) => record.state_words || record.state || "";
/* How a state looks: grade and icon of its chip. */
export function stateLook(state) {
  if (["overdue", "withdrawn", "over", "refused"].includes(state)) return ["alert", "warn"];
  if (["suspended", "not-submitted", "to-verify", "running", "granted"].includes(state)) return ["minor", "clock"];
  if (["valid", "closed", "certified", "decided", "restored", "in-force", "followed-up"].includes(state)) return ["conform", "conform"];
  if (["under-way", "open", "onsite-audit", "document-audit"].includes(state)) return ["info", "pen"];
  return ["none", "clock"];
}
export const GRADES = ["conform", "minor", "major", "observation", "ofi", "na", "not_audited"];
export const gradeIcon = (g) => (g === "not_audited" || !g ? "none" : g);
export const gradeData = (g) => (g === "not_audited" || g === "na" || !g ? "none" : g);
const SHORT = { conform: N("conf."), minor: N("minor"), major: N("major"), observation: N("obs."), ofi: N("OFI"), na: N("n/a"), not_audited: N("–") };
export const shortGrade = (g) => t(SHORT[g] || "");
const REASONS = { decisive: N("decisive"), previous: N("previous audit"), picked: N("picked"), last: N("last of cycle"), all: N("all") };
export const reasonText = (r) => t(REASONS[r] || r);
const DUE = {
  surveillance: N("Surveillance"), "surveillance-info": N("Information before surveillance"), "renewal-application": N("Renewal application"),
  recertification: N("Recertification"), "valid-to": N("End of validity"), "suspension-end": N("Usual end of suspension"),
  "suspension-max": N("Longest end of suspension"), withdrawal: N("Withdrawal"), suspend: N("Suspension"), lapse: N("Lapse of the certificate"),
  "finding-due": N("Corrective action"), "interval-warning": N("15 months since the last surveillance"),
};
export const dueText = (what) => t(DUE[what] || what);

/* A gap as it is told to people: the command line names fields and commands with it. */
export const gapText = (text) => text.replace(/\s*[（(][a-z_]+(\+?=[a-z_]*)?((、|, )[a-z_]+)*[)）]/g, "")
  .replace(/用“satchel [^”]*”|( with) 'satchel [^']*', and/g, "$1").replace(/ with 'satchel [^']*'/g, "");
export const ruleText = (rule) => (/^\d/.test(rule) ? rule : { form: t("form"), conflict: t("the leader settles it"), submit: t("submission") }[rule] || rule);

/* Where all of it is: records and, among them, evidence. */
export async function status() {
  if (me.readonly) return { hub: null, here: 0, way: 0, held: 0, cases: [], quarantined: [], waiting: [] }; /* the hub itself asks */
  const s = await get("status");
  return { ...s, ...s.records, quarantined: s.apart.filter((x) => x.verdict === "quarantined"), waiting: s.apart.filter((x) => x.verdict === "waiting") };
}

/* ---- cases ---- */
export async function cases() {
  if (atHub && !caseHere) return (await get("cases")).map((c) => ({ case: c.case, name: c.organisation, conflicts: c.conflicts, audits: [] }));
  const [organisations, audits] = await Promise.all([list("organisation"), list("audit")]);
  const out = new Map();
  for (const r of [...organisations, ...audits]) {
    if (!out.has(r.case)) out.set(r.case, { case: r.case, name: null, audits: [] });
    if (r.type === "organisation" && !out.get(r.case).name) out.get(r.case).name = r.fields.name;
    if (r.type === "audit") out.get(r.case).audits.push(r);
  }
  return [...out.values()].sort((a, b) => (a.case < b.case ? 1 : -1));
}
export async function caseTitle(caseName) {
  const c = (await cases()).find((x) => x.case === caseName);
  return c?.name || caseName;
}

/* ---- who I am ---- */
/* At a hub, as its register has it. */
export function learnReviewer(state) {
  Object.assign(me, { kit: state.kit, name: state.name, hub: state.hub, person: state.person, readonly: true, alone: false, roles: new Set(state.roles) });
}
export async function learnMe() {
  const who = await get("whoami");
  Object.assign(me, { kit: who.kit, name: who.name, hub: who.hub, person: who.person ? bare(who.person) : null, roles: new Set(who.roles || []), alone: !who.person });
}
/* Before a kit has joined a hub nobody has told it its roles: then it may write what it likes. */
export const mayWrite = (writers) => !me.readonly && (me.alone || !writers?.length || writers.some((w) => me.roles.has(w)));
export function roleWords(s) {
  return [...me.roles].map((r) => valueLabel(s?.roles, r)).join(comma());
}

/* ---- audits ---- */
export const auditKind = (f, a) => choiceText(f, "kind", a.fields.kind);
export function days(from, to) {
  if (!from) return t("no date yet");
  return !to || to === from ? shortDay(from) : `${shortDay(from)} – ${shortDay(to)}`;
}
export const mine = (a) => !me.person || bare(a.fields.leader || "") === me.person || Object.keys(a.fields).some((k) => k.startsWith("team.") && bare(k.slice(5)) === me.person);
export const leads = (a) => bare(a.fields.leader || "") === me.person;
export const myRole = (a) => (leads(a) ? t("leader") : mine(a) && me.person ? t("team") : "");
export const isDone = (a) => ["submitted", "decided"].includes(a.state);
export const isOpenAudit = (a) => !isDone(a);
/* The cells of coverage by "clause department". */
export function cellsOf(coverage) {
  const out = new Map();
  for (const c of coverage.cells) {
    const key = c.clause + " " + (c.department || "");
    const had = out.get(key);
    if (!had) out.set(key, { ...c, records: [...c.records] });
    else {
      had.records.push(...c.records.filter((r) => !had.records.some((x) => x.record === r.record)));
      had.evidence += c.evidence;
      had.covered = had.covered || c.covered;
      had.conflict = had.conflict || c.conflict;
      if (RANK.indexOf(c.result) < RANK.indexOf(had.result)) had.result = c.result;
    }
  }
  return out;
}
const RANK = ["major", "minor", "observation", "ofi", "conform", "na", "not_audited", null];
/* How a cell stands: one of conform … na, bare (no evidence), open (required, nothing yet), conflict, none. */
export function standing(cell, required) {
  if (!cell || !cell.result) return required ? "open" : "none";
  if (cell.conflict) return "conflict";
  if (cell.result === "not_audited") return required ? "open" : "none";
  if (cell.result === "na") return "na";
  return cell.covered ? cell.result : "bare";
}
