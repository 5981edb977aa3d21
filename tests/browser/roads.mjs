// All roads, from the pages: joining, the hub's address, a stick, a colleague's kit, a phone, bytes that were freed.
import fs from "node:fs";
import path from "node:path";
import { spawnSync } from "node:child_process";
import { AUDIT, WORK, browser, cli, go, ok, same, shot, skip, watched } from "./kit.mjs";

const choose = async (page, click, files) => { const [chooser] = await Promise.all([page.waitForEvent("filechooser"), click()]); await chooser.setFiles(files); };
const words = (page, selector) => page.locator(selector).first().innerText();
const notice = (page) => page.waitForSelector("main .notice[data-g=conform], main .notice[data-g=alert]", { timeout: 30000 });
// What it comes to is told, and put away again.
async function told(page, name) {
  await notice(page);
  ok(name, await page.locator("main .notice[data-g=conform]").count() === 1, await words(page, "main .notice"));
  const said = await words(page, "main .notice");
  await page.locator("main .notice button").first().click();
  return said;
}

export async function joinHub(page, name, address) {
  await go(page, "/sync");
  await choose(page, () => page.locator("[data-k=join]").click(), path.join(WORK, name + ".enrol"));
  await page.waitForSelector("dialog .pairs code");
  same(`${name} compares fingerprints`, 2, await page.locator("dialog .pairs code").count());
  await shot(page, "joined-" + name);
  await Promise.all([page.waitForEvent("load"), page.locator("dialog header button").click()]);
  await page.waitForSelector("[data-k=place]");
  await page.locator("[data-k=place]").click();
  await page.locator("#rname").fill("hq");
  await page.locator("#rplace").fill(address);
  await page.locator("#rplace").press("Enter");
  await page.waitForSelector('[data-k="sync hq"]');
  await syncHub(page, name + " syncs for the first time");
  await go(page, "/audits");
  await page.waitForSelector(`[data-rows] a[href="/${AUDIT}"]`);
}
export async function syncHub(page, name) {
  await go(page, "/sync");
  await page.locator('[data-k="sync hq"]').click();
  return told(page, name);
}

// One writes to a stick and takes from it; the other takes what the hub left there from files.
export async function stick(one, other) {
  const folder = path.join(WORK, "stick");
  await go(one, "/");
  await one.locator("main a[href='/sync#stick']").click();
  await one.waitForFunction(() => document.activeElement?.id === "spath");
  await one.locator("#spath").fill(folder);
  await one.locator("#spath").press("Enter");
  await told(one, "written to a stick");
  spawnSync(process.env.SATCHEL, ["hub", "sync", "hub", "stick"], { cwd: WORK });
  await one.locator("#spath").fill(folder);
  await one.locator("[data-k=stickgo]").click();
  await told(one, "receipts from the stick");
  const outbox = path.join(folder, "outbox", cli("zhang", "whoami").kit);
  const bundles = fs.readdirSync(outbox, { recursive: true }).filter((f) => f.endsWith(".satchel")).map((f) => path.join(outbox, f));
  await go(other, "/sync");
  await choose(other, () => other.locator("[data-k=take]").click(), bundles);
  ok("bundles from files", /[1-9]/.test(await told(other, "bundles are taken in from files")), bundles.length);
}

// What fails is told by the names and in the words of people. zh: a page in Chinese, that of a kit which has joined.
export async function refusals(zh) {
  const file = (name) => ({ name, mimeType: "application/octet-stream", buffer: Buffer.from("no such thing") });
  const said = async (selector) => { await zh.waitForSelector(selector); return words(zh, selector); };
  await go(zh, "/sync");
  await choose(zh, () => zh.locator("[data-k=join]").click(), file("李的登记.enrol"));
  ok("an enrolment that is none, by its name", /^李的登记.enrol：[^a-z]*$/.test(await said("[role=alert] .notice")), await words(zh, "[role=alert] .notice"));
  await choose(zh, () => zh.locator("[data-k=take]").click(), file("总部.satchel"));
  ok("a bundle that is none", (await said("main .notice[data-g=alert] p + p")).includes("总部.satchel"), await words(zh, "main .notice"));
  await zh.locator("main .notice button").first().click();
  await zh.locator("#caddr").fill("127.0.0.1:1");
  await zh.locator("[data-k=exchange]").click();
  ok("a code is asked for", await zh.locator("#ccode").evaluate((e) => !e.validity.valid));
  await zh.locator("#ccode").fill("1234-5678");
  await zh.locator("[data-k=exchange]").click();
  same("nobody is there", "无法连接 http://127.0.0.1:1（该地址没有应答）", await said("main .notice[data-g=alert] p + p"));
  await zh.locator("main .notice button").first().click();
  await zh.locator("[data-k=place]").click();
  await zh.locator("#rname").fill("old");
  await zh.locator("#rplace").fill("http://hub.example/");
  await zh.locator("[data-k=add]").click();
  ok("without TLS only where that is said", /TLS/.test(await said("form .bad:not(:empty)")) && !/--/.test(await words(zh, "form .bad")), await words(zh, "form .bad"));
}

