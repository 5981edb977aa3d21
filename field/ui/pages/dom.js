/* What every page is made of: elements without markup, texts in two languages, dates, icons. */
const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "use", "rect", "line", "circle", "text", "path"]);
/* Where these pages stand: "" at a kit; at a hub "…/review", and a case's "…/review/c/CASE". Paths in the code are below it. */
export const base = new URL(".", import.meta.url).pathname.slice(0, -1);
export const atHub = base !== "";
export const hubBase = base.replace(/\/c\/[^/]+$/, "");
export const caseHere = hubBase === base ? null : base.slice(hubBase.length + 3);
const PROPERTIES = new Set(["value", "checked", "disabled", "selected", "indeterminate", "readOnly"]);

/* An element. Text goes in as text, never as markup; addresses are our own paths alone. */
export function h(tag, props, ...children) {
  const el = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") el.addEventListener(name.slice(2), value);
    else if (name === "style" || name.startsWith("on")) throw new Error("no inline style or script");
    else if (name === "href" && !/^[/#](?![/\\])/.test(value)) throw new Error("an address of our own only");
    else if (name === "href" && value[0] === "/") el.setAttribute(name, base + value);
    else if (PROPERTIES.has(name)) el[name] = value;
    else el.setAttribute(name, value === true ? "" : value);
  }
  add(el, children);
  return el;
}
function add(el, children) {
  for (const child of children) {
    if (Array.isArray(child)) add(el, child);
    else if (child !== null && child !== undefined && child !== false) el.append(child);
  }
}

/* New content, with the focus where it was: on the element of the same data-k. */
export function refill(el, ...children) {
  const had = el.contains(document.activeElement) ? document.activeElement.dataset.k : null;
  el.replaceChildren();
  add(el, children);
  if (had) el.querySelector(`[data-k="${CSS.escape(had)}"]`)?.focus({ preventScroll: true });
  return el;
}

/* Children of a long list: what is seen at once, the others in the frames after it; `again`: all at once, for who has scrolled
 * or has the focus there. make: functions that give an element each. */
export function grow(el, make, again) {
  let at = again ? make.length : 24;
  add(el, make.slice(0, at).map((m) => m()));
  const more = () => {
    add(el, make.slice(at, at + 40).map((m) => m()));
    at += 40;
    if (at < make.length) requestAnimationFrame(more);
  };
  if (at < make.length) requestAnimationFrame(() => requestAnimationFrame(more));
  return el;
}

/* What stands is seen: for what may come after it. A page that nobody sees is not painted. */
export const painted = () => new Promise((r) => (document.hidden ? r() : requestAnimationFrame(() => setTimeout(r))));

export function icon(name, small) {
  return h("svg", { class: small ? "i i-s" : "i", "aria-hidden": "true" }, h("use", { href: "#" + name }));
}
export const key = (text) => h("kbd", { "aria-hidden": "true" }, text);

/* ---- texts ---- */
let table = null;
export let lang = "en";
/* asked: the answer for this language, where it is under way already. */
export const askTexts = (language) => fetch(base + "/texts.json", language ? { headers: { "Accept-Language": language } } : {}).catch(() => null);
export async function speak(language, asked) {
  lang = language;
  table = language === "zh" ? await (await (await asked || await askTexts(language))).json() : null;
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
}
/* English text, in the language of the page; %s and %d in their order. */
export function t(text, ...args) {
  let i = 0;
  return (table?.[text] ?? text).replace(/%[sd%]/g, (m) => (m === "%%" ? "%" : String(args[i++])));
}
export const N = (text) => text; /* marks a text that t gets later */
export const many = (n, one, several) => (n === 1 ? t(one) : t(several, n));
export const label = (l) => (l ? l[lang] || l.en || l.zh || "" : "");
export const comma = () => (lang === "zh" ? "，" : ", ");

/* ---- dates ---- */
const two = (n) => String(n).padStart(2, "0");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
export function isoDay(d) {
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}
export const today = () => isoDay(new Date());
/* In lists: 11-20, Nov 20; with its year where that is another one. */
export function shortDay(day) {
  if (!/^\d{4}-\d\d-\d\d/.test(day || "")) return day || "";
  const [y, m, d] = day.slice(0, 10).split("-");
  if (Number(y) !== new Date().getFullYear()) return day.slice(0, 10);
  return lang === "zh" ? `${m}-${d}` : `${MONTHS[m - 1]} ${Number(d)}`;
}
/* A time as the person's clock has it. */
export function when(time) {
  const d = new Date(time);
  if (!time || Number.isNaN(d.getTime())) return "";
  const clock = `${two(d.getHours())}:${two(d.getMinutes())}`;
  if (isoDay(d) === today()) return `${t("today")} ${clock}`;
  return `${shortDay(isoDay(d))} ${clock}`;
}
export function fullTime(time) {
  const d = new Date(time);
  if (!time || Number.isNaN(d.getTime())) return t("not known");
  return `${isoDay(d)} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}
export function longDay(d) {
  return new Intl.DateTimeFormat(lang === "zh" ? "zh-CN" : "en-GB", { month: "long", day: "numeric", weekday: "long" })
    .format(d).replace(/(\d+)月(\d+)日/, "$1 月 $2 日，");
}
export function daysUntil(day) {
  return Math.round((Date.parse(day + "T00:00:00Z") - Date.parse(today() + "T00:00:00Z")) / 86400000);
}
export function size(bytes) {
  if (!(bytes >= 0)) return "";
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB"];
  let n = bytes / 1000, i = 0;
  while (n >= 1000 && i < 2) { n /= 1000; i++; }
  return `${n < 10 ? n.toFixed(1) : Math.round(n)} ${units[i]}`;
}
export const number = (n) => Number(n).toLocaleString("en-US");

/* ---- parts that many pages share ---- */
export function chip(grade, text, symbol) {
  return h("span", { class: "chip", "data-g": grade }, icon(symbol || grade, true), text);
}
export function notice(grade, symbol, ...content) {
  return h("div", { class: "notice", "data-g": grade }, icon(symbol), h("div", null, ...content));
}
export function empty(text, symbol) {
  return h("p", { class: "empty" }, icon(symbol || "conform"), text);
}
export function card(title, side, ...content) {
  const id = "c" + Math.random().toString(36).slice(2, 8);
  return h("section", { class: "card", "aria-labelledby": id },
    h("header", null, h("h2", { id }, title), side ? h("span", { class: "push" }, side) : null), ...content);
}
export function skeleton(lines) {
  return h("div", { class: "in stack2 waiting", "aria-hidden": "true" },
    ...Array.from({ length: lines || 3 }, () => h("div", { class: "skeleton" })));
}
/* parts: [fill, share of 1] from the left. */
export function bar(text, parts, height) {
  let x = 0;
  return h("svg", { class: "bar", role: "img", "aria-label": text }, ...parts.map(([fill, share]) => {
    const rect = h("rect", { class: fill, x: `${x * 100}%`, width: `${Math.max(0, Math.min(1 - x, share)) * 100}%`, height: height || 8 });
    x += share;
    return rect;
  }));
}
export function custody(state) {
  const [symbol, text] = CUSTODY[state] || CUSTODY.here;
  return h("span", { class: "mark" }, icon(symbol, true), t(text));
}
export const CUSTODY = {
  here: ["here", N("here only")],
  way: ["way", N("on the way")],
  held: ["held", N("held by the hub")],
  awaited: ["awaited", N("awaited: not on this device")],
};
export function button(text, props, ...more) {
  return h("button", { type: "button", ...props, hint: null, class: "btn " + (props?.class || "") }, ...more, text,
    props?.hint ? key(props.hint) : null);
}
/* A dialog of our own; resolves with what its buttons give, null when it is closed. */
export function dialog(title, build) {
  return new Promise((done) => {
    const before = document.activeElement;
    const d = h("dialog", { class: "dialog", "aria-label": title });
    const end = (value) => { d.close(); d.remove(); before?.focus?.(); done(value); };
    add(d, [h("header", null, h("h2", null, title),
      h("button", { type: "button", class: "btn quiet icon", "aria-label": t("Close"), onclick: () => end(null) }, icon("close"))),
    build(end)]);
    d.addEventListener("cancel", (e) => { e.preventDefault(); end(null); });
    document.body.append(d);
    d.showModal();
    d.querySelector("[autofocus]")?.focus();
  });
}
