/** Trouble by chance everywhere at once: all files arrive whole, and nothing is left behind. */

import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { chanceFile, world, xml } from "./fakes.js";

/** @typedef {import("./fakes.js").Trouble} Trouble */

/** Numbers that are the same each time. @param {number} seed */
const chances = (seed) => () => {
  seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
  return seed / 2 ** 32;
};

/** @type {Trouble} */
const ENDED = { status: 401, body: { error: { code: "token_expired", message: "It ended." } } };
/** @type {Trouble[]} */
const OF_THE_SERVICE = [
  "cut",
  "lose",
  { status: 503, body: { error: { code: "database_unavailable", message: "Later." } } },
  { status: 429, body: { error: { code: "rate_limited", message: "Later." } } },
  { status: 502, body: "<html>" },
  ENDED,
];
/** @type {Trouble[]} */
const OF_THE_STORAGE = [
  "cut",
  "lose",
  { status: 503, body: xml("SlowDown") },
  { status: 500, body: xml("InternalError") },
  { status: 403, body: xml("AccessDenied") },
  { status: 400, body: xml("RequestTimeout") },
];

const SEEDS = process.env.SEEDS?.split(",").map(Number) ?? [1, 2, 3];

suite("trouble by chance", () => {
  for (const seed of SEEDS) {
    test(
      `with the seed ${seed}`,
      world(async ({ service, storage, store, client }) => {
        const chance = chances(seed);
        /** @param {Trouble[]} troubles */
        const some = (troubles) => {
          let since = 0; // two new tokens in a row that have ended are an error of their own
          return () => {
            const next = chance() < 0.15 ? troubles[Math.floor(chance() * troubles.length)] : undefined;
            if (next === ENDED && since < 40) return undefined;
            since = next === ENDED ? 0 : since + 1;
            return next;
          };
        };
        service.chance = some(OF_THE_SERVICE);
        storage.chance = some(OF_THE_STORAGE);
        let asked = 0;
        const token = () => {
          service.tokens.add(`ut_${++asked}`);
          return `ut_${asked}`;
        };
        const upwell = client({ token, pause: 1 });
        const large = Array.from({ length: 6 }, (_, index) => chanceFile(150_000 + index, `${index}.mp4`));
        const small = Array.from({ length: 30 }, (_, index) => chanceFile(500 + index, `${index}.png`, "image/png"));
        const outcomes = await Promise.all([
          ...large.map(async (file) => ({ file, result: await upwell.upload(file, { partSize: 20_000 }) })),
          ...(await upwell.uploadAll(small)),
        ]);
        for (const { file, result, ...rest } of outcomes) {
          assert.equal(result?.status, "COMPLETED", JSON.stringify(rest));
          assert.deepEqual(service.bytes(result.upload_id), Buffer.from(await file.arrayBuffer()));
        }
        assert.deepEqual(await store.getAll(), []);
        assert.equal(service.count(/DELETE/), [...service.uploads.values()].filter(({ status }) => status === "CANCELED").length);
      }),
    );
  }
});
