/** A store in a file: what a program of Node hands in, so that uploads go on after it was ended. */

import { readFile, rename, writeFile } from "node:fs/promises";

/** @typedef {import("../src/index.js").Entry} Entry */

/** @param {string} path @returns {import("../src/index.js").Store} */
export function fileStore(path) {
  let turn = Promise.resolve();
  const read = async () => {
    const text = await readFile(path, "utf8").catch(() => "[]");
    return new Map(/** @type {[string, Entry][]} */ (JSON.parse(text)));
  };
  /** @param {(entries: Map<string, Entry>) => void} work */
  const change = (work) => {
    turn = turn.then(async () => {
      const entries = await read();
      work(entries);
      await writeFile(`${path}.new`, JSON.stringify([...entries]));
      await rename(`${path}.new`, path);
    });
    return turn;
  };
  return {
    get: async (key) => (await read()).get(key),
    put: (entry) => change((entries) => entries.set(entry.key, entry)),
    delete: (key) => change((entries) => entries.delete(key)),
    getAll: async () => [...(await read()).values()],
  };
}
