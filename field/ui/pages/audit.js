/* An audit: the department–clause matrix as the place of work, with the sample form beside it; findings, meetings, evidence,
 * the report's fields, the leave-site check, the submission. */
import { h, t, icon, chip, card, empty, bar, notice, many, refill, button, dialog, label, comma, custody, when, N, key, grow } from "./dom.js";
import { get, draftKey, job } from "./api.js";
import {
  auditKind, bare, caseTitle, cellsOf, choiceText, clauseTitle, custodyOf, days, form, gapText, gradeData, gradeIcon, has, href, isDone, leads, link,
  list, mayWrite, me, members, named, newest, piece, reasonText, ruleText, scheme, shortGrade, show, standing, stateLook, stateText, tail, typeOf,
  valueLabel,
} from "./data.js";
import { Form } from "./form.js";
import { strip, thumbnail } from "./media.js";
import { timeline } from "./history.js";
import { rowKeys } from "./audits.js";
import { findingRow } from "./findings.js";

const TABS = ["", "findings", "meetings", "evidence", "report", "check", "history"];

export async function open(ctx) {
  const a = new Audit(ctx);
  await a.read();
  if (!ctx.alive()) return null;
  a.draw();
  const wanted = ctx.query.get("cell");
  if (a.tab === "" && wanted) a.openCell(...wanted.split(" "), ctx.query.get("record"));
  return a;
}

class Audit {
  constructor(ctx) {
    this.ctx = ctx;
    this.id = "audit/" + ctx.parts[1];
    this.tab = TABS.includes(ctx.parts[2] || "") ? ctx.parts[2] || "" : "";
    this.keys = { n: () => this.nextRequired(), Escape: () => this.escape(), f: () => this.find(), p: () => this.strip?.shoot(), e: () => this.strip?.choose(),
      "Ctrl Enter": () => this.form?.save(), ...rowKeys(ctx.main) };
    for (let n = 1; n <= 7; n++) this.keys[n] = () => (this.form?.press ? this.form.press(n) : false);
    this.files = (files) => this.strip?.take(files);
  }

  async read() {
    const shown = show(this.id), coverage = get("coverage", [], { audit: this.id });
    coverage.catch(() => {}); /* told below, unless there is no such audit */
    this.audit = await shown;
    const c = this.audit.case;
    [this.f, this.scheme, this.name, this.coverage, this.departments] = await Promise.all([form("audit", c), scheme(c), caseTitle(c),
      coverage, list("department", [], { case: c })]);
    this.counted = get("check", [], { audit: this.id, quick: true }).then((q) => { /* the page need not wait for it */
      this.quick = q;
      if (this.lead && this.ctx.alive()) this.drawLead();
    }, () => {});
    this.cells = cellsOf(this.coverage);
    this.places = null;
    this.required = new Map(this.coverage.required.map((r) => [r.clause, r]));
    this.byCode = new Map(this.departments.map((d) => [d.fields.code, d]));
    this.leader = leads(this.audit) || me.alone;
    this.closed = me.readonly;
  }
  async change() {
    await this.read();
    if (!this.ctx.alive()) return;
    this.drawLead();
    if (this.tab === "") {
      this.drawMatrix();
      if (this.cell) await this.refreshPanel();
    } else if (this.tabChange) await this.tabChange();
  }
  leave() { this.ctx.clear(); }
  /* Within the same audit only the cell moves. */
  async move(query) {
    if (this.tab !== "") return false;
    const cell = query.get("cell");
    if (!cell) this.closePanel(true);
    else await this.openCell(...cell.split(" "), query.get("record"), !this.quietFor || query.get("record") !== this.quietFor);
    return true;
  }

