import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { world } from "./fakes.js";

suite("events", () => {
  test(
    "arrive in order, over a cut line and a restart of the service, each once",
    world(async ({ service, client }) => {
      /** @type {string[]} */
      const seen = [];
      const reading = (async () => {
        for await (const event of client().events({ types: ["upload.*"], after: 0 })) {
          seen.push(event.id);
          if (seen.length === 5) return;
        }
      })();
      await service.called(/events/);
      service.happen("upload.requested");
      service.happen("upload.completed");
      while (seen.length < 2) await new Promise((resolve) => setTimeout(resolve, 2));
      for (const stream of service.streams) stream.destroy();
      service.happen("upload.requested");
      await service.stop();
      await service.start();
      service.happen("upload.started");
      service.happen("upload.completed");
      await reading;
      assert.deepEqual(seen.map(Number), [1, 2, 3, 4, 5]);
      assert.ok(service.calls.some((call) => call.includes("after=2")));
    }),
  );

  test(
    "a stream that was closed because its token ended goes on with the next token",
    world(async ({ service, client }) => {
      const tokens = ["ut_1", "ut_2"];
      const events = client({ token: () => tokens.shift() ?? "" }).events();
      const next = events.next();
      await service.called(/events/);
      while (!service.streams.size) await new Promise((resolve) => setTimeout(resolve, 2));
      service.tokens = new Set(["ut_2"]);
      for (const stream of service.streams) stream.end('event: closed\ndata: {"status": 401}\n\n');
      while (service.streams.size) await new Promise((resolve) => setTimeout(resolve, 2));
      service.happen("upload.completed"); // read by position
      assert.equal((await next).value?.type, "upload.completed");
      await events.return();
      while (service.streams.size) await new Promise((resolve) => setTimeout(resolve, 2));
    }),
  );

  test(
    "a refusal ends them",
    world(async ({ service, client }) => {
      service.meet(/events/, { status: 403, body: { error: { code: "token_denied", message: "No." } } });
      await assert.rejects(client().events().next(), { code: "token_denied" });
    }),
  );

  test(
    "a signal ends them",
    world(async ({ service, client }) => {
      const controller = new AbortController();
      const next = client().events({ signal: controller.signal }).next();
      await service.called(/events/);
      controller.abort(new Error("enough"));
      await assert.rejects(next, { message: "enough" });
    }),
  );
});
