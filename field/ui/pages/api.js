/* The one way to the program: its commands (include/satchel/ui/ui.h). What was read is kept until the store changes. */
import { t, base, atHub } from "./dom.js";

export class Refused extends Error {
  constructor(text, status) {
    super(text);
    this.status = status; /* the command's exit status; 0: there was none */
  }
}

/* A hub keeps nothing for who reads there, so the language stays with the browser. */
export const spoken = () => (atHub ? localStorage.getItem("language") || navigator.language : null);
const speaking = () => (atHub ? { "Accept-Language": spoken() } : {});

async function ask(path, options) {
  let response;
  try {
    response = await fetch(base + path, { credentials: "same-origin", ...options, headers: { ...options?.headers, ...speaking() } });
  } catch {
    tell("gone");
    throw new Refused(atHub ? t("the hub does not answer") : t("satchel does not answer; what you typed stays here. Start 'satchel ui' again."), 0);
  }
  tell("back");
  if (response.ok) return response;
  const words = (await response.json().catch(() => ({}))).error || t("satchel refused this (%d)", response.status);
  alarm(response.status, words);
  throw new Refused(words, 0);
}

const alarm = (status, words) => {
  if (status === 423) tell("locked");
  if (status === 507) tell("full", words);
};
const path = (command) => "/api/" + command.replaceAll(" ", "/");

function result(answer) {
  if (answer.status > 1 || (answer.status === 1 && !answer.result)) throw new Refused(answer.error || t("it did not work"), answer.status);
  if (answer.status === 4) tell("damaged", answer.error);
  return answer.result;
}

/* The --json document of a command that reads; exit status 1 is an answer too. */
let kept = new Map();
export function get(command, args, options) {
  const q = new URLSearchParams();
  for (const a of args || []) q.append("a", a);
  for (const [name, value] of Object.entries(options || {}))
    if (value !== undefined && value !== null && value !== false) q.append("o." + name, value === true ? "1" : value);
  const url = path(command) + (q.size ? "?" + q : "");
  if (!kept.has(url)) {
    const answer = ask(url).then((r) => r.json()).then(result);
    kept.set(url, answer);
    answer.catch(() => kept.delete(url));
  }
  return kept.get(url);
}
export const forget = () => { kept = new Map(); };

export async function raw(route, method, body) {
  const response = await ask(route, method ? { method, headers: { "Content-Type": "application/json" }, body: body === undefined ? undefined : JSON.stringify(body) } : {});
  return response.status === 204 ? null : response.json();
}
const written = (answer) => { tell("room"); return answer; };
/* A command that writes. */
export async function post(command, args, options) {
  const answer = await raw(path(command), "POST", { args: args || [], options: options || {} });
  forget();
  return written(result(answer));
}
/* Many changes in one durable transaction: ids. */
export async function apply(lines) {
  const answer = await raw("/api/apply", "POST", { lines, options: {} });
  forget();
  return written(result(answer));
}
export const bytes = (sha256, first) =>
  ask("/api/evidence/" + sha256, first ? { headers: { Range: `bytes=0-${first - 1}` } } : {}).then((r) => r.blob());

/* Bytes to the program; resolves once they are durable. progress(share). */
export function upload(route, file, progress) {
  return new Promise((done, fail) => {
    const x = new XMLHttpRequest();
    x.open("POST", base + route);
    x.setRequestHeader("Content-Type", "application/octet-stream");
    x.upload.onprogress = (e) => progress?.(e.lengthComputable ? e.loaded / e.total : 0);
    x.onerror = () => { tell("gone"); fail(new Refused(t("the transfer broke off. Try again: what has been stored is not stored twice"), 0)); };
    x.onload = () => {
      forget();
      let answer = {};
      try { answer = JSON.parse(x.responseText); } catch { /* told below */ }
      if (x.status !== 200) {
        alarm(x.status, answer.error);
        return fail(new Refused(answer.error || t("satchel refused this (%d)", x.status), 0));
      }
      try { done("status" in answer ? result(answer) : answer); } catch (e) { fail(e); }
    };
    x.send(file);
  });
}

/* What takes long runs beside: told of its progress until it is done. shown(job). */
export async function job(command, args, options, shown) {
  let j = await raw("/api/jobs", "POST", { command, args: args || [], options: options || {} });
  shown?.(j);
  while (!j.done) {
    j = await raw(`/api/jobs/${j.job}?since=${j.change}`);
    shown?.(j);
  }
  forget();
  raw("/api/jobs/" + j.job, "DELETE", undefined).catch(() => {});
  return result(j);
}
export const stopJob = (number) => raw("/api/jobs/" + number, "DELETE").catch(() => {});

/* ---- who listens: "change", "locked", "gone", "back", "full", "damaged" ---- */
const listeners = new Map();
export function on(what, fn) {
  if (!listeners.has(what)) listeners.set(what, new Set());
  listeners.get(what).add(fn);
  return () => listeners.get(what).delete(fn);
}
export function tell(what, value) {
  for (const fn of listeners.get(what) || []) fn(value);
}

