/**
 * The bytes of one upload: those that storage does not have, whole or in parts, several parts at once. A part is kept as
 * soon as storage has it. What breaks is sent again, with a URL that is signed again where the old one may have ended.
 */

import { callsOf } from "./asking.js";
import { UpwellError, fileChanged } from "./errors.js";
import { canHash, checkReadable, hash } from "./files.js";
import { each } from "./parallel.js";
import { persist } from "./retry.js";
import { plain, send, storageError } from "./send.js";
import { passes } from "./wire.js";

/** @typedef {import("./send.js").Signed} Signed */
/** @typedef {{size_bytes: number, etag: string, sha256?: string}} Stored */


const REFUSALS = 3;
const SIGNED_AT_ONCE = 100;

/**
 * @param {import("./asking.js").Client} client
 * @param {import("./control.js").Control} control
 * @param {Blob | undefined} file
 * @param {import("./store.js").Entry} entry
 * @param {any} ticket the answer to the request for the upload, or its present state
 * @param {boolean} fresh whether storage can have nothing yet
 * @param {number} parallel
 * @param {(sent: number) => void} onSent
 */
export async function sendMissing(client, control, file, entry, ticket, fresh, parallel, onSent) {
  const { pool, store, wire } = client;
  const call = callsOf(client, entry, control.stopped);
  const inParts = ticket.method === "multipart";
  /** @type {Map<number, number>} */
  const loaded = new Map();
  let sent = 0;
  /** @type {unknown} */
  let failed;
  /** @type {{part: object, resolve: (signed: Signed) => void, reject: (error: unknown) => void}[]} */
  const unsigned = [];
  let signing = false;

  /** @param {number} number @param {number} bytes */
  const count = (number, bytes) => {
    sent += bytes - (loaded.get(number) ?? 0);
    loaded.set(number, bytes);
    onSent(sent);
  };

  /** Sign the parts that wait, in as few requests as there are while the one before is on its way. */
  const signAll = async () => {
    signing = true;
    while (unsigned.length) {
      await Promise.resolve(); // for the others of this moment
      const batch = unsigned.splice(0, SIGNED_AT_ONCE);
      try {
        const { parts } = await call("POST", "/parts/sign", { parts: batch.map(({ part }) => part) });
        batch.forEach(({ resolve }, at) => resolve({ url: parts[at].url, headers: parts[at].required_headers }));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    signing = false;
  };

  /**
   * @param {number} number
   * @param {Blob} blob
   * @param {string | undefined} sha256
   * @returns {Promise<Signed>}
   */
  const sign = async (number, blob, sha256) => {
    if (number) {
      return await new Promise((resolve, reject) => {
        unsigned.push({ part: { part_number: number, size_bytes: blob.size, sha256 }, resolve, reject });
        if (!signing) void signAll();
      });
    }
    const { presigned_url, post, required_headers } =
      ticket.presigned_url || ticket.post ? ticket : await call("POST", "/sign");
    ticket.presigned_url = ticket.post = null; // the next one is signed again
    return post ? { ...post, headers: {} } : { url: presigned_url, headers: required_headers ?? {} };
  };

  /**
   * @param {number} number
   * @param {Blob} blob
   * @param {AbortSignal} signal
   */
  const put = async (number, blob, signal) => {
    const sha256 = number && ticket.integrity === "storage" ? await hash(blob) : undefined;
    let refusals = 0;
    /** @type {Signed | undefined} */
    let signed;
    /** @param {number} attempt */
    const once = async (attempt) => {
      if (failed) throw failed;
      count(number, 0);
      signed ??= await sign(number, blob, sha256);
      const answer = await send(signed, blob, signal, (bytes) => count(number, bytes)).catch(async (error) => {
        if (attempt % 2) signed = undefined; // perhaps it has expired, and the browser hides the answer
        if (!signal.aborted) await checkReadable(blob);
        throw error;
      });
      if (answer.status < 300 || answer.status === 412) {
        count(number, blob.size);
        entry.parts[number] = { etag: answer.etag, sha256, size: blob.size };
        return;
      }
      const error = storageError(answer);
      if (answer.status === 403) signed = undefined; // expired
      if (!passes(answer.status) && ++refusals > REFUSALS) error.retry = false;
      if (answer.status === 400) {
        await checkReadable(blob);
        if (sha256 && (await hash(blob)) !== sha256) throw fileChanged(error);
      }
      throw error;
    };
    await persist(once, { pause: wire.pause, signal, onWait: () => pool.broke() });
    await store.put(entry);
  };

  /**
   * Whether a stored part has the bytes of this file: by storage's SHA-256, or the one kept here when it was sent.
   * @param {number} number
   * @param {Blob | undefined} blob
   * @param {Stored} stored
   */
  const isSame = async (number, blob, stored) => {
    const kept = entry.parts[number];
    if (!blob) return true;
    if (blob.size !== stored.size_bytes) return false;
    const mine = !!kept?.etag && kept.etag === plain(stored.etag);
    const known = stored.sha256 ?? (mine ? kept?.sha256 : undefined);
    return known && canHash() ? (await hash(blob)) === known : mine;
  };

  /**
   * @param {number} number
   * @param {Stored | undefined} stored
   */
  const sendPart = async (number, stored) => {
    const from = (number - 1) * ticket.part_size;
    const blob = number ? file?.slice(from, from + ticket.part_size) : file;
    if (number ? stored && (await isSame(number, blob, stored)) : entry.parts[0]) {
      count(number, stored?.size_bytes ?? entry.size);
      return;
    }
    if (!blob) {
      throw new UpwellError(`Not all of ${entry.name} was sent: choose the file again.`, { code: "file_needed" });
    }
    await control.run((flowing) => pool.run(() => put(number, blob, flowing), flowing));
  };

  try {
    /** @type {Map<number, Stored>} */
    const stored = new Map();
    if (inParts && !fresh) {
      for (const part of (await call("GET", "/parts")).parts) stored.set(part.part_number, part);
    }
    const numbers = inParts ? Array.from({ length: ticket.part_count }, (_, index) => index + 1) : [0];
    await each(numbers, inParts ? parallel : 1, (number) =>
      sendPart(number, stored.get(number)).catch((error) => {
        failed ??= error;
        throw error;
      }),
    );
  } catch (/** @type {any} */ error) {
    // Storage has put the parts together already, or the upload has ended: the confirm knows.
    if (!/^(parts_gone|NoSuchUpload|wrong_state|upload_)/.test(error.code)) throw error;
  }
}
