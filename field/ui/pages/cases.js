/* All cases: organisation, certificate, what stands and what is next. */
import { h, t, icon, chip, empty, refill, shortDay, dialog } from "./dom.js";
import { apply, get } from "./api.js";
import { cases, dueText, form, list, mayWrite, stateLook, stateText } from "./data.js";
import { rowKeys } from "./audits.js";

export async function open(ctx) {
  async function draw() {
    const [all, certificates, calendar, f] = await Promise.all([cases(), list("certificate"), get("calendar"), form("organisation")]);
    if (!ctx.alive()) return;
    ctx.title(t("Cases"));
    refill(ctx.main, h("div", { class: "lead" }, h("h1", null, t("Cases")), mayWrite(f.writers) ? h("button", { type: "button", class: "btn", onclick: () => newCase(ctx) }, icon("plus"), t("Open a case")) : null),
      h("section", { class: "card", "aria-label": t("Cases") }, all.length ? h("ul", { class: "list cases rows", "data-rows": "" }, all.map((c) => {
        const own = certificates.filter((x) => x.case === c.case), next = calendar.filter((x) => x.case === c.case).sort((a, b) => (a.due < b.due ? -1 : 1)).find((x) => x.state !== "upcoming") || calendar.find((x) => x.case === c.case);
        const cert = own[own.length - 1], look = cert ? stateLook(cert.state) : null;
        return h("li", null, h("span", null, h("a", { class: "name", href: "/case/" + encodeURIComponent(c.case), "data-k": c.case }, c.name || c.case), h("br"), h("small", { class: "dim" }, c.case)),
          h("span", null, cert ? h("span", { class: "small" }, cert.fields.number) : h("span", { class: "small dim" }, t("no certificate"))), cert ? chip(look[0], stateText(cert), look[1]) : h("span"),
          h("small", { class: "dim" }, next ? [dueText(next.what), " ", shortDay(next.due)] : null));
      })) : empty(t("There is no case yet."), "case")));
  }
  await draw();
  return { change: draw, keys: rowKeys(ctx.main) };
}

async function newCase(ctx) {
  const made = await dialog(t("Open a case"), (end) => {
    const told = h("p", { class: "small bad", role: "alert" });
    const field = (id, text, help) => h("div", { class: "f" }, h("label", { for: id }, h("span", null, text)), h("input", { id, name: id, required: true, autofocus: id === "case" }), help ? h("small", { class: "help" }, help) : null);
    const fm = h("form", { class: "stack2", onsubmit: async (e) => {
      e.preventDefault();
      const data = Object.fromEntries(new FormData(fm));
      try {
        await apply([{ do: "new", type: "organisation", case: data.case.trim(), set: { name: data.name.trim() } }]);
        end(data.case.trim());
      } catch (x) { told.textContent = x.message; }
    } }, field("case", t("Number of the case"), t("letters, digits and hyphens, as BJ-2026-0042")), field("name", t("Organisation")), told, h("button", { class: "btn primary", type: "submit" }, t("Open the case")));
    return fm;
  });
  if (made) ctx.go("/case/" + encodeURIComponent(made));
}
