/** Uploads that a reload, a crash or a closed tab broke off. */

import { forget, isLost } from "./asking.js";
import { UpwellError } from "./errors.js";
import { hold } from "./store.js";
import { upload } from "./upload.js";

/** @typedef {import("./upload.js").UploadOptions} UploadOptions */

/**
 * @typedef {object} Interrupted
 * @property {string} name
 * @property {number} size
 * @property {number} sent bytes that storage had, as far as this browser knows
 * @property {Date} begun
 * @property {string | undefined} upload_id
 * @property {(file?: Blob, options?: UploadOptions) => import("./upload.js").Upload} resume without the file, if all of it
 *   was sent
 * @property {() => Promise<boolean>} cancel
 */

const KEPT = 7 * 24 * 3_600_000;

/**
 * @param {import("./asking.js").Client} client
 * @returns {Promise<Interrupted[]>}
 */
export async function interrupted(client) {
  const { store, wire, scope } = client;
  const own = (await store.getAll()).filter((entry) => entry.scope === scope);
  const open = await Promise.all(
    own.map(async (entry) => {
      const release = await hold(entry.key);
      release?.();
      if (!release) return false; // another tab sends it
      if (entry.canceled) {
        forget(client, entry).catch(() => {}); // the next time, then
        return false;
      }
      const gone = entry.done || Date.now() - entry.at > KEPT || (entry.upload_id && (await isGone(wire, entry)));
      if (gone) await store.delete(entry.key);
      return !gone;
    }),
  );
  return own
    .filter((_, index) => open[index])
    .map((entry) => ({
      name: entry.name,
      size: entry.size,
      sent: Object.values(entry.parts).reduce((sum, part) => sum + part.size, 0),
      begun: new Date(entry.at),
      upload_id: entry.upload_id,
      resume: (file, options) => {
        if (file && (file.size !== entry.size || /** @type {Partial<File>} */ (file).name !== entry.name)) {
          throw new UpwellError(`Another file was begun: choose ${entry.name}.`, {
            code: "another_file",
          });
        }
        return upload(client, file, options, entry);
      },
      cancel: () => forget(client, entry),
    }));
}

/**
 * One look, without patience: what cannot be asked about is still open.
 * @param {import("./wire.js").Wire} wire
 * @param {import("./store.js").Entry} entry
 */
async function isGone(wire, { upload_id, upload_token: token }) {
  try {
    const answer = await wire.fetch("GET", `uploads/${upload_id}`, { token });
    return isLost((await answer.json()).status);
  } catch (/** @type {any} */ error) {
    return error.status === 404;
  }
}
