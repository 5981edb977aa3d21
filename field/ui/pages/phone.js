// The phone's page: photos and video to the laptop, one after the other; what failed stays and can be tried again.
const at = (id) => document.getElementById(id);
let words = {};
const queue = [];
let busy = false;

const two = (n) => String(n).padStart(2, "0");
function claimed(date) {
  const off = -date.getTimezoneOffset(), m = Math.abs(off);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}${off < 0 ? "-" : "+"}${two(Math.floor(m / 60))}:${two(m % 60)}`;
}

function add(file) {
  const item = { file, li: document.createElement("li"), bar: document.createElement("progress"), says: document.createElement("span") };
  item.li.append(file.name, " ", item.says, item.bar);
  item.says.textContent = words.waiting;
  at("list").prepend(item.li);
  queue.push(item);
  next();
}

function failed(item, why) {
  item.says.textContent = `${words.failed}: ${why}`;
  item.bar.remove();
  const again = document.createElement("button");
  again.textContent = words.again;
  again.addEventListener("click", () => { item.li.remove(); add(item.file); });
  item.li.append(again);
}

// Not fetch: only this tells how far an upload is.
function send(item) {
  return new Promise((resolve) => {
    const call = new XMLHttpRequest();
    const query = new URLSearchParams({ name: item.file.name || "photo.jpg", captured: claimed(new Date(item.file.lastModified)) });
    call.open("POST", `/upload?${query}`);
    call.setRequestHeader("Content-Type", "application/octet-stream");
    call.responseType = "json";
    call.upload.onprogress = (e) => { item.bar.max = e.total; item.bar.value = e.loaded; };
    call.onload = () => {
      const said = call.response || {};
      if (call.status === 200 && said.status === 0) { item.says.textContent = words.saved; item.bar.remove(); }
      else failed(item, said.error || String(call.status));
      resolve();
    };
    call.onerror = () => { failed(item, words.gone); resolve(); };
    item.says.textContent = words.sending;
    call.send(item.file);
  });
}

async function next() {
  if (busy) return;
  busy = true;
  while (queue.length) await send(queue.shift());
  busy = false;
}

words = await (await fetch("/words.json")).json();
document.documentElement.lang = words.language;
document.title = words.title;
for (const id of ["title", "ask", "pair", "take"]) at(id).textContent = words[id];
at("record").textContent = words.record || "";
at("pairing").hidden = words.paired || Boolean(words.shut);
at("taking").hidden = !words.paired;
at("state").textContent = words.paired ? words.stay : words.shut || (location.pathname === "/enter" ? words.wrong : "");
if (location.pathname !== "/") history.replaceState({}, "", "/"); // a reload would be one try more
at("files").addEventListener("change", () => { for (const f of at("files").files) add(f); at("files").value = ""; });
at("pairing").addEventListener("submit", (e) => {
  e.preventDefault();
  location.assign(`/enter?code=${encodeURIComponent(at("code").value.trim())}`);
});
addEventListener("beforeunload", (e) => { if (busy) e.preventDefault(); });
