/* Evidence on screen and on its way in. Pictures are decoded and drawn again, so nothing in a file can act; all else is text
 * or a download. */
import { h, t, atHub, icon, refill, bar, size, when, CUSTODY, button, dialog, notice, many } from "./dom.js";
import { bytes, raw, upload, tell } from "./api.js";
import { custodyOf, href, tail } from "./data.js";
import { withOffset } from "./form.js";

/* ---- what a file is, by its own first bytes ---- */
export async function kindOf(blob) {
  const b = new Uint8Array(await blob.slice(0, 16).arrayBuffer());
  const ascii = String.fromCharCode(...b);
  if (b[0] === 0xff && b[1] === 0xd8 && b[2] === 0xff) return "image";
  if (ascii.startsWith("\x89PNG\r\n\x1a\n") || ascii.startsWith("GIF87a") || ascii.startsWith("GIF89a")) return "image";
  if (ascii.startsWith("RIFF") && ascii.slice(8, 12) === "WEBP") return "image";
  if (ascii.startsWith("BM")) return "image";
  return "other";
}
const PICTURE_MOST = 128 << 20; /* bytes; what is larger is no photo, whatever it says */
async function picture(sha256) {
  const blob = await bytes(sha256, PICTURE_MOST);
  if (blob.size === PICTURE_MOST || (await kindOf(blob)) !== "image") throw new Error("no picture");
  return createImageBitmap(blob);
}
const RASTER = /^image\/(jpeg|png|webp|gif|bmp)$/;
const TEXT = /^(text\/|application\/(json|xml|x-yaml)|message\/)/;
export const looksRaster = (r) => RASTER.test(r.fields.media_type || "") || /\.(jpe?g|png|webp|gif|bmp)$/i.test(r.fields.name || "");
const looksText = (r) => TEXT.test(r.fields.media_type || "") || /\.(txt|csv|log|md|json|xml|html?|svg|eml|ya?ml|ini|conf)$/i.test(r.fields.name || "");
export function kindText(r) {
  const name = r.fields.name || "", type = r.fields.media_type || "";
  if (r.fields.derived_from) return t("derived");
  if (type.startsWith("image/")) return t("photo");
  if (type.startsWith("video/")) return t("video");
  if (type.startsWith("audio/")) return t("sound");
  return (name.split(".").pop() || t("file")).slice(0, 6).toUpperCase();
}

/* ---- thumbnails: decoded when they come into view, two at a time ---- */
const queue = [];
let running = 0;
const drawn = new Map(); /* sha256 to ImageBitmap of thumbnail size; the oldest go */
function next() {
  while (running < 2 && queue.length) {
    const [record, canvas] = queue.shift();
    if (!canvas.isConnected) { watch.observe(canvas); continue; }
    running++;
    thumb(record, canvas).catch(() => canvas.classList.add("none")).finally(() => { running--; next(); });
  }
}
const records = new WeakMap();
const watch = new IntersectionObserver((seen) => {
  for (const s of seen) {
    if (!s.isIntersecting) continue;
    watch.unobserve(s.target);
    queue.push([records.get(s.target), s.target]);
  }
  next();
}, { rootMargin: "200px" });
async function thumb(record, canvas) {
  const sha = record.fields.sha256;
  let small = drawn.get(sha);
  if (!small) {
    const whole = await picture(sha);
    const scale = Math.min(1, 360 / Math.min(whole.width, whole.height));
    small = await createImageBitmap(whole, { resizeWidth: Math.max(1, Math.round(whole.width * scale)), resizeHeight: Math.max(1, Math.round(whole.height * scale)), resizeQuality: "medium" });
    whole.close();
    drawn.set(sha, small);
    if (drawn.size > 400) { const [old] = drawn.keys(); drawn.delete(old); }
  }
  const w = (canvas.width = canvas.clientWidth * 2 || 196), height = (canvas.height = canvas.clientHeight * 2 || 144);
  const s = Math.max(w / small.width, height / small.height);
  canvas.getContext("2d").drawImage(small, (w - small.width * s) / 2, (height - small.height * s) / 2, small.width * s, small.height * s);
}

