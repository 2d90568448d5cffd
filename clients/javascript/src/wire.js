/** Calls to the service: credentials that are renewed, retries, and answers that are no success as errors. */

import { UpwellError, unreachable } from "./errors.js";
import { abortable, persist, within } from "./retry.js";

/** @typedef {string | {token: string}} Token a token, or the answer of `POST /v1/upload-tokens` that has it */
/**
 * A function is asked again when a token ends.
 * @typedef {Token | ((previous?: Token) => Token | Promise<Token>)} TokenSource
 */

/**
 * @typedef {object} Place
 * @property {string} url the address of the service
 * @property {TokenSource} token an upload token, or a function that gets one from your server
 * @property {string} [namespace] only with an API key, on a server
 * @property {number} [pause] milliseconds before the first retry (500)
 */

/**
 * @typedef {object} Call
 * @property {unknown} [body] sent as JSON
 * @property {Record<string, string>} [headers]
 * @property {string | undefined} [token] the `upload_token` of an upload: tried first
 * @property {AbortSignal | undefined} [signal]
 * @property {(error: UpwellError) => void} [onWait]
 */

const TIMEOUT = 90_000;

export const inBrowser = () => !globalThis.process?.versions?.node;

/** Seconds of a Retry-After, which is a number or a date. @param {string | null} [value] */
export const retryAfter = (value = null) =>
  Math.max(Number(value) || (Date.parse(value ?? "") - Date.now()) / 1000 || 0, 0);

/** Statuses after which the same request may succeed. @param {number} status */
export const passes = (status) => (status >= 500 && status !== 501) || [408, 429].includes(status);

export class Wire {
  #url;
  #source;
  #namespace;
  /** @type {Promise<Token> | undefined} */
  #token;

  /** @param {Place} place */
  constructor({ url, token, namespace, pause = 500 }) {
    this.#url = url.replace(/\/+$/, "");
    this.#source = token;
    this.#namespace = namespace;
    this.pause = pause;
    if (typeof token !== "function") checkSecret(token);
  }

  /** The address of a path. @param {string} path */
  at(path) {
    return `${this.#url}/v1/${path}`;
  }

  /**
   * Return the JSON of a successful answer. Lines that break, 429 and 5xx are retried, so every call must be
   * repeatable.
   * @param {string} method
   * @param {string} path below /v1/
   * @param {Call} [call]
   * @returns {Promise<any>}
   */
  async call(method, path, call = {}) {
    return await persist(
      async () => {
        const answer = await this.fetch(method, path, { ...call, signal: within(TIMEOUT, call.signal) });
        try {
          return answer.status === 204 ? undefined : await answer.json();
        } catch (error) {
          throw unreachable(this.#url, error);
        }
      },
      { pause: this.pause, ...call },
    );
  }

  /**
   * Send one request, and another one with a new token if the first has ended; return a successful answer.
   * @param {string} method
   * @param {string} path
   * @param {Call} call
   */
  async fetch(method, path, { body, headers, token: own, signal }) {
    for (let renewed = false; ; ) {
      const asked = own ? undefined : (this.#token ??= this.#ask());
      const secret = own ?? (await this.#secret(/** @type {Promise<Token>} */ (asked), signal));
      const answer = await fetch(this.at(path), {
        method,
        headers: {
          Authorization: `Bearer ${secret}`,
          ...(this.#namespace && { "X-Namespace": this.#namespace }),
          "Content-Type": "application/json",
          ...headers,
        },
        body: body ? JSON.stringify(body) : null,
        signal: signal ?? null,
      }).catch((error) => {
        throw unreachable(this.#url, error);
      });
      if (answer.ok) return answer;
      if (answer.status === 401 && own) {
        own = undefined;
      } else if (answer.status === 401 && asked && !renewed && typeof this.#source === "function") {
        renewed = true;
        if (this.#token === asked) this.#token = asked.then((ended) => this.#ask(ended));
      } else {
        throw await refused(answer, this.#url);
      }
    }
  }

  /**
   * @param {Promise<Token>} asked
   * @param {AbortSignal | undefined} signal
   */
  async #secret(asked, signal) {
    try {
      return checkSecret(await abortable(asked, signal));
    } catch (error) {
      if (this.#token === asked) this.#token = undefined;
      if (error instanceof UpwellError) throw error;
      throw new UpwellError("The function `token` failed: see the cause.", {
        code: "token_unavailable",
        retry: error instanceof TypeError || signal?.aborted, // no connection, or no answer in time
        cause: error,
      });
    }
  }

  /** @param {Token} [previous] */
  async #ask(previous) {
    return typeof this.#source === "function" ? await this.#source(previous) : this.#source;
  }
}

/** @param {Token} token */
function checkSecret(token) {
  const secret = typeof token === "string" ? token : token?.token;
  if (typeof secret !== "string" || !secret) {
    throw new UpwellError("`token` is no upload token: see the README.", { code: "token_missing" });
  }
  if (secret.startsWith("sk_") && inBrowser()) {
    throw new UpwellError("An API key must not reach a browser: revoke it, and use upload tokens.", {
      code: "key_in_browser",
    });
  }
  return secret;
}

/**
 * @param {Response} answer
 * @param {string} url
 */
async function refused(answer, url) {
  const { status } = answer;
  const error = (await answer.json().catch(() => undefined))?.error ?? {};
  return new UpwellError(error.message ?? `${url} responded with ${status}, not as Upwell does: check the address.`, {
    code: error.code ?? "http",
    status,
    details: error.details ?? {},
    retry: passes(status) || ["busy", "idempotency_key_in_flight"].includes(error.code),
    after: retryAfter(answer.headers.get("Retry-After")),
  });
}