  /* ---- head and tabs ---- */
  draw() {
    const ctx = this.ctx;
    ctx.title(this.name, [["/audits", t("Audits")], ["/case/" + encodeURIComponent(this.audit.case), this.audit.case]]);
    this.lead = h("div", { class: "lead tight" });
    this.tabs = h("nav", { class: "tabs", "aria-label": t("Audit") });
    this.body = h("div", { class: "tabbody" });
    refill(ctx.main, this.lead, this.tabs, this.body);
    this.drawLead();
    this.tabs.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
    const tabs = { "": () => this.matrixTab(), findings: () => this.findingsTab(), meetings: () => this.meetingsTab(), evidence: () => this.evidenceTab(),
      report: () => this.reportTab(), check: () => this.checkTab(), history: () => this.historyTab() };
    return tabs[this.tab]();
  }
  drawLead() {
    const a = this.audit, x = a.fields, gaps = this.quick?.gaps.length || 0, locked = !this.quick || gaps > 0;
    const [grade, symbol] = stateLook(a.state);
    const team = members(a, "team");
    const open = !isDone(a) && mayWrite(["leader"]);
    refill(this.lead, h("div", null, h("h1", null, this.name),
      h("p", { class: "facts" }, h("span", null, auditKind(this.f, a)), h("span", { class: "nowrap" }, days(x.start, x.end)),
        x.leader ? h("span", null, t("leader "), named(x.leader, a.titles)) : null,
        team.length ? h("span", null, t("team "), team.map((m, i) => [i ? comma() : null, named(m, a.titles)])) : null,
        h("span", null, members(a, "directions").map((d) => valueLabel(this.scheme.directions, d)).join(comma())),
        chip(grade, stateText(a), symbol))),
    open ? h("button", { type: "button", class: "btn" + (locked ? "" : " primary"), "data-k": "submit", "aria-disabled": locked ? "true" : null,
      title: gaps ? many(gaps, "the leave-site check has one gap", "the leave-site check has %d gaps") : null, onclick: () => this.submit() }, locked ? icon("lock", true) : null, t("Submit")) : null);
    const n = this.coverage;
    const counts = { check: gaps };
    const words = { "": N("Matrix"), findings: N("Findings"), meetings: N("Meetings"), evidence: N("Evidence"), report: N("Report"), check: N("Leave-site check"), history: N("History") };
    refill(this.tabs, TABS.map((name) => h("a", { href: href(this.id, name ? "/" + name : ""), "data-k": "tab" + name, "aria-current": name === this.tab ? "page" : null }, t(words[name]),
      counts[name] ? h("b", null, String(counts[name])) : null)));
    return n;
  }