export function thumbnail(record, more) {
  const state = custodyOf(record);
  const title = record.fields.title || record.fields.name || tail(record.id);
  const raster = looksRaster(record) && state !== "awaited";
  const canvas = raster ? h("canvas", { "aria-hidden": "true" }) : null;
  if (canvas) { records.set(canvas, record); watch.observe(canvas); }
  return h("figure", null,
    h("a", { class: "thumb " + (state === "awaited" ? "wait" : raster ? "" : "doc"), href: href(record.id), "data-k": record.id,
      "aria-label": `${title}, ${kindText(record)}, ${t(CUSTODY[state][1])}` }, canvas, h("span", { class: "kind" }, kindText(record)),
    h("span", { class: "at", title: t(CUSTODY[state][1]) }, icon(CUSTODY[state][0], true))),
    h("figcaption", null, h("b", null, title), record.fields.captured ? when(record.fields.captured) : t("time not known"), more || null));
}

/* ---- preview ---- */
export async function preview(record) {
  const box = h("div", { class: "preview" });
  if (custodyOf(record) === "awaited") return refill(box, h("p", { class: "mid" }, icon("awaited"), t("The bytes are not on this device. Their hash and their entry are.")));
  if (looksRaster(record)) {
    try {
      const whole = await picture(record.fields.sha256);
      const scale = Math.min(1, 2000 / Math.max(whole.width, whole.height));
      const canvas = h("canvas", { role: "img", "aria-label": record.fields.title || record.fields.name });
      canvas.width = whole.width * scale;
      canvas.height = whole.height * scale;
      canvas.getContext("2d").drawImage(whole, 0, 0, canvas.width, canvas.height);
      box.picture = whole;
      return refill(box, canvas);
    } catch {
      return refill(box, h("p", { class: "mid" }, icon("photo"), t("This file does not read as a picture. It is kept as it came; download the original.")));
    }
  }
  if (looksText(record)) {
    const text = await (await bytes(record.fields.sha256, 65536)).text();
    return refill(box, h("pre", { tabindex: "0", class: "textview" }, text), record.fields.size > 65536 ? h("p", { class: "small dim" }, t("the first 64 KiB")) : null);
  }
  return refill(box, h("p", { class: "mid" }, icon("clip"), t("No preview of this kind of file. Download the original to open it.")));
}
/* The original bytes as a file: the program sends them as an attachment. */
export const original = (record) => h("a", { class: "btn", href: "/api/evidence/" + record.fields.sha256 + (atHub ? "?original=1" : ""), download: record.fields.name || "evidence" },
  icon("down"), t("Original"), h("kbd", { "aria-hidden": "true" }, "D"));

/* ---- taking in ---- */
/* When the picture was taken, from its EXIF (DateTimeOriginal, with its offset or this device's). */
async function exifTime(file) {
  const b = new DataView(await file.slice(0, 131072).arrayBuffer());
  if (b.byteLength < 4 || b.getUint16(0) !== 0xffd8) return null;
  let at = 2;
  while (at + 4 < b.byteLength && b.getUint16(at) !== 0xffe1) {
    if ((b.getUint16(at) & 0xff00) !== 0xff00) return null;
    at += 2 + b.getUint16(at + 2);
  }
  const tiff = at + 10;
  if (tiff + 8 > b.byteLength) return null;
  const little = b.getUint16(tiff) === 0x4949;
  const u16 = (o) => b.getUint16(o, little), u32 = (o) => b.getUint32(o, little);
  const text = (entry) => { let s = ""; const o = tiff + u32(entry + 8); for (let i = 0; i < 19 && i < u32(entry + 4); i++) s += String.fromCharCode(b.getUint8(o + i)); return s; };
  const find = (dir, tag) => { const n = u16(dir); for (let i = 0; i < n; i++) if (u16(dir + 2 + 12 * i) === tag) return dir + 2 + 12 * i; return 0; };
  const pointer = find(tiff + u32(tiff + 4), 0x8769);
  if (!pointer) return null;
  const dir = tiff + u32(pointer + 8), taken = find(dir, 0x9003), offset = find(dir, 0x9011);
  const m = taken && /^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)/.exec(text(taken));
  if (!m) return null;
  const zone = offset ? text(offset).replace(/\0.*/, "").slice(0, 6) : "";
  const iso = `${m[1]}-${m[2]}-${m[3]}T${m[4]}`;
  if (/^[+-]\d\d:\d\d$/.test(zone)) return iso + zone;
  const d = new Date(iso);
  return Number.isNaN(d.getTime()) ? null : withOffset(d);
}
async function capturedOf(file) {
  const taken = await exifTime(file).catch(() => null);
  if (taken) return taken;
  return file.lastModified && /^(image|video|audio)\//.test(file.type) ? withOffset(new Date(file.lastModified)) : null;
}

