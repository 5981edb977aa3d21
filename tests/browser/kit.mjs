// What the browser tests share: counting, a running `satchel ui`, a page whose every sign of foreign script is noted.
import { spawn, spawnSync } from "node:child_process";
import path from "node:path";

const { chromium } = await import(path.join(process.env.NPM, "node_modules/playwright-core/index.mjs"));
export const { SATCHEL, WORK, NPM, AUDIT, CASE, PHOTOS, SHOTS } = process.env;

let passed = 0, failed = 0, skipped = 0;
export function ok(name, good, more) {
  if (good) passed++;
  else { failed++; console.log(`FAILED: ${name}`, more === undefined ? "" : more); }
  return good;
}
export const same = (name, want, got) => ok(name, want === got, `${want} / ${got}`);
export const skip = (name) => { skipped++; console.log(`skipped: ${name}`); };
export function end() {
  console.log(`# ${passed} passed, ${failed} failed, ${skipped} skipped`);
  return failed ? 1 : 0;
}

// The command line beside the pages, on the same store.
export function cli(store, ...args) {
  const r = spawnSync(SATCHEL, ["--store", path.join(WORK, store), "--json", ...args], { encoding: "utf8", cwd: WORK });
  try { return JSON.parse(r.stdout); } catch { return { status: r.status, error: r.stderr }; }
}
export function cliInput(store, input, ...args) {
  const r = spawnSync(SATCHEL, ["--store", path.join(WORK, store), "--json", ...args], { encoding: "utf8", cwd: WORK, input, maxBuffer: 1 << 28 });
  if (r.status) throw new Error(r.stderr);
  return JSON.parse(r.stdout);
}

export async function ui(store, lang, locked, before = []) {
  const env = { ...process.env };
  if (locked) delete env.SATCHEL_PASSPHRASE_FILE;
  const [program, ...words] = [...before, SATCHEL, "--store", path.join(WORK, store), "--lang", lang, "--json", "ui", "--no-open", "--listen", "127.0.0.1"];
  const child = spawn(program, words, { cwd: WORK, env, stdio: ["ignore", "pipe", "inherit"], detached: true }); // what is put before it may run it as a child
  let text = "";
  const first = new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error("satchel ui says no address")), 15000);
    child.stdout.on("data", (d) => { text += d; if (text.includes("\n")) { clearTimeout(timer); done(); } });
    child.on("exit", () => fail(new Error("satchel ui ended")));
  });
  await first;
  const gone = new Promise((done) => child.on("exit", done));
  const endBy = (signal) => { try { process.kill(-child.pid, signal); } catch { /* it has ended */ } return gone; };
  return {
    address: () => JSON.parse(text.trim().split("\n").pop()).url, origin: new URL(JSON.parse(text.split("\n")[0]).url).origin,
    stop: () => endBy("SIGTERM"), kill: () => endBy("SIGKILL"),
  };
}

export const browser = await chromium.launch({ executablePath: process.env.CHROMIUM });

// A page in it, with what must never happen noted in page.signs.
export async function enter(server, width, more) {
  const context = await browser.newContext({ viewport: { width, height: width < 500 ? 844 : 900 }, timezoneId: "Asia/Shanghai", acceptDownloads: true, ...more });
  const page = await watched(context, server.origin);
  await page.goto(server.address());
  await page.waitForSelector("main h1");
  return page;
}
export function patient(page) {
  page.waitForFunction = (fn, arg, options) => until(page, fn, arg, options?.timeout);
  return page;
}
export async function watched(context, origin) {
  const page = patient(await context.newPage());
  page.signs = [];
  page.setDefaultTimeout(10000);
  await page.addInitScript(() => {
    Object.defineProperty(window, "pwned", { set(v) { console.error("PWNED " + v); }, get() { return 0; } });
  });
  page.on("dialog", (d) => { if (d.type() !== "beforeunload") page.signs.push("dialog " + d.message()); d.dismiss().catch(() => {}); });
  page.on("console", (m) => { if (/PWNED|Content Security Policy|Refused to/.test(m.text())) page.signs.push(m.text()); });
  page.on("pageerror", (e) => page.signs.push("error " + e.message));
  page.on("request", (r) => { if (!r.url().startsWith(origin) && !/^(blob|data):/.test(r.url())) page.signs.push("request " + r.url()); });
  page.on("popup", (p) => page.signs.push("popup " + p.url()));
  return page;
}
// Asked from outside: the pages' policy lets no text become script, and so no waiting within them.
export async function until(page, fn, arg, timeout = 10000) {
  for (const last = Date.now() + timeout; ; await new Promise((r) => setTimeout(r, 20))) {
    if (await page.evaluate(fn, arg).catch(() => false)) return true;
    if (Date.now() > last) throw new Error("it does not come about: " + fn);
  }
}
// A walk within the page, as a click on a link is.
export async function go(page, to) {
  await page.evaluate((path) => { const a = document.createElement("a"); a.href = path; document.getElementById("root").append(a); delete document.querySelector("main").dataset.at; a.click(); a.remove(); }, to);
  await settled(page);
}
// The page stands, and nothing has moved in it for a moment.
export async function settled(page) {
  await page.waitForFunction(() => document.querySelector("main")?.dataset.at === location.pathname + location.search);
  await page.evaluate(() => new Promise((done) => {
    let timer;
    const still = () => { clearTimeout(timer); timer = setTimeout(end, 40); };
    const watch = new MutationObserver(still), last = setTimeout(end, 1000);
    function end() { clearTimeout(last); clearTimeout(timer); watch.disconnect(); done(); }
    watch.observe(document.body, { subtree: true, childList: true });
    still();
  }));
}
export async function shot(page, name) {
  if (SHOTS) await page.screenshot({ path: path.join(SHOTS, name + ".png") });
}
