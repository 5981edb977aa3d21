// What a person sees when things go wrong, in both languages, and that nothing acknowledged is lost: a tab killed in
// mid-typing, the program killed in mid-upload, the store locked, the disk full, the clock changed, the program gone.
import fs from "node:fs";
import path from "node:path";
import { AUDIT, WORK, browser, cli, end, enter, go, ok, patient, same, shot, skip, ui } from "./kit.mjs";

const { DISK, FINDING, FAKETIME } = process.env;
const passphrase = fs.readFileSync(process.env.SATCHEL_PASSPHRASE_FILE, "utf8").trim();
const step = async (name, run) => { if (process.env.ONLY && !name.includes(process.env.ONLY)) return; try { await run(); } catch (e) { ok(name, false, e.stack.split("\n").slice(0, 6).join("\n  ")); } };
const box = (page, name) => page.locator(`[data-field=${name}] textarea`);
const text = async (page, selector) => (await page.locator(selector).allTextContents()).join(" ");
const kept = (page) => page.waitForFunction(() => [...document.querySelectorAll(".draftnote")].some((x) => /draft kept|草稿已存/.test(x.textContent)));
// Typed as a person does: one key after the other.
const type = async (page, name, words) => { await box(page, name).focus(); await page.keyboard.type(words); };
const WORDS = {
  zh: { back: "已恢复上次输入的内容", gone: "satchel 已结束", how: "重新启动", broke: "传送中断", again: "重试", unlock: "已锁定", full: "磁盘已满", clock: "本机时钟是否正确", overdue: "逾期" },
  en: { back: "What you typed here before is back", gone: "satchel has ended", how: "start 'satchel ui' again", broke: "the transfer broke off", again: "Try again", unlock: "The store is locked", full: "the disk is full", clock: "Is the clock of this device right", overdue: "overdue" },
};

