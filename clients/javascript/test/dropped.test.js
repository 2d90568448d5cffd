import assert from "node:assert/strict";
import { suite, test } from "node:test";

import { droppedFiles } from "../src/dropped.js";
import { chanceFile, world } from "./fakes.js";

/** @param {string} path */
const fileEntry = (path) => {
  const file = chanceFile(10, path.split("/").at(-1));
  return { isFile: true, isDirectory: false, fullPath: path, file: (/** @type {(file: File) => void} */ found) => found(file) };
};

/** @param {string} path @param {object[]} inside */
const folderEntry = (path, inside) => ({
  isFile: false,
  isDirectory: true,
  fullPath: path,
  createReader() {
    const rest = [...inside];
    return { readEntries: (/** @type {(some: object[]) => void} */ found) => found(rest.splice(0, 2)) };
  },
});

/** @param {any[]} entries @param {File[]} [files] @returns {DataTransfer} */
const drop = (entries, files = []) =>
  /** @type {any} */ ({ items: entries.map((entry) => ({ webkitGetAsEntry: () => entry })), files });

suite("a drop", () => {
  test("of files gives them as they are", async () => {
    const file = chanceFile(10);
    assert.deepEqual(await droppedFiles(drop([fileEntry("/film.mp4")], [file])), [file]);
  });

  test(
    "of a folder gives all files inside with their paths, which become metadata",
    world(async ({ service, client }) => {
      const folder = folderEntry("/a", [
        fileEntry("/a/1.jpg"),
        fileEntry("/a/2.jpg"),
        folderEntry("/a/b", [fileEntry("/a/b/3.jpg")]),
      ]);
      const files = await droppedFiles(drop([folder, fileEntry("/4.jpg")]));
      assert.deepEqual(files.map(({ webkitRelativePath }) => webkitRelativePath), ["a/1.jpg", "a/2.jpg", "a/b/3.jpg", undefined]);
      await client().uploadAll(files);
      const sent = [...service.uploads.values()].map(({ body }) => [body.filename, body.metadata?.relative_path]);
      assert.deepEqual(sent.sort(), [["1.jpg", "a/1.jpg"], ["2.jpg", "a/2.jpg"], ["3.jpg", "a/b/3.jpg"], ["4.jpg", undefined]]);
    }),
  );
});