// One shows address and code, the other types them.
export async function pair(one, other) {
  await go(one, "/sync");
  await one.locator("[data-k=share]").click();
  await one.waitForSelector(".pairing .code, .card .notice[data-g=minor]");
  if (!await one.locator(".pairing .code").count()) return skip("no network to share in");
  const address = await words(one, ".pairing li code"), code = await words(one, ".pairing .code");
  await shot(one, "sharing");
  await go(other, "/sync");
  await other.locator("#caddr").fill(address);
  await other.locator("#ccode").fill(code);
  await other.locator("[data-k=exchange]").click();
  await told(other, "exchanged with the colleague");
  await one.waitForSelector(".card .notice[data-g=conform]");
  return true;
}

// The picture on the screen is read as a phone's camera does, and a photo comes into the record that is open.
export async function fromPhone(page, photo) {
  const before = await page.locator("main .tiles figure").count();
  await page.locator("main [data-k=phone]").first().click();
  await page.waitForSelector("dialog .qr"); // on loopback, so that there always is a network
  const picture = path.join(WORK, "qr.png");
  await page.locator("dialog .qr").screenshot({ path: picture });
  await shot(page, "phone-dialog");
  const read = spawnSync("zbarimg", ["-q", "--raw", picture], { encoding: "utf8" });
  const address = await words(page, "dialog .pairing code"), code = await words(page, "dialog .pairing .code");
  if (read.error) skip("no zbarimg: the picture is not read");
  else same("the picture is address and code", `${address}enter?code=${code}`, read.stdout.trim().split("#")[0]);
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, ignoreHTTPSErrors: true, locale: "en-GB" });
  const phone = await watched(context, new URL(address).origin);
  await phone.goto(address);
  await phone.locator("#code").fill(code === "12345678" ? "87654321" : "12345678");
  await phone.locator("#pair").click();
  await phone.waitForFunction(() => /code/.test(document.querySelector("#state")?.textContent));
  await shot(phone, "phone-wrong");
  if (read.error) {
    await phone.locator("#code").fill(code);
    await phone.locator("#pair").click();
  } else await phone.goto(read.stdout.trim());
  await phone.waitForSelector("#taking:not([hidden])");
  same("the code is gone from the address", "/", new URL(phone.url()).pathname + new URL(phone.url()).search);
  await phone.locator("#files").setInputFiles(photo);
  await phone.waitForFunction(() => /saved/.test(document.querySelector("#list li span")?.textContent));
  await shot(phone, "phone");
  await page.waitForSelector("dialog .list li");
  await shot(page, "phone-got");
  const late = await watched(await browser.newContext({ viewport: { width: 390, height: 844 }, ignoreHTTPSErrors: true }), new URL(address).origin);
  await late.goto(`${address}enter?code=${code}`);
  await late.waitForFunction(() => /another phone/.test(document.querySelector("#state")?.textContent));
  ok("a second phone is told", true);
  await late.context().close();
  await page.locator("dialog header button").click();
  await page.waitForFunction((n) => document.querySelectorAll("main .tiles figure").length > n, before);
  same("no sign of foreign script on the phone", "", phone.signs.join("; "));
  await phone.context().close();
}

// Bytes that a receipt names leave this device, and come back when they are asked for.
export async function freed(page, store, caseName, name) {
  cli(store, "free", "--case", caseName);
  const evidence = cli(store, "list", "evidence", "name=" + name)[0];
  await go(page, "/evidence");
  await page.waitForSelector(".thumb.wait");
  await go(page, "/" + evidence.id);
  await page.waitForSelector("[data-k=fetch]");
  await shot(page, "awaited");
  await page.locator("[data-k=fetch]").click();
  await page.waitForFunction(() => document.querySelector(".preview canvas")?.width > 0, undefined, { timeout: 20000 });
  same("the picture is here again", 0, await page.locator("[data-k=fetch]").count());
}