for (const lang of ["zh", "en"]) {
  const w = WORDS[lang], at = "/" + FINDING;
  let server = await ui("zhang", lang), page = await enter(server, lang === "zh" ? 1440 : 390);

  await step(`a tab killed in mid-typing (${lang})`, async () => {
    await go(page, at);
    await type(page, "root_cause", `${lang}: nobody was named`);
    await kept(page);
    await page.keyboard.type(", and the deputy was away");
    await page.waitForTimeout(700);
    const crash = await page.context().newCDPSession(page);
    await Promise.race([crash.send("Page.crash").catch(() => {}), page.waitForTimeout(1500)]);
    page = patient(await page.context().newPage());
    await page.goto(server.origin + at);
    await page.waitForSelector("main h1");
    await page.waitForSelector("[data-field=root_cause] textarea");
    same("the text is there again", `${lang}: nobody was named, and the deputy was away`, await box(page, "root_cause").inputValue());
    ok("and it says so", (await text(page, "form")).includes(w.back), await text(page, "form"));
    await shot(page, `fault-tab-${lang}`);
    const port = server.origin;
    await server.stop();
    await page.context().close();
    server = await ui("zhang", lang);
    page = await enter(server, lang === "zh" ? 1440 : 390);
    ok("the program is at another port", server.origin !== port);
    ok("today names the draft", (await text(page, "main")).includes(`${lang}: nobody was named`));
    await go(page, at);
    same("after the program was started again too", `${lang}: nobody was named, and the deputy was away`, await box(page, "root_cause").inputValue());
    await page.locator("form button", { hasText: /Discard|丢弃|放弃/ }).first().click();
  });

  await step(`killed in mid-upload (${lang})`, async () => {
    await go(page, at);
    const one = path.join(WORK, `first-${lang}.bin`), large = path.join(WORK, `large-${lang}.bin`);
    fs.writeFileSync(one, Buffer.alloc(300000, lang));
    fs.writeFileSync(large, Buffer.alloc(200 << 20, lang));
    const put = async (files) => { const [c] = await Promise.all([page.waitForEvent("filechooser"), page.locator("button.drop").first().click()]); await c.setFiles(files); };
    await put([one]);
    await page.waitForFunction((n) => [...document.querySelectorAll(".tiles figcaption b")].some((b) => b.textContent === n), `first-${lang}.bin`);
    await put([large]);
    await page.waitForFunction(() => /^[1-9]\d?%$/.test(document.querySelector(".going .kind")?.textContent || ""));
    await server.kill();
    await page.waitForSelector(".going .mark.bad");
    ok("what is seen: it broke off, try again", (await text(page, ".going")).includes(w.broke) && (await text(page, ".going")).includes(w.again), await text(page, ".going"));
    await page.waitForSelector(".alarm .notice");
    ok("and how to go on", (await text(page, ".alarm")).includes(w.gone) && (await text(page, ".alarm")).includes(w.how), await text(page, ".alarm"));
    await page.locator(".going").scrollIntoViewIfNeeded();
    await shot(page, `fault-upload-${lang}`);
    await page.context().close();
    server = await ui("zhang", lang);
    page = await enter(server, lang === "zh" ? 1440 : 390);
    const files = () => cli("zhang", "list", "evidence", "of+=" + FINDING).map((r) => r.fields.name);
    ok("what was acknowledged is there", files().includes(`first-${lang}.bin`));
    ok("the other one is not half there", !files().includes(`large-${lang}.bin`));
    same("the store verifies", 0, cli("zhang", "verify").status ?? 0);
    await go(page, at);
    for (let i = 0; i < 2; i++) {
      await put([one, large]);
      await page.waitForFunction(() => !document.querySelector(".going figure"), undefined, { timeout: 60000 });
    }
    same("tried again, twice: each once", 2, files().filter((n) => n.endsWith(`-${lang}.bin`)).length);
    for (const f of [one, large]) fs.rmSync(f);
  });

  await step(`the store locked (${lang})`, async () => {
    await go(page, at);
    await type(page, "correction", "signed since");
    await kept(page);
    const other = patient(await page.context().newPage());
    await other.goto(server.origin + "/");
    await other.waitForSelector("main h1");
    await page.bringToFront();
    await type(page, "correction", ", by all three"); // within the 400 ms before it is kept
    await other.evaluate(() => fetch("/api/lock", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" }));
    await page.waitForSelector(".doorcard");
    await page.waitForTimeout(600);
    ok("the passphrase field alone", (await page.locator("input, textarea, select").count()) === 1 && (await text(page, "body")).includes(w.unlock));
    ok("nothing of the record is to be seen", !(await text(page, "#root")).includes("signed"));
    await shot(page, `fault-locked-${lang}`);
    await page.locator("input").fill(passphrase);
    await page.keyboard.press("Enter");
    await page.waitForSelector("[data-field=correction] textarea");
    same("what was typed survives", "signed since, by all three", await box(page, "correction").inputValue());
    same("at the same place", at, new URL(page.url()).pathname);
    await other.waitForSelector("main h1");
    await other.close();
    await page.waitForTimeout(500);
    await page.reload();
    await page.waitForSelector("[data-field=correction] textarea");
    same("and it is kept", "signed since, by all three", await box(page, "correction").inputValue());
    await page.locator("form button", { hasText: /Discard|丢弃|放弃/ }).first().click();
  });

  await step(`the program gone (${lang})`, async () => {
    await go(page, at);
    await server.kill();
    await page.waitForSelector(".alarm .notice");
    ok("a quiet mark", await page.locator(".top .mark:not([hidden]) use[href='#off']").count() === 1);
    await type(page, "correction", "typed while nobody answers");
    await page.waitForFunction(() => [...document.querySelectorAll(".draftnote")].some((x) => /not kept|未能存下/.test(x.textContent)));
    same("typing goes on", "typed while nobody answers", await box(page, "correction").inputValue());
    ok("it says how to go on", (await text(page, ".alarm")).includes(w.how));
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.locator(".alarm button").click();
    ok("what is not kept can be carried over", (await page.evaluate(() => navigator.clipboard.readText())).includes("typed while nobody answers"));
    await page.evaluate(() => scrollTo(0, 0));
    await shot(page, `fault-gone-${lang}`);
    const old = page;
    server = await ui("zhang", lang);
    page = await enter(server, lang === "zh" ? 1440 : 390);
    ok("the old page is as it was", (await old.locator("[data-field=correction] textarea").inputValue()) === "typed while nobody answers" && (await text(old, ".alarm")).includes(w.how));
    await old.context().close();
  });
  await page.context().close();
  await server.stop();

  await step(`the clock changed (${lang})`, async () => {
    if (!FAKETIME) return skip("the clock changed: there is no faketime for this program");
    for (const years of [-10, lang === "zh" ? 10 : 25]) {
      const off = await ui("zhang", lang, false, ["faketime", "-f", `${years > 0 ? "+" : ""}${years * 365}d`]);
      const there = await browser.newContext({ viewport: { width: lang === "zh" ? 1440 : 390, height: 900 }, timezoneId: "Asia/Shanghai" });
      const p = patient(await there.newPage());
      p.signs = [];
      p.on("pageerror", (e) => p.signs.push(e.message));
      await p.clock.install({ time: Date.now() + years * 365 * 86400000 });
      await p.goto(off.address());
      await p.waitForSelector("main h1");
      ok(`${years} years: it asks about the clock`, (await text(p, "main .notice")).includes(w.clock), await text(p, "main .notice"));
      await shot(p, `fault-clock${years > 0 ? "+" : ""}${years}-${lang}`);
      ok(`${years} years: what is due is reckoned from it`, (await text(p, "main .due")).includes(w.overdue) === years > 0, await text(p, "main .due"));
      await go2(p, off.origin + at);
      await box(p, "verification").fill("");
      await type(p, "verification", `at ${years}`);
      await p.clock.runFor(600);
      await kept(p);
      await p.reload();
      await p.waitForSelector("[data-field=verification] textarea");
      same(`${years} years: the draft survives`, `at ${years}`, await box(p, "verification").inputValue());
      await box(p, "verification").press("Control+Enter");
      await p.waitForFunction((v) => document.querySelector(".timeline")?.textContent.includes(v), `at ${years}`);
      same(`${years} years: and is recorded`, `at ${years}`, cli("zhang", "show", FINDING).fields.verification);
      same(`${years} years: no page breaks`, "", p.signs.join("; "));
      await there.close();
      await off.stop();
    }
    same("the store verifies", 0, cli("zhang", "verify").status ?? 0);
  });
}
async function go2(p, url) { await p.goto(url); await p.waitForSelector("main form"); }

// ---- the disk full: its own small disk ----
for (const lang of ["zh", "en"]) await step(`the disk full (${lang})`, async () => {
  if (!DISK) return skip("the disk full: this user may not mount one");
  const w = WORDS[lang], server = await ui(DISK, lang), page = await enter(server, lang === "zh" ? 1440 : 390), filler = path.join(WORK, DISK, "..", "filler");
  const audit = cli(DISK, "list", "audit")[0].id, id = cli(DISK, "list", "finding", "audit=" + audit)[0].id;
  await go(page, "/" + id);
  const fd = fs.openSync(filler, "w");
  try { for (;;) fs.writeSync(fd, Buffer.alloc(4096)); } catch { fs.closeSync(fd); }
  await type(page, "root_cause", `${lang}: there is no room`);
  await box(page, "root_cause").evaluate((e) => { e.value += " and more".repeat(4000); e.dispatchEvent(new Event("input")); });
  await page.waitForFunction(() => document.querySelector(".alarm .notice"));
  ok("a message in place", (await text(page, ".alarm")).includes(w.full), await text(page, ".alarm"));
  ok("and at the form", /not kept|未能存下/.test(await text(page, ".draftnote")));
  await page.keyboard.type(" typing goes on");
  const typed = await box(page, "root_cause").inputValue();
  ok("typing goes on", typed.includes("typing goes on"));
  await page.evaluate(() => scrollTo(0, 0));
  await shot(page, `fault-full-${lang}`);
  await box(page, "root_cause").press("Control+Enter");
  await page.waitForSelector("form .notice[data-g=alert]");
  ok("to record says why not", /full|满/.test(await text(page, "form .notice")), await text(page, "form .notice"));
  same("what is typed stays", typed, await box(page, "root_cause").inputValue());
  fs.rmSync(filler);
  await page.waitForFunction(() => !document.querySelector(".alarm .notice"), undefined, { timeout: 15000 });
  ok("with room the draft is kept by itself", /draft kept|草稿已存/.test(await text(page, ".draftnote")), await text(page, ".draftnote"));
  await page.reload();
  await page.waitForSelector("[data-field=root_cause] textarea");
  same("it survives", typed, await box(page, "root_cause").inputValue());
  await box(page, "root_cause").press("Control+Enter");
  await page.waitForFunction(() => document.querySelector(".timeline")?.textContent.includes("there is no room"));
  same("and is recorded", typed, cli(DISK, "show", id).fields.root_cause);
  await page.context().close();
  await server.stop();
});
await browser.close();
process.exit(end());
