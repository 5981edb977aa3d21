/* Every key, in one place. */
import { h, t, N } from "./dom.js";

const KEYS = [
  [N("Everywhere"), [["/", N("search")], ["?", N("all keys")], ["G T", N("today")], ["G A", N("audits")], ["G F", N("findings")], ["G E", N("evidence")],
    ["G X", N("conflicts")], ["G B", N("cases")], ["G C", N("calendar")], ["G S", N("sync")], ["C", N("new finding")], ["U", N("write to a stick")], ["Esc", N("close, and back")]]],
  [N("Matrix"), [["← ↑ ↓ →", N("move from cell to cell")], ["↵", N("open the cell")], ["N", N("next required cell")], ["Esc", N("close, back to the cell")]]],
  [N("Sample and finding"), [["1 – 7", N("result or grade, while no text field has the focus")], ["Ctrl ↵", N("record")], ["F", N("write a finding")], ["E", N("choose files")],
    ["P", N("take photos")], ["Ctrl V", N("paste a picture or file")], ["Del", N("clear a choice")]]],
  [N("Lists and records"), [["J / K", N("next, previous")], ["D", N("the original of a piece of evidence")], ["L", N("link it to a record")]]],
];
export function help() {
  return h("div", { class: "keylist" }, KEYS.map(([title, rows]) => h("section", null, h("h3", null, t(title)),
    h("dl", null, rows.map(([k, what]) => h("div", null, h("dt", null, k.split(" ").map((x) => h("kbd", null, x))), h("dd", null, t(what))))))),
  h("p", { class: "small dim" }, t("Single letters work while no text field has the focus, and never while a word is being composed.")));
}
