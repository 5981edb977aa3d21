/* The shell: rail, top bar, which page an address opens, keys, toasts. */
import { h, t, base, atHub, caseHere, hubBase, icon, key, lang, speak, refill, when, number, dialog, button, notice, N, askTexts, painted } from "./dom.js";
import { flush, follow, forget, get, loadDrafts, on, raw, retry, settleDrafts, spoken, unkept } from "./api.js";
import { learnMe, learnReviewer, list, me, roleWords, scheme, status } from "./data.js";

const PAGES = {
  "": "today", audits: "audits", audit: "audit", findings: "findings", finding: "finding", evidence: "evidence", conflicts: "conflicts",
  cases: "cases", case: "case", calendar: "calendar", sync: "sync", search: "search", record: "record", new: "record",
};
const RAIL = [
  ["/", "today", N("Today"), "t"], ["/audits", "grid", N("Audits"), "a"], ["/findings", "flag", N("Findings"), "f"],
  ["/evidence", "photo", N("Evidence"), "e"], ["/conflicts", "conflict", N("Conflicts"), "x"], null,
  ["/cases", "case", N("Cases"), "b"], ["/calendar", "cal", N("Calendar"), "c"], ["/sync", "sync", N("Sync"), "s"],
];
/* What there is to read at a hub: of one case, or of all that may be seen. */
const HUB_RAIL = caseHere ? [
  ["/", "case", N("Case"), "b"], ...RAIL.slice(1, 5), null, ["/calendar", "cal", N("Calendar"), "c"], ["/looks", "eye", N("Who looked"), "l"],
] : [["/", "case", N("Cases"), "b"], ["/calendar", "cal", N("Calendar"), "c"], ["/looks", "eye", N("What I looked at"), "l"]];
if (atHub) {
  RAIL.splice(0, RAIL.length, ...HUB_RAIL);
  Object.assign(PAGES, { "": "review", looks: "review", cases: "review", sync: undefined, new: undefined });
}
const SECTION = { audit: "/audits", finding: "/findings", case: atHub ? "/" : "/cases", record: atHub ? "/" : "/cases", new: "/cases", "new/finding": "/findings", "new/audit": "/audits" };
const ON_PHONE = new Set(["/", "/audits", "/findings", atHub ? "/looks" : "/sync"]);

