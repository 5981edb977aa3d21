/* A locked store: the passphrase field alone. No store yet: who you are, and a passphrase for it. */
import { h, t, icon, refill, notice, button } from "./dom.js";
import { raw } from "./api.js";

function row(text, props, help) {
  const id = "u" + props.name;
  return h("div", { class: "f" }, h("label", { for: id }, h("span", null, text)), h("input", { id, required: true, ...props }), help ? h("small", { class: "help" }, help) : null);
}

export function open(root, state, next) {
  const told = h("div", { role: "alert" });
  const pass = row(t("Passphrase"), { name: "passphrase", type: "password", autocomplete: state.store ? "current-password" : "new-password", autofocus: true });
  const again = state.store ? null : row(t("Passphrase once more"), { name: "again", type: "password", autocomplete: "new-password" });
  const submit = h("button", { class: "btn primary", type: "submit" }, state.store ? t("Unlock") : t("Make the store"));
  const form = h("form", { class: "card doorcard", onsubmit: send },
    h("h1", null, icon("bag"), state.store ? t("The store is locked") : t("A store for your audits")),
    state.store ? null : [h("p", { class: "mid" }, t("Everything you record is sealed on this device with this passphrase. Nobody can reset it.")),
      row(t("Name"), { name: "name", autocomplete: "name" }), row(t("Email"), { name: "email", type: "email", autocomplete: "email" })],
    pass, again, told, submit);
  refill(root, h("main", { class: "door", id: "main" }, form));
  form.querySelector("input").focus();

  async function send(e) {
    e.preventDefault();
    const data = Object.fromEntries(new FormData(form));
    if (!state.store && data.passphrase !== data.again) return refill(told, notice("alert", "warn", t("the two passphrases differ")));
    submit.disabled = true;
    try {
      const answer = await raw(state.store ? "/api/unlock" : "/api/init", "POST",
        state.store ? { passphrase: data.passphrase } : { name: data.name, email: data.email, passphrase: data.passphrase });
      if (answer.status) throw new Error(answer.error);
      if (answer.result?.recovery) return recovery(answer.result.recovery);
      next();
    } catch (x) {
      refill(told, notice("alert", "warn", x.message));
      form.querySelector("input[type=password]").select();
    } finally { submit.disabled = false; }
  }
  function recovery(words) {
    refill(form, h("h1", null, t("Write the recovery key down")), h("p", { class: "mid" }, t("It opens the store if the passphrase is forgotten. It is shown only this once.")),
      h("pre", { tabindex: "0" }, words), button(t("It is written down"), { class: "primary", onclick: next }));
  }
}
