// Signs in on the page as a person does, at a real provider, and prints what was seen as JSON.
// Usage: sign_in.mjs BASE CHROMIUM SCREENSHOTS whole|refused

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [, , base, executablePath, screenshots, how] = process.argv;
const modules = createRequire(`${process.env.FLEXKG_NODE}/package.json`);
const { chromium } = modules("playwright-core");
const axe = readFileSync(modules.resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const page = await (await browser.newContext({ viewport: { width: 390, height: 844 } })).newPage();
page.setDefaultTimeout(30_000);
const found = { complaints: [], axe: [] };
page.on("pageerror", (error) => found.complaints.push(error.message));
page.on("console", (line) => { if (/Content Security Policy/.test(line.text()) && line.location().url.startsWith(base)) found.complaints.push(line.text()); });

await page.goto(`${base}/#/query`);
await page.waitForSelector("#token-dialog[open]"); // the list of stored queries was refused
if (how === "refused") {
  await page.click("#sign-in");
  await page.waitForFunction(() => document.querySelector("#token-status").textContent);
  console.log(JSON.stringify({ told: await page.textContent("#token-status") }));
  await browser.close();
  process.exit(0);
}
await page.evaluate(axe);
found.axe = (await page.evaluate(() => window.axe.run())).violations.map((one) => one.id);
await page.screenshot({ path: `${screenshots}/phone-sign-in.png` });
await page.fill("#token", "no.token.atall");
await page.click("#token-dialog button[value=save]");
await page.reload();
await page.waitForSelector("#token-dialog[open]");
await page.click("#sign-in");
await page.waitForSelector("input[name=login]");
await page.fill("input[name=login]", "anna");
await page.fill("input[name=password]", "anna");
await page.click("button[type=submit]");
await page.waitForSelector("button[type=submit]:not(:has-text('Sign-in'))");
await page.click("button[type=submit]");
await page.waitForSelector(".yasqe_queryButton");
found.address = page.url();
found.access = await page.textContent("#access");
await page.selectOption("#stored", "parties");
await page.click(".tabPanel.active .yasqe_queryButton");
await page.waitForSelector(".tabPanel.active .yasr_results table");
found.rows = await page.$$eval(".tabPanel.active .yasr_results tbody tr", (all) => all.length);
await page.click("#access");
await page.waitForSelector("#token-dialog[open]");
found.left = await page.evaluate(() => sessionStorage.getItem("flexkg-token"));
await page.goto(`${base}/?code=stolen&state=guessed`);
await page.waitForFunction(() => document.querySelector("#token-status").textContent);
found.foreign = await page.textContent("#token-status");
found.cleaned = page.url();
await page.goto(`${base}/?error=access_denied&error_description=no&state=x`);
await page.waitForFunction(() => document.querySelector("#token-status").textContent);
await browser.close();
console.log(JSON.stringify(found));
