// The pages as people use them: Zhang leads at a desktop in Chinese, by keyboard; Li audits on a phone's width in English; they
// join a hub and sync over its address, and a reviewer follows there what they have recorded.
import fs from "node:fs";
import path from "node:path";
import { AUDIT, CASE, PHOTOS, NPM, WORK, browser, cli, enter, end, go, ok, same, settled, shot, skip, ui, until } from "./kit.mjs";
import { payloads } from "./payloads.mjs";
import { follow } from "./reviewer.mjs";
import { freed, fromPhone, joinHub, pair, refusals, stick, syncHub } from "./roads.mjs";

const photo = (name) => path.join(PHOTOS, name);
const photos = fs.existsSync(photo("DSCN0010.jpg"));
if (!photos) skip("no photos at " + PHOTOS + ": pictures of one pixel instead");
const pixel = { name: "pixel.png", mimeType: "image/png", buffer: Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64") };
const files = (...names) => (photos ? names.map(photo) : names.map((n) => ({ ...pixel, name: n })));
const AT = "/" + AUDIT;
const kept = (page) => page.waitForFunction(() => [...document.querySelectorAll(".draftnote")].some((x) => /draft kept/.test(x.textContent)));
const step = async (name, run) => { try { return await run(); } catch (e) {
  ok(name, false, e.stack.split("\n").slice(0, 6).join("\n  "));
  for (const page of [zhang, li]) await page.locator("dialog").evaluateAll((l) => l.forEach((d) => d.remove())).catch(() => {}); // the next step begins afresh
  await shot(zhang, "failed-" + name.replace(/\W+/g, "-") + "-zhang").catch(() => {});
  await shot(li, "failed-" + name.replace(/\W+/g, "-") + "-li").catch(() => {});
} };
const put = async (page, files) => { const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.locator("button.drop").first().click()]); await chooser.setFiles(files); };
const stored = (page, n, within) => page.waitForFunction(([n, w]) => document.querySelectorAll(w + " .tiles figure").length >= n, [n, within || ".strip"], { timeout: 20000 });
const cell = (page, clause, dept) => page.locator(`.cell[data-clause="${clause}"][data-dept="${dept}"]`);

let zhangAt = await ui("zhang", "zh"), liAt = await ui("li", "en");
let zhang = await enter(zhangAt, 1440), li = await enter(liAt, 390);

// ---- two kits that know nothing yet ----
await step("Zhang joins", () => joinHub(zhang, "zhang", process.env.HUB_URL));
await step("Li joins", () => joinHub(li, "li", process.env.HUB_URL));

// ---- samples ----
await step("Zhang records a sample by keyboard", async () => {
  same("Chinese", "zh-CN", await zhang.evaluate(() => document.documentElement.lang));
  await zhang.keyboard.press("g"); await zhang.keyboard.press("a");
  await zhang.waitForURL("**/audits");
  await zhang.waitForSelector("[data-rows] a.name");
  await zhang.keyboard.press("j");
  await zhang.keyboard.press("Enter");
  await zhang.waitForSelector(".matrix .cell");
  await zhang.keyboard.press("n");
  const first = await zhang.evaluate(() => document.activeElement.dataset.k);
  ok("N goes to a required cell", /^B[23] D/.test(first), first);
  await cell(zhang, "B2", "D2").focus();
  await zhang.keyboard.press("ArrowLeft");
  same("arrows move", "B2 D1", await zhang.evaluate(() => document.activeElement.dataset.k));
  await zhang.keyboard.press("Enter");
  await zhang.waitForSelector(".panel .keypad");
  await zhang.waitForFunction(() => document.activeElement.closest(".panel"));
  await zhang.keyboard.press("1");
  await zhang.locator(".panel [data-field=note] textarea").fill("查阅评审记录 3 份");
  await put(zhang, files("DSCN0010.jpg", "DSCN0021.jpg"));
  await stored(zhang, 2, ".panel");
  await zhang.locator(".panel [data-field=note] textarea").press("Control+Enter");
  await zhang.waitForFunction(() => document.querySelector('.cell[data-k="B2 D1"]')?.dataset.g === "conform");
  same("with its evidence", "2", await cell(zhang, "B2", "D1").locator(".n").textContent());
  await zhang.waitForFunction(() => document.activeElement.dataset.k === "B2 D1"); // the focus is back at the cell
  await shot(zhang, "audit");
  await zhang.keyboard.press("Escape");
  await zhang.waitForFunction(() => !document.querySelector(".panel"));
  const n = cli("zhang", "list", "sample", "audit=" + AUDIT, "clause=B2");
  same("one sample is recorded", "conform 查阅评审记录 3 份", `${n[0].fields.result} ${n[0].fields.note}`);
  for (const [clause, dept] of [["B3", "D1"], ["B3", "D3"]]) {
    await cell(zhang, clause, dept).click();
    await zhang.waitForSelector(".panel .keypad");
    await zhang.locator(".panel .keypad label").first().click();
    await put(zhang, files("DSCN0025.jpg"));
    await stored(zhang, 1, ".panel");
    await zhang.locator(".panel button[type=submit]").click();
    await zhang.waitForFunction((k) => document.querySelector(`.cell[data-k="${k}"]`)?.dataset.g === "conform", `${clause} ${dept}`);
  }
});