  /* ---- matrix ---- */
  async matrixTab() {
    this.meters = h("div", { class: "meters" });
    this.grid = h("div", { class: "scroll matrixbox" }); /* its cells take the focus */
    refill(this.body, this.meters, this.grid, this.legend());
    this.drawMatrix();
    this.ctx.stage.classList.add("work");
    this.panel = null;
    for (const first of [form("sample", this.audit.case), form("site"), list("site", [], { case: this.audit.case })]) first.catch(() => {}); /* for the first cell */
  }
  async drawMeters() {
    const c = this.coverage;
    const required = c.required, done = required.filter((r) => c.cells.some((x) => x.clause === r.clause && x.covered)).length;
    const visited = c.required_departments.filter((d) => c.cells.some((x) => x.department === d && x.covered)).length;
    const meter = (text, n, of, fill) => h("div", null, text, h("b", null, `${n} / ${of}`), bar(t("%d of %d", n, of), [[n === of ? "f-conform" : fill || "f-accent", of ? n / of : 1]], 6));
    const basic = [meter(t("Required clauses"), done, required.length), meter(t("Required departments"), visited, c.required_departments.length),
      meter(t("Clauses of this audit"), c.covered, c.of)];
    const box = this.meters;
    refill(box, basic, this.cycleMeter || null);
    if (c.cycle) {
      const cycle = await get("coverage", [], { case: this.audit.case });
      this.cycleMeter = meter(t("Clauses of this cycle"), cycle.covered, cycle.of);
      refill(box, basic, this.cycleMeter);
    }
  }
  applies(clause, code) {
    const c = this.scheme.byId.get(clause);
    return !c?.departments || c.departments.includes(code);
  }
  isRequired(clause, code) {
    return this.required.has(clause) && this.applies(clause, code);
  }
  /* What the check would miss: the clause is not covered anywhere yet, or the department has not been visited. */
  isOpen(clause, code) {
    if (!this.isRequired(clause, code)) return false;
    const covered = this.coverage.cells.some((x) => x.clause === clause && x.covered);
    const visit = this.coverage.required_departments.includes(code) && !this.coverage.cells.some((x) => x.department === code && x.covered);
    return !covered || visit;
  }
  drawMatrix() {
    this.drawMeters().catch(() => {});
    const c = this.coverage, cols = [...c.departments];
    if (c.cells.some((x) => !x.department)) cols.push("");
    const rows = [];
    let parent = null;
    for (const id of c.clauses) {
      const clause = this.scheme.byId.get(id);
      if (clause?.parent !== parent) {
        parent = clause?.parent;
        if (parent) rows.push(h("tr", { class: "grp" }, h("th", { colspan: String(cols.length + 1), scope: "rowgroup" }, parent, " ", clauseTitle(this.scheme, parent))));
      }
      const r = this.required.get(id);
      rows.push(h("tr", { class: r ? "req" : null }, h("th", { scope: "row", title: r?.text }, h("b", null, id), " ", h("span", { class: "ct" }, clauseTitle(this.scheme, id)),
        r && !r.reasons.includes("all") ? h("span", { class: "why" }, r.reasons.map(reasonText).join(comma())) : null),
      cols.map((code) => h("td", null, this.cellButton(id, code)))));
    }
    const table = h("table", { class: "matrix n" + cols.length, id: "matrix", "aria-label": t("Department–clause matrix"), onkeydown: (e) => this.arrows(e) },
      h("colgroup", null, h("col", { class: "c" }), cols.map(() => h("col", { class: "d" }))),
      h("thead", null, h("tr", null, h("th", { scope: "col" }, t("Clause"), " ", this.coverage.sample ? h("span", { class: "tag" }, t("sample catalogue")) : null),
        cols.map((code) => h("th", { scope: "col", class: c.required_departments.includes(code) ? "req" : null }, code, h("b", null, this.byCode.get(code)?.fields.name || (code ? "" : t("no department"))))))),
      h("tbody", null, rows));
    refill(this.grid, table);
    const buttons = [...table.querySelectorAll(".cell")];
    if (!buttons.some((b) => b.tabIndex === 0) && buttons.length) (table.querySelector('[data-g="open"]') || buttons[0]).tabIndex = 0;
    this.mark();
  }
  cellButton(clause, code) {
    const cell = this.cells.get(clause + " " + code);
    if (!cell && code && !this.applies(clause, code)) return null;
    if (!cell && !code) return null;
    const req = this.isRequired(clause, code), g = standing(cell, this.isOpen(clause, code));
    const words = { open: t("to do"), bare: t("no proof"), conflict: t("conflict"), none: "" };
    const short = g === "na" ? (cell.covered ? t("n/a") : t("n/a, open")) : words[g] ?? shortGrade(g);
    const long = { open: t("required, nothing yet"), bare: t("a result without evidence"), conflict: t("in conflict"), none: t("not audited") }[g] ?? valueLabel(this.scheme.results, g);
    const dept = this.byCode.get(code)?.fields.name || code;
    return h("button", { type: "button", class: "cell" + (req ? " req" : ""), "data-g": g, "data-k": clause + " " + code, "data-clause": clause, "data-dept": code, tabindex: "-1",
      onclick: () => this.go(clause, code) }, h("span", { class: "vh" }, [clause, dept, long, cell?.evidence ? many(cell.evidence, "one item of evidence", "%d items of evidence") : null, req ? t("to be sampled") : null].filter(Boolean).join(comma())),
    icon(g === "not_audited" ? "none" : g, true), short ? h("span", { class: "w", "aria-hidden": "true" }, short) : null,
    cell?.evidence ? h("span", { class: "n", "aria-hidden": "true" }, String(cell.evidence)) : null);
  }
  go(clause, code, record) {
    const q = new URLSearchParams({ cell: clause + " " + code });
    if (record) q.set("record", record);
    this.ctx.go(href(this.id) + "?" + q, !!this.cell);
  }
  mark() {
    for (const b of this.grid.querySelectorAll(".cell")) {
      const on = this.cell && b.dataset.clause === this.cell.clause && b.dataset.dept === this.cell.code;
      on ? b.setAttribute("aria-current", "true") : b.removeAttribute("aria-current");
      if (on) this.focusable(b);
    }
  }
  focusable(button) {
    for (const b of this.grid.querySelectorAll('.cell[tabindex="0"]')) b.tabIndex = -1;
    button.tabIndex = 0;
  }
  arrows(e) {
    const b = e.target.closest(".cell");
    const by = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[e.key];
    if (!b || (!by && e.key !== "Home" && e.key !== "End")) return;
    e.preventDefault();
    const row = (tr) => [...tr.children].map((td) => td.querySelector?.(".cell"));
    const rows = [...this.grid.querySelectorAll("tbody tr:not(.grp)")].map(row);
    let r = rows.findIndex((x) => x.includes(b)), k = rows[r].indexOf(b), to = null;
    if (e.key === "Home") to = rows[r].find(Boolean);
    else if (e.key === "End") to = rows[r].findLast(Boolean);
    else for (r += by[0], k += by[1]; rows[r] && k > 0 && k < rows[r].length; r += by[0], k += by[1]) if ((to = rows[r][k])) break;
    if (!to) return;
    this.focusable(to);
    to.focus();
  }
  nextRequired() {
    const all = [...(this.grid?.querySelectorAll(".cell") || [])];
    if (!all.length) return false;
    const at = all.findIndex((b) => b === document.activeElement || b.getAttribute("aria-current") === "true");
    const want = (b) => ["open", "bare", "conflict"].includes(b.dataset.g) && (b.classList.contains("req") || b.dataset.g !== "open");
    const to = [...all.slice(at + 1), ...all.slice(0, at + 1)].find(want);
    if (!to) return this.ctx.toast(t("no required cell is open"));
    this.focusable(to);
    to.focus();
    if (this.cell) this.go(to.dataset.clause, to.dataset.dept);
    return true;
  }
  legend() {
    const one = (g, text) => h("span", { "data-g": gradeData(g) }, icon(gradeIcon(g), true), text);
    return h("p", { class: "legend" }, h("span", { class: "reqkey" }, t("to be sampled")), ["conform", "minor", "major", "observation", "ofi", "na", "not_audited"].map((g) => one(g, valueLabel(this.scheme.results, g))),
      h("span", { class: "push hint" }, key("←"), key("↑"), key("↓"), key("→"), " ", t("move"), " ", key("N"), " ", t("next required"), " ", key("?"), " ", t("all keys")));
  }

