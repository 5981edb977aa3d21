// A reviewer at the hub, after the audit: from the case to one photo of one finding, its history, its proof; the original comes
// by a click, and the recipe is run as it stands there.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { spawnSync } from "node:child_process";
import { WORK, browser, cli, ok, same, settled, shot, until, watched } from "./kit.mjs";

const WORDS = {
  zh: { signature: "签名有效", receipt: "回执", checks: "6 项成立，共 6 项", first: "一般不符合", now: "严重不符合" },
  en: { signature: "signature valid", receipt: "receipt", checks: "6 of 6 checks hold", first: "Minor nonconformity", now: "Major nonconformity" },
};

export async function enterHub(lang, width) {
  const { url } = cli("wang", "review", "hq", "--no-open");
  const context = await browser.newContext({ viewport: { width, height: width < 500 ? 844 : 900 }, timezoneId: "Asia/Shanghai", locale: lang === "zh" ? "zh-CN" : "en-GB", acceptDownloads: true });
  const page = await watched(context, new URL(url).origin);
  await page.goto(url);
  await settled(page);
  return page;
}

// file: the photo as the auditor had it; of: {caseName, audit, finding, evidence, by}.
export async function follow(lang, width, file, of) {
  const page = await enterHub(lang, width), w = WORDS[lang], text = (selector) => page.locator(selector).first().innerText();
  const click = async (selector) => { await page.locator(selector).first().click(); await settled(page); };
  await click(`main a[href$='/c/${of.caseName}/']`);
  await click(".rail a[href$='/audits']");
  await click(`main a[href$='/${of.audit}']`);
  await page.waitForSelector(".matrix .cell");
  await click(".tabs [data-k=tabfindings]");
  await click(`main a[href$='/${of.finding}']`);
  await page.locator("select.asof").selectOption({ index: await page.locator("select.asof option").count() - 1 });
  await page.waitForSelector(".aspast .notice");
  ok(`${lang}: as it was at first`, (await text(".aspast")).includes(w.first) && (await text(".lead")).includes(w.now), await text(".aspast"));
  await shot(page, `hub-finding-${lang}`);
  await click(`a.thumb[data-k="${of.evidence}"]`);
  await page.waitForSelector(".proof");
  await settled(page);
  const sha256 = createHash("sha256").update(fs.readFileSync(file)).digest("hex");
  ok(`${lang}: the hash is the file's`, (await text(".pairs")).includes(sha256));
  const line = await text(".timeline");
  ok(`${lang}: who, signature, receipt`, [of.by, w.signature, w.receipt].every((x) => line.includes(x)), line);
  ok(`${lang}: when, and by which entry`, await page.locator(".timeline time[datetime]").count() > 0 && await page.locator(".timeline .proofline code").count() > 0);
  same(`${lang}: the proof`, w.checks, await text(".card:has(.proof) header .chip"));
  ok(`${lang}: the picture`, await until(page, () => document.querySelector(".preview canvas")?.width > 0));
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator("a[download]").click()]);
  const folder = path.join(WORK, "recipe-" + lang);
  fs.mkdirSync(folder);
  await download.saveAs(path.join(folder, "original"));
  const run = spawnSync("bash", ["-e", "-c", await text(".recipe")], { cwd: folder, encoding: "utf8", env: { ...process.env, REPOSITORY: path.join(WORK, "hub/repo.git") } });
  const said = run.stdout + run.stderr;
  ok(`${lang}: the recipe, run as it stands there`, run.status === 0 && /Good "entry@satchel"/.test(said) && /Good "receipt@satchel"/.test(said) && said.match(/: OK$/gm)?.length === 2, said);
  await shot(page, `hub-evidence-${lang}`);
  ok(`${lang}: no wider than the screen`, await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  same(`${lang}: no field can be written`, 0, await page.evaluate(() => [...document.querySelectorAll("main input, main textarea")].filter((x) => !x.disabled && !x.readOnly && x.type !== "search").length));
  same(`${lang}: no sign of foreign script`, "", page.signs.filter((s) => !/favicon/.test(s)).join("; "));
  return page;
}
