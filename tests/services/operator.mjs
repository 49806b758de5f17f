// Does in a browser what an operator does, and prints what was seen as JSON.
// Usage: operator.mjs BASE CHROMIUM SCREENSHOTS

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [, , base, executablePath, screenshots] = process.argv;
const modules = createRequire(`${process.env.FLEXKG_NODE}/package.json`);
const { chromium } = modules("playwright-core");
const axe = readFileSync(modules.resolve("axe-core/axe.min.js"), "utf8");
const seen = [];
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });

async function look(name, size, media) {
  const context = await browser.newContext({ viewport: size, colorScheme: media });
  const page = await context.newPage();
  const found = { name, outside: [], complaints: [], axe: [], wide: [] };
  page.on("console", (line) => { if (line.type() === "error") found.complaints.push(line.text()); });
  page.on("pageerror", (error) => found.complaints.push(error.message));
  page.on("request", (request) => { if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(`${base}/`)) found.outside.push(request.url()); });
  const texts = (selector) => page.$$eval(selector, (all) => all.map((one) => one.textContent));
  async function audit(view) {
    await page.evaluate(axe);
    const result = await page.evaluate(() => window.axe.run());
    for (const one of result.violations) for (const node of one.nodes) found.axe.push(`${view}: ${one.id}: ${node.target.join(" ")} ${node.any[0]?.data?.fgColor ?? ""} ${node.any[0]?.data?.bgColor ?? ""}`);
    found.wide.push(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth));
  }
  const row = (event) => page.locator("#events tbody tr", { hasText: event });

  await page.goto(`${base}/operator`);
  await page.waitForSelector("body[data-view=operator]");
  await page.waitForSelector("#vens tbody tr");
  found.vens = await texts("#vens tbody tr");
  await page.waitForFunction(() => document.getElementById("live").textContent.startsWith("Connected"));
  await page.click('button:text-is("Issue")'); // no values yet: the browser holds it back
  await page.check('#choices input[value="VEN-1"]');
  await page.fill("#name", `E-${name}`);
  await page.fill("#values", "1 7");
  await page.click("#send");
  found.refused = await page.textContent("#refusal");
  await audit("refused");
  await page.fill("#values", "1 2 0");
  await page.fill("#comment", '<img src=x onerror="alert(1)">');
  await page.click("#send");
  await row(`E-${name}`).waitFor();
  found.issued = await row(`E-${name}`).textContent();
  found.status = await page.textContent("#status");
  await page.fill("#name", `E-${name}`);
  await page.fill("#values", "3");
  await page.click("#send");
  await page.waitForFunction(() => document.getElementById("refusal").textContent);
  found.twice = await page.textContent("#refusal");
  await row(`E-${name}`).getByRole("button", { name: "Change" }).click();
  await page.waitForFunction(() => document.activeElement.id === "form-title");
  found.focus = await page.evaluate(() => document.activeElement.id);
  found.held = await page.evaluate(() => ["values", "minutes", "kind", "comment"].map((id) => document.getElementById(id).value));
  await page.fill("#values", "2");
  await page.click("#send");
  await page.waitForFunction((event) => [...document.querySelectorAll("#events tbody tr")].some((one) => one.textContent.includes(event) && one.children[5].textContent === "1"), `E-${name}`);
  await page.screenshot({ path: `${screenshots}/operator-${name}.png`, fullPage: true });
  await audit("events");
  await row(`E-${name}`).getByRole("button", { name: "Cancel" }).click();
  await page.waitForSelector("#sure[open]");
  await audit("sure");
  await page.keyboard.press("Escape");
  found.kept = await row(`E-${name}`).count();
  await row(`E-${name}`).getByRole("button", { name: "Cancel" }).click();
  await page.click("#sure-yes");
  await page.waitForFunction((event) => ![...document.querySelectorAll("#events tbody tr")].some((one) => one.textContent.includes(event)), `E-${name}`);
  await page.check("#over");
  found.over = await row(`E-${name}`).textContent();
  await page.locator("#vens tbody tr").first().getByRole("button", { name: "Report" }).click();
  await page.waitForSelector("#report-dialog[open]");
  await audit("report");
  await page.selectOption("#granularity", "PT0S");
  await page.click('#report-dialog button[value="save"]');
  await page.waitForFunction(() => document.getElementById("status").textContent.includes("is asked for"));
  await page.waitForSelector("#log tr");
  found.log = await texts("#log tr");
  await audit("end");
  found.complaints = found.complaints.filter((text) => !/status of 409/.test(text)); // the event that was there
  seen.push(found);
  await context.close();
}

await look("desk", { width: 1280, height: 900 }, "light");
await look("phone", { width: 390, height: 844 }, "dark");
await browser.close();
console.log(JSON.stringify(seen));