  /* ---- the panel: records of one cell ---- */
  async openCell(clause, code, record, focus) {
    const keep = this.cell && this.cell.clause === clause && this.cell.code === code && record === this.recordAsked;
    this.cell = { clause, code: code || "" };
    this.opened = (this.opened || 0) + 1;
    this.recordAsked = record;
    this.mark();
    if (!keep || !this.panel) await this.drawPanel(record);
    if (focus && matchMedia("(min-width: 721px)").matches) this.panel?.querySelector("input:not([disabled]), select:not([disabled]), textarea")?.focus({ preventScroll: true });
  }
  escape() {
    if (!this.cell) return undefined;
    this.ctx.go(href(this.id));
    return undefined;
  }
  closePanel(focus) {
    const was = this.cell;
    this.cell = null;
    this.panel?.remove();
    this.panel = this.form = this.strip = null;
    this.mark();
    if (was && focus) this.grid.querySelector(`[data-k="${CSS.escape(was.clause + " " + was.code)}"]`)?.focus();
  }
  async cellRecords() {
    const { clause, code } = this.cell, cell = this.cells.get(clause + " " + code);
    if (!cell?.records.length) return [];
    const where = ["audit=" + this.id, "clause=" + clause, "department=" + (this.byCode.get(code)?.id || "")];
    const both = await Promise.all(["sample", "finding"].map((type) => list(type, where, { case: this.audit.case, heads: true, custody: true })));
    const byId = new Map(both.flat().map((r) => [r.id, r]));
    return Promise.all(cell.records.map(async (r) => ({ ...r, doc: byId.get(r.record) || await show(r.record) })));
  }
  async drawPanel(asked) {
    const { clause, code } = this.cell;
    const c = this.scheme.byId.get(clause), dept = this.byCode.get(code);
    const records = await this.cellRecords();
    if (!this.ctx.alive() || this.cell?.clause !== clause || this.cell?.code !== code) return;
    const old = this.panel;
    const r = this.required.get(clause);
    const directions = c?.directions?.map((d) => valueLabel(this.scheme.directions, d)).join(comma());
    this.recordList = h("ul", { class: "records", "aria-label": t("Records of this cell") });
    this.formBox = h("div", { class: "stack2" });
    const why = this.isRequired(clause, code) && r ? notice("info", "flag", h("p", { class: "small" }, h("strong", null, t("Why it is required ")), r.text)) : null;
    this.panel = h("aside", { class: "panel", "aria-labelledby": "panelhead" },
      h("header", null, h("button", { type: "button", class: "grab", "aria-label": t("Close"), onclick: () => this.escape() }),
        h("div", { class: "spread" }, h("h2", { id: "panelhead", class: "ptitle" }, `${clause} ${clauseTitle(this.scheme, clause)}`, code ? ` × ${code} ${dept?.fields.name || ""}` : ""),
          h("button", { type: "button", class: "btn quiet icon", "aria-label": t("Close"), title: "Esc", onclick: () => this.escape() }, icon("close"))),
        h("p", { class: "small dim" }, [directions, c?.guidance].filter(Boolean).join(t("; ")), " ", this.coverage.sample ? h("span", { class: "tag" }, t("sample catalogue")) : null)),
      h("div", { class: "body" }, why, this.recordList, this.formBox));
    old ? old.replaceWith(this.panel) : this.ctx.stage.append(this.panel);
    const mineFirst = records.find((x) => x.record === asked) || (asked === "new" ? null : records.find((x) => typeOf(x.record) === "sample"));
    await this.openRecord(mineFirst, records);
  }
  drawRecords(records, current) {
    const { clause, code } = this.cell;
    const row = (x) => {
      const type = typeOf(x.record), conflict = Object.keys(x.doc.conflicts || {}).length;
      return h("li", { "aria-current": x.record === current ? "true" : null },
        chip(conflict ? "minor" : gradeData(x.result), conflict ? t("conflict") : valueLabel(this.scheme.results, x.result), conflict ? "conflict" : gradeIcon(x.result)),
        type === "sample" ? h("button", { type: "button", class: "linkish", "data-k": x.record, onclick: () => this.go(clause, code, x.record) }, t("sample"), " ", tail(x.record).split("-").pop())
          : h("a", { href: href(x.record), "data-k": x.record }, t("finding"), " ", tail(x.record).split("-").pop()),
        h("span", { class: "push" }, custody(custodyOf(x.doc))));
    };
    refill(this.recordList, records.map(row), this.closed ? null : h("li", { "aria-current": current ? null : "true" },
      h("button", { type: "button", class: "linkish", "data-k": "newrecord", onclick: () => this.go(clause, code, "new") }, icon("plus", true), " ", t("a new sample")),
      records.length ? h("small", { class: "dim push" }, t("both stay; the cell takes the worst")) : null));
    this.recordList.hidden = !records.length && !current;
  }
  defaults() {
    const { clause, code } = this.cell;
    const c = this.scheme.byId.get(clause), sites = members(this.audit, "sites"), dirs = (c?.directions || []).filter((d) => has(this.audit, "directions", d));
    const methods = (c?.methods || "").split(/[;,]/).filter(Boolean);
    const d = { audit: this.id, clause };
    if (code && this.byCode.get(code)) d.department = this.byCode.get(code).id;
    if (this.site && sites.includes(this.site)) d.site = this.site;
    else if (sites.length === 1) d.site = sites[0];
    if (dirs.length === 1) d.direction = dirs[0];
    if (methods.length === 1) d.method = methods[0];
    if (this.audit.fields.kind === "onsite" || this.audit.fields.kind === "recertification") d.resampled = false;
    return d;
  }
  async openRecord(entry, records) {
    const sampleForm = await form("sample", this.audit.case);
    const { clause, code } = this.cell;
    const record = entry?.doc || null;
    const id = record?.id;
    this.drawRecords(records, id);
    const title = `${clause} × ${code || "—"}, ${t("sample")}`;
    this.form = new Form({
      form: sampleForm, record, caseName: this.audit.case, scheme: this.scheme, compact: true, title,
      key: record ? draftKey(id) : draftKey("new-sample", tail(this.id), clause, code),
      defaults: record ? {} : this.defaults(), hide: ["audit", "clause", ...(code ? ["department"] : [])],
      first: ["result", "note"], apart: { na_approved: (f) => f.value("result") === "na" },
      filter: (f, list) => (f.name === "site" ? list.filter((s) => !members(this.audit, "sites").length || has(this.audit, "sites", s.id)) : list), eager: ["site"],
      actions: this.closed ? null : button(t("Write a finding"), { hint: "F", onclick: () => this.find() }),
      also: (it) => (this.form.extra || []).map((e) => ({ do: "set", record: e, set: { ["of." + it]: true } })),
      saved: async (newId) => {
        const was = this.form.extra;
        this.form.extra = null;
        this.site = this.form.value("site") || this.site;
        this.ctx.toast(t("%s recorded: signed, on this device", title));
        const target = id || newId;
        await this.read();
        this.drawLead();
        this.drawMatrix();
        this.quietFor = target; /* the focus goes back to the matrix, but not from somebody who has opened a cell meanwhile */
        const opened = (this.opened || 0) + (was || !id ? 1 : 0);
        if (was || !id) await this.ctx.go(href(this.id) + "?" + new URLSearchParams({ cell: clause + " " + code, record: target }), true);
        else await this.refreshPanel();
        this.quietFor = null;
        if (this.opened > opened) return;
        this.grid.querySelector(`[data-k="${CSS.escape(clause + " " + code)}"]`)?.focus({ preventScroll: true });
      },
    });
    this.form.edits.site && (this.site = this.form.edits.site);
    refill(this.formBox, this.form.element);
    this.form.slot.className = "evid";
    this.current = id;
    this.strip = strip({ readonly: this.closed || !this.form.writes, of: () => this.current || this.id,
      done: (ev) => { if (!this.current) { this.form.extra = [...(this.form.extra || []), ev]; this.form.keep(); } }, all: () => this.drawStrip() });
    refill(this.form.slot, h("div", { class: "spread" }, this.strip.title, h("span", { class: "small dim hint" }, t("choose"), " ", key("E"), " ", t("shoot"), " ", key("P"), " ", t("paste"), " ", key("Ctrl V"))), this.strip.element);
    await this.drawStrip();
  }
  async drawStrip() {
    if (!this.strip) return;
    const have = this.current ? await list("evidence", ["of+=" + this.current], { custody: true }) : await Promise.all((this.form.extra || []).map((e) => show(e)));
    this.strip.show(have);
  }
  /* Something has changed: the list is drawn anew, what is typed stays. */
  async refreshPanel() {
    const records = await this.cellRecords();
    if (!this.panel || !this.cell) return;
    this.drawRecords(records, this.current);
    const now = records.find((x) => x.record === this.current);
    if (now) this.form.accept(now.doc);
    await this.drawStrip();
  }
  find() {
    if (!this.cell || this.closed) return false;
    const { clause, code } = this.cell;
    const q = new URLSearchParams({ audit: this.id, clause, case: this.audit.case });
    if (code && this.byCode.get(code)) q.set("department", this.byCode.get(code).id);
    const v = (name) => this.form?.value(name);
    if (v("site")) q.set("site", v("site"));
    if (["major", "minor", "observation", "ofi"].includes(v("result"))) q.set("grade", v("result"));
    if (v("note")) q.set("fact", v("note"));
    if (this.current) q.set("samples." + this.current, "true");
    this.ctx.go("/new/finding?" + q);
    return true;
  }

