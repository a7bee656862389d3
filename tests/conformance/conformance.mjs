// Runs every row on both sites of a sandbox: node conformance.mjs <info file>. Exit status 1 when one failed.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { webcrypto } from "node:crypto";
import { byKey, byToken, refusals, rows } from "./rows.mjs";
import { answerTypes } from "./shape.mjs";

globalThis.crypto ??= webcrypto;
const info = JSON.parse(readFileSync(process.argv[2], "utf8"));
const wix = info.wix;
const control = wix.base_url.replace(/\/wix$/, "/control/api");

// The packages know one host only: send what goes there to the stand-in, and keep what was sent.
const direct = globalThis.fetch;
let sent = [];
globalThis.fetch = (target, options = {}) => {
  const address = new URL(typeof target === "string" ? target : (target.url ?? target.href));
  if (address.host !== "www.wixapis.com") throw new Error(`a call to ${address.host}`);
  sent.push({ method: options.method ?? "GET", address, body: options.body });
  return direct(wix.base_url + address.pathname + address.search, options);
};

let passed = 0;
let failed = 0;
function report(name, problems) {
  if (problems.length) failed += 1;
  else passed += 1;
  console.log(`${problems.length ? "FAILED" : "passed"}  ${name}`);
  for (const problem of problems.slice(0, 8)) console.log(`        ${problem}`);
}

const decode = (text) => JSON.parse(Buffer.from(text, "base64url").toString("utf8"));

/** Whether `wanted` is contained in `value`. */
function contains(value, wanted) {
  if (wanted === null || typeof wanted !== "object") return value === wanted;
  if (Array.isArray(wanted)) return Array.isArray(value) && value.length === wanted.length && wanted.every((entry, index) => contains(value[index], entry));
  return value !== null && typeof value === "object" && Object.entries(wanted).every(([name, entry]) => contains(value[name], entry));
}

/** What differs between the call that went out and the row. */
function compare(http) {
  const call = sent.findLast((entry) => entry.address.pathname !== "/oauth2/token" || http.path === "/oauth2/token");
  if (!call) return ["no call went out"];
  const query = [...call.address.searchParams].filter(([name]) => name !== ".r");
  const path = call.address.pathname + (query.length ? `?${query.map(([name, value]) => `${name}=${value}`).join("&")}` : "");
  const pattern = new RegExp(`^${http.path.split("{}").map((part) => part.replace(/[.*+?^$()|[\]\\]/g, "\\$&")).join("[^/?&]+")}$`);
  const problems = [];
  if (call.method.toUpperCase() !== http.method || !pattern.test(path)) problems.push(`sent ${call.method} ${path}, not ${http.method} ${http.path}`);
  if (http.r && !contains(decode(call.address.searchParams.get(".r") ?? "e30"), http.r)) problems.push(`.r was ${JSON.stringify(decode(call.address.searchParams.get(".r") ?? "e30"))}`);
  if (http.body && !contains(JSON.parse(call.body ?? "{}"), http.body)) problems.push(`the body was ${call.body}`);
  return problems;
}

async function place(site, wanted) {
  const answer = await direct(`${control}/orders`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ site, ...wanted }) });
  if (!answer.ok) throw new Error(`placing an order: ${answer.status} ${await answer.text()}`);
  return (await answer.json()).order;
}

async function contextOf(site) {
  const client = byToken(wix, wix[`instance_${site}`]);
  const order = await place(site, { quantity: 3 });
  const other = await place(site, { quantity: 2, paid: false });
  const third = await place(site, {});
  const first = order.lineItems[0];
  return {
    client,
    app: { appId: wix.app_id, appSecret: wix.app_secret },
    instance: await (await direct(`${control}/instance?site=${site}`)).text(),
    keyed: byKey(wix, wix[`site_id_${site}`]),
    order: order.id,
    other: other.id,
    third: third.id,
    lines: order.lineItems.map((line) => line.id),
    otherLines: other.lineItems.map((line) => line.id),
    product: first.catalogReference.catalogItemId,
    variant: first.catalogReference.options.variantId,
    fulfillment: "",
    made: "",
    revision: "",
  };
}