export async function send(file, of, more, progress) {
  const q = new URLSearchParams({ of, name: file.name || t("pasted") + ".png" });
  const captured = more?.captured || await capturedOf(file);
  if (captured) q.set("captured", captured);
  for (const k of ["title", "from", "why", "once"]) if (more?.[k]) q.set(k, more[k]);
  return upload("/api/evidence?" + q, file, progress);
}

let sending = 0;
addEventListener("beforeunload", (e) => { if (sending) e.preventDefault(); });

/* A strip of thumbnails that takes files in: dropped, pasted, chosen or shot. of(): the record they belong to. done(ids). */
export function strip(o) {
  const failed = [];
  const tiles = h("div", { class: "tiles" });
  const input = h("input", { type: "file", multiple: true, class: "vh", tabindex: "-1", "aria-hidden": "true", onchange: () => { take([...input.files]); input.value = ""; } });
  const camera = h("input", { type: "file", accept: "image/*,video/*", capture: "environment", multiple: true, class: "vh", tabindex: "-1", "aria-hidden": "true", onchange: () => { take([...camera.files]); camera.value = ""; } });
  const add = h("button", { type: "button", class: "drop", "data-k": "drop", onclick: () => input.click() }, icon("plus"), h("span", null, t("drop, paste"), h("br"), t("or choose")));
  const shoot = h("button", { type: "button", class: "drop shoot", "data-k": "shoot", onclick: () => camera.click() }, icon("camera"), h("span", null, t("take photos")));
  const progress = h("div", { class: "going" });
  const phone = h("button", { type: "button", class: "drop", "data-k": "phone", onclick: async () => { await fromPhone(await o.of(), o.done); o.all?.(); } }, icon("phone"), h("span", null, t("from my phone")));
  const element = h("div", { class: "strip", tabindex: "0", role: "group" }, o.readonly ? null : [add, shoot, phone, input, camera], progress, tiles);
  const title = h("h3", null);
  async function one(file) {
    const line = h("div");
    const tile = h("figure", null, h("span", { class: "thumb doc" }, h("span", { class: "kind" }, "0%")), h("figcaption", null, h("b", null, file.name || t("pasted")), line));
    progress.append(tile);
    const kind = tile.querySelector(".kind");
    sending++;
    try {
      const share = (x) => { kind.textContent = `${Math.round(x * 100)}%`; refill(line, bar(t("%d%% stored", Math.round(x * 100)), [["f-accent", x]], 6)); };
      const answer = await send(file, await o.of(), { once: "1" }, share);
      tile.remove();
      o.done?.(answer.id, file);
      return answer.id;
    } catch (e) {
      kind.textContent = t("failed");
      failed.push(file);
      tile.classList.add("failed");
      refill(line, h("span", { class: "mark bad" }, e.message), " ", h("button", { type: "button", class: "linkish", onclick: () => { tile.remove(); take([file]); } }, t("Try again")),
        " ", h("button", { type: "button", class: "linkish", onclick: () => tile.remove() }, t("Leave it")));
      return null;
    } finally { sending--; }
  }
  async function take(files) {
    const list = files.filter((f) => f && f.size >= 0);
    if (!list.length || o.readonly) return;
    let n = 0;
    for (const f of list) if (await one(f)) n++;
    if (n) { tell("toast", many(n, "one file stored: signed, on this device", "%d files stored: signed, on this device")); o.all?.(); }
  }
  element.addEventListener("dragover", (e) => { e.preventDefault(); element.classList.add("over"); });
  element.addEventListener("dragleave", () => element.classList.remove("over"));
  element.addEventListener("drop", (e) => { e.preventDefault(); element.classList.remove("over"); take([...e.dataTransfer.files]); });
  function show(list) {
    title.textContent = t("Evidence %d", list.length);
    element.setAttribute("aria-label", many(list.length, "Evidence, one item", "Evidence, %d items"));
    refill(tiles, list.map((r) => thumbnail(r)));
  }
  show([]);
  return { element, title, show, take, choose: () => input.click(), shoot: () => camera.click() };
}