  /* ---- findings ---- */
  async findingsTab() {
    const draw = async () => {
      const [{ records: all, of }, f] = await Promise.all([piece("finding", ["audit=" + this.id], { limit: this.shownFindings || 100 }), form("finding", this.audit.case)]);
      if (!this.ctx.alive()) return;
      refill(this.body, h("div", { class: "row bodyhead" }, this.closed ? null : h("a", { class: "btn", href: "/new/finding?" + new URLSearchParams({ audit: this.id, case: this.audit.case }) }, icon("plus"), t("New finding"), key("C"))),
        all.length ? h("section", { class: "card", "aria-label": t("Findings") }, grow(h("ul", { class: "list findings", "data-rows": "" }), all.map((r) => () => findingRow(r, f, this.scheme)), this.body.querySelector(".findings")), of > all.length ? h("p", { class: "in row" }, button(t("%d more", of - all.length), { onclick: () => { this.shownFindings = (this.shownFindings || 100) + 300; draw(); } })) : null) : h("section", { class: "card" }, empty(t("No finding has been written in this audit."), "flag")));
    };
    this.tabChange = draw;
    await draw();
  }

  /* ---- meetings ---- */
  async meetingsTab() {
    const f = await form("meeting", this.audit.case);
    const boxes = new Map();
    const kinds = f.fields.find((x) => x.name === "kind").choices;
    const read = () => list("meeting", ["audit=" + this.id], { heads: true });
    const one = async (kind, record) => {
      const box = boxes.get(record?.id || kind) || boxes.get(kind) || h("div", { class: "in stack2" });
      const fm = new Form({ form: f, record, caseName: this.audit.case, scheme: this.scheme, key: draftKey(record ? record.id : "new-meeting:" + tail(this.id) + ":" + kind), hide: ["audit", "kind"],
        title: choiceText(f, "kind", kind), defaults: { audit: this.id, kind, date: (kind === "opening" ? this.audit.fields.start : this.audit.fields.end) || undefined, chair: this.audit.fields.leader },
        saved: () => { this.ctx.toast(t("%s recorded: signed, on this device", choiceText(f, "kind", kind))); draw(); } });
      box.form = fm;
      let evidence = null;
      if (record) {
        const s = strip({ of: () => record.id, readonly: this.closed, all: async () => s.show(await list("evidence", ["of+=" + record.id], { custody: true })) });
        s.show(await list("evidence", ["of+=" + record.id], { custody: true }));
        evidence = h("section", { class: "evid" }, s.title, s.element);
        this.strip = this.strip || s;
      }
      refill(box, fm.element, evidence);
      return box;
    };
    const draw = async () => {
      const records = await read();
      if (!this.ctx.alive()) return;
      this.strip = null;
      const cards = [];
      for (const k of kinds) {
        const own = records.filter((r) => r.fields.kind === k.value && !r.void);
        for (const r of own.length ? own : [null]) {
          const had = boxes.get(r?.id || k.value);
          if (had?.form?.record && r) had.form.accept(r);
          else if (!had?.form?.dirty || r) boxes.set(r?.id || k.value, await one(k.value, r));
          cards.push(card(label(k.label), r ? h("span", null, h("a", { href: href(r.id) }, t("history"))) : chip("info", t("not recorded yet"), "open"), boxes.get(r?.id || k.value)));
        }
      }
      refill(this.body, h("div", { class: "split even" }, cards));
    };
    this.tabChange = draw;
    await draw();
  }

