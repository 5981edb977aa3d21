/* Sync: what is here, on the way, held by the hub; over a network, a stick, or with a colleague beside me. */
import { h, t, icon, card, empty, refill, number, size, bar, button, notice, many, comma, dialog } from "./dom.js";
import { get, job, post, raw, stopJob, upload } from "./api.js";
import { me, status } from "./data.js";

let running = null; /* survives a walk to another page: {what, at, of, words, ended} */

export async function open(ctx) {
  const now = h("div"), left = h("div", { class: "stack" }), right = h("div", { class: "stack" });
  const boxes = { counts: h("div"), places: h("div"), stick: h("div", { id: "stick" }), colleague: h("div"), join: h("div") };
  left.append(boxes.counts, boxes.places, boxes.stick);
  right.append(boxes.colleague, boxes.join);
  ctx.title(t("Sync"));
  refill(ctx.main, h("div", { class: "lead" }, h("div", null, h("h1", null, t("Sync")), h("p", null, t("Everything is signed and stored on this device first. Sync only moves copies.")))), now, h("div", { class: "split" }, left, right));

  function drawNow() {
    if (!running) return refill(now);
    const r = running;
    refill(now, notice(r.failed ? "alert" : r.ended ? "conform" : "info", r.failed ? "warn" : r.ended ? "held" : "sync", h("p", { class: "spread" }, h("strong", null, r.what), r.ended ? button(t("Close"), { class: "quiet small", onclick: () => { running = null; drawNow(); } }) : h("span", { class: "small" }, r.words)),
      r.ended ? h("p", { class: "small" }, r.words) : r.of ? [bar(t("%d%%", Math.round((r.at / r.of) * 100)), [["f-way", r.at / r.of]], 6), h("p", { class: "small" }, `${size(r.at)} / ${size(r.of)}`)] : null));
  }
  /* Files that were sent, by the names that people know. */
  const sent = new Map();
  async function give(file) {
    const { upload: token } = await upload("/api/upload?" + new URLSearchParams({ name: file.name }), file);
    sent.set(token, file.name);
    return "upload:" + token;
  }
  const inWords = (text) => [...sent].reduce((s, [token, name]) => s.replaceAll(new RegExp("[^\\s“”']*upload-" + token, "g"), () => name), text);
  async function run(what, command, args, options) {
    if (running && !running.ended) return ctx.toast(t("one thing at a time: %s", running.what));
    running = { what, words: t("begins …") };
    drawNow();
    try {
      const result = await job(command, args, options, (j) => { Object.assign(running, { at: j.at, of: j.of, words: j.what || "" }); drawNow(); });
      Object.assign(running, { ended: true, words: told(result) });
    } catch (e) { Object.assign(running, { ended: true, failed: true, words: inWords(e.message) }); }
    drawNow();
    counts();
  }
  /* What an exchange has brought, in one sentence. */
  function told(r) {
    if (!r) return t("done");
    const sum = (list, f) => (list || []).reduce((n, x) => n + (f(x) || 0), 0);
    const received = Array.isArray(r) ? r : r.received || [];
    const words = [many(sum(received, (x) => x.accepted), "one entry received", "%d entries received")];
    const written = (r.written || r.sent || []).length;
    if (written) words.push(many(written, "one bundle written", "%d bundles written"));
    const apart = sum(received, (x) => (x.quarantined || []).length), awaited = sum(received, (x) => x.blobs?.awaited);
    if (apart) words.push(many(apart, "one entry set apart", "%d entries set apart"));
    if (awaited) words.push(many(awaited, "bytes of one file awaited", "bytes of %d files awaited"));
    return words.join(comma()) + t(".");
  }

  async function counts() {
    const s = await status();
    if (!ctx.alive()) return;
    const cell = (mark, text, n, more) => h("div", null, h("dt", null, icon(mark, true), text), h("dd", null, number(n)), more ? h("small", { class: "dim" }, more) : null);
    refill(boxes.counts, card(t("Where the records are"), h("span", { class: "dim" }, t("held: a receipt of the hub was verified")),
      h("div", { class: "in stack2" }, h("dl", { class: "custody big" }, cell("here", t("here only"), s.here), cell("way", t("on the way"), s.way), cell("held", t("held by the hub"), s.held)),
        s.quarantined?.length ? notice("alert", "sigq", many(s.quarantined.length, "one entry that came in is set apart", "%d entries that came in are set apart"), h("ul", null, s.quarantined.slice(0, 30).map((q) => h("li", { class: "small" }, h("code", null, q.entry), " ", q.reason)))) : null),
      s.cases.length ? h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("Where the records are") }, h("table", { class: "log" }, h("thead", null, h("tr", null, [t("Case"), t("here only"), t("on the way"), t("held by the hub"), t("files held"), t("files awaited")].map((w, i) => h("th", { scope: "col", class: i ? "num" : null }, w)))),
        h("tbody", null, s.cases.map((c) => h("tr", null, h("td", null, c.case === "register" ? t("register") : c.title || c.case), [c.records.here, c.records.way, c.records.held].map((n) => h("td", { class: "num" }, number(n))),
          h("td", { class: "num" }, `${number(c.evidence.held)} / ${number(c.evidence.here + c.evidence.way + c.evidence.held + c.evidence.awaited)}`), h("td", { class: "num" }, number(c.evidence.awaited))))))) : null));
  }

  async function places() {
    const remotes = await get("remote list");
    if (!ctx.alive()) return;
    const list = Array.isArray(remotes) ? remotes : Object.entries(remotes).map(([name, r]) => ({ name, place: typeof r === "string" ? r : r.url || r.place || r.folder, ...(typeof r === "object" ? r : {}) }));
    const name = h("input", { id: "rname", required: true, pattern: "[A-Za-z0-9-]+", title: t("letters, digits and hyphens") }), place = h("input", { id: "rplace", required: true, placeholder: "https://hub.example/" }), pin = h("input", { id: "rpin", placeholder: "sha256//…" }), plain = h("input", { type: "checkbox" });
    const told2 = h("p", { role: "alert", class: "f small bad" });
    const add = h("form", { class: "fields", onsubmit: async (e) => {
      e.preventDefault();
      try { await post("remote add", [name.value.trim(), place.value.trim()], { ...(pin.value.trim() ? { pin: pin.value.trim() } : {}), ...(plain.checked ? { plain: true } : {}) }); ctx.toast(t("added")); places(); } catch (x) { told2.textContent = x.message.replace(/[，,]\s*[^，,]*--plain.*/, ""); }
    } }, field("rname", t("Name"), name, "f2"), field("rplace", t("Address or folder"), place, "f4"), field("rpin", t("Server's key, where headquarters gave one"), pin, ""), h("div", { class: "f" }, h("label", null, plain, t("Without TLS, in a network that I trust"))), told2, h("div", { class: "f row" }, h("button", { type: "submit", class: "btn", "data-k": "add" }, t("Add it"))));
    refill(boxes.places, card(t("Hub and places"), me.hub ? h("span", { class: "dim" }, t("joined: %s", me.hub)) : null, list.length ? h("ul", { class: "list" }, list.map((r) => h("li", { class: "two" }, h("span", null, h("b", { class: "strong" }, r.name), h("br"), h("small", { class: "dim break" }, r.place)),
      h("span", { class: "row" }, button(t("Sync now"), { class: "primary", "data-k": "sync " + r.name, onclick: () => run(t("Sync with %s", r.name), "sync", [r.name]) }, icon("sync")), button(t("Forget"), { class: "quiet", onclick: async () => { await post("remote remove", [r.name]); places(); } }))))) : empty(t("No hub's address yet. An enrolment file brings it, or add it here."), "sync"),
    h("details", { class: "in" }, h("summary", { "data-k": "place" }, t("Add a place")), add)));
  }
  const field = (id, text, control, cls, help) => h("div", { class: "f full " + cls }, h("label", { for: id }, h("span", null, text)), control, help ? h("small", { class: "help" }, help) : null);

  async function stick() {
    const places = await raw("/api/places").catch(() => []);
    if (!ctx.alive()) return;
    const path = h("input", { id: "spath", value: places[0]?.path || "", placeholder: "/media/stick", autocomplete: "off" });
    const input = h("input", { type: "file", multiple: true, class: "vh", tabindex: "-1", "aria-hidden": "true", onchange: () => take([...input.files]) });
    refill(boxes.stick, card(t("Stick"), places.length ? h("span", { class: "dim" }, many(places.length, "one stick is in", "%d sticks are in")) : h("span", { class: "dim" }, t("no stick is in")), h("div", { class: "in stack2" },
      h("p", { class: "small mid" }, t("Writes what the hub lacks, sealed for it, and takes in what the hub has left on the stick for this device.")),
      places.length ? h("div", { class: "menu" }, places.map((p) => h("label", { class: "check" }, h("input", { type: "radio", name: "place", checked: p === places[0], onchange: () => { path.value = p.path; } }), p.name || p.path, h("small", { class: "dim" }, " ", t("%s free", size(p.free)))))) : null,
      h("form", { class: "stack2", onsubmit: (e) => { e.preventDefault(); path.value.trim() ? run(t("Stick %s", path.value.trim()), "sync", [path.value.trim()]) : path.focus(); } }, field("spath", t("Folder"), path, ""), h("div", { class: "row" },
        h("button", { type: "submit", class: "btn primary", "data-k": "stickgo" }, icon("down"), t("Write and receive")), button(t("Look again"), { class: "quiet", onclick: stick }), h("span", { class: "push" }, button(t("Take bundles in from files"), { "data-k": "take", onclick: () => input.click() }), input))))));
  }
  async function take(files) {
    try {
      const tokens = [];
      for (const f of files) { ctx.toast(t("reading %s", f.name)); tokens.push(await give(f)); }
      if (tokens.length) run(many(tokens.length, "Receive one file", "Receive %d files"), "receive", tokens);
    } catch (e) { ctx.toast(e.message); }
  }

  function colleague() {
    const address = h("input", { id: "caddr", required: true, placeholder: "192.168.1.7:4433", autocomplete: "off" }), code = h("input", { id: "ccode", required: true, pattern: "\\s*\\d{4}[\\s\\-]*\\d{4}\\s*", title: t("eight digits"), inputmode: "numeric", autocomplete: "off", maxlength: "12" });
    const shown = h("div", { role: "status" });
    async function share() {
      let number = null;
      try {
        await job("share", [], { minutes: "15" }, (j) => {
          number = j.job;
          const s = j.shown;
          if (s) refill(shown, h("div", { class: "pairing" }, h("p", { class: "small mid" }, t("Read this out to the colleague alone:")), h("p", { class: "code" }, s.code), h("ul", null, (s.addresses || [s.address]).filter(Boolean).map((a) => h("li", null, h("code", null, a)))),
            button(t("Stop"), { onclick: () => stopJob(number) })));
        });
        refill(shown, notice("conform", "people", t("Exchanged.")));
      } catch (e) { refill(shown, notice("minor", "warn", e.message)); }
      counts();
    }
    refill(boxes.colleague, card(t("A colleague beside me"), null, h("div", { class: "in stack2" }, h("p", { class: "small mid" }, t("Two devices in one local network, without headquarters. One shows an address and a code, the other types them.")),
      h("div", { class: "row" }, button(t("Show address and code"), { onclick: share, "data-k": "share" }, icon("people"))), shown,
      h("form", { class: "fields", onsubmit: (e) => { e.preventDefault(); run(t("Exchange with %s", address.value), "sync", [address.value.trim()], { code: code.value.replace(/\s/g, "") }); } },
        field("caddr", t("Address on that device"), address, "f4"), field("ccode", t("Code"), code, "f2"), h("div", { class: "f" }, h("button", { type: "submit", class: "btn", "data-k": "exchange" }, t("Exchange")))))));
  }

  function join() {
    const input = h("input", { type: "file", class: "vh", tabindex: "-1", "aria-hidden": "true", onchange: () => enrol(input.files[0]) });
    const refused = h("div", { role: "alert" });
    async function enrol(file) {
      if (!file) return;
      input.value = "";
      refill(refused);
      try {
        const r = await job("join", [await give(file)], {});
        await dialog(t("Joined %s", r.hub), (end) => h("div", { class: "stack2" }, h("p", null, t("Compare these with headquarters by voice:")), h("dl", { class: "pairs" }, h("div", null, h("dt", null, t("root key")), h("dd", null, h("code", null, r.root_fingerprint))), h("div", null, h("dt", null, t("the hub's key")), h("dd", null, h("code", null, r.hub_fingerprint)))),
          r.refused?.length ? notice("minor", "warn", many(r.refused.length, "one entry written before would be set apart; ask an admin before you sync", "%d entries written before would be set apart; ask an admin before you sync")) : null, button(t("Compared"), { class: "primary", autofocus: true, onclick: () => end(true) })));
        location.reload();
      } catch (e) { refill(refused, notice("alert", "warn", inWords(e.message))); }
    }
    refill(boxes.join, card(t("Enrolment"), null, h("div", { class: "in stack2" }, me.hub ? h("p", { class: "small mid" }, t("This device has joined %s. A new enrolment file brings new roles or cases.", me.hub)) : h("ol", { class: "steps small mid" }, h("li", null, t("Send the request to headquarters.")), h("li", null, t("Headquarters answers with an enrolment file.")), h("li", null, t("Join with it."))),
      h("div", { class: "row" }, h("a", { class: "btn", href: "/api/request", download: "satchel.request" }, icon("down"), t("The request")), button(t("Join with an enrolment file"), { class: me.hub ? "" : "primary", "data-k": "join", onclick: () => input.click() }), input), refused)));
  }
  drawNow();
  colleague();
  join();
  await Promise.all([counts(), places(), stick()]);
  if (ctx.hash === "#stick") { document.getElementById("stick").scrollIntoView(); document.getElementById("spath")?.focus({ preventScroll: true }); }
  return { change: () => { counts(); places(); }, keys: {}, files: (l) => take(l) };
}