/* Asks, while the page is seen, whether somebody has changed the store: this page, the command line, a bundle. */
const seen = () => new Promise((r) => (document.hidden ? document.addEventListener("visibilitychange", r, { once: true }) : r()));
export async function follow() {
  let version = null;
  for (;;) {
    await seen();
    try {
      const now = (await raw("/api/changes" + (version === null ? "" : "?since=" + encodeURIComponent(version)))).version;
      if (version !== null && now !== version) {
        forget();
        tell("change");
      }
      version = now;
      tell("open");
    } catch {
      await new Promise((r) => setTimeout(r, 1500));
    }
  }
}

/* ---- drafts: kept by the program, sealed, since the port is another one each time ---- */
const drafts = new Map();
const waiting = new Map(); /* those that are sent in a moment */
const unsent = new Map(); /* those that could not be kept: tried again until they are; the name to whom it is told */
export async function loadDrafts() {
  const there = Object.entries(await raw("/api/drafts"));
  for (const name of drafts.keys()) if (!unsent.has(name) && !waiting.has(name)) drafts.delete(name);
  for (const [name, kept] of there) if (!drafts.has(name)) drafts.set(name, kept.value);
}
export const draftKey = (...parts) => parts.join(":").replace(/[^A-Za-z0-9_./:-]/g, (c) => "_" + c.codePointAt(0).toString(16)).slice(0, 200);
export const draft = (name) => drafts.get(name);
export const allDrafts = () => [...drafts.entries()];
/* One request after the other, or an older text could come in last. */
const sending = new Map();
function inTurn(name, ask) {
  const turn = (sending.get(name) || Promise.resolve()).then(ask);
  sending.set(name, turn);
  return turn;
}
const KEPT_ALIVE = 20000; /* characters: browsers let a page that goes send 64 KiB */
export function keepDraft(name, value, saved) {
  drafts.set(name, value);
  clearTimeout(waiting.get(name)?.timer);
  const send = (last) => {
    waiting.delete(name);
    return last === true ? sendDraft(name, saved, true) : inTurn(name, () => sendDraft(name, saved, false));
  };
  waiting.set(name, { timer: setTimeout(send, 400), send });
}
/* saved(null), or with the words for why it is not kept. */
async function sendDraft(name, saved, last) {
  let why = t("satchel does not answer"), status = 0;
  if (!drafts.has(name)) return; /* dropped meanwhile */
  try {
    const body = JSON.stringify(drafts.get(name));
    const r = await fetch(base + "/api/draft/" + name, { method: "PUT", keepalive: last && body.length < KEPT_ALIVE, headers: { "Content-Type": "application/json" }, body });
    status = r.status;
    why = r.ok ? null : (await r.json().catch(() => ({}))).error || t("satchel refused this (%d)", r.status);
  } catch { /* nobody is there */ }
  if (why === null) {
    unsent.delete(name);
    tell("room");
    saved?.(null);
    return;
  }
  if (drafts.has(name)) unsent.set(name, saved);
  status ? alarm(status, why) : tell("gone");
  saved?.(why);
  clearTimeout(again);
  again = setTimeout(retry, 2000);
}
let again;
/* After a silence only to who knows us: another program may have taken the port. */
export async function retry() {
  clearTimeout(again);
  try {
    if (unsent.size && (await raw("/api/state")).locked === false) return void await Promise.all([...unsent].map(([name, saved]) => inTurn(name, () => sendDraft(name, saved, false))));
  } catch { /* later */ }
  if (unsent.size) again = setTimeout(retry, 2000);
}
/* What has been typed and is kept nowhere but here: [title, text]. */
export const unkept = () => [...new Set([...unsent.keys(), ...waiting.keys()])].map((name) => drafts.get(name)).filter(Boolean)
  .map((d) => [d.title || "", Object.values(d.edits || {}).filter((v) => typeof v === "string").join("\n")]);
addEventListener("beforeunload", (e) => { if (unsent.size) e.preventDefault(); });
export function dropDraft(name) {
  clearTimeout(waiting.get(name)?.timer);
  waiting.delete(name);
  unsent.delete(name);
  if (!drafts.delete(name)) return Promise.resolve();
  return inTurn(name, () => fetch(base + "/api/draft/" + name, { method: "DELETE" }).catch(() => {}));
}
/* Before the store is locked: what was typed last is kept, too. */
export async function settleDrafts() {
  for (const w of [...waiting.values()]) {
    clearTimeout(w.timer);
    w.send();
  }
  await Promise.all(sending.values());
}
export function flush() {
  return Promise.all([...waiting.values()].map((w) => {
    clearTimeout(w.timer);
    return w.send(true);
  }));
}
addEventListener("pagehide", () => flush());
document.addEventListener("visibilitychange", () => document.hidden && flush());
