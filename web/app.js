// The page: asks every two seconds how things stand and, where there is a new block, for every figure at that block.

import { ask, Refusal } from "./api.js";
import { dollars, duration, fineToken, FINE_DIGITS, integer, percent, time, token } from "./figures.js";
import { drawPlots } from "./plots.js";

const REFRESH_MS = 2000;
const PAGE_ROWS = 50;
const SILENT_SECONDS = 30;

const $ = (id) => document.getElementById(id);
const show = (id, text) => { const node = $(id); if (node.textContent !== text) node.textContent = text; };

// ---- how things stand

function notice(title, text, isBad = false, part = null) {
  $("notice").hidden = title === null;
  $("notice").classList.toggle("bad", isBad);
  show("notice-title", title ?? "");
  show("notice-text", text ?? "");
  const progress = $("notice-progress");
  progress.hidden = part === null;
  if (part !== null) progress.value = part;
}

function pill(state) {
  show("sync", state);
  $("sync").className = `pill ${state.replace(" ", "-")}`;
}

const POLICIES = {
  live: "The DIEM staked at the moment counts.",
  epoch_open: "The DIEM staked when the epoch opened counts.",
  min_of_both: "The DIEM staked at the moment counts, as far as it was staked when the epoch opened.",
};

function drawStatus(status) {
  document.body.classList.remove("stale");
  const cursor = newest(status);
  show("lag", duration(status.lag_seconds));
  show("finality", finalityText(status));
  if (status.deployment) {
    show("chain", `Chain ${status.deployment.chain_id}, from block ${integer(status.deployment.start_block)} on`);
    show("minimum", `Less than ${fineToken(status.deployment.minimum_diem)} DIEM allows nothing.`);
    show("policy", POLICIES[status.deployment.policy] ?? "");
  }
  if (!cursor) return drawNeverSynced(status);
  pill(status.sync);
  if (status.halted) return notice("The indexer has halted.", `${sentence(status.halted)} What is shown is of block ${integer(cursor.block_number)}.`, true);
  if (status.fork_suspected) return notice("A fork is suspected.", status.fork_suspected);
  if (isApart(status)) return drawApart(status);
  if (status.sync === "behind") return drawBehind(status, cursor.block_number);
  if (status.failing) return notice("The indexer's last step failed.", status.failing);
  notice(null);
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1).replace(/\.?$/, ".");

function finalityText(status) {
  if (!status.as_of || status.finalized === null) return "–";
  return `final to ${integer(status.finalized)}`;
}

function drawNeverSynced(status) {
  pill("never synced");
  const why = status.halted || status.failing || "The indexer has not stored a block yet. This page fills itself when it does.";
  notice("Nothing is stored yet.", why, Boolean(status.halted || status.failing));
}

/** Whether capacity is ahead of what needs all VVV transfers. */
function isApart({ cursors: { capacity, supply } }) {
  return capacity !== null && (supply === null || supply.block_number < capacity.block_number);
}

/** The block that is shown: where the two are apart, of capacity alone. */
function newest(status) {
  return isApart(status) ? status.cursors.capacity : status.as_of;
}

function drawApart(status) {
  const start = status.deployment?.start_block ?? 0;
  const { capacity, supply } = status.cursors;
  const block = supply?.block_number ?? start;
  const left = status.seconds_left === null ? "" : ` About ${duration(status.seconds_left)} left.`;
  const text = `VVV's transfers are stored up to block ${integer(block)} of ${integer(capacity.block_number)}.${left}`;
  notice("Supply and burns are still coming.", text, false, (block - start) / Math.max(1, capacity.block_number - start));
}

function drawBehind(status, block) {
  const silent = status.observed_seconds_ago;
  if (silent > SILENT_SECONDS) return notice("The indexer is silent.", `It last heard from its node ${duration(silent)} ago. What is shown is of block ${integer(block)}.`, true);
  const head = status.head?.block_number;
  const start = status.deployment?.start_block ?? 0;
  if (head === undefined || head <= block) return notice("The state is old.", `It was confirmed ${duration(status.lag_seconds)} ago: the indexer or its node may be down.`);
  const left = status.seconds_left === null ? "" : ` About ${duration(status.seconds_left)} left.`;
  const part = (block - start) / Math.max(1, head - start);
  notice("Catching up.", `Block ${integer(block)} of ${integer(head)}.${left}`, false, part);
}

