/** Webhooks, which are signed as Standard Webhooks describe: https://www.standardwebhooks.com/. */

import { UpwellError } from "../errors.js";

/** @typedef {{id: string, type: string, subject: string, time: string, data: any}} WebhookEvent */

/**
 * Return the event of a genuine message; throw `invalid_webhook` for any other. Its `webhook-id` is the same each time
 * that it is sent.
 * @param {string | Uint8Array} body as it was received, before it is parsed
 * @param {Headers | Record<string, string | string[] | undefined>} headers
 * @param {string} secret of the webhook, `whsec_…`
 * @param {{toleranceSeconds?: number, now?: number}} [options] `now`: in milliseconds since 1970
 * @returns {Promise<WebhookEvent>}
 */
export async function verifyWebhook(body, headers, secret, { toleranceSeconds = 300, now = Date.now() } = {}) {
  const named = headers instanceof Headers ? headers : new Headers(/** @type {Record<string, string>} */ (headers));
  const id = named.get("webhook-id");
  const timestamp = named.get("webhook-timestamp");
  const signatures = named.get("webhook-signature");
  if (!id || !timestamp || !signatures) throw invalid("it has no signature");
  const age = Math.abs(now / 1000 - Number(timestamp));
  if (!(age <= toleranceSeconds)) throw invalid("it is too old, or a clock is wrong");
  const text = typeof body === "string" ? body : new TextDecoder().decode(body);
  const key = await crypto.subtle.importKey(
    "raw",
    bytesOf(secret.replace(/^whsec_/, "")),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["verify"],
  );
  const signed = new TextEncoder().encode(`${id}.${timestamp}.${text}`);
  for (const signature of signatures.split(" ")) {
    const [version, encoded = ""] = signature.split(",");
    // WebCrypto compares in constant time.
    const genuine = version === "v1" && (await crypto.subtle.verify("HMAC", key, bytesOf(encoded), signed));
    if (genuine) return JSON.parse(text);
  }
  throw invalid("its signature is not of this secret");
}

/** @param {string} encoded */
function bytesOf(encoded) {
  try {
    return Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  } catch {
    throw invalid("the signature or the secret is no base64");
  }
}

/** @param {string} why */
const invalid = (why) =>
  new UpwellError(`The message is not genuine: ${why}. Answer with 400, and do not process it.`, {
    code: "invalid_webhook",
  });
