// What a person waits for in Chromium: from a click to the frame in which what was asked for stands, and beside it the same
// content as a plain static page, clicked and measured alike. Every click begins on a page that was loaded anew, so nothing
// that the page kept from the last run is counted. Reads {program, store, audit, …} from standard input; prints a JSON line a
// case: {what, limit, ms, static_ms}. Environment: NPM, CHROMIUM.
import { spawn } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";

const { chromium } = await import(path.join(process.env.NPM, "node_modules/playwright-core/index.mjs"));
const o = JSON.parse(fs.readFileSync(0, "utf8"));
const median = (l) => [...l].sort((a, b) => a - b)[l.length >> 1];
const tell = (what, ours, theirs, limit) => console.log(JSON.stringify({ what, limit: limit || 100, ms: median(ours), static_ms: median(theirs), all: ours.map(Math.round) }));

// ---- satchel ui, as a person starts it ----
async function started() {
  const child = spawn(o.program, ["--store", o.store, "--lang", "zh", "--json", "ui", "--no-open"], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (d) => { text += d; });
  const line = async (n) => { for (let i = 0; i < 1000 && text.split("\n").length <= n; i++) await new Promise((r) => setTimeout(r, 20)); return JSON.parse(text.trim().split("\n").pop()).url; };
  const first = await line(1);
  let uses = 0;
  return { origin: new URL(first).origin, address: () => line(++uses), stop: () => new Promise((r) => { child.on("exit", r); child.kill(); }) };
}

// ---- the plain static server beside it ----
const plain = new Map(); // path to [type, bytes]
const server = http.createServer((q, r) => {
  const [type, body] = plain.get(q.url) || ["text/plain", ""];
  r.writeHead(plain.has(q.url) ? 200 : 404, { "Content-Type": type, "Content-Length": body.length, "Cache-Control": "max-age=3600" });
  r.end(body);
});
await new Promise((r) => server.listen(0, "127.0.0.1", r));
const staticOrigin = `http://127.0.0.1:${server.address().port}`;
plain.set("/style.css", ["text/css", fs.readFileSync(path.join(o.pages, "style.css"))]);

