/** The events of a caller's uploads as they happen: server-sent events over fetch, which can send a token. */

import { lineOf } from "./send.js";
import { abortable, onAbort, persist, sleep, within } from "./retry.js";

const SILENT = 45_000; // the service says something every 15 s

/**
 * @typedef {object} EventOptions
 * @property {string[]} [types] `upload.completed`, or all of a kind: `upload.*`
 * @property {string} [upload_id] only events of this upload
 * @property {number | string} [after] a position; by default, from now on
 * @property {AbortSignal} [signal]
 */

/**
 * A CloudEvent. `id` is its position: with `after`, reading goes on behind it.
 * @typedef {{id: string, type: string, subject: string, time: string, data: any}} UpwellEvent
 */

/**
 * @param {import("./wire.js").Wire} wire
 * @param {EventOptions} options
 * @returns {AsyncGenerator<UpwellEvent, void, void>}
 */
export async function* events(wire, { signal, ...filters } = {}) {
  const query = new URLSearchParams(/** @type {any} */ ({ after: "latest", ...filters }));
  for (;;) {
    const ended = new AbortController();
    const off = onAbort(signal, () => ended.abort(signal?.reason));
    try {
      const answer = await persist(
        () => wire.fetch("GET", `events?${query}`, { headers: { Accept: "text/event-stream" }, signal: ended.signal }),
        { pause: wire.pause, signal },
      );
      const reader = /** @type {ReadableStream<Uint8Array>} */ (answer.body).getReader();
      const decoder = new TextDecoder();
      let rest = "";
      for (let open = true; open; ) {
        const { value, done } = await abortable(reader.read(), within(SILENT, signal));
        const messages = (rest + decoder.decode(value, { stream: true })).split("\n\n");
        rest = messages.pop() ?? "";
        for (const message of messages) {
          query.set("after", lineOf(message, "id") ?? String(query.get("after")));
          const data = lineOf(message, "data");
          if (lineOf(message, "event")) open = false; // closed: the next request gets the reason, or a new token
          else if (data) yield JSON.parse(data);
        }
        open &&= !done;
      }
    } catch (/** @type {any} */ error) {
      if (signal?.aborted || error.status) throw error;
    } finally {
      off();
      ended.abort();
    }
    await sleep(wire.pause, signal);
  }
}