/* A port on the local network, for as long as the dialog stands: a paired phone uploads into the record. */
async function fromPhone(record, done) {
  let open = true;
  const got = new Set();
  const box = h("div", { class: "stack2", role: "status" });
  const show = (p) => {
    refill(box, p.url ? [h("div", { class: "phonebox" }, qr(p.qr), h("div", { class: "stack2" }, p.paired ? notice("conform", "phone", t("A phone is paired.")) : h("ol", { class: "steps small" }, h("li", null, t("The phone is in the same network.")), h("li", null, t("Point its camera at the picture, or type the address and the code.")), h("li", null, t("It warns of an unknown certificate: compare the fingerprint."))),
      h("p", { class: "pairing" }, h("span", { class: "code" }, p.code), h("br"), (p.addresses || [p.url]).map((a) => [h("code", { class: "break" }, a), h("br")])), h("p", { class: "small dim break" }, t("fingerprint "), p.fingerprint))),
    h("ul", { class: "list" }, (p.uploads || []).map((u) => h("li", { class: "two" }, h("span", null, u.name), h("small", { class: "dim" }, size(u.size)))))] : notice("minor", "phone", t("The port is closed: a wrong code too often, or nobody came for an hour.")));
    for (const u of p.uploads || []) if (!got.has(u.id)) { got.add(u.id); done?.(u.id); }
  };
  try {
    show(await raw("/api/phone", "POST", { record }));
  } catch (e) { return tell("toast", e.message); }
  (async () => { while (open) { await new Promise((r) => setTimeout(r, 1500)); if (open) show(await raw("/api/phone").catch(() => ({}))); } })();
  await dialog(t("Photos from my phone"), () => box);
  open = false;
  await raw("/api/phone", "DELETE").catch(() => {});
}
function qr(rows) {
  if (!rows?.length) return null;
  const n = rows.length + 8, row = (r) => (typeof r === "string" ? [...r].map(Number) : r);
  return h("svg", { class: "qr", viewBox: `0 0 ${n} ${n}`, role: "img", "aria-label": t("The address as a picture for the phone's camera"), "shape-rendering": "crispEdges" }, rows.flatMap((r, y) => row(r).map((v, x) => (v ? h("rect", { x: x + 4, y: y + 4, width: 1, height: 1 }) : null))));
}