function drawUnreachable(error) {
  document.body.classList.add("stale");
  if (error instanceof Refusal) {
    pill("not ready");
    return notice("The API cannot answer all of this.", error.message, true);
  }
  pill("unreachable");
  notice("The API does not answer.", "What is shown may be old. Trying again every two seconds.", true);
}

// ---- cards

function drawSupply(body) {
  show("supply-effective", token(body.effective, 0));
  show("supply-erc20", token(body.erc20, 0));
  show("supply-circulating", token(body.circulating, 0));
  show("supply-liquid", token(body.liquid, 0));
  show("supply-holders", integer(body.holders));
  show("burned-erc20", percent(body.burned_share_of_erc20));
  $("burned-meter").value = Number(body.burned_share_of_erc20 ?? 0);
}

function drawBurns(body) {
  show("burned-total", token(body.total.amount, 0));
  show("burned-programmatic", token(body.by_class.programmatic.amount, 0));
  show("burned-discretionary", token(body.by_class.discretionary.amount, 0));
  show("burned-airdrop", token(body.by_class.airdrop.amount, 0));
  show("burned-unclassified", token(body.by_class.unclassified.amount, 0));
}

function drawStaking(body) {
  show("staked-total", token(body.staked, 0));
  show("staked-ratio", percent(body.staking_ratio));
  show("staked-locked", `${token(body.locked, 0)} (${percent(body.lock_ratio, 1)})`);
  show("staked-cooling", token(body.cooling, 0));
  show("staked-stakers", integer(body.stakers));
  $("staked-meter").value = Number(body.staking_ratio ?? 0);
}

function drawDiem(body) {
  show("diem-supply", token(body.supply));
  show("diem-staked", `${token(body.staked)} (${percent(body.staked_ratio, 1)})`);
  show("diem-dollars", `up to $${token(body.staked)}`);
  show("diem-rate", body.mint_rate === null ? "unknown" : `${token(body.mint_rate)} sVVV`);
  show("diem-remaining", body.remaining === null ? "unknown" : `${token(body.remaining, 0)} DIEM`);
  $("diem-meter").value = Number(body.staked_ratio ?? 0);
}

const CAPACITY_CARDS = [["/v1/diem", drawDiem]];
const SUPPLY_CARDS = [["/v1/supply", drawSupply], ["/v1/burns", drawBurns], ["/v1/staking", drawStaking]];

// ---- epoch

let closesAt = null;

function setEpoch(epoch) {
  // The block's time, not this machine's, says how much is left; from there on this machine only counts.
  closesAt = { remaining: epoch.seconds_remaining, since: performance.now() };
  show("epoch-id", epoch.id);
}

function drawCountdown() {
  if (!closesAt) return;
  const left = Math.max(0, closesAt.remaining - Math.floor((performance.now() - closesAt.since) / 1000));
  const two = (value) => String(value).padStart(2, "0");
  show("countdown", `${two(Math.floor(left / 3600))}:${two(Math.floor(left / 60) % 60)}:${two(left % 60)}`);
  $("epoch-progress").value = 86400 - left;
}

// ---- table

const COLUMNS = [
  ["Allocation", (item) => dollars(item.allocation_usd)],
  ["DIEM", (item) => token(item.staked, 4)],
  ["sVVV", (item) => token(item.svvv)],
  ["Share", (item) => percent(item.share, 4)],
];

const table = { order: "allocation", pages: 0, next: null };

const tablePath = () => `/v1/capacity?order=${table.order}&limit=${PAGE_ROWS}`;

function element(name, text = "", className = "") {
  const node = document.createElement(name);
  node.textContent = text;
  node.className = className;
  return node;
}