await step("Zhang writes a finding, by keyboard alone", async () => {
  await cell(zhang, "B3", "D3").focus();
  await zhang.keyboard.press("Enter");
  await zhang.waitForFunction(() => document.activeElement.closest(".panel"));
  await zhang.keyboard.press("f");
  await zhang.waitForURL("**/new/finding?**");
  await zhang.waitForFunction(() => document.activeElement.name && document.activeElement.type === "radio");
  await zhang.keyboard.press("4");
  await zhang.keyboard.press("Tab");
  await zhang.keyboard.type("内部审核计划可按部门细分");
  await zhang.keyboard.press("Control+Enter");
  await zhang.waitForURL("**/finding/*");
  const written = cli("zhang", "list", "finding", "audit=" + AUDIT, "grade=ofi")[0];
  same("it names its sample", true, Object.keys(written.fields).some((k) => k.startsWith("samples.sample/")));
  await settled(zhang);
  await zhang.keyboard.press("g"); await zhang.keyboard.press("t");
  await zhang.waitForFunction(() => location.pathname === "/");
});

await step("Li records on a phone's width, several photos at once", async () => {
  await go(li, AT);
  await cell(li, "B2", "D3").click();
  await li.waitForSelector(".panel .keypad");
  ok("nothing is wider than the screen", await li.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await li.locator(".panel .keypad label", { hasText: "Minor nonconformity" }).click();
  await li.locator(".panel [data-field=note] textarea").fill("stage review of contract 2026-031 is missing");
  await put(li, files("portrait_8.jpg", "jolla.jpg", "landscape_6.jpg"));
  await stored(li, 3, ".panel");
  await li.locator(".panel button[type=submit]").click();
  await li.waitForFunction(() => document.querySelector('.cell[data-k="B2 D3"]')?.dataset.g === "minor");
  await shot(li, "audit-phone");
  await li.locator(".panel button", { hasText: "Write a finding" }).click();
  await li.waitForURL("**/new/finding?**");
  await li.waitForSelector("form .keypad");
  ok("the grade comes along", await li.locator(".keypad input[value=minor]").isChecked());
  ok("and the fact", (await li.locator("[data-field=fact] textarea").inputValue()).includes("2026-031"));
  await li.locator("[data-field=due] input").fill("2030-01-31");
  await li.locator("[data-field=confirmed_by] textarea").fill("project director");
  await li.locator("[data-field=confirmed] input").fill(new Date().toISOString().slice(0, 10));
  await li.locator("main button[type=submit]").click();
  await li.waitForURL("**/finding/*");
  await settled(li);
  await put(li, files("DSCN0040.jpg"));
  await stored(li, 1, "main");
});
const finding = () => cli("li", "list", "finding", "audit=" + AUDIT, "clause=B2")[0];

await step("thumbnails are drawn", async () => {
  await go(li, "/evidence");
  await li.waitForFunction(() => [...document.querySelectorAll(".thumb canvas")].some((c) => c.width > 100 && c.getContext("2d").getImageData(c.width >> 1, c.height >> 1, 1, 1).data[3] === 255));
  await shot(li, "evidence-phone");
});

await step("a photo from Li's phone", async () => { await go(li, "/" + finding().id); await fromPhone(li, photos ? photo("HMD_Nokia_8.3_5G.jpg") : { ...pixel, name: "HMD_Nokia_8.3_5G.jpg" }); });

// ---- to and from the hub, by its address ----
const exchange = async (name) => { await syncHub(zhang, `${name}: Zhang`); await syncHub(li, `${name}: Li`); await syncHub(zhang, `${name}: Zhang again`); };
await step("both sync with the hub", async () => {
  await exchange("samples and findings");
  same("Zhang has Li's finding", finding().id, cli("zhang", "list", "finding", "audit=" + AUDIT, "clause=B2")[0]?.id);
  await zhang.waitForFunction(() => /[1-9]/.test(document.querySelector(".custody.big > :last-child dd")?.textContent));
  await shot(zhang, "sync");
});

// ---- a conflict ----
await step("two grades, neither seen by the other", async () => {
  for (const [page, label] of [[zhang, "major"], [li, "observation"]]) {
    await go(page, "/" + finding().id);
    await page.locator(`.keypad input[value=${label}]`).evaluate((e) => e.click());
    await page.locator(".whyin").first().fill(label === "major" ? "三个项目都出现" : "only one of them");
    await page.locator("main form.form button[type=submit]").first().click();
    await page.waitForFunction((l) => [...document.querySelectorAll(".timeline .chip")].some((c) => c.dataset.g === l), label);
  }
  await exchange("two grades");
  await go(li, "/conflicts");
  await li.waitForSelector(".conflict");
  same("both values side by side", 2, await li.locator(".conflict .sides label").count());
  ok("Li may not settle it", (await li.locator(".conflict .settle").count()) === 0);
  await shot(li, "conflict-phone");
});

// ---- the leave-site check ----
await step("the check refuses", async () => {
  await go(zhang, AT + "/check");
  await zhang.waitForSelector(".gaps li");
  const gaps = await zhang.locator(".gaps li:not(.ok)").allTextContents();
  ok("it names the conflict, the meetings, the four and the conclusion", gaps.length >= 7, gaps.join(" | "));
  same("submit is locked", "true", await zhang.locator("[data-k=submit]").getAttribute("aria-disabled"));
  await zhang.locator("[data-k=submit]").click({ force: true }); // it is told to be locked, and says why
  same("nothing is submitted", undefined, cli("zhang", "show", AUDIT).fields.submitted);
  await shot(zhang, "check");
});
await step("the leader settles with a reason", async () => {
  await go(zhang, "/conflicts");
  await zhang.waitForSelector(".conflict .settle");
  await zhang.locator(".conflict button[type=submit]").click();
  ok("not without one", await zhang.locator(".conflict [role=alert] .notice").count() === 1);
  await zhang.locator(".conflict .sides label", { has: zhang.locator('[data-g="major"]') }).click();
  await zhang.locator(".conflict .settle input").fill("抽取的项目都出现，是体系性失效");
  await shot(zhang, "conflict");
  const asked = zhang.waitForRequest("**/api/apply");
  await zhang.locator(".conflict .settle input").press("Control+Enter");
  same("of the two values that were seen, and no third", 2, (await asked).postDataJSON().lines[0].read.grade.length);
  await zhang.waitForFunction(() => !document.querySelector(".conflict"));
  same("settled", "major", cli("zhang", "show", finding().id).fields.grade);
});
await step("meetings and the report", async () => {
  await go(zhang, AT + "/meetings");
  for (const i of [0, 1]) {
    const box = zhang.locator(".card").nth(i);
    await box.locator("[data-field=attendance] textarea").fill("受审核方与审核组全体，签到表已附");
    await box.locator("button[type=submit]").click();
    await zhang.waitForFunction((i) => document.querySelectorAll(".card")[i]?.querySelector(".strip"), i);
  }
  await go(zhang, AT + "/report");
  for (const name of ["followup_measures", "followup_complaints", "effectiveness", "changes"])
    await zhang.locator(`[data-field=${name}] textarea`).fill("已验证，有效");
  await zhang.locator('[data-field=result] input[value="pass"]').evaluate((e) => e.click());
  await zhang.locator("main button[type=submit]").click();
  await zhang.waitForFunction(() => document.querySelector(".toast:not([hidden])"));
});
await step("what is left is done from the links of the check", async () => {
  for (let round = 0; round < 8; round++) {
    await go(zhang, "/audits"); await go(zhang, AT + "/check");
    await zhang.waitForSelector(".leave .chip");
    const gaps = await zhang.locator(".gaps li:not(.ok) a").evaluateAll((l) => l.map((a) => [a.getAttribute("href"), a.textContent]));
    if (!gaps.length) break;
    if (round === 7) ok("the check becomes clean", false, JSON.stringify(gaps));
    const [to, text] = gaps[0];
    if (!/^\/finding\/|^\/audit\//.test(to)) { ok("a gap leads to where it is mended", false, to + " " + text); break; }
    await go(zhang, to);
    const field = new URLSearchParams(to.split("?")[1]).get("field");
    const box = zhang.locator(`[data-field=${field}]`);
    if (field) {
      if (await box.locator("textarea").count()) await box.locator("textarea").fill("见记录");
      else if (await box.locator("input[type=radio]").count()) await box.locator("input[type=radio]").first().evaluate((e) => e.click());
      else await box.locator("input").fill(new Date().toISOString().slice(0, 10));
      await box.locator("xpath=ancestor::form").locator("button[type=submit]").click();
      await zhang.waitForFunction(() => document.querySelector(".toast:not([hidden])"));
    } else { ok("a gap names its field", false, to + " " + text); break; }
  }
});
await step("submit", async () => {
  await go(zhang, AT + "/check");
  await zhang.locator("[data-k=rehash]").click();
  await zhang.waitForFunction(() => document.querySelectorAll(".gaps .ok").length >= 2, undefined, { timeout: 30000 });
  await zhang.locator("[data-k=submit]").click();
  await zhang.locator("dialog .btn.primary").click();
  await zhang.waitForFunction(() => !document.querySelector("[data-k=submit]"), undefined, { timeout: 30000 });
  same("submitted", "submitted", cli("zhang", "show", AUDIT).state);
  await exchange("submitted");
  same("Li sees it", "submitted", cli("li", "show", AUDIT).state);
});

// ---- the reviewer, at the hub ----
for (const [lang, width] of [["zh", 1440], ["en", 390]])
  await step(`the reviewer follows a photo (${lang}, ${width})`, async () => {
    if (!photos) return skip("no photos: nothing to follow");
    const page = await follow(lang, width, photo("DSCN0040.jpg"), { caseName: CASE, audit: AUDIT, finding: finding().id, by: "li", evidence: cli("li", "list", "evidence", "name=DSCN0040.jpg")[0].id });
    await page.context().close();
  });

// ---- the other roads ----
await step("what was freed comes back from the hub", () => freed(zhang, "zhang", CASE, "DSCN0010.jpg"));
await step("a stick, and bundles from files", async () => {
  cli("li", "set", finding().id, "place=room 3");
  await stick(li, zhang);
});
await step("what is refused on the Sync page", () => refusals(zhang));
await step("Li and Zhang side by side", async () => {
  cli("li", "set", finding().id, "note=told in the corridor");
  if (await pair(zhang, li)) same("it is Zhang's, too", "told in the corridor", cli("zhang", "show", finding().id).fields.note);
});

// ---- each page opens, at each width, and the checker finds nothing serious ----
const axe = fs.readFileSync(path.join(NPM, "node_modules/axe-core/axe.min.js"), "utf8");
const sanitized = /sanitize/.test(process.env.SATCHEL); // the pages are the same ones: once is enough
async function checked(page, name) {
  if (!sanitized) await accessible(page, name);
  ok(`${name} is not wider than the screen`, await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  same(`${name}: no sign of script or error`, "", page.signs.join("; "));
  page.signs.length = 0;
}
async function accessible(page, name) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  const bad = found.violations.filter((v) => ["serious", "critical"].includes(v.impact));
  ok(`axe: ${name}`, bad.length === 0, bad.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" ; ")}`).join("\n  "));
}
const evidence = cli("zhang", "list", "evidence")[0].id, certificate = cli("zhang", "list", "certificate")[0].id;
const PAGES = ["/", "/audits", AT, `${AT}?cell=B2+D3`, AT + "/findings", AT + "/meetings", AT + "/evidence", AT + "/report", AT + "/check", AT + "/history", "/findings", "/" + finding().id, "/evidence", "/" + evidence,
  "/conflicts", "/cases", `/case/${CASE}`, `/case/${CASE}/cycle`, `/case/${CASE}/due`, `/case/${CASE}/process`, "/record/" + certificate, "/calendar", "/sync", "/search?q=DSCN", "/new/finding", "/new/event?case=" + CASE];
const walk = async (page, lang) => {
  for (const to of PAGES) await step(`${to} (${lang})`, async () => {
    await go(page, to);
    if (to.includes("?cell")) await page.waitForSelector(".panel form");
    await checked(page, `${to} (${lang})`);
    await shot(page, `${lang.slice(0, 2)}-${to.replace(/\W+/g, "_")}`);
  });
};

// ---- from here on three at once: what waits most, waits together ----
// Made elsewhere, and drafts.
async function lisWay() {
  await step("a change made elsewhere shows and overwrites nothing", async () => {
    await go(li, "/" + finding().id);
    const root = li.locator("[data-field=root_cause] textarea");
    await root.fill("no deputy was named");
    cli("li", "set", finding().id, "root_cause=nobody checks", "correction=signed since");
    await li.waitForSelector("[data-field=root_cause] .news:not(:empty)");
    same("what is typed stays", "no deputy was named", await root.inputValue());
    await li.waitForFunction(() => document.querySelector("[data-field=correction] textarea").value === "signed since");
    await shot(li, "elsewhere-phone");
    await root.locator("xpath=ancestor::form").locator("button[type=submit]").click();
    await li.waitForSelector(".conflict");
    same("and becomes a conflict, not a loss", 2, cli("li", "show", finding().id).conflicts.root_cause?.length);
  });
  await step("a tab closed in mid-typing, the program killed", async () => {
    const other = await li.context().newPage();
    await other.goto(liAt.origin + "/" + finding().id);
    await other.waitForSelector("[data-field=note] textarea");
    await other.locator("[data-field=note] textarea").fill("typed, and the tab is gone");
    await other.close({ runBeforeUnload: true });
    await other.waitForEvent("close").catch(() => {});
    await go(li, "/"); await go(li, "/" + finding().id);
    await li.locator("[data-field=corrective_action] textarea").fill("a deputy is named");
    await kept(li);
    await liAt.kill();
    await li.locator("[data-field=verification] textarea").fill("typed while nobody answers");
    await li.waitForFunction(() => [...document.querySelectorAll(".draftnote")].some((x) => /not kept/.test(x.textContent)));
    ok("it says that nothing answers", await li.locator(".top .mark:not([hidden])").count() === 1);
    await li.context().close();
    liAt = await ui("li", "en");
    li = await enter(liAt, 390);
    await li.waitForSelector("text=Drafts, not recorded yet");
    await go(li, "/" + finding().id);
    same("the text of the closed tab is back", "typed, and the tab is gone", await li.locator("[data-field=note] textarea").inputValue());
    same("and that of the killed program", "a deputy is named", await li.locator("[data-field=corrective_action] textarea").inputValue());
  });

  await step("typed while it is being recorded", async () => {
    await go(li, "/" + finding().id);
    const note = li.locator("[data-field=note] textarea"), drafts = () => li.evaluate(async () => JSON.stringify(await (await fetch("/api/drafts")).json()));
    await li.route("**/api/apply", async (route) => { await new Promise((r) => setTimeout(r, 1000)); await route.continue(); });
    await note.fill("one");
    await note.press("Control+Enter");
    await note.fill("one, and two");
    await li.waitForSelector(".toast:not([hidden])");
    await kept(li);
    same("what was sent is recorded", "one", cli("li", "show", finding().id).fields.note);
    same("what came after stays", "one, and two", await note.inputValue());
    ok("as a draft", (await drafts()).includes("one, and two"), await drafts());
    await li.unroute("**/api/apply");
    await note.press("Control+Enter");
    await li.waitForFunction(() => document.querySelector("[data-field=note]").closest("form").querySelector(".draftnote").textContent === "");
    same("and then recorded, in no conflict with oneself", "one, and two {}", `${cli("li", "show", finding().id).fields.note} ${JSON.stringify(cli("li", "show", finding().id).conflicts ?? {}).replace(/"root_cause":\[.*?\],?/, "")}`);
  });
  await step("an older draft does not come in last", async () => {
    let came, late, first = true;
    const asked = new Promise((r) => { came = r; }), older = new Promise((r) => { late = r; });
    await li.route("**/api/draft/**", async (route) => {
      if (!first) return route.continue();
      first = false;
      came();
      await new Promise((r) => setTimeout(r, 900)); // longer than a newer one would take
      await route.fulfill({ response: await route.fetch() });
      late();
    });
    const soon = (what) => Promise.race([what, li.waitForTimeout(10000)]);
    const note = li.locator("[data-field=note] textarea");
    await note.fill("the older text");
    await soon(asked);
    await note.fill("the newer text");
    await soon(older);
    ok("the newer one is kept", await until(li, async () => JSON.stringify(await (await fetch("/api/drafts")).json()).includes("the newer text")));
    await li.unroute("**/api/draft/**");
    await note.fill("one, and two"); // as it is recorded: no draft
  });
  await walk(li, "en, phone");
}

async function zhangsWay() {
  await step("derivatives keep the original", async () => {
    const ev = cli("zhang", "list", "evidence", "name=" + (photos ? "DSCN0010.jpg" : "DSCN0010.jpg"))[0];
    await go(zhang, "/" + ev.id);
    await zhang.locator("[data-k=derive]").click();
    await zhang.locator("canvas.cut").focus();
    await zhang.keyboard.press("ArrowRight"); await zhang.keyboard.press("Shift+ArrowDown");
    await zhang.locator("dialog .cutbox button").nth(1).click();
    await shot(zhang, "derive");
    await zhang.locator("dialog .btn.primary").click();
    await zhang.waitForURL((u) => u.pathname.startsWith("/evidence/") && u.pathname !== "/" + ev.id);
    const made = cli("zhang", "list", "evidence", "derived_from=" + ev.id)[0];
    same("new evidence that names where it comes from", ev.id, made?.fields.derived_from);
    ok("of other bytes", made && made.fields.sha256 !== ev.fields.sha256);
    ok("and the original is as it was", !cli("zhang", "show", ev.id).void);
  });
  await walk(zhang, "zh, desktop");
  await step("dark", async () => {
    await zhang.emulateMedia({ colorScheme: "dark" });
    for (const to of ["/", `${AT}?cell=B2+D3`, "/" + finding().id, "/calendar", "/sync"]) { await go(zhang, to); await checked(zhang, to + " (dark)"); }
    await zhang.emulateMedia({ colorScheme: "light" });
  });
  await step("keys", async () => {
    await go(zhang, "/");
    await zhang.keyboard.press("?");
    await zhang.waitForSelector("dialog .keylist");
    await checked(zhang, "all keys");
    await zhang.keyboard.press("Escape");
    await zhang.keyboard.press("/");
    await zhang.waitForURL("**/search");
    await zhang.locator("#searchbox").pressSequentially("g c", { delay: 20 });
    ok("letters are text where text is typed", zhang.url().includes("/search"));
  });
  await payloads(zhang, zhangAt, step);
}

// The door.
async function strangersWay() {
  await step("a locked store shows the passphrase field alone", async () => {
    const at = await ui("li", "en", true);
    const page = await enter(at, 390);
    same("one field", 1, await page.locator("input").count());
    await checked(page, "locked");
    await page.locator("input").fill("not the passphrase");
    await page.keyboard.press("Enter");
    await page.waitForSelector("[role=alert] .notice");
    await shot(page, "locked");
    await page.locator("input").fill(fs.readFileSync(process.env.SATCHEL_PASSPHRASE_FILE, "utf8").trim());
    await page.keyboard.press("Enter");
    await page.waitForSelector(".rail");
    await page.waitForFunction(() => document.querySelector("main")?.dataset.at);
    await page.evaluate(() => fetch("/api/lock", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" }));
    await page.waitForSelector(".doorcard"); // at once, in every page that is open
    await page.context().close();
    await at.stop();
  });
  await step("a new store is made in the page", async () => {
    const at = await ui("fresh", "zh", true);
    const page = await enter(at, 1024);
    await checked(page, "no store yet");
    for (const [name, text] of [["name", "王芳"], ["email", "wang@body.example"], ["passphrase", "correct horse battery"], ["again", "correct horse battery"]]) await page.locator(`[name=${name}]`).fill(text);
    await page.keyboard.press("Enter");
    await page.waitForSelector("pre", { timeout: 30000 });
    ok("the recovery key is shown", (await page.locator("pre").textContent()).length > 20);
    await page.locator(".btn.primary").click();
    await page.waitForFunction(() => document.querySelector("main")?.dataset.at);
    for (const to of ["/", "/audits", "/findings", "/evidence", "/conflicts", "/cases", "/calendar", "/sync", "/search"]) { await go(page, to); await checked(page, "empty " + to); await shot(page, "empty" + to.replace(/\W+/g, "_")); }
    await go(page, "/cases");
    await page.locator(".lead .btn").click();
    await page.locator("dialog #case").fill("BJ-2026-0100");
    await page.locator("dialog #name").fill("西山网络技术研究院");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/case/BJ-2026-0100");
    await settled(page);
    ok("a case is opened", (await page.locator("h1").textContent()).includes("西山"));
    await page.context().close();
    await at.stop();
  });
}

await Promise.all([lisWay(), zhangsWay(), strangersWay()]);
await browser.close();
await Promise.all([zhangAt.stop(), liAt.stop()]);
process.exit(end());
