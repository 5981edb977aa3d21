/* A record's history: who, when, what became what, why, and its proof; and its state as of any moment. */
import { h, t, icon, when, fullTime, label, refill, notice, custody, N } from "./dom.js";
import { get } from "./api.js";
import { bare, fieldOf, link, show } from "./data.js";
import { fieldWords, valueWords } from "./form.js";

const VERDICT = {
  good: ["ok", "sig", N("signature valid")], bad: ["bad", "sigq", N("signature not valid")],
  "unknown key": ["warn", "sigq", N("key not known")],
};
const ICONS = { new: "plus", void: "close", conflict: "conflict", set: "pen" };

function change(f, name, before, after, titles) {
  const [set, member] = name.includes(".") ? [name.slice(0, name.indexOf(".")), name.slice(name.indexOf(".") + 1)] : [name, null];
  if (member) {
    const isLink = fieldOf(f, set)?.of === "link";
    const what = isLink ? link(member, titles) : member;
    return h("p", { class: "change" }, fieldWords(f, set), after ? h("ins", null, what) : h("del", null, what));
  }
  const had = before !== undefined && before !== null;
  return h("p", { class: "change" }, h("span", null, fieldWords(f, name)), had ? [h("del", null, valueWords(f, name, before, titles)), " → "] : null,
    h("ins", null, valueWords(f, name, after, titles)));
}

function item(f, e, first, titles, receipt) {
  const names = Object.keys(e.set || {});
  const conflict = Object.values(e.old || {}).some((v) => v && v.conflict);
  const kind = first ? "new" : names.includes("void") ? "void" : conflict ? "conflict" : "set";
  const [cls, symbol, text] = VERDICT[e.signature] || VERDICT["unknown key"];
  const shown = names.slice(0, 12), rest = names.slice(12);
  const one = (n) => change(f, n, e.old?.[n], e.set[n], titles);
  return h("li", null, icon(ICONS[kind]),
    h("p", { class: "who" }, h("b", { class: "strong" }, e.by), h("time", { datetime: e.at, title: fullTime(e.at) }, when(e.at))),
    first ? h("p", { class: "mid small" }, t("created: %s", label(f?.title))) : null,
    shown.map(one), rest.length ? h("details", null, h("summary", null, t("%d more fields", rest.length)), rest.map(one)) : null,
    e.why ? h("q", null, e.why) : null,
    e.reason ? h("p", { class: "small" }, e.reason) : null,
    h("p", { class: "proofline" }, h("span", { class: "mark " + cls }, icon(symbol, true), t(text)),
      e.verdict && e.verdict !== "good" ? h("span", { class: "mark bad" }, icon("warn", true), e.verdict === "waiting" ? t("waits for what it rests on") : t("set apart")) : null,
      h("span", { class: "mark" }, h("code", null, e.entry)),
      custody(e.held ? "held" : "here"), e.held && (e.received || receipt) ? h("span", { class: "mark" }, t("receipt %s", when(e.received || receipt))) : null));
}

export async function timeline(record, f) {
  const entries = await get("history", [bare(record.id)], { titles: true, custody: true });
  const past = h("div", { class: "aspast" });
  const select = h("select", { class: "asof", "aria-label": t("State as of a moment"), onchange: () => asOf() },
    h("option", { value: "" }, t("now")),
    entries.map((e, i) => h("option", { value: String(i) }, `${when(e.at)} ${e.by}`)).reverse());
  async function asOf() {
    const chosen = select.value, at = entries[Number(chosen)]?.at;
    if (chosen === "") return refill(past);
    const then = await show(record.id, { at }).catch((e) => ({ fields: {}, none: e.message }));
    if (select.value !== chosen) return undefined;
    const member = (k) => k.slice(k.indexOf(".") + 1);
    const value = (k, v) => (!k.includes(".") ? valueWords(f, k, v, then.titles) : fieldOf(f, k.split(".")[0])?.of === "link" ? link(member(k), then.titles) : member(k));
    const open = Object.entries(then.conflicts || {}).map(([k, sides]) => [k, { conflict: sides.map((s) => s.value) }]);
    return refill(past, notice("info", "clock", h("p", null, h("strong", null, t("As of %s", fullTime(at)))), then.none || null, then.void ? h("p", null, t("voided")) : null,
      h("dl", { class: "pairs" }, [...Object.entries(then.fields), ...open].map(([k, v]) => h("div", null, h("dt", null, fieldWords(f, k)), h("dd", null, value(k, v)))))));
  }
  const since = record.held?.since;
  const more = entries.length > 60;
  const shown = more ? entries.slice(-60) : entries;
  const ol = h("ol", { class: "timeline" }, shown.map((e, i) => item(f, e, e === entries[0], record.titles, since)).reverse());
  return { side: h("label", { class: "row small" }, t("as of"), select), body: h("div", { class: "in" }, past, ol,
    more ? h("p", { class: "small dim" }, t("and %d earlier entries", entries.length - 60)) : null), entries };
}
