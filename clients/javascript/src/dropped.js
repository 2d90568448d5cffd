/**
 * The files of a drop, with those in folders.
 * @module
 */

/**
 * Return all files that were dropped. One from a folder has its path, as one of `<input webkitdirectory>` has:
 * `webkitRelativePath`, which becomes the metadata `relative_path`. Call it in the listener of `drop`, before any
 * `await`.
 * @param {DataTransfer} dataTransfer
 * @returns {Promise<File[]>}
 */
export async function droppedFiles(dataTransfer) {
  const entries = Array.from(dataTransfer.items, (item) => item.webkitGetAsEntry?.());
  const plain = [...dataTransfer.files];
  if (entries.every((entry) => !entry?.isDirectory)) return plain;
  const found = [];
  for (const entry of entries) if (entry) found.push(...(await filesOf(entry)));
  return found;
}

/**
 * @param {FileSystemEntry} entry
 * @returns {Promise<File[]>}
 */
async function filesOf(entry) {
  if (entry.isFile) {
    const one = /** @type {FileSystemFileEntry} */ (entry);
    /** @type {File} */
    const file = await new Promise((resolve, reject) => one.file(resolve, reject));
    const path = entry.fullPath.replace(/^\//, "");
    if (path !== file.name) Object.defineProperty(file, "webkitRelativePath", { value: path });
    return [file];
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  const found = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // a hundred at once
    if (!some.length) return found;
    for (const each of some) found.push(...(await filesOf(each)));
  }
}
