// Looks at pages in a real Chromium, in light and dark, wide and narrow, and
// fails where a page logs an error, asks another host, runs hostile text,
// scrolls sideways or breaks a rule of axe-core. It leaves screenshots.
//
// node check.mjs CHROMIUM FOLDER URL…   (run by healer/page's browser test)
import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [executablePath, folder, ...urls] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
mkdirSync(folder, { recursive: true });
const faults = [];
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });

async function look(url, width, colorScheme, scripts) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, javaScriptEnabled: scripts, bypassCSP: false });
  context.setDefaultTimeout(300000); // a busy machine is no fault of the page
  const page = await context.newPage();
  const name = `${url.replace(/^file:.*\//, "").replace(/^https?:\/\/[^/]*/, "").replace(/[^a-z0-9]+/gi, "-").replace(/^-|-$/g, "") || "overview"}-${width}-${colorScheme}${scripts ? "" : "-noscript"}`;
  const fault = (text) => faults.push(`${name}: ${text}`);
  const own = new URL(url);
  page.on("console", (m) => { if (["error", "warning"].includes(m.type())) fault(`console: ${m.text()}`); });
  page.on("pageerror", (e) => fault(`error: ${e}`));
  page.on("dialog", (d) => { fault(`hostile text ran: ${d.message()}`); d.dismiss(); });
  page.on("request", (r) => {
    const u = new URL(r.url());
    if (u.protocol !== "data:" && u.origin !== own.origin) fault(`asks ${r.url()}`);
  });
  await page.goto(url, { waitUntil: "load" });
  // What is below the fold is laid out when it is looked at.
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width, height: Math.min(height + 600, 12000) });
  await page.waitForTimeout(200);
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
  if (scripts) {
    const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (sideways > 0) fault(`scrolls sideways by ${sideways} px`);
    if (own.protocol !== "file:") await page.waitForFunction(() => document.getElementById("live").textContent === "live", null, { timeout: 300000 });
    // The page's own policy lets no script in, so axe goes in beside it.
    const client = await context.newCDPSession(page);
    const { result } = await client.send("Runtime.evaluate", {
      expression: `${axe}; axe.run(document, { resultTypes: ["violations"] }).then((r) => JSON.stringify(r.violations.map((v) => v.id + ": " + v.help + ": " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | "))))`,
      awaitPromise: true, returnByValue: true,
    });
    if (!result.value) fault(`axe did not run: ${JSON.stringify(result).slice(0, 300)}`);
    else for (const v of JSON.parse(result.value)) fault(`axe: ${v}`);
  }
  await context.close();
}

// The median of five loads, each in a context of its own, which is to the
// browser what a private window is: from the address to the load event.
async function timed(url, width) {
  const times = [];
  for (let i = 0; i < 5; i++) {
    const context = await browser.newContext({ viewport: { width, height: 900 } });
    const page = await context.newPage();
    const begun = performance.now();
    await page.goto(url, { waitUntil: "load", timeout: 300000 });
    times.push(performance.now() - begun);
    await context.close();
  }
  times.sort((a, b) => a - b);
  return `${times[2].toFixed(0)} ms at ${width} px (${times[0].toFixed(0)} to ${times[4].toFixed(0)})`;
}

for (const url of urls) {
  const times = [await timed(url, 1280), await timed(url, 390)];
  for (const [width, scheme] of [[1280, "light"], [390, "dark"]]) await look(url, width, scheme, true);
  // The first page also in the other two ways; all of them without scripts.
  if (url === urls[0]) for (const [width, scheme] of [[1280, "dark"], [390, "light"]]) await look(url, width, scheme, true);
  await look(url, 1280, "light", false);
  console.log(`${url.replace(/\/\/[^@/]*@/, "//")}: loads in ${times.join(", ")}`);
}
await browser.close();
for (const f of faults) console.error(f);
process.exit(faults.length ? 1 : 0);