/* ---- derivatives: the original stays, what is made is evidence of its own ---- */
/* picture: ImageBitmap. Gives {blob, how} or null. */
export function editor(picture, end) {
  const scale = Math.min(1, 1600 / Math.max(picture.width, picture.height));
  const w = Math.round(picture.width * scale), height = Math.round(picture.height * scale);
  const work = h("canvas", { "aria-hidden": "true" });
  work.width = w;
  work.height = height;
  const ink = work.getContext("2d");
  ink.drawImage(picture, 0, 0, w, height);
  const view = h("canvas", { class: "cut", tabindex: "0", role: "application", "aria-label": t("Picture with a frame: arrow keys move it, Shift and arrow keys size it") });
  let box = { x: w * 0.3, y: height * 0.3, w: w * 0.4, h: height * 0.4 }, steps = [];
  const fit = () => {
    box.w = Math.max(8, Math.min(view.width, box.w));
    box.h = Math.max(8, Math.min(view.height, box.h));
    box.x = Math.max(0, Math.min(view.width - box.w, box.x));
    box.y = Math.max(0, Math.min(view.height - box.h, box.y));
  };
  function draw() {
    view.width = work.width;
    view.height = work.height;
    fit();
    const c = view.getContext("2d");
    c.drawImage(work, 0, 0);
    c.fillStyle = "rgba(10,14,18,.45)";
    c.fillRect(0, 0, view.width, box.y);
    c.fillRect(0, box.y + box.h, view.width, view.height);
    c.fillRect(0, box.y, box.x, box.h);
    c.fillRect(box.x + box.w, box.y, view.width, box.h);
    c.strokeStyle = "#fff";
    c.lineWidth = Math.max(2, view.width / 400);
    c.strokeRect(box.x, box.y, box.w, box.h);
  }
  view.addEventListener("keydown", (e) => {
    const step = (e.altKey ? 1 : Math.max(4, Math.round(work.width / 60)));
    const d = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[e.key];
    if (!d) return;
    e.preventDefault();
    if (e.shiftKey) { box.w += d[0]; box.h += d[1]; } else { box.x += d[0]; box.y += d[1]; }
    draw();
  });
  let from = null;
  const place = (e) => { const r = view.getBoundingClientRect(); return [(e.clientX - r.left) * view.width / r.width, (e.clientY - r.top) * view.height / r.height]; };
  view.addEventListener("pointerdown", (e) => { from = place(e); view.setPointerCapture(e.pointerId); });
  view.addEventListener("pointermove", (e) => {
    if (!from) return;
    const [x, y] = place(e);
    box = { x: Math.min(x, from[0]), y: Math.min(y, from[1]), w: Math.abs(x - from[0]), h: Math.abs(y - from[1]) };
    draw();
  });
  view.addEventListener("pointerup", () => { from = null; });
  const say = h("p", { class: "small mid", role: "status" });
  function crop() {
    const cut = ink.getImageData(box.x, box.y, box.w, box.h);
    work.width = cut.width;
    work.height = cut.height;
    ink.putImageData(cut, 0, 0);
    box = { x: work.width * 0.2, y: work.height * 0.2, w: work.width * 0.6, h: work.height * 0.6 };
    steps.push("crop");
    say.textContent = t("cropped");
    draw();
  }
  /* A few blocks of mean colour: what was below can't be worked out of them. */
  function blur() {
    const n = 5, bw = box.w / n, bh = box.h / n;
    for (let i = 0; i < n; i++) for (let k = 0; k < n; k++) {
      const x = Math.floor(box.x + i * bw), y = Math.floor(box.y + k * bh), d = ink.getImageData(x, y, Math.max(1, bw), Math.max(1, bh)).data;
      let r = 0, g = 0, b = 0;
      for (let p = 0; p < d.length; p += 4) { r += d[p]; g += d[p + 1]; b += d[p + 2]; }
      const c = d.length / 4, q = (v) => Math.round(v / c / 24) * 24;
      ink.fillStyle = `rgb(${q(r)},${q(g)},${q(b)})`;
      ink.fillRect(x, y, Math.ceil(bw) + 1, Math.ceil(bh) + 1);
    }
    steps.push("blur");
    say.textContent = t("made unrecognisable");
    draw();
  }
  function undo() {
    work.width = w;
    work.height = height;
    ink.drawImage(picture, 0, 0, w, height);
    steps = [];
    say.textContent = t("as the original");
    draw();
  }
  const done = () => work.toBlob((blob) => end({ blob, how: [...new Set(steps)].map((s) => (s === "crop" ? t("crop") : t("blurred area"))).join(" + ") }), "image/jpeg", 0.9);
  draw();
  return h("div", { class: "cutbox" }, h("p", { class: "small mid" }, t("Draw a frame, or move it with the arrow keys. The original stays as it is; this makes new evidence derived from it.")),
    view, say, h("div", { class: "row" }, button(t("Crop to the frame"), { onclick: crop }, icon("crop")), button(t("Blur the frame"), { onclick: blur }, icon("face")),
      button(t("Start over"), { class: "quiet", onclick: undo }),
      button(t("Store as new evidence"), { class: "primary push", onclick: () => (steps.length ? done() : (say.textContent = t("crop or blur something first"))) })));
}
