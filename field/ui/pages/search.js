/* Search: records that hold the text. */
import { h, t, base, icon, chip, empty, refill, label, many } from "./dom.js";
import { get } from "./api.js";
import { cases, form, href, learnTitles, list, stateLook, stateText, titleOf } from "./data.js";
import { rowKeys } from "./audits.js";

export async function open(ctx) {
  const start = ctx.query.get("q") || "";
  const out = h("div", { class: "stack", "aria-live": "polite" });
  const input = h("input", { type: "search", id: "searchbox", value: start, placeholder: t("Search cases, clauses, findings"), "aria-label": t("Search"), autocomplete: "off", oninput: () => { clearTimeout(timer); timer = setTimeout(find, 180); },
    onkeydown: (e) => { if (e.key === "ArrowDown" || (e.key === "Enter" && !e.isComposing)) { e.preventDefault(); out.querySelector("a.name")?.focus(); } } });
  let timer, turn = 0;
  ctx.title(t("Search"));
  refill(ctx.main, h("h1", { class: "vh" }, t("Search")), h("div", { class: "searchhead" }, icon("find"), input), out);
  input.focus();
  async function find() {
    const words = input.value.trim(), mine = ++turn, type = ctx.query.get("type");
    history.replaceState({}, "", base + "/search" + (words ? "?" + new URLSearchParams({ q: words }) : location.search.includes("type=") ? location.search : ""));
    if (!words && !type) return refill(out, h("p", { class: "dim" }, t("Words, numbers, names of files; several words must all be there.")));
    try {
      const answer = type && !words ? { records: await list(type, [], { case: ctx.query.get("case") }) } : await get("find", [words], { titles: true, limit: 60 });
      const records = answer.records || answer, of = answer.of ?? records.length;
      records.forEach(learnTitles);
      const where = new Map((await cases()).map((c) => [c.case, c.name || c.case]));
      const forms = new Map(await Promise.all([...new Set(records.map((r) => r.type))].map(async (x) => [x, await form(x)])));
      if (mine !== turn || !ctx.alive()) return;
      const groups = [...forms.keys()].map((x) => [x, records.filter((r) => r.type === x)]);
      refill(out, h("p", { class: "dim small", role: "status" }, many(of, "one record", "%d records")), groups.map(([x, l]) => h("section", { class: "card", "aria-label": label(forms.get(x).title) }, h("header", null, h("h2", null, label(forms.get(x).title)), h("span", { class: "push dim" }, String(l.length))),
        h("ul", { class: "list", "data-rows": "" }, l.map((r) => h("li", { class: "two" }, h("span", null, h("a", { class: "name clip", href: href(r.id) }, r.title || titleOf(r, forms.get(x))), h("small", { class: "dim" }, where.get(r.case) || (r.case === "register" ? t("register") : r.case))), r.state ? chip(stateLook(r.state)[0], stateText(r), stateLook(r.state)[1]) : h("span")))))),
      records.length ? null : h("section", { class: "card" }, empty(t("No record holds that."), "find")));
    } catch (e) { if (mine === turn) refill(out, h("p", { class: "dim" }, e.message)); }
  }
  await find();
  return { change: find, keys: { ...rowKeys(ctx.main), "/": () => input.focus() } };
}
