// A browser in which a script looks at a page of the service, at a desk's size in light and at a phone's in dark.
// Usage of such a script: SCRIPT.mjs BASE CHROMIUM SCREENSHOTS [MORE ...]; it prints what was seen as JSON.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [, , base, executablePath, screenshots, ...rest] = process.argv;
const modules = createRequire(`${process.env.FLEXKG_NODE}/package.json`);
const { chromium } = modules("playwright-core");
const axe = readFileSync(modules.resolve("axe-core/axe.min.js"), "utf8");
const LOOKS = [["desk", { width: 1280, height: 900 }, "light"], ["phone", { width: 390, height: 844 }, "dark"]];

export const more = rest;
export { base };

/** Let a script look at both sizes, and print what it found: requests elsewhere, complaints, what axe says, what is too wide. */
export async function look(script) {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const seen = [];
  for (const [name, viewport, colorScheme] of LOOKS) {
    const context = await browser.newContext({ viewport, colorScheme });
    const page = await context.newPage();
    const found = { name, outside: [], complaints: [], axe: [], wide: [] };
    page.on("console", (line) => { if (line.type() === "error") found.complaints.push(line.text()); });
    page.on("pageerror", (error) => found.complaints.push(error.message));
    page.on("request", (request) => { if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(`${base}/`)) found.outside.push(request.url()); });
    const audit = async (view) => {
      await page.evaluate(axe);
      const result = await page.evaluate(() => window.axe.run());
      for (const one of result.violations) for (const node of one.nodes) found.axe.push(`${view}: ${one.id}: ${node.target.join(" ")} ${node.any[0]?.data?.fgColor ?? ""} ${node.any[0]?.data?.bgColor ?? ""}`);
      found.wide.push(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth));
    };
    const take = (what) => page.screenshot({ path: `${screenshots}/${what}.png`, fullPage: true });
    const texts = (selector) => page.$$eval(selector, (all) => all.map((one) => one.textContent));
    await script({ name, page, found, audit, take, texts });
    seen.push(found);
    await context.close();
  }
  await browser.close();
  console.log(JSON.stringify(seen));
}
