// ioredis and node-redis against a node: node_clients.js PORT, with NODE_PATH where they are installed.
"use strict";
const assert = require("assert");
const port = Number(process.argv[2]);

async function ioredis() {
  const Redis = require("ioredis");
  const client = new Redis({ port, db: 3, connectionName: "io", enableAutoPipelining: true });
  await client.flushdb();
  assert.strictEqual(await client.set("io", "hello", "EX", 100), "OK");
  assert.strictEqual(await client.get("io"), "hello");
  assert.deepStrictEqual(await client.getBuffer("none"), null);
  const bytes = Buffer.from([0, 255, 13, 10]);
  await client.set("bytes", bytes);
  assert.deepStrictEqual(await client.getBuffer("bytes"), bytes);
  const pipeline = client.pipeline();
  for (let i = 0; i < 300; ++i) pipeline.set("io:" + i, i).get("io:" + i).incr("io:n");
  const answers = await pipeline.exec();
  assert.strictEqual(answers.length, 900);
  assert.deepStrictEqual(answers[898], [null, "299"]);
  assert.deepStrictEqual(answers[899], [null, 300]);
  // Many commands at once, which the client sends together by itself.
  const values = await Promise.all([...Array(200).keys()].map((i) => client.get("io:" + i)));
  assert.deepStrictEqual(values, [...Array(200).keys()].map(String));
  assert.deepStrictEqual(await client.multi().set("m", 1).incr("m").exec(), [[null, "OK"], [null, 2]]);
  await assert.rejects(client.incr("io"), /ERR value is not an integer or out of range/);
  await client.watch("m");
  const other = client.duplicate({ enableAutoPipelining: false });
  await other.set("m", 9);
  assert.strictEqual(await client.multi().set("m", 3).exec(), null);
  const seen = new Set();
  for await (const keys of client.scanStream({ match: "io:*", count: 50 })) keys.forEach((key) => seen.add(key));
  assert.strictEqual(seen.size, 301);
  const monitor = await other.duplicate().monitor();
  const line = new Promise((done) => monitor.on("monitor", (time, words) => words[0] === "set" && done(words)));
  await other.set("watched", "a b");
  assert.deepStrictEqual(await line, ["set", "watched", "a b"]);
  monitor.disconnect();
  assert.strictEqual(await other.quit(), "OK");
  await client.quit();
}

async function nodeRedis(RESP) {
  const { createClient } = require("redis");
  const client = createClient({ RESP, name: "nr", database: 4, socket: { port, host: "127.0.0.1" } });
  client.on("error", (error) => { throw error; });
  await client.connect();
  await client.flushDb();
  assert.strictEqual(await client.set("nr", "hello", { PX: 100000 }), "OK");
  assert.strictEqual(await client.get("nr"), "hello");
  assert.strictEqual(await client.get("none"), null);
  const ttl = await client.pTTL("nr");
  assert.ok(ttl > 0 && ttl <= 100000);
  const all = await Promise.all([...Array(300).keys()].map((i) => client.set("nr:" + i, String(i))));
  assert.ok(all.every((reply) => reply === "OK"));
  assert.deepStrictEqual(await client.mGet(["nr:7", "none", "nr:299"]), ["7", null, "299"]);
  assert.deepStrictEqual(await client.multi().set("m", "1").incr("m").get("m").exec(), ["OK", 2, "2"]);
  assert.strictEqual(await client.incrByFloat("f", 1.5), "1.5");
  assert.deepStrictEqual(
    await client.bitField("bits", [{ operation: "SET", encoding: "u8", offset: 0, value: 255 }]), [0]);
  const seen = new Set();
  for await (const keys of client.scanIterator({ MATCH: "nr:*", COUNT: 40 })) {
    (Array.isArray(keys) ? keys : [keys]).forEach((key) => seen.add(key));
  }
  assert.strictEqual(seen.size, 300);
  assert.match(await client.info("server"), /redis_version:7\.2/);
  const mine = await client.clientInfo();
  assert.strictEqual(mine.name, "nr");
  if (RESP === 3) assert.strictEqual(String(await client.sendCommand(["CLIENT", "INFO"])).match(/resp=(\d)/)[1], "3");
  await assert.rejects(client.incr("nr"), /ERR value is not an integer or out of range/);
  await client.close();
}

(async () => {
  await ioredis();
  await nodeRedis(2);
  await nodeRedis(3);
  console.log("node clients: done");
  process.exit(0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