function emptyRow(item) {
  const address = element("td", "", "address");
  const button = element("button", item.address);
  button.type = "button";
  button.title = "Look up";
  button.addEventListener("click", () => { $("address").value = item.address; lookUp(item.address, true); });
  address.append(button);
  if (item.label) address.append(element("span", item.label, "label"));
  const node = element("tr");
  node.dataset.address = item.address;
  node.append(address, ...COLUMNS.map(([name]) => {
    const figure = element("td", "", "right");
    figure.dataset.name = name;
    return figure;
  }));
  return node;
}

function fill(node, item) {
  COLUMNS.forEach(([, figure], column) => {
    const text = figure(item);
    const place = node.children[column + 1];
    if (place.textContent !== text) place.textContent = text;
  });
  node.classList.toggle("nothing", item.allocation_usd_micros === 0);
  return node;
}

/** Keeps each address's row, so that what a reader has selected or focused stays so while the figures move. */
function drawFirstRows(items) {
  const body = $("items");
  const known = new Map(Array.from(body.children, (node) => [node.dataset.address, node]));
  items.forEach((item, position) => {
    const node = fill(known.get(item.address) ?? emptyRow(item), item);
    if (body.children[position] !== node) body.insertBefore(node, body.children[position] ?? null);
  });
  while (body.children.length > items.length) body.lastChild.remove();
  if (items.length > 0) return;
  const empty = element("td", "Nobody has staked yet.", "empty");
  empty.colSpan = 1 + COLUMNS.length;
  const only = element("tr");
  only.append(empty);
  body.replaceChildren(only);
}

function drawRows(body, isFirst) {
  if (isFirst) drawFirstRows(body.items);
  else $("items").append(...body.items.map((item) => fill(emptyRow(item), item)));
  table.pages = isFirst ? 1 : table.pages + 1;
  table.next = body.next_cursor;
  $("more").hidden = body.next_cursor === null;
  show("rows", `${integer(body.rows)} addresses at block ${integer(body.as_of.block_number)}`);
  $("pinned").hidden = table.pages === 1;
  show("pinned-block", integer(body.as_of.block_number));
}

function drawTable(body, order) {
  setEpoch(body.epoch);
  // Not under a reader who is pages down, and not in an order that was left while the answer was on its way.
  if (table.pages <= 1 && order === table.order) drawRows(body, true);
}

async function showMore() {
  const button = $("more");
  button.disabled = true;
  try {
    drawRows(await ask(`${tablePath()}&cursor=${table.next}`), false);
  } catch (error) {
    if (error.kind === "cursor-expired") await startTable();
    else drawUnreachable(error);
  } finally {
    button.disabled = false;
  }
}

async function startTable() {
  const order = table.order;
  try {
    const body = await ask(tablePath());
    if (order === table.order) drawRows(body, true);
  } catch (error) {
    drawUnreachable(error);
  }
}

// ---- look-up

/** The address whose figures are kept up to date, as the API writes it. */
let looked = null;

/** Counts look-ups: the answer to one that another has overtaken is not shown. */
let lookUps = 0;

function pair(name, value, exact = "") {
  const group = element("div");
  const text = element("dd", value);
  if (exact !== value) text.title = exact;
  group.append(element("dt", name), text);
  return group;
}

const amount = (name, units) => pair(name, fineToken(units), fineToken(units, 18));

/** What is unstaked: still cooling, or there to be taken out. */
function cooling(name, part, now) {
  if (part.cooling === "0") return pair(name, "nothing");
  const until = part.cooling_ends_at;
  const when = until === null ? "end unknown" : until <= now ? "can be withdrawn" : `until ${time(until)}`;
  return pair(name, `${fineToken(part.cooling)}, ${when}`, `${fineToken(part.cooling, 18)}, ${when}`);
}

function allocation(body) {
  const text = dollars(body.entitlement.allocation_usd, FINE_DIGITS);
  if (body.entitlement.minimum_met) return text;
  return body.diem.staked === "0" ? `${text}, no DIEM staked` : `${text}, below the minimum stake`;
}

