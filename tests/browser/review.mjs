// A reviewer at the hub: comes in by his ticket, follows a piece of evidence, and can change nothing.
import fs from "node:fs";
import path from "node:path";
import { NPM, browser, end, ok, same, until, watched } from "./kit.mjs";

const { URL: address, AGAIN, EV, ACTIVE, AUDIT, FINDING, PHOTO, SHOTS, WORK } = process.env;
const origin = new URL(address).origin, at = origin + "/review/c/BJ-1";
const methods = new Set();

async function enter(to, options) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, timezoneId: "Asia/Shanghai", acceptDownloads: true, ...options });
  const page = await watched(context, origin);
  page.on("request", (r) => methods.add(r.method()));
  await page.goto(to);
  return page;
}
const settled = async (page) => {
  await page.waitForSelector("main h1");
  await until(page, () => !document.querySelector("main .waiting"));
  await page.waitForLoadState("networkidle", { timeout: 3000 }).catch(() => {});
};
const visit = async (page, to) => { await page.goto(to); await settled(page); };
const shot = async (page, name) => { if (SHOTS) await page.screenshot({ path: path.join(SHOTS, name + ".png"), fullPage: true }); };
const text = (page, selector) => page.locator(selector).first().innerText();
async function accessible(page, name) {
  await page.evaluate(fs.readFileSync(path.join(NPM, "node_modules/axe-core/axe.min.js"), "utf8"));
  const serious = (await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }))).violations.filter((v) => ["serious", "critical"].includes(v.impact));
  ok("axe: " + name, serious.length === 0, serious.map((v) => `${v.id}: ${v.nodes[0].target}`).join("; "));
}

const li = await enter(address, { locale: "en-GB" });
await settled(li);
same("the ticket is gone from the address", origin + "/review/", li.url());
same("one case", "华安 BJ-1", await text(li, "main a.name"));
await accessible(li, "cases");
await li.click("main a.name");
await li.waitForURL(at + "/");
await settled(li);
same("its pages", "华安 BJ-1", await text(li, "main h1"));

// The way from an audit to its evidence, by links alone.
await li.click(".rail a[href$='/audits']");
await settled(li);
await li.click("main a.name");
await li.waitForSelector(".matrix .cell");
ok("the matrix stands", (await li.locator(".cell").count()) > 3);
await accessible(li, "audit");
await visit(li, `${at}/${FINDING}`);
await li.waitForSelector("a.thumb");
await shot(li, "review-finding");
await li.click(`a.thumb[data-k="${EV}"]`);
await li.waitForSelector(".proof");
await settled(li);
same("all checks hold", "6 of 6 checks hold", await text(li, ".card:has(.proof) header .chip"));
ok("the history has its receipts", /receipt/.test(await text(li, ".timeline")));
ok("and its reason, as text", (await text(li, ".timeline")).includes("改<b>标题</b>"));
ok("times between receipts", /last receipt.*device clock.*hub/s.test((await li.locator(".bracket").innerHTML())));
ok("the recipe", (await text(li, ".recipe")).includes("ssh-keygen -Y verify"));
ok("the picture is drawn", await until(li, () => document.querySelector(".preview canvas")?.width > 0));
const [download] = await Promise.all([li.waitForEvent("download"), li.click("a[download]")]);
same("the original is the file", fs.readFileSync(PHOTO).toString("base64"), fs.readFileSync(await download.path()).toString("base64"));
await shot(li, "review-evidence");
await accessible(li, "evidence");
const controls = await li.evaluate(() => [...document.querySelectorAll("main input, main textarea")].filter((x) => !x.disabled && !x.readOnly && x.type !== "search").length);
same("no field can be written", 0, controls);
for (const words of ["Void", "Link to a record", "Crop, blur", "New finding", "Unlink"]) same("nothing that writes: " + words, 0, await li.getByRole("button", { name: words }).count());
await visit(li, `${at}/${ACTIVE}`);
await li.waitForSelector(".proof");
await li.waitForSelector(".preview pre");
ok("an SVG is shown as its text", (await text(li, ".preview")).includes("<script>"));

// Every page, in Chinese too, at a phone's width too.
await li.click(".lang button[lang=zh]");
await until(li, () => document.documentElement.lang === "zh-CN");
for (const to of ["/", "/audits", "/" + AUDIT, "/findings", "/" + FINDING, "/evidence", "/" + EV, "/conflicts", "/calendar", "/looks", "/search?q=记录"]) {
  await visit(li, at + to);
  same("Chinese: " + to, "zh-CN", await li.evaluate(() => document.documentElement.lang));
  ok("something stands there: " + to, (await text(li, "main h1")).length > 0 && !(await text(li, "main")).includes("打不开"));
}
await visit(li, origin + "/review/calendar");
ok("dates of all cases", (await text(li, "main")).includes("华安 BJ-1"));
await li.click("main ul.due a.name");
await li.waitForURL(`${at}/${FINDING}`);
await settled(li);
await li.setViewportSize({ width: 390, height: 844 });
await visit(li, `${at}/${EV}`);
await li.waitForSelector(".proof");
await settled(li);
ok("no wider than the phone", await li.evaluate(() => document.documentElement.scrollWidth <= innerWidth + 1));
await shot(li, "review-phone");
await accessible(li, "evidence on a phone");

// Another case; a second browser; what is no ticket any more.
await li.goto(origin + "/review/c/BJ-2/audits");
await li.waitForSelector("main");
await until(li, () => document.querySelector("main").innerText.includes("BJ-2"));
ok("another case is none", !(await text(li, "main")).includes("华安 BJ-2"));
const used = await enter(address, { locale: "en-GB" });
ok("the ticket was used", (await used.textContent("body")).includes("has been used"));
const second = await enter(AGAIN, { locale: "zh-CN" });
await settled(second);
same("the browser's language at first", "zh-CN", await second.evaluate(() => document.documentElement.lang));
ok("a cookie that no script reads", !(await second.evaluate(() => document.cookie)).includes("satchel"));

same("nothing but reading was asked", "GET", [...methods].join(" "));
for (const page of [li, used, second]) same("no sign of foreign script", "", page.signs.filter((s) => !/40[13]|favicon/.test(s)).join("; "));
await browser.close();
process.exitCode = end();