const READING_KEYS = new Set(["j", "k", "n", "d", "y", "/", "Enter", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End"]);

const shell = {};
let page = null; /* the open one: {keys, change, leave} */
let opening = 0;

/* ---- the frame ---- */
function frame() {
  shell.counts = {};
  const item = (row) => (row ? h("a", { href: row[0], class: ON_PHONE.has(row[0]) ? null : "wide", title: t(row[2]) }, icon(row[1]), h("span", null, t(row[2])),
    shell.counts[row[0]] = h("b", { hidden: true })) : h("hr"));
  shell.nav = h("nav", { "aria-label": t("Main") }, RAIL.filter((row) => !row || row[0] !== "/sync" || !me.readonly).map(item),
    h("button", { type: "button", class: "morebtn", onclick: moreMenu }, icon("more"), h("span", null, t("More"))));
  shell.foot = h("footer");
  shell.crumbs = h("nav", { class: "crumbs", "aria-label": t("Where you are") });
  shell.offline = h("span", { class: "mark", hidden: true }, icon("off"), h("span", null, t("no answer from satchel")));
  shell.main = h("main", { id: "main", tabindex: "-1" });
  shell.stage = h("div", { class: "stage" }, shell.main);
  shell.toast = h("p", { class: "toast", role: "status", hidden: true });
  shell.alarm = h("div", { class: "alarm" });
  refill(clearBody(), h("a", { class: "skip", href: "#main", onclick: (e) => { e.preventDefault(); shell.main.focus(); } }, t("Skip to the content")),
    shell.rail = h("header", { class: "rail" }, h("a", { class: "brand", href: "/", "aria-label": "satchel" }, icon("bag"), h("span", null, "satchel")), shell.nav, shell.foot),
    h("div", { class: "page" }, h("div", { class: "top" }, shell.crumbs,
      atHub && !caseHere ? h("span", { class: "push" }) : h("a", { class: "find push", href: "/search", "aria-label": t("Search cases, clauses, findings") }, icon("find"), h("span", null, t("Search cases, clauses, findings")), key("/")),
      atHub ? h("span", { class: "mark" }, icon("lock"), h("span", null, t("Read-only"))) : null,
      shell.offline, h("button", { type: "button", class: "btn quiet icon keysbtn", "aria-label": t("All keys"), title: t("All keys"), onclick: keysHelp }, icon("key")),
      languages()), shell.alarm, shell.stage), shell.toast);
}
function clearBody() {
  let root = document.getElementById("root");
  if (!root) document.body.append(root = h("div", { id: "root" }));
  return root;
}
function languages() {
  const one = (code, text, name) => h("button", { type: "button", lang: code, title: name, "aria-pressed": String(lang === code), onclick: () => chooseLanguage(code) }, text);
  return h("div", { class: "lang", role: "group", "aria-label": t("Language") }, one("zh", "中", "中文"), one("en", "EN", "English"));
}
async function chooseLanguage(code) {
  if (code === lang) return;
  if (atHub) localStorage.setItem("language", code);
  else await raw("/api/language", "POST", { language: code });
  forget();
  await speak(code);
  frame();
  footer();
  open(true);
}
function moreMenu() {
  dialog(t("More"), (end) => h("div", { class: "menu" },
    RAIL.filter((r) => r && !ON_PHONE.has(r[0])).map((r) => h("a", { href: r[0], onclick: () => end(null) }, icon(r[1]), t(r[2]), count(r[0]))),
    h("a", { href: "/search", onclick: () => end(null) }, icon("find"), t("Search")), languages(), lockButton(end)));
}
const count = (path) => { const b = shell.counts[path]; return b && !b.hidden ? h("b", { class: "push" }, b.textContent) : null; };
const lockButton = (end) => atHub ? null : button(t("Lock the store"), { class: "quiet", onclick: () => { end?.(null); lock(); } }, icon("lock"));
async function lock() {
  try { await settleDrafts(); await raw("/api/lock", "POST", {}); location.reload(); } catch (e) { toast(e.message); }
}

function setCount(path, n, grade) {
  const b = shell.counts[path];
  if (!b) return;
  b.hidden = !n;
  b.textContent = n ? number(n) : "";
  if (grade) b.dataset.g = grade;
}
/* No counts at a hub: whatever is asked there is a look, and logged. */
async function reviewerFooter() {
  const toHub = h("a", { href: "/" }, t("All cases"));
  toHub.setAttribute("href", hubBase + "/");
  refill(shell.foot, caseHere ? h("p", null, toHub) : null,
    h("p", null, h("b", { class: "strong" }, me.name), me.roles.size ? h("span", null, lang === "zh" ? "，" : ", ", roleWords(await scheme(null).catch(() => null))) : null, h("br"),
      h("span", { class: "dim" }, t("Read-only. Every look is logged."))), h("p", { class: "dim" }, me.hub));
}
async function footer() {
  if (atHub) return reviewerFooter();
  const total = async (type, filters) => (await get("list", [type, ...(filters || [])], { limit: 1 })).of;
  const set = (path, promise, grade) => promise.then((n) => setCount(path, n, grade), () => {});
  set("/audits", total("audit", ["state=planned,under-way,not-submitted"]));
  set("/findings", total("finding", ["state=open,overdue,to-verify"]));
  set("/evidence", total("evidence"));
  set("/conflicts", get("conflicts").then((l) => l.length), "alert");
  try {
    const s = await status();
    const row = (mark, text, n) => h("div", null, h("dt", null, icon(mark, true), text), h("dd", null, number(n)));
    setCount("/sync", s.here + s.way);
    const sch = me.roles.size ? await scheme(null).catch(() => null) : null;
    refill(shell.foot, h("dl", { class: "custody" }, row("here", t("here"), s.here), row("way", t("on way"), s.way), row("held", t("hub"), s.held)),
      h("p", null, h("b", { class: "strong" }, me.name), me.roles.size ? h("span", null, lang === "zh" ? "，" : ", ", roleWords(sch)) : null, h("br"), h("code", { class: "dim" }, me.kit)),
      lockButton());
  } catch { /* told elsewhere */ }
}

let toastTimer;
export function toast(text) {
  refill(shell.toast, icon("sig"), text);
  shell.toast.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { shell.toast.hidden = true; }, 4000);
}

/* ---- which page ---- */
export async function go(path, replace) {
  if (base + path !== location.pathname + location.search + location.hash) history[replace ? "replaceState" : "pushState"]({}, "", base + path);
  await open();
}
async function open(same) {
  if (!shell.main) return; /* locked */
  if (atHub) forget(); /* nobody tells of changes there */
  const parts = decodeURIComponent(location.pathname.slice(base.length) || "/").split("/").slice(1);
  const name = PAGES[parts[0]];
  const now = "/" + parts[0];
  for (const a of shell.nav.querySelectorAll("a")) {
    const here = a.getAttribute("href") === base + (SECTION[parts.slice(0, 2).join("/")] || SECTION[parts[0]] || now);
    here ? a.setAttribute("aria-current", "page") : a.removeAttribute("aria-current");
  }
  if (page?.path === location.pathname && page.move && !same) {
    if (await page.move(new URLSearchParams(location.search), location.hash) !== false) {
      shell.main.dataset.at = location.pathname + location.search;
      return;
    }
  }
  const turn = ++opening;
  page?.leave?.();
  const keep = same ? scrollY : 0;
  const ctx = {
    parts, query: new URLSearchParams(location.search), hash: location.hash, main: shell.main, stage: shell.stage, go, toast,
    alive: () => turn === opening,
    title(text, crumbs) {
      document.title = text + " · satchel";
      refill(shell.crumbs, (crumbs || []).map(([to, words]) => [h("a", { href: to }, words), h("span", { "aria-hidden": "true" }, "/")]), h("b", null, text));
    },
  };
  page = { path: location.pathname, keys: {} };
  const before = shell.main.firstElementChild;
  const slow = setTimeout(() => { if (turn === opening && shell.main.firstElementChild === before) refill(shell.main, h("div", { class: "stack2 waiting", "aria-label": t("Loading") },
    Array.from({ length: 6 }, () => h("div", { class: "skeleton" })))); }, 150);
  try {
    if (!name) throw new Error(t("there is no such page"));
    const module = await import(`./${name}.js`);
    const clear = () => { shell.stage.className = "stage"; for (const el of [...shell.stage.children]) if (el !== shell.main) el.remove(); };
    ctx.clear = clear;
    const opened = await module.open(ctx);
    if (turn !== opening) return opened?.leave?.();
    page = Object.assign(opened || {}, { path: location.pathname }); /* the page itself: its methods are the prototype's */
    if (!same) {
      scrollTo(0, keep);
      if (document.activeElement === document.body || !document.activeElement?.isConnected) shell.main.focus({ preventScroll: true });
    }
  } catch (e) {
    if (turn !== opening) return;
    shell.stage.className = "stage";
    ctx.title(t("This page does not open"));
    refill(shell.main, h("h1", null, t("This page does not open")), notice("alert", "warn", e.message), h("p", null, h("a", { href: "/" }, t("To Today"))));
    console.error(e);
  } finally {
    clearTimeout(slow);
    if (turn === opening) shell.main.dataset.at = location.pathname + location.search; /* it stands: for whoever waits */
  }
}

document.addEventListener("click", (e) => {
  const a = e.target.closest?.("a[href]");
  if (!a || e.defaultPrevented || e.button || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey || a.hasAttribute("download")) return;
  const to = a.getAttribute("href");
  if (!to.startsWith(base + "/") || /^\/(api|c)\//.test(to.slice(base.length))) return; /* a file, or another case's pages */
  e.preventDefault();
  go(to.slice(base.length));
});
addEventListener("popstate", () => open());

/* ---- keys: single letters never while somebody types ---- */
const typing = (el) => el && (el.isContentEditable || el.tagName === "TEXTAREA" || el.tagName === "SELECT" ||
  (el.tagName === "INPUT" && !["radio", "checkbox", "button", "submit", "file"].includes(el.type)));
let after = 0; /* until when a G waits for its letter */
document.addEventListener("keydown", (e) => {
  if (!shell.main || e.isComposing || e.keyCode === 229 || document.querySelector("dialog[open]")) return;
  const name = e.key === " " ? "Space" : e.key.length === 1 ? e.key.toLowerCase() : e.key;
  if (e.ctrlKey || e.metaKey || e.altKey) {
    if (name === "Enter" && page?.keys?.["Ctrl Enter"] && !typing(e.target)) { e.preventDefault(); page.keys["Ctrl Enter"](e); }
    return;
  }
  if (name === "Escape") {
    if (page?.keys?.Escape?.(e) !== false && typing(e.target)) e.target.blur();
    return;
  }
  if (typing(e.target)) return;
  if (Date.now() < after) {
    after = 0;
    const row = RAIL.find((r) => r && r[3] === name);
    if (row) { e.preventDefault(); return void go(row[0]); }
  }
  if (name === "g") { after = Date.now() + 1500; return; }
  const mine = atHub && !READING_KEYS.has(name) ? null : page?.keys?.[name];
  if (mine) { if (mine(e) !== false) e.preventDefault(); return; }
  if (name === "/") { e.preventDefault(); go("/search"); }
  else if (name === "?") { e.preventDefault(); keysHelp(); }
  else if (atHub) return;
  else if (name === "c") { e.preventDefault(); go("/new/finding"); }
  else if (name === "u") { e.preventDefault(); go("/sync#stick"); }
});
document.addEventListener("paste", (e) => {
  const files = [...(e.clipboardData?.files || [])];
  if (files.length && page?.files) { e.preventDefault(); page.files(files); }
});
for (const what of ["dragover", "drop"]) document.addEventListener(what, (e) => {
  if (e.defaultPrevented || !e.dataTransfer?.types.includes("Files")) return;
  e.preventDefault(); /* a file beside the strip must not replace the page */
  if (what === "drop") page?.files?.([...e.dataTransfer.files]);
});
async function keysHelp() {
  const { help } = await import("./keys.js");
  dialog(t("All keys"), () => help());
}

/* ---- what happens elsewhere ---- */
let changing;
on("change", () => {
  clearTimeout(changing);
  changing = setTimeout(() => { page?.change?.(); footer(); }, 60);
});
let told = null; /* what the alarm says: "gone", "full" */
function alarm(what, symbol, ...words) {
  if (!shell.main) return;
  told = what;
  refill(shell.alarm, notice(what === "gone" ? "minor" : "alert", symbol, ...words));
}
function calm(what) {
  if (told !== what) return;
  told = null;
  refill(shell.alarm);
}
on("gone", () => {
  if (shell.offline) shell.offline.hidden = false;
  if (atHub || told === "gone") return;
  const copy = button(t("Copy what is not kept"), { class: "small", onclick: async () => {
    const all = unkept();
    await navigator.clipboard.writeText(all.map(([title, text]) => title + "\n" + text).join("\n\n")).then(() => toast(t("copied")), () => toast(t("the browser does not let it be copied")));
  } });
  alarm("gone", "off", h("p", null, h("strong", null, t("satchel has ended. ")),
    t("What was recorded or noted as a draft is safe: start 'satchel ui' again, and it is there. What you type here now is in this page alone.")), copy);
});
on("back", () => {
  if (shell.offline) shell.offline.hidden = true;
  calm("gone");
});
on("room", () => calm("full"));
on("toast", (text) => toast(text));
/* A page of a locked store shows nothing and knows nothing, but for what could not be kept before it was locked. */
on("locked", async () => {
  if (!shell.main) return;
  shell.main = null;
  opening++;
  refill(clearBody());
  await flush();
  if (!unkept().length) return location.reload();
  page?.leave?.();
  page = null;
  forget();
  start();
});
on("open", () => { if (!shell.main && following) start(); });
on("full", (words) => alarm("full", "warn", h("strong", null, words, t(".")), " ", t("Go on typing: it is tried again until there is room.")));
on("damaged", (words) => refill(shell.alarm, notice("alert", "warn", h("strong", null, t("The store is damaged. ")), words)));

/* ---- the start ---- */
async function start() {
  let state;
  try {
    if (atHub) await speak(spoken().startsWith("zh") ? "zh" : "en");
    else ahead();
    state = await raw("/api/state");
    if (state.error) throw new Error(state.error); /* a case that is not there, or not for this reader */
  } catch (e) {
    refill(clearBody(), h("main", { class: "door" }, h("h1", null, "satchel"), notice("alert", "lock", e.message)));
    return;
  }
  await speak(state.language, texts);
  texts = null;
  me.readonly = state.readonly === true;
  if (!state.store || state.locked) {
    const door = await import("./unlock.js");
    document.title = t("Unlock") + " · satchel";
    return void door.open(clearBody(), state, start);
  }
  frame();
  if (atHub) learnReviewer(state);
  else await Promise.all([drafts, learnMe()]);
  await open();
  await painted();
  footer();
  if (atHub) return;
  retry(); /* what could not be kept while the store was locked */
  following ||= follow();
  const calm = () => new Promise((r) => (window.requestIdleCallback || setTimeout)(r, { timeout: 2000 }));
  for (const name of new Set(Object.values(PAGES))) if (name) await calm().then(() => import(`./${name}.js`)).catch(() => {}); /* for the next click */
}
/* What the first page needs, asked for before it is known who asks and in which language. A store that is locked refuses. */
let texts = null, drafts = null, following = null;
function ahead() {
  const name = PAGES[location.pathname.split("/")[1]];
  texts = askTexts();
  if (name) import(`./${name}.js`).then((module) => module.ahead?.(), () => {});
  learnMe().catch(() => {});
  drafts = loadDrafts().catch(() => {});
}
start();