const { types, problems, walk } = answerTypes(fileURLToPath(new URL("rows.mjs", import.meta.url)));
report("rows.mjs agrees with the packages' types", problems);

/** That the walk finds what it is there to find. */
async function proveTheWalk(context) {
  const order = await context.client.orders.getOrder(context.order);
  const spoilt = {
    "a wrong type": { ...order, archived: "no" },
    "an unknown word": { ...order, paymentStatus: "PAYED" },
    "a missing field": { ...order, lineItems: [{ ...order.lineItems[0], quantity: undefined }] },
    "a bad date": { ...order, _createdDate: new Date("yesterday") },
  };
  for (const [name, value] of Object.entries(spoilt)) {
    const found = walk(value, types.get("getOrder"));
    report(`the walk notices ${name}`, found.length === 1 ? [] : [`found ${JSON.stringify(found)}`]);
  }
}
await proveTheWalk(await contextOf("v1"));

for (const site of ["v1", "v3"]) {
  const context = await contextOf(site);
  for (const [name, row] of Object.entries(rows)) {
    sent = [];
    const title = `${site} ${name}`;
    try {
      const answer = await row.run(context);
      if (row.on !== "both" && row.on !== site) report(title, [`a site with catalogue ${site} answered a call of ${row.on}`]);
      else report(title, [...compare(row.http), ...walk(answer, types.get(name))]);
    } catch (error) {
      if (row.on !== "both" && row.on !== site) report(`${title}: refused`, []);
      else report(title, [String(error.message ?? error).slice(0, 600)]);
    }
  }
  const fresh = await contextOf(site);
  for (const [name, row] of Object.entries(refusals)) {
    try {
      await row.run(fresh);
      report(`${site} ${name}`, ["was not refused"]);
    } catch (error) {
      const code = error.details?.applicationError?.code;
      report(`${site} ${name}`, code === row.code ? [] : [`code ${code}: ${error.message}`]);
    }
  }
  report(`${site} webhooks.process`, await webhook(context, site));
  for (const [event, listen] of [["AppInstalled", "onAppInstanceInstalled"], ["AppRemoved", "onAppInstanceRemoved"]])
    report(`${site} webhooks.process of ${event}`, await appWebhook(context, site, event, listen));
}

async function webhook(context, site) {
  const got = [];
  const { orders } = await import("@wix/ecom");
  context.client.orders.onOrderApproved((event) => { got.push(event); });
  const order = await place(site, {});
  const answer = await direct(`${control}/webhook?site=${site}&slug=approved&order=${order.id}`);
  sent = [];
  await context.client.webhooks.process(await answer.text());
  if (sent.length) return ["made a call"];
  const event = got[0];
  if (got.length !== 1) return [`${got.length} events were handed over`];
  const found = [];
  if (event.data?.order?._id !== order.id) found.push("the order's id did not arrive");
  if (event.metadata?.instanceId !== wix[`instance_${site}`]) found.push("the instance id did not arrive");
  return found.concat(walk(event.data.order, types.get("getOrder")));
}

/** What is told of the app itself: flat, without the envelope of other events. */
async function appWebhook(context, site, event, listen) {
  const got = [];
  context.client.appInstances[listen]((told) => { got.push(told); });
  sent = [];
  await context.client.webhooks.process(await (await direct(`${control}/webhook?site=${site}&event=${event}`)).text());
  if (sent.length) return ["made a call"];
  if (got.length !== 1) return [`${got.length} events were handed over`];
  const found = [];
  if (got[0].data?.appId !== wix.app_id) found.push(`the app's id did not arrive: ${JSON.stringify(got[0].data)}`);
  if (got[0].metadata?.instanceId !== wix[`instance_${site}`]) found.push("the instance id did not arrive");
  return found;
}

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
