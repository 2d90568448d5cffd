/**
 * For your server: every route of Upwell with its types, and the check of webhooks. Runs wherever fetch and WebCrypto
 * do.
 * @module
 */

import { newId } from "../files.js";
import { sleep } from "../retry.js";
import { Wire } from "../wire.js";
import { ROUTES } from "./generated.js";

export { UpwellError } from "../errors.js";
export { verifyWebhook } from "./webhooks.js";

/** @typedef {import("./generated.js").Routes} Routes */

/**
 * @typedef {object} ApiOptions
 * @property {string} url the address of the service
 * @property {string} key an API key, `sk_…`
 * @property {string} [namespace] its id or name
 * @property {number} [retries] after a broken line, 429 and 5xx, where a repeated request does nothing twice (4)
 * @property {number} [pause] milliseconds before the first retry (500); pauses double
 */

/**
 * Return a function for every route: `api.createUploadToken({ body: { bucket: "photos" } })`. Parameters of path and
 * query have their names of the reference; `body` is the JSON.
 * @param {ApiOptions} options
 * @returns {Routes}
 */
export function createApi({ url, key, namespace, retries = 4, pause = 500 }) {
  const wire = new Wire({ url, token: key, ...(namespace && { namespace }) });

  /**
   * @param {readonly [string, string, boolean]} route
   * @param {Record<string, any>} [call]
   */
  const run = async ([method, template, repeatable], { body, headers, signal, ...parameters } = {}) => {
    const query = new URLSearchParams();
    let path = template;
    for (const [name, value] of Object.entries(parameters)) {
      const place = `{${name}}`;
      if (path.includes(place)) path = path.replace(place, () => encodeURIComponent(String(value)));
      else if (value !== undefined) query.set(name, String(value));
    }
    if (query.size) path += `?${query}`;
    const sent = { "Idempotency-Key": newId(), ...headers };
    for (let attempt = 0; ; attempt++) {
      try {
        const answer = await wire.fetch(method, path, { body, headers: sent, signal });
        return answer.status === 204 ? undefined : await answer.json();
      } catch (/** @type {any} */ error) {
        signal?.throwIfAborted();
        if (!error.retry || attempt >= retries || !(repeatable || error.status === 429)) throw error;
        await sleep(Math.max(error.after * 1000, pause * 2 ** attempt), signal);
      }
    }
  };

  /** @type {any} */
  const api = {};
  for (const [name, route] of Object.entries(ROUTES)) {
    api[name] = (/** @type {Record<string, any> | undefined} */ call) => run(route, call);
  }
  return api;
}