function drawFound(body) {
  const now = body.as_of.block_timestamp;
  const list = element("dl");
  list.append(
    pair("Allocation this epoch", allocation(body)),
    pair("Next epoch, if nothing changes", dollars(body.entitlement.next_allocation_usd, FINE_DIGITS)),
    amount("DIEM staked", body.diem.staked),
    amount("DIEM in the wallet", body.diem.liquid),
    cooling("DIEM cooling", body.diem, now),
    amount("DIEM minted, not burned", body.diem.outstanding),
    amount("sVVV", body.stake.svvv),
    amount("Of it locked for DIEM", body.stake.locked),
    cooling("VVV cooling", body.stake, now),
    pair("Share of all sVVV", percent(body.stake.share, 6)),
    pair("Pro member by stake", body.gates.pro ? "yes" : "no"),
    pair("As of block", integer(body.as_of.block_number)),
  );
  const title = element("strong", body.label ? `${body.address} – ${body.label}` : body.address, "address");
  $("found").classList.remove("bad");
  $("found").replaceChildren(title, list);
}

function drawNotFound(error) {
  const [title, text] = error instanceof Refusal ? [sentence(error.title), sentence(error.message)] : ["The API does not answer.", ""];
  $("found").classList.add("bad");
  $("found").replaceChildren(element("strong", title), element("p", text));
}

async function lookUp(text, isMove = false) {
  const asked = ++lookUps;
  const address = text.trim();
  looked = null;
  $("found").hidden = address === "";
  if (address === "") return;
  try {
    const body = await ask(`/v1/entitlements/${encodeURIComponent(address)}`);
    if (asked !== lookUps) return;
    looked = body.address;
    drawFound(body);
  } catch (error) {
    if (asked !== lookUps) return;
    drawNotFound(error);
  }
  show("found-said", $("found").firstChild.textContent);
  if (isMove) $("found").focus();
  $("found").scrollIntoView({ block: "nearest" });
}

// ---- the round

/** All figures or none: those of two blocks never stand side by side. */
async function drawBlock(at, cards) {
  const order = table.order;
  const questions = [...cards, [tablePath(), (body) => drawTable(body, order)]];
  if (looked) questions.push([`/v1/entitlements/${looked}`, (body) => { if (looked === body.address) drawFound(body); }]);
  const inBlock = (path) => `${path}${path.includes("?") ? "&" : "?"}block=${at.block_number}`;
  const bodies = await Promise.all(questions.map(([path]) => ask(inBlock(path))));
  bodies.forEach((body, position) => questions[position][1](body));
  show("block", integer(at.block_number));
  $("block").title = time(at.block_timestamp ?? "");
}

let drawn = null;

async function round() {
  try {
    const status = await ask("/v1/status");
    drawStatus(status);
    const at = newest(status);
    const cards = isApart(status) ? CAPACITY_CARDS : [...CAPACITY_CARDS, ...SUPPLY_CARDS];
    const name = at && `${at.block_number} ${at.block_hash} ${cards.length}`;
    if (!at || name === drawn) return;
    await drawBlock(at, cards);
    drawn = name;
    if (!isApart(status)) await drawPlots(at.block_number);
  } catch (error) {
    // A reorg may take the block away between two questions; the next round asks at the one that came instead.
    if (error.kind !== "block-out-of-range") drawUnreachable(error);
  }
}

/** By another period, of the block that is shown. */
async function replot() {
  try {
    await drawPlots(newest(await ask("/v1/status")).block_number);
  } catch (error) {
    drawUnreachable(error);
  }
}

async function rounds() {
  if (!document.hidden) await round();
  setTimeout(rounds, REFRESH_MS);
}

$("search").addEventListener("submit", (event) => { event.preventDefault(); lookUp($("address").value); });
$("address").addEventListener("input", () => { if ($("address").value === "") lookUp(""); });
$("order").addEventListener("change", () => { table.order = $("order").value; startTable(); });
$("interval").addEventListener("change", replot);
$("more").addEventListener("click", showMore);
$("renew").addEventListener("click", startTable);
setInterval(drawCountdown, 250);
rounds();
