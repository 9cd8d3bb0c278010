// The page in a real browser, held against the API. `node page.mjs URL FOLDER`: screenshots go to the folder.
// Says on stdout how far it is, and waits on stdin where the stack has to change first.

import assert from "node:assert/strict";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const [url, folder] = process.argv.slice(2);
const words = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (word) => console.log(word);
const heard = async (word) => assert.equal((await words.next()).value, word);
const PAGE_ROWS = 50;

// ---- the browser

function isProgram(path) {
  try { accessSync(path, constants.X_OK); return true; } catch { return false; }
}

function browserPath() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const folders = (process.env.PATH ?? "").split(delimiter);
  const found = names.flatMap((name) => folders.map((one) => join(one, name))).find(isProgram);
  assert.ok(found, "Chromium is missing; install it, or set CHROMIUM to it");
  return found;
}

/** What no reader should ever meet; what a step provokes itself is forgiven while it lasts. */
const faults = [];
let forgiven = null;

async function open(browser, options) {
  const page = await (await browser.newContext(options)).newPage();
  page.setDefaultTimeout(20_000);
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  const note = (fault) => { if (!forgiven?.test(fault)) faults.push(fault); };
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) note(`${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => note(`${error}`));
  page.on("request", (request) => { if (!request.url().startsWith(url)) note(`a request to ${request.url()}`); });
  await page.goto(url);
  await page.waitForFunction(() => document.getElementById("sync").textContent === "live");
  await page.waitForFunction(() => document.getElementById("block").textContent !== "–");
  return page;
}

const shot = (page, name) => page.screenshot({ path: join(folder, `page-${name}.png`) });

// ---- what the API says, in the page's way of writing

async function api(path) {
  const response = await fetch(new URL(path, url));
  assert.equal(response.status, 200, path);
  return response.json();
}

const grouped = (digits) => BigInt(digits).toLocaleString("en-US");

function tokens(units, digits) {
  const padded = units.padStart(19, "0");
  return grouped(padded.slice(0, -18)) + (digits ? `.${padded.slice(-18).slice(0, digits)}` : "");
}

function percent(ratio, digits = 2) {
  const [whole, fraction] = ratio.split(".");
  return `${Number(whole + fraction.slice(0, 2))}.${fraction.slice(2, 2 + digits)} %`;
}

const dollars = (usd, digits = 2) => `$${grouped(usd.split(".")[0])}.${usd.split(".")[1].slice(0, digits)}`;

async function cards(block) {
  const ask = (name) => api(`/v1/${name}?block=${block}`);
  const [supply, burns, staking, diem] = await Promise.all(["supply", "burns", "staking", "diem"].map(ask));
  const burned = (name) => tokens(burns.by_class[name].amount, 0);
  return {
    "supply-effective": tokens(supply.effective, 0),
    "supply-erc20": tokens(supply.erc20, 0),
    "supply-circulating": tokens(supply.circulating, 0),
    "supply-liquid": tokens(supply.liquid, 0),
    "supply-holders": String(supply.holders),
    "burned-total": tokens(burns.total.amount, 0),
    "burned-erc20": percent(supply.burned_share_of_erc20),
    "burned-programmatic": burned("programmatic"),
    "burned-discretionary": burned("discretionary"),
    "burned-airdrop": burned("airdrop"),
    "burned-unclassified": burned("unclassified"),
    "staked-total": tokens(staking.staked, 0),
    "staked-ratio": percent(staking.staking_ratio),
    "staked-locked": `${tokens(staking.locked, 0)} (${percent(staking.lock_ratio, 1)})`,
    "staked-cooling": tokens(staking.cooling, 0),
    "staked-stakers": String(staking.stakers),
    "diem-supply": tokens(diem.supply, 2),
    "diem-staked": `${tokens(diem.staked, 2)} (${percent(diem.staked_ratio, 1)})`,
    "diem-dollars": `up to $${tokens(diem.staked, 2)}`,
    "diem-rate": `${tokens(diem.mint_rate, 2)} sVVV`,
    "diem-remaining": `${tokens(diem.remaining, 0)} DIEM`,
  };
}

async function rows(order, block, limit = PAGE_ROWS) {
  const { items, rows: count } = await api(`/v1/capacity?order=${order}&limit=${limit}&block=${block}`);
  const line = (item) => [item.address, dollars(item.allocation_usd), tokens(item.staked, 4), tokens(item.svvv, 2), percent(item.share, 4)];
  return { lines: items.map(line), count };
}

// ---- what the page shows

/** Everything at one moment: the page draws a block's figures all at once. */
const shown = (page) => page.evaluate(() => {
  const text = (node) => node.textContent.trim();
  const address = (cell) => text(cell.querySelector("button") ?? cell);
  return {
    block: Number(text(document.getElementById("block")).replaceAll(",", "")),
    cards: Object.fromEntries(Array.from(document.querySelectorAll(".card [id]"), (node) => [node.id, text(node)])
      .filter(([id]) => !id.endsWith("-meter"))),
    lines: Array.from(document.querySelectorAll("#items tr"), (row) => Array.from(row.cells, (cell, column) => (column ? text(cell) : address(cell)))),
    caption: text(document.getElementById("rows")),
  };
});

const tableBlock = ({ caption }) => Number(/at block ([\d,]+)$/.exec(caption)[1].replaceAll(",", ""));

async function figuresHold(page) {
  const seen = await shown(page);
  assert.deepEqual(seen.cards, await cards(seen.block), `the cards at block ${seen.block}`);
  await tableHolds(seen, "allocation");
  return seen.block;
}

async function tableHolds(seen, order, limit) {
  const block = tableBlock(seen);
  const { lines, count } = await rows(order, block, limit);
  assert.deepEqual(seen.lines, lines, `the table by ${order} at block ${block}`);
  assert.ok(seen.caption.startsWith(`${count} addresses`), seen.caption);
}

const movesOn = (page, block) => page.waitForFunction(
  (before) => Number(document.getElementById("block").textContent.replaceAll(",", "")) > before, block);

// ---- the steps

async function orders(page) {
  for (const order of ["share", "address", "allocation"]) {
    const answered = page.waitForResponse((response) => response.url().includes(`order=${order}`));
    await page.selectOption("#order", order);
    await (await answered).finished();
    await page.waitForFunction(() => document.querySelectorAll("#items tr").length > 1);
    await page.evaluate(() => new Promise(requestAnimationFrame));
    await tableHolds(await shown(page), order);
  }
}

async function paging(page) {
  while (await page.isVisible("#more")) {
    const before = await page.locator("#items tr").count();
    await page.click("#more");
    await page.waitForFunction((count) => document.querySelectorAll("#items tr").length > count, before);
  }
  const all = await shown(page);
  assert.ok(all.lines.length > PAGE_ROWS);
  await tableHolds(all, "allocation", 1000);
  await movesOn(page, all.block);
  assert.equal(tableBlock(await shown(page)), tableBlock(all), "the list keeps to its block");
  await page.click("#renew");
  await page.waitForFunction((count) => document.querySelectorAll("#items tr").length === count, PAGE_ROWS);
}

const found = (page) => page.evaluate(() => ({
  text: document.getElementById("found").textContent,
  figures: Object.fromEntries(Array.from(document.querySelectorAll("#found dl div"), (pair) => [pair.children[0].textContent, pair.children[1].textContent])),
}));

async function lookUp(page, text) {
  const answered = page.waitForResponse((response) => response.url().includes("/v1/entitlements/"));
  await page.fill("#address", text);
  await page.press("#address", "Enter");
  await (await answered).finished();
  await page.waitForFunction(() => document.getElementById("found").children.length > 1);
  return found(page);
}

async function foundHolds({ text, figures }, address) {
  assert.ok(text.includes(address), text);
  const block = figures["As of block"].replaceAll(",", "");
  const { entitlement, stake } = await api(`/v1/entitlements/${address}?block=${block}`);
  assert.equal(figures["Allocation this epoch"], dollars(entitlement.allocation_usd, 6));
  assert.equal(figures["Next epoch, if nothing changes"], dollars(entitlement.next_allocation_usd, 6));
  assert.equal(figures["Share of all sVVV"], percent(stake.share, 6));
}

async function lookUps(page) {
  const first = page.locator("#items button").first();
  const address = (await first.textContent()).trim();
  await first.click();
  await page.waitForSelector("#found dl");
  await foundHolds(await found(page), address);
  await shot(page, "found");
  await foundHolds(await lookUp(page, ` ${address.toLowerCase()} `), address);

  forgiven = /status of 400 .*\/v1\/entitlements\//;
  const wrong = address.replace(/[a-f]/i, (letter) => (letter < "a" ? letter.toLowerCase() : letter.toUpperCase()));
  const checksum = await lookUp(page, wrong);
  assert.ok(/checksum/.test(checksum.text) && checksum.text.includes(address), checksum.text);
  await shot(page, "wrong-checksum");
  const nonsense = await lookUp(page, "<b>nonsense</b>");
  assert.match(nonsense.text, /^Not an address\."<b>nonsense<\/b>" is not an address/);
  await page.fill("#address", "");
  await page.waitForSelector("#found", { state: "hidden" });
  forgiven = null;
}

/** What each plot writes of its newest period, and of the one under the pointer. */
const readouts = (page) => page.evaluate(() => ({
  block: Number(document.getElementById("plots").dataset.block),
  lines: Object.fromEntries(Array.from(document.querySelectorAll(".plot"), (plot) => [
    plot.id, Array.from(plot.querySelectorAll(".readout span"), (part) => part.textContent)])),
  drawn: Array.from(document.querySelectorAll(".plot svg"), (picture) => picture.querySelectorAll("path, rect").length),
}));

async function plots(page) {
  for (const interval of ["hour", "month", "week", "day"]) {
    await page.selectOption("#interval", interval);
    await page.waitForFunction((name) => document.getElementById("plots").dataset.interval === name, interval);
    const { block, lines, drawn } = await readouts(page);
    const last = async (topic) => (await api(`/v1/${topic}/history?interval=${interval}&block=${block}`)).items.at(-1);
    const [supply, staking, diem] = await Promise.all(["supply", "staking", "diem"].map(last));
    const digits = { hour: 16, month: 7 }[interval] ?? 10;
    const when = `${supply.start.replace("T", " ").slice(0, digits)}, so far`;
    const { stakers, treasury } = supply.flow.minted;
    assert.deepEqual(lines, {
      "plot-supply": [when, `${tokens(supply.effective, 0)} VVV supply`, `${tokens(supply.circulating, 0)} VVV circulating`],
      "plot-burned": [when, `${tokens(supply.flow.burned.amount, 0)} VVV`],
      "plot-emitted": [when, `${tokens(stakers.amount, 0)} VVV to stakers`, `${tokens(treasury.amount, 0)} VVV to the treasury`],
      "plot-holders": [when, String(supply.holders)],
      "plot-staked": [when, `${tokens(staking.staked, 0)} sVVV staked`, `${tokens(staking.locked, 0)} sVVV locked for DIEM`],
      "plot-stakers": [when, String(staking.stakers)],
      "plot-diem": [when, `${tokens(diem.supply, 2)} DIEM supply`, `${tokens(diem.staked, 2)} DIEM staked`],
      "plot-diem-minted": [when, `${tokens(diem.flow.minted.amount, 2)} DIEM`],
    }, `the plots by ${interval} at block ${block}`);
    assert.ok(drawn.every((marks) => marks > 0), `${drawn} marks by ${interval}`);
  }
  await page.focus("#plot-supply svg");
  await page.keyboard.press("Home");
  const { block, lines } = await readouts(page);
  const { items } = await api(`/v1/supply/history?interval=day&block=${block}`);
  const begun = items.findIndex((item) => item.erc20 !== "0");
  const first = items[Math.max(0, begun - 1)];
  assert.equal(lines["plot-supply"][1], `${tokens(first.effective, 0)} VVV supply`);
  assert.ok(lines["plot-supply"][0].startsWith(first.start.slice(0, 10)), lines["plot-supply"][0]);
  await shot(page, "plots");
}

/** How light a colour is, from 0 to 255. */
const lightness = (page, property) => page.evaluate((name) => {
  const parts = getComputedStyle(document.body)[name].match(/\d+/g).slice(0, 3);
  return parts.reduce((sum, part) => sum + Number(part), 0) / 3;
}, property);

async function phone(browser) {
  const page = await open(browser, { viewport: { width: 360, height: 740 }, colorScheme: "dark", hasTouch: true });
  const address = await page.locator("#items button").first().textContent();
  await lookUp(page, address);
  const [content, width] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.equal(content, width, "a phone scrolls down only");
  assert.ok(await lightness(page, "backgroundColor") < 60 && await lightness(page, "color") > 180, "dark");
  await shot(page, "phone-dark");
  await page.context().close();
}

async function withoutApi(page, block) {
  forgiven = /ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|ERR_SOCKET_NOT_CONNECTED/;
  say("figures hold");
  await heard("it is stopped");
  await page.waitForFunction(() => document.getElementById("sync").textContent === "unreachable");
  assert.match(await page.textContent("#notice"), /The API does not answer/);
  assert.ok((await shown(page)).block >= block, "what was shown stays");
  await shot(page, "api-stopped");
  say("the page says so");
  await heard("it is back");
  await page.waitForFunction(() => document.getElementById("sync").textContent === "live");
  await movesOn(page, block);
  forgiven = null;
  assert.ok(await page.isHidden("#notice"));
  await figuresHold(page);
}

const browser = await chromium.launch({ executablePath: browserPath(), args: process.getuid() === 0 ? ["--no-sandbox"] : [] });
try {
  const page = await open(browser, { viewport: { width: 1280, height: 900 }, colorScheme: "light" });
  const block = await figuresHold(page);
  await movesOn(page, block);
  await figuresHold(page);
  assert.ok(await lightness(page, "backgroundColor") > 200, "light");
  await shot(page, "desktop");
  await plots(page);
  await orders(page);
  await paging(page);
  await lookUps(page);
  await phone(browser);
  await withoutApi(page, (await shown(page)).block);
  assert.deepEqual(faults, []);
  say("the page goes on");
} finally {
  await browser.close();
}
process.exit(0);
