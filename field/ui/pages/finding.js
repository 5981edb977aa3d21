/* A finding: its conflict where there is one, fact and evidence, the auditee's part, history. */
import { h, t, icon, chip, card, refill, key, label } from "./dom.js";
import { draftKey } from "./api.js";
import {
  choiceText, clauseTitle, conflicts, form, gradeData, gradeIcon, href, link, list, me, members, named, scheme, show, stateLook,
  stateText, tail,
} from "./data.js";
import { Form } from "./form.js";
import { strip } from "./media.js";
import { timeline } from "./history.js";
import { conflictBox } from "./conflicts.js";
import { pickRecord } from "./record.js";
import { apply, get } from "./api.js";

/* What the auditee answers with and the auditor verifies stands apart from the fact. */
const ANSWER = ["confirmed_by", "confirmed", "objection", "root_cause", "correction", "corrective_action", "verification", "closed", "closed_by", "followup"];

export async function open(ctx) {
  const id = "finding/" + ctx.parts[1];
  let record = await show(id);
  const [f, s] = await Promise.all([form("finding", record.case), scheme(record.case)]);
  if (!ctx.alive()) return null;
  const names = f.fields.map((x) => x.name);
  const make = (only, key, submit) => new Form({ form: f, first: ["grade", "fact", "criterion", "due"], record, caseName: record.case, scheme: s, only, key: draftKey(id, key), submit, title: `${record.fields.clause || ""} ${t("finding")}`,
    saved: () => { ctx.toast(t("finding recorded: signed, on this device")); change(); } });
  const answer = make(names.filter((n) => ANSWER.includes(n)), "answer");
  const fact = make(names.filter((n) => !ANSWER.includes(n)), "fact");
  const evidence = strip({ of: () => id, readonly: me.readonly || !fact.writes, all: () => strips() });
  const lead = h("div", { class: "lead" }), conflictsAt = h("div", { class: "stack" }), aside = h("div");
  const body = h("div", { class: "split wide" }, h("div", { class: "stack" }, conflictsAt,
    card(t("Fact and evidence"), null, h("div", { class: "in" }, fact.element), h("div", { class: "in evid" }, h("div", { class: "spread" }, evidence.title,
      me.readonly ? null : h("span", { class: "small dim hint" }, t("shoot"), " ", key("P"), " ", t("link one that is here"), " ", key("L"))), evidence.element,
    me.readonly ? null : h("button", { type: "button", class: "linkish", onclick: () => linkOne() }, t("Link evidence that is here")))),
    card(t("Auditee and corrective action"), null, h("div", { class: "in" }, answer.element))), aside);
  refill(ctx.main, lead, body);

  async function strips() {
    evidence.show(await list("evidence", ["of+=" + id], { custody: true }));
  }
  async function siblings() {
    const all = record.fields.audit ? await get("list", ["finding", "audit=" + record.fields.audit], { case: record.case }) : [];
    const at = all.findIndex((x) => x.id === id);
    return [all[at - 1], all[at + 1]];
  }
  async function draw() {
    const [grade, symbol] = stateLook(record.state), x = record.fields;
    const [before, after] = await siblings().catch(() => []);
    const [line, boxes] = await Promise.all([timeline(record, f), Promise.all(conflicts(record).map((name) => conflictBox(ctx, record, f, name, change)))]);
    if (!ctx.alive()) return;
    ctx.title(`${x.clause || ""} ${s && x.clause ? clauseTitle(s, x.clause) : tail(id)}`, [["/findings", t("Findings")], ["/case/" + encodeURIComponent(record.case), record.case]]);
    refill(lead, h("div", null, h("h1", { class: "clip3" }, x.fact || t("no fact written")),
      h("p", { class: "facts" }, h("code", null, tail(id)), h("span", null, x.clause, " ", clauseTitle(s, x.clause), " ", s.sample ? h("span", { class: "tag" }, t("sample catalogue")) : null),
        x.department ? h("span", null, named(x.department, record.titles)) : null, x.audit ? h("span", null, link(x.audit, record.titles)) : null)),
    h("div", { class: "row" }, record.void ? chip("alert", t("voided"), "close") : null,
      conflicts(record).includes("grade") ? chip("minor", t("grade in conflict"), "conflict") : chip(gradeData(x.grade), choiceText(f, "grade", x.grade), gradeIcon(x.grade)),
      record.state ? chip(grade, stateText(record), symbol) : null,
      before ? h("a", { class: "btn icon", href: href(before.id), "aria-label": t("Previous finding, K"), title: "K" }, "↑") : null,
      after ? h("a", { class: "btn icon", href: href(after.id), "aria-label": t("Next finding, J"), title: "J" }, "↓") : null));
    keys.k = before ? () => ctx.go(href(before.id)) : () => false;
    keys.j = after ? () => ctx.go(href(after.id)) : () => false;
    refill(conflictsAt, boxes);
    refill(aside, card(t("History"), line.side, line.body));
    await strips();
  }
  async function change() {
    record = await show(id);
    if (!ctx.alive()) return;
    fact.accept(record);
    answer.accept(record);
    await draw();
  }
  async function linkOne() {
    const ev = await pickRecord(t("Link evidence"), "evidence", record.case, (e) => !members(e, "of").includes(id));
    if (!ev) return;
    await apply([{ do: "set", record: ev, set: { ["of." + id]: true } }]);
    ctx.toast(t("linked"));
    strips();
  }
  const keys = { p: () => evidence.shoot(), e: () => evidence.choose(), l: () => { linkOne(); } };
  for (let n = 1; n <= 4; n++) keys[n] = () => {
    const box = conflictsAt.querySelector(".conflict");
    if (!box) return fact.press ? fact.press(n) : false;
    const radio = box.querySelectorAll("input[type=radio]")[n - 1];
    if (!radio) return false;
    radio.click();
    radio.focus();
    return true;
  };
  await draw();
  const asked = ctx.query.get("field");
  const at = asked && (fact.controls.get(asked) || answer.controls.get(asked));
  if (at) { at.row.scrollIntoView({ block: "center" }); at.row.querySelector("input, select, textarea")?.focus({ preventScroll: true }); }
  return { keys, change, files: (list) => evidence.take(list) };
}