  /* ---- evidence ---- */
  async evidenceTab() {
    const s = strip({ of: () => this.id, readonly: this.closed, all: () => draw() });
    this.strip = s;
    const grid = h("div", { class: "photos" });
    refill(this.body, card(t("Take in"), h("span", { class: "dim" }, t("belongs to the audit, until it is linked to a sample or a finding")), h("div", { class: "in" }, s.element)), this.evHead = h("h2", { class: "bodyhead" }), grid);
    const draw = async () => {
      const meetings = await list("meeting", ["audit=" + this.id]);
      const own = new Set([this.id, ...meetings.map((r) => r.id), ...this.coverage.cells.flatMap((c) => c.records.map((r) => r.record))]);
      const pieces = newest("evidence", [], { case: this.audit.case, custody: true }, (e) => members(e, "of").some((m) => own.has(m)));
      const more = h("p", { class: "row", hidden: true }, button(t("More"), { onclick: () => step() }));
      const step = async () => {
        const next = await pieces.next(120);
        if (!this.ctx.alive()) return;
        more.hidden = next.length < 120;
        grid.append(...next.map((e) => thumbnail(e)));
      };
      const n = Math.max(40, grid.children.length), first = await pieces.next(n);
      if (!this.ctx.alive()) return;
      this.evHead.textContent = t("Evidence");
      s.show([]);
      refill(grid, first.map((e) => thumbnail(e)), first.length ? null : empty(t("No evidence yet in this audit."), "photo"));
      more.hidden = first.length < n;
      grid.after(more);
      this.moreEvidence?.remove();
      this.moreEvidence = more;
    };
    this.tabChange = draw;
    await draw();
  }