// In every document: when was the click, and when does a frame show that `ready` holds? Times are of the whole browser.
function watcher() {
  const now = () => performance.timeOrigin + performance.now();
  const fits = ({ selector, count, at }) => document.querySelectorAll(selector).length >= count && (!at || (at === "*" ? document.querySelector("main")?.dataset.at : document.querySelector("main")?.dataset.at === at));
  addEventListener("click", (e) => { if (e.isTrusted) sessionStorage.setItem("clicked", performance.timeOrigin + e.timeStamp); }, true);
  window.shown = (ready) => new Promise((done) => {
    const look = () => fits(ready) && (watch.disconnect(), requestAnimationFrame(() => { const c = new MessageChannel(); c.port1.onmessage = () => done(now()); c.port2.postMessage(0); }));
    const watch = new MutationObserver(look);
    watch.observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-at"] });
    look();
  });
  // Begun before the document is: the content of a static page may be there before any script of the test asks.
  const wanted = sessionStorage.getItem("wanted");
  if (wanted) window.stands = window.shown(JSON.parse(wanted));
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
const newContext = async () => { const c = await browser.newContext({ viewport: { width: 1440, height: 900 } }); await c.addInitScript(watcher); return c; };
// A page of a browser that is at rest: a window that has just been opened keeps a core busy with its own parts for a second.
const restedPage = async (context) => { const page = await context.newPage(); await new Promise((r) => setTimeout(r, 1500)); return page; };
const quiet = (page) => page.evaluate(() => new Promise((done) => {
  let timer = setTimeout(done, 250);
  new PerformanceObserver(() => { clearTimeout(timer); timer = setTimeout(done, 250); }).observe({ type: "resource" });
}));

// The document as it stands, without what runs in it: pictures stay out of both.
async function snapshot(page, name) {
  const html = await page.evaluate(() => {
    const d = document.documentElement.cloneNode(true);
    for (const x of d.querySelectorAll("script, link[rel=modulepreload], link[rel=icon]")) x.remove();
    for (const a of d.querySelectorAll("a[href]")) a.setAttribute("href", "#");
    return "<!doctype html>" + d.outerHTML;
  });
  plain.set(`/${name}.html`, ["text/html; charset=utf-8", Buffer.from(html)]);
  plain.set(`/${name}-from.html`, ["text/html; charset=utf-8", Buffer.from(`<!doctype html><link rel=stylesheet href=/style.css><h1>from</h1><p><a id=go href=/${name}.html>go</a>`)]);
}
async function plainClick(page, name, ready) {
  await page.goto(`${staticOrigin}/${name}-from.html`);
  await page.evaluate((r) => sessionStorage.setItem("wanted", JSON.stringify(r)), { ...ready, at: undefined });
  await Promise.all([page.waitForURL(`**/${name}.html`), page.locator("#go").click()]);
  const at = await page.evaluate(() => window.stands.then((t) => t - Number(sessionStorage.getItem("clicked"))));
  await page.evaluate(() => sessionStorage.removeItem("wanted"));
  return at;
}
async function plainFirst(name, ready) {
  const context = await newContext(), page = await restedPage(context);
  await context.addInitScript((r) => { if (!sessionStorage.getItem("wanted")) sessionStorage.setItem("wanted", r); }, JSON.stringify({ ...ready, at: undefined }));
  await context.addInitScript(() => { window.stands ??= window.shown(JSON.parse(sessionStorage.getItem("wanted"))); });
  await page.goto(`${staticOrigin}/${name}.html`);
  const ms = await page.evaluate(() => window.stands.then((t) => t - performance.timeOrigin));
  await context.close();
  return ms;
}

// ---- the first page: a browser that has nothing of it, by the address that was shown ----
const TODAY = { selector: "main h1, main .card", count: 6 };
async function first(address) {
  const context = await newContext(), page = await restedPage(context);
  await page.goto(await address(), { waitUntil: "commit" });
  const ms = await page.evaluate((r) => window.shown(r).then((t) => t - performance.timeOrigin), TODAY);
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0);
  const took = Math.max(ms, paint);
  if (process.env.DEBUG) console.error("first", Math.round(took), Math.round(paint), JSON.stringify(await page.evaluate(() => performance.getEntriesByType("resource").map((r) => `${r.name.replace(/^.*?\d\//, "/")} ${Math.round(r.startTime)}+${Math.round(r.duration)}`))));
  return { context, page, took };
}

const cold = [];
for (let i = 0; i < o.runs; i++) {
  let ui;
  const f = await first(async () => { ui = await started(); return ui.address(); });
  cold.push(f.took);
  await f.context.close();
  await ui.stop();
}
const ui = await started();
await (await first(ui.address)).context.close();
const warm = [], warmPlain = [];
let context, page;
for (let i = 0; i < o.runs; i++) {
  await context?.close();
  const f = await first(ui.address);
  ({ context, page } = f);
  warm.push(f.took);
  await quiet(page);
  if (i === 0) await snapshot(page, "today");
  warmPlain.push(await plainFirst("today", TODAY));
}
tell("first page", warm, warmPlain, 300);
tell("first page of a program just started", cold, warmPlain, 1300); // opening a store may take 1 s

