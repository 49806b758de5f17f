// Does in a browser what an operator does.
// Usage: operator.mjs BASE CHROMIUM SCREENSHOTS

import { base, look } from "./browser.mjs";

await look(async ({ name, page, found, audit, take, texts }) => {
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
  await take(`operator-${name}`);
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
});