  /* ---- the report's fields: the audit's own record ---- */
  async reportTab() {
    const fm = new Form({ form: this.f, record: this.audit, caseName: this.audit.case, scheme: this.scheme, key: draftKey(this.id), title: t("Report of the audit"),
      hide: ["submitted", "submitted_heads"], saved: async () => { this.ctx.toast(t("report recorded: signed, on this device")); await this.change(); } });
    this.form = fm;
    this.tabChange = async () => fm.accept(this.audit);
    refill(this.body, card(t("Report of the audit"), h("span", { class: "dim" }, t("what the audit report holds; the samples and findings come from the matrix")), h("div", { class: "in" }, fm.element)));
    const field = this.ctx.query.get("field");
    if (field) fm.controls.get(field)?.row.scrollIntoView({ block: "center" }), fm.controls.get(field)?.row.querySelector("input, select, textarea")?.focus({ preventScroll: true });
  }

  /* ---- the leave-site check ---- */
  cellHref(record) {
    if (!this.places) this.places = new Map(this.coverage.cells.flatMap((c) => c.records.map((r) => [r.record, c.clause + " " + (c.department || "")])));
    return this.places.has(record) ? href(this.id) + "?" + new URLSearchParams({ cell: this.places.get(record), record }) : null;
  }
  gapHref(g) {
    const type = typeOf(g.record || "");
    const field = /\(([a-z_]+)\)[^()]*$/.exec(g.text)?.[1];
    if (g.rule === "conflict") return "/conflicts#" + tail(g.record);
    if (type === "sample" && this.cellHref(g.record)) return this.cellHref(g.record);
    if (type === "audit" && /meeting|会议/.test(g.text)) return href(this.id, "/meetings");
    if (type === "audit" && bare(g.record) === this.id) {
      const clause = [...this.required.keys()].find((c) => g.text.startsWith(c + " ") || g.text.startsWith(c + ":"));
      if (clause) return href(this.id) + "?" + new URLSearchParams({ cell: clause + " " + (this.coverage.departments.find((d) => this.applies(clause, d)) || "") });
      return href(this.id, "/report") + (field ? "?field=" + field : "");
    }
    return g.record ? href(g.record) + (field ? "?field=" + field : "") : href(this.id, "/report");
  }
  async checkTab() {
    const box = h("div", { class: "stack" });
    refill(this.body, box);
    let hashed = null, running = null;
    const draw = async () => {
      const q = await get("check", [], { audit: this.id, quick: true });
      if (!this.ctx.alive()) return;
      const gaps = q.gaps.slice(0, 200).map((g) => ({ ...g, to: this.gapHref(g) })), count = q.gaps.length;
      const c = this.coverage;
      const visited = c.required_departments.filter((d) => c.cells.some((x) => x.department === d && x.covered)).length;
      const ok = (text) => h("li", { class: "ok" }, icon("conform", true), h("span", null, text));
      refill(box, h("section", { class: "card leave", "aria-labelledby": "lh" }, h("header", null, h("h2", { id: "lh" }, t("Leave-site check")),
        count ? chip("alert", many(count, "one gap, it can't be submitted", "%d gaps, it can't be submitted"), "warn") : chip("conform", isDone(this.audit) ? t("no gap") : t("clean: it can be submitted"), "conform"),
        h("span", { class: "push" }, button(t("Hash all evidence again"), { class: "small", onclick: rehash, "data-k": "rehash" }))),
      grow(h("ul", { class: "gaps" }), [...gaps.map((g) => () => h("li", null, icon("major", true), h("span", null, h("a", { href: g.to, class: "name" }, gapText(g.text)), " ", h("small", null, ruleText(g.rule))))),
        ...[count > gaps.length ? h("li", null, icon("more", true), h("span", null, t("%d more", count - gaps.length))) : null,
          c.required_departments.length === visited ? ok(t("required departments %d / %d", visited, c.required_departments.length)) : null,
          hashed ? ok(hashed) : null, running].filter(Boolean).map((li) => () => li)], box.querySelector(".gaps")),
      (q.later || []).length ? h("details", { class: "in" }, h("summary", null, many(q.later.length, "one entry came after the submission", "%d entries came after the submission")),
        h("ul", null, q.later.slice(0, 50).map((l) => h("li", { class: "small" }, link(l.record), " ", l.by, " ", when(l.at))))) : null),
      isDone(this.audit) || !mayWrite(["leader"]) ? null : h("p", { class: "row" }, h("button", { type: "button", class: "btn" + (gaps.length ? "" : " primary"), "aria-disabled": gaps.length ? "true" : null, "data-k": "submit2", onclick: () => this.submit() },
        gaps.length ? icon("lock", true) : null, t("Submit"))));
    };
    const rehash = async () => {
      running = h("li", null, icon("clock", true), h("span", null, t("hashing …")));
      await draw();
      try {
        const r = await job("check", [], { audit: this.id }, (j) => { if (j.of) running.lastChild.textContent = t("hashing: %d%%", Math.round((j.at / j.of) * 100)); });
        hashed = r.gaps.some((g) => /hash|散列/.test(g.rule + g.text)) ? null : t("every byte of the evidence hashed again at %s, all equal", when(new Date()));
      } catch (e) { this.ctx.toast(e.message); }
      running = null;
      await draw();
    };
    this.tabChange = draw;
    await draw();
  }
  async submit() {
    await this.counted;
    if (this.quick?.gaps.length) {
      if (this.tab === "check") return this.ctx.toast(many(this.quick.gaps.length, "one gap keeps it from being submitted", "%d gaps keep it from being submitted"));
      return this.ctx.go(href(this.id, "/check"));
    }
    const yes = await dialog(t("Submit the audit"), (end) => h("div", { class: "stack2" },
      h("p", null, t("The check is run once more, every byte of evidence is hashed, and the submission is signed. What is recorded later is kept and shown as later.")),
      h("div", { class: "row" }, button(t("Submit the audit"), { class: "primary", autofocus: true, onclick: () => end(true) }), button(t("Not yet"), { class: "quiet", onclick: () => end(false) }))));
    if (!yes) return;
    try {
      const r = await job("submit", [], { audit: this.id }, (j) => this.ctx.toast(j.of ? t("hashing: %d%%", Math.round((j.at / j.of) * 100)) : t("submitting …")));
      if (r && r.clean === false) { this.ctx.toast(many(r.gaps.length, "refused: one gap", "refused: %d gaps")); return void this.ctx.go(href(this.id, "/check")); }
      this.ctx.toast(t("submitted: signed, on this device"));
    } catch (e) {
      this.ctx.toast(e.message);
    }
    await this.change();
  }

  async historyTab() {
    const draw = async () => {
      const line = await timeline(this.audit, this.f);
      if (this.ctx.alive()) refill(this.body, card(t("History"), line.side, line.body));
    };
    this.tabChange = draw;
    await draw();
  }
}