// ---- clicks: [what, the page it begins on, what is clicked, what then stands] ----
const id = (r) => "/" + r, rail = (to) => `.rail a[href="${to}"]`;
const CLICKS = [
  ["an audit and its matrix", "/audits", "[data-rows] a.name", { selector: ".matrix .cell", count: 60, at: "*" }],
  ["a cell's form, with its records", id(o.audit), ".matrix .cell .n", { selector: ".panel .keypad label", count: 5 }],
  ["an empty cell's form", id(o.audit), '.matrix .cell[data-g="open"], .matrix .cell[data-g="none"]', { selector: ".panel .keypad label", count: 5 }],
  ["findings", "/", rail("/findings"), { selector: ".findings a.name", count: 20, at: "/findings" }],
  ["a finding", "/findings", ".findings a.name", { selector: ".keypad label, .timeline li", count: 5, at: "*" }],
  ["evidence (3,000 photos)", "/", rail("/evidence"), { selector: ".photos figure", count: 40, at: "/evidence" }],
  ["a piece of evidence", "/evidence", ".photos figure:nth-child(5) a.thumb", { selector: ".viewcard, .timeline li, .pairs dd", count: 8, at: "*" }],
  ["history of the audit", id(o.audit), "[data-k=tabhistory]", { selector: ".timeline li", count: 1, at: id(o.audit) + "/history" }],
  ["the check", id(o.audit), "[data-k=tabcheck]", { selector: ".gaps li", count: 3, at: id(o.audit) + "/check" }],
  ["findings of the audit", id(o.audit), "[data-k=tabfindings]", { selector: ".findings a.name", count: 20, at: id(o.audit) + "/findings" }],
  ["evidence of the audit", id(o.audit), "[data-k=tabevidence]", { selector: ".photos figure", count: 40, at: id(o.audit) + "/evidence" }],
  ["the report's fields", id(o.audit), "[data-k=tabreport]", { selector: "form.form [data-field]", count: 10, at: id(o.audit) + "/report" }],
  ["audits", "/", rail("/audits"), { selector: "[data-rows] a.name", count: 5, at: "/audits" }],
  ["conflicts (20 open)", "/", rail("/conflicts"), { selector: ".conflict .sides label", count: 4, at: "/conflicts" }],
  ["cases", "/", rail("/cases"), { selector: ".cases a.name", count: 1, at: "/cases" }],
  ["a case", "/cases", ".cases a.name", { selector: "main .card, main .list a", count: 2, at: "*" }],
  ["calendar", "/", rail("/calendar"), { selector: "main .card, .due a.name", count: 40, at: "/calendar" }],
  ["sync", "/", rail("/sync"), { selector: "main .card", count: 3, at: "/sync" }],
  ["search", "/", "a.find", { selector: "#searchbox", count: 1, at: "/search" }],
  ["today", "/sync", rail("/"), { selector: "main .card", count: 5, at: "/" }],
];
// `at`: the page of this address must say that it stands; "*": the one that is opened, whatever its address.
async function click([what, from, target, ready]) {
  await page.goto(ui.origin + from);
  await page.evaluate((at) => window.shown({ selector: "main", count: 1, at }), from);
  await quiet(page);
  const link = page.locator(target).first();
  await link.scrollIntoViewIfNeeded();
  const wants = page.evaluate((r) => { delete document.querySelector("main").dataset.at; return window.shown(r); }, ready);
  const before = await page.evaluate(() => performance.now());
  await link.click({ noWaitAfter: true });
  const took = await wants - Number(await page.evaluate(() => sessionStorage.getItem("clicked")));
  if (process.env.DEBUG) {
    const [clicked, all] = await page.evaluate((before) => [Number(sessionStorage.getItem("clicked")) - performance.timeOrigin, performance.getEntriesByType("resource").filter((r) => r.startTime > before).map((r) => [r.name, r.startTime, r.duration])], before);
    console.error(what, Math.round(took), all.map(([n, s, d]) => `${n.replace(/^.*?\d\//, "/").slice(0, 70)} ${Math.round(s - clicked)}+${Math.round(d)}`).join("  "));
  }
  return took;
}
const only = process.env.ONLY;
for (const [n, c] of CLICKS.entries()) {
  if (only && !c[0].includes(only)) continue;
  const ours = [], theirs = [];
  try {
    for (let i = 0; i < o.runs; i++) {
      ours.push(await click(c));
      if (i === 0) { await quiet(page); await snapshot(page, "p" + n); }
      theirs.push(await plainClick(page, "p" + n, c[3]));
    }
    tell(c[0], ours, theirs);
  } catch (e) {
    console.error(c[0], e.message.split("\n").slice(0, 5).join(" | "));
    tell(c[0] + ": IT DID NOT STAND", [9999], [0]);
  }
}
await browser.close();
await ui.stop();
server.close();
process.exit(0);
