// Reads and writes a device by its Thing Description with node-wot: the judge of our own reading.
// Usage: node thing.mjs THING.td.jsonld PORT '{"write": {"point": raw, ...}}'; prints {"point": raw, ...} as JSON.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(`${process.env.FLEXKG_NODE}/package.json`);
const { Servient, Helpers } = require("@node-wot/core");
const { ModbusClientFactory } = require("@node-wot/binding-modbus");

const [file, port, ask] = process.argv.slice(2);
const td = JSON.parse(readFileSync(file, "utf-8"));
td.base = `modbus+tcp://127.0.0.1:${port}`;
const servient = new Servient();
servient.addClientFactory(new ModbusClientFactory());
const wot = await servient.start();
const thing = await wot.consume(td);
const { write } = JSON.parse(ask);
for (const [name, value] of Object.entries(write)) await thing.writeProperty(name, value);
const found = {};
for (const name of Object.keys(td.properties)) {
  const output = await thing.readProperty(name);
  found[name] = await output.value();
}
console.log(JSON.stringify(found));
await servient.shutdown();
process.exit(0);
