// What a person does on the page /me, in a browser: signs in at the provider, looks, allows, withdraws, opts out,
// takes all along, erases itself. Prints what was seen as JSON.
// Usage: me.mjs BASE CHROMIUM SUBJECT EXPORT

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [, , base, executablePath, subject, target] = process.argv;
const modules = createRequire(`${process.env.FLEXKG_NODE}/package.json`);
const { chromium } = modules("playwright-core");
const axe = readFileSync(modules.resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const page = await (await browser.newContext({ acceptDownloads: true })).newPage();
page.setDefaultTimeout(30_000);
const found = { complaints: [], axe: [] };
page.on("console", (line) => { if (line.type() === "error") found.complaints.push(`${page.url()}: ${line.text()}`); });
page.on("pageerror", (error) => found.complaints.push(error.message));
page.on("dialog", (dialog) => { found.asked = dialog.message(); dialog.accept(); });
const rows = (id) => page.$$eval(`#${id} tr`, (all) => all.map((row) => [...row.cells].map((cell) => cell.textContent)));
async function audit(view) {
  await page.evaluate(axe);
  for (const one of (await page.evaluate(() => window.axe.run())).violations) found.axe.push(`${view}: ${one.id}: ${one.nodes[0].target.join(" ")}`);
}
const said = (pattern) => page.waitForFunction((text) => new RegExp(text).test(document.getElementById("say").textContent), pattern);

await page.goto(`${base}/me`);
await page.click("#login");
await page.fill("input[name=login]", subject);
await page.fill("input[name=password]", "any");
await page.click("button[type=submit]");
await page.click("button[type=submit]"); // the consent
await page.waitForSelector("#all:not([hidden])");
found.address = page.url();
found.kept = await page.evaluate(() => [JSON.stringify(localStorage), JSON.stringify(sessionStorage)]);
found.events = await rows("events");
found.readings = await rows("readings");
await audit("signed in");
await page.fill("input[name=assignee]", "adviser");
await page.selectOption("select[name=purpose]", "advice");
await page.fill("input[name=until]", "2099-01-01");
await page.click("#grant button");
await page.waitForSelector("#mandates button");
found.allowed = await rows("mandates");
await page.click("#mandates button");
await page.waitForFunction(() => document.querySelector("#mandates").textContent.includes("withdrawn"));
const shown = () => page.waitForResponse((answer) => answer.url().endsWith("/me/data"));
const [opted] = await Promise.all([page.waitForResponse((answer) => answer.url().endsWith("/opt-out")), page.click("#events button"), shown()]);
found.opted = opted.status();
const [download] = await Promise.all([page.waitForEvent("download"), page.click("#export")]);
await download.saveAs(target);
await page.click("#erase");
await said("erased");
found.proof = await page.textContent("#say");
found.gone = await page.isHidden("#all");
await audit("erased");
console.log(JSON.stringify(found));
await browser.close();
